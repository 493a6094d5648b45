"""Backup and maintenance windows of RDS and ElastiCache, in UTC.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehearsal.emulator.additions.registry import AwsError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY, _WEEK = 24 * 60, 7 * 24 * 60
_TIME = "([01][0-9]|2[0-3]):([0-5][0-9])"
_DAILY = re.compile(f"{_TIME}-{_TIME}")
_WEEKLY = re.compile("-".join([f"({'|'.join(_DAYS)}):{_TIME}"] * 2))


def check_windows(daily: str | None, weekly: str | None, *, shortest: int, name: str = "backup") -> None:
    """Refuse windows that are malformed, shorter than `shortest` minutes, or not apart from each other.

    Args:
        daily: When backups are made, as `hh24:mi-hh24:mi`; None if that isn't known.
        weekly: When maintenance is done, as `ddd:hh24:mi-ddd:hh24:mi`; None if that isn't known.
        shortest: Minutes.
        name: What the service calls the daily one.

    Raises:
        AwsError: As RDS and ElastiCache refuse them.
    """
    for problem in _problems(daily, weekly, shortest, name):
        raise AwsError("InvalidParameterValue", problem)


def _problems(daily: str | None, weekly: str | None, shortest: int, name: str) -> Iterator[str]:
    minutes = {}
    for which, window, form, period in (
        (name, daily, _DAILY, _DAY),
        ("maintenance", weekly, _WEEKLY, _WEEK),
    ):
        if window is None:
            continue
        found = form.fullmatch(window.lower())
        if not found:
            yield f"Invalid {which} window format: {window}"
            return
        parts = found.groups()
        start, end = (_minute(*parts[at:][: len(parts) // 2]) for at in (0, len(parts) // 2))
        length = (end - start) % period
        if length < shortest:
            yield f"The {which} window must be at least {shortest} minutes."
        minutes[which] = {(first + minute) % _WEEK for first in range(start, _WEEK, period) for minute in range(length)}
    if len(minutes) > 1 and set.intersection(*minutes.values()):
        yield f"The {name} window and maintenance window must not overlap."


def _minute(*parts: str) -> int:
    """A minute of the day, or of the week where a day is given first."""
    *day, hours, minutes = parts
    return sum(_DAYS.index(each) * _DAY for each in day) + int(hours) * 60 + int(minutes)
