"""CloudWatch's evaluation of alarms, which the emulator leaves out: points in, states out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

from rehearsal.application.metrics import Metric, Metrics

ALARM, OK = "ALARM", "OK"
Definition = Mapping[str, Any]
"""An alarm as DescribeAlarms gives it."""

STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Average": fmean,
    "Maximum": max,
    "Minimum": min,
    "Sum": sum,
    "SampleCount": len,
}
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


class Alarms:
    """The alarms of an account, as they were when the application started.

    Each change of state is set once: a state that is set by hand stays until the next change. Alarms over
    anything but this application's metrics stay as they are, and so does metric math.
    """

    def __init__(self, cloudwatch: Any, pace: float) -> None:  # noqa: ANN401  (boto3 makes clients at run time)
        """Read them.

        Args:
            cloudwatch: The client.
            pace: How many times faster than CloudWatch's their periods pass.
        """
        self._cloudwatch, self._pace = cloudwatch, pace
        pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        alarms = [
            alarm for page in pages for kind in ("MetricAlarms", "CompositeAlarms") for alarm in page.get(kind, [])
        ]
        self._single = [alarm for alarm in alarms if "MetricName" in alarm and _metric(alarm).ours]
        self._composite = [alarm for alarm in alarms if "AlarmRule" in alarm]
        self._states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}

    def evaluate(self, metrics: Metrics) -> None:
        """Set the state of each alarm that changes."""
        for alarm in self._single:
            self._set(alarm["AlarmName"], state(alarm, metrics, self._pace))
        for alarm in self._composite:
            on = [name for name in re.findall(r'ALARM\("?([^")]+)"?\)', alarm["AlarmRule"]) if self._is_on(name)]
            self._set(alarm["AlarmName"], ALARM if on else OK)

    def _is_on(self, name: str) -> bool:
        return self._states.get(name) == ALARM

    def _set(self, name: str, value: str) -> None:
        if self._states[name] != value:
            self._cloudwatch.set_alarm_state(
                AlarmName=name, StateValue=value, StateReason="evaluated by the rehearsal's application"
            )
            self._states[name] = value


def state(alarm: Definition, metrics: Metrics, pace: float = 1) -> str:
    """What CloudWatch would say now: enough of the last periods are beyond the threshold, or not.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    """
    period, periods = alarm["Period"] / pace, alarm["EvaluationPeriods"]
    beyond = [
        _beyond(alarm, metrics.values(_metric(alarm), age=index * period, seconds=period)) for index in range(periods)
    ]
    return ALARM if sum(beyond) >= alarm.get("DatapointsToAlarm", periods) else OK


def _beyond(alarm: Definition, values: Sequence[float]) -> bool:
    if not values:
        return bool(alarm.get("TreatMissingData") == "breaching")
    return COMPARISONS[alarm["ComparisonOperator"]](_statistic(alarm, values), alarm["Threshold"])


def _statistic(alarm: Definition, values: Sequence[float]) -> float:
    percentile = alarm.get("ExtendedStatistic")
    if percentile:
        return sorted(values)[math.ceil(len(values) * float(percentile.removeprefix("p")) / 100) - 1]
    return STATISTICS[alarm["Statistic"]](values)


def _metric(alarm: Definition) -> Metric:
    dimensions = frozenset((each["Name"], each["Value"]) for each in alarm.get("Dimensions", []))
    return Metric(alarm["Namespace"], alarm["MetricName"], dimensions)
