"""CloudWatch: composite alarms, percentiles."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import ceil
from typing import Any

from moto.cloudwatch.models import Statistics
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from rehearsal.emulator.additions.registry import AwsError, adds, corrects, parameters

CHILDREN = 100
"""Alarms in one rule: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html"""
RULE_LONGEST = 10_240
"""Characters; the same page."""
PAGE, LARGEST_PAGE = 50, 100
"""Alarms of one response, by default and at most: https://github.com/boto/boto/issues/3036

The second is also the limit of names: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
"""
_CHILD = re.compile(r"(?:ALARM|OK|INSUFFICIENT_DATA)\(\s*\"?([^\")]+?)\"?\s*\)")


@adds(CloudWatchResponse, "cloudwatch", "PutCompositeAlarm", why="moto has composite alarms, but not the call")
def put_composite_alarm(self: CloudWatchResponse) -> ActionResult:
    """Store the composite alarm's rule where moto expects it; refuse one of too many alarms."""
    given = parameters(self)
    children = set(_CHILD.findall(given["AlarmRule"]))
    if len(children) > CHILDREN:
        raise AwsError(
            "ValidationError", f"AlarmRule must not contain more than {CHILDREN} alarms, but has {len(children)}"
        )
    if len(given["AlarmRule"]) > RULE_LONGEST:
        raise AwsError(
            "ValidationError",
            "1 validation error detected: Value at 'alarmRule' failed to satisfy constraint: Member must have length "
            f"less than or equal to {RULE_LONGEST}",
        )
    return self.put_metric_alarm()


@corrects(
    CloudWatchResponse,
    "describe_alarms",
    "cloudwatch",
    "DescribeAlarms",
    why="moto returns all alarms at once, and composite ones to callers that don't ask for them",
)
def describe_alarms(original: Callable[..., ActionResult], self: CloudWatchResponse) -> ActionResult:
    """Alarms of the requested types, in pages."""
    given = parameters(self)
    most = int(given.get("MaxRecords") or PAGE)
    for field, value in (("alarmNames", len(given.get("AlarmNames") or ())), ("maxRecords", most)):
        if value > LARGEST_PAGE:
            raise AwsError(
                "ValidationError",
                f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must "
                f"have value less than or equal to {LARGEST_PAGE}",
            )
    everything: Any = original(self).result
    kinds = {"CompositeAlarm": "CompositeAlarms", "MetricAlarm": "MetricAlarms"}
    asked = given.get("AlarmTypes") or ["MetricAlarm"]
    found = [(key, alarm) for kind, key in kinds.items() if kind in asked for alarm in everything[key]]
    start = int(given.get("NextToken") or 0)
    page, rest = found[start : start + most], found[start + most :]
    result: dict[str, Any] = {key: [alarm for kind, alarm in page if kind == key] for key in kinds.values()}
    return ActionResult(result | ({"NextToken": str(start + most)} if rest else {}))


def _percentile(points: Statistics, statistic: str) -> float:
    """The value that so many percent of the values don't exceed, such as `p95`, by nearest rank."""
    values = sorted(points.metric_single_values_list)
    return values[max(ceil(len(values) * float(statistic[1:]) / 100), 1) - 1]


@corrects(Statistics, "get_statistics_for_type", "cloudwatch", "GetMetricData", why="moto has no percentiles")
def statistic_of(original: Callable[..., Any], points: Statistics, statistic: str) -> object:
    """Return percentiles too."""
    if statistic.startswith("p") and points.metric_single_values_list:
        return _percentile(points, statistic)
    return original(points, statistic)


@corrects(
    CloudWatchResponse, "get_metric_statistics", "cloudwatch", "GetMetricStatistics", why="moto has no percentiles"
)
def get_metric_statistics(original: Callable[..., ActionResult], self: CloudWatchResponse) -> ActionResult:
    """Return percentiles too."""
    answer: Any = original(self).result
    for points in answer["Datapoints"]:
        asked = self.params.get("ExtendedStatistics") or []
        points.extended_statistics = {name: points.get_statistics_for_type(name) for name in asked}
    return ActionResult(answer)
