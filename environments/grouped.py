"""Groups of the alarms that stop a cutover, since CloudWatch limits the alarms of one composite alarm."""

from __future__ import annotations

GROUP = 50
"""Alarms in one composite alarm: with the longest names, half of CloudWatch's 100 alarms reaches its 10,240 characters.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""


def groups(alarms: int) -> int:
    """Number of composite alarms between one composite alarm and its alarms; 0 if it takes them all."""
    return -(-alarms // GROUP) if alarms > GROUP else 0
