"""The regions that an environment can be in, checked against botocore's own endpoint data."""

from __future__ import annotations

from importlib.metadata import version
from typing import NamedTuple

from environments.arns import UnknownRegionError, partition, partitions
from environments.suggestions import did_you_mean


class UsedService(NamedTuple):
    """An AWS service that not every region or partition has."""

    prefix: str
    """First part of its hosts' names, by which the endpoint data knows it."""
    name: str


GUARDDUTY = UsedService("guardduty", "GuardDuty")
SCHEDULER = UsedService("scheduler", "EventBridge Scheduler")
SECURITY_HUB = UsedService("securityhub", "Security Hub")
WAF = UsedService("wafv2", "AWS WAF")
_USED = (
    UsedService("acm", "Certificate Manager"),
    UsedService("access-analyzer", "IAM Access Analyzer"),
    UsedService("budgets", "Budgets"),
    UsedService("codedeploy", "CodeDeploy"),
    UsedService("config", "Config"),
    GUARDDUTY,
    SCHEDULER,
    SECURITY_HUB,
    WAF,
)
# The letters of a region's availability zones, where they aren't a, b and c: as new accounts get them.
# https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
_ZONES = {
    "ap-northeast-1": "acd",
    "ap-northeast-2": "abcd",
    "ca-central-1": "abd",
    "us-east-1": "abcdef",
    "us-west-1": "abc",
    "us-west-2": "abcd",
}
COMMERCIAL = "aws"
"""The only partition that is supported: docs/adr/0021-regions-and-versions.md."""
# https://docs.aws.eu/esc/latest/userguide/introduction.html
_SOVEREIGN = "eusc-"


def region_problem(region: str) -> str | None:
    """Why an environment can't be in a region; none if it can."""
    if region.startswith(_SOVEREIGN):
        return _refused(region, "aws-eusc", [])
    try:
        own = partition(region)
    except UnknownRegionError:
        names = [name for each in partitions() for name in each.regions]
        meant = did_you_mean(region, names) or f"known are {', '.join(sorted(names)[:3])}, …"
        return f"botocore {version('botocore')} knows no such region; {meant.strip()}"
    if own.name != COMMERCIAL:
        missing = [each.name for each in _USED if each.prefix not in own.services]
        return _refused(own.regions[region], own.name, missing)
    return None


def _refused(where: str, other: str, missing: list[str]) -> str:
    """Why a region of another partition isn't supported."""
    lack = f" (botocore's endpoint data has no {', '.join(missing)} there)" if missing else ""
    return (
        f"{where} is in partition {other}, and only AWS's commercial one, {COMMERCIAL}, is supported{lack}; "
        "docs/adr/0021-regions-and-versions.md has the reasons"
    )


def names() -> tuple[str, ...]:
    """The regions that an environment can be in."""
    return tuple(sorted(name for each in partitions() if each.name == COMMERCIAL for name in each.regions))


def lacks(region: str, service: UsedService) -> bool:
    """Whether the endpoint data has a service in other regions of the partition, but not in this one."""
    has = partition(region).services.get(service.prefix, frozenset())
    return bool(has) and region not in has


def zone_letters(region: str) -> str:
    """Letters of a region's availability zones."""
    return _ZONES.get(region, "abc")
