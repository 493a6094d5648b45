"""Log groups."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rule import Resource, rule


@rule(
    "CKV_ROLLOUT_31",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
    on="aws_cloudwatch_log_group",
)
def logs_expire(group: Resource) -> Iterator[str]:
    """Logs have a retention time."""
    if group.number("retention_in_days") <= 0:
        yield "retention_in_days isn't set or is 0, which keeps logs forever; set the days"


@rule(
    "CKV_ROLLOUT_32",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    on="aws_cloudwatch_log_group",
)
def logs_are_encrypted(group: Resource) -> Iterator[str]:
    """Logs are encrypted with our own key."""
    if not group.text("kms_key_id"):
        yield "has no kms_key_id; use the account's log key"
