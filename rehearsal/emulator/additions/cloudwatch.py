"""CloudWatch: composite alarms, percentiles."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from moto.cloudwatch.models import Statistics
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from rehearsal.emulator.additions.registry import adds, corrects


@adds(CloudWatchResponse, "cloudwatch", "PutCompositeAlarm", why="moto has composite alarms, but not the call")
def put_composite_alarm(self: CloudWatchResponse) -> ActionResult:
    """Store the composite alarm's rule where moto expects it."""
    return self.put_metric_alarm()


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
