"""The application's metrics, and CloudWatch's evaluation of alarms over them."""

from __future__ import annotations

from typing import Any

from rehearsal.application.alarms import Alarms, state
from rehearsal.application.handlers import Answered
from rehearsal.application.metrics import Metric, Metrics, Suffixes, of_answer
from tests.cases import every_case

SUFFIXES = Suffixes("app/aep-prod/1", {"backend": "targetgroup/aep-prod-backend/2"})
WHOLE = frozenset({("LoadBalancer", "app/aep-prod/1")})
GROUP = WHOLE | {("TargetGroup", "targetgroup/aep-prod-backend/2")}
ERRORS = Metric("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", GROUP)


class Clock:
    def __init__(self) -> None:
        self.now = 10_000.0

    def __call__(self) -> float:
        return self.now


def alarm(name: str = "errors", **differing: Any) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "StateValue": "OK",
        "Namespace": ERRORS.namespace,
        "MetricName": ERRORS.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in GROUP],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 10,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    } | differing


class CloudWatch:
    """Remembers what it was told."""

    def __init__(self, single: list[dict[str, Any]], composite: list[dict[str, Any]]) -> None:
        self.pages = [{"MetricAlarms": single, "CompositeAlarms": composite}]
        self.put: list[tuple[str, list[dict[str, Any]]]] = []
        self.states: list[tuple[str, str]] = []

    def get_paginator(self, _: str) -> CloudWatch:
        return self

    def paginate(self, **_: object) -> list[dict[str, Any]]:
        return self.pages

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803  (AWS's names)
        self.put.append((Namespace, MetricData))

    def set_alarm_state(self, AlarmName: str, StateValue: str, StateReason: str) -> None:  # noqa: N803
        assert StateReason
        self.states.append((AlarmName, StateValue))


@every_case(
    ("differing", "minutes", "expected"),
    [
        ({}, [[1] * 10], "OK"),
        ({}, [[1] * 11], "ALARM"),
        ({}, [], "OK"),
        ({"TreatMissingData": "breaching"}, [], "ALARM"),
        ({}, [[], [1] * 11], "OK"),
        ({"EvaluationPeriods": 2}, [[1] * 11, [1] * 11], "ALARM"),
        ({"EvaluationPeriods": 2}, [[1] * 11, [1] * 10], "OK"),
        ({"EvaluationPeriods": 3, "DatapointsToAlarm": 2}, [[1] * 11, [], [1] * 11], "ALARM"),
        ({"Statistic": "Maximum", "Threshold": 0}, [[0, 1, 0]], "ALARM"),
        ({"Statistic": "Minimum", "ComparisonOperator": "LessThanThreshold", "Threshold": 1}, [[0, 1]], "ALARM"),
        ({"Statistic": "Average", "Threshold": 2}, [[1, 2, 3]], "OK"),
        ({"Statistic": "", "ExtendedStatistic": "p95", "Threshold": 2}, [[1] * 95 + [3] * 5], "OK"),
        ({"Statistic": "", "ExtendedStatistic": "p95", "Threshold": 2}, [[1] * 94 + [3] * 6], "ALARM"),
    ],
)
def test_an_alarm_goes_off_when_enough_periods_are_beyond_its_threshold(
    differing: dict[str, Any], minutes: list[list[float]], expected: str
) -> None:
    clock = Clock()
    metrics = Metrics(clock)
    for index, values in reversed(list(enumerate(minutes))):
        clock.now = 10_000 - 60 * index - 30
        for value in values:
            metrics.measure(ERRORS, value)
    clock.now = 10_000
    assert state(alarm(**differing), metrics) == expected


def test_a_faster_pace_shortens_the_periods() -> None:
    clock = Clock()
    metrics = Metrics(clock)
    metrics.measure(ERRORS, 11)
    clock.now += 5
    assert (state(alarm(), metrics, pace=10), state(alarm(), metrics, pace=20)) == ("ALARM", "OK")


def test_states_are_set_when_they_change_and_composites_follow() -> None:
    clock = Clock()
    composite = {"AlarmName": "cutover", "StateValue": "OK", "AlarmRule": 'ALARM("errors") OR ALARM("other")'}
    other = alarm("other", Namespace="AWS/ECS", TreatMissingData="breaching")
    cloudwatch = CloudWatch([alarm(), other], [composite])
    alarms, metrics = Alarms(cloudwatch, 1), Metrics(clock)
    metrics.measure(ERRORS, 11)
    alarms.evaluate(metrics)
    alarms.evaluate(metrics)
    clock.now += 61
    alarms.evaluate(metrics)
    assert cloudwatch.states == [("errors", "ALARM"), ("cutover", "ALARM"), ("errors", "OK"), ("cutover", "OK")]


def test_each_point_is_put_once_and_kept_for_the_alarms() -> None:
    metrics, cloudwatch = Metrics(Clock()), CloudWatch([], [])
    for _ in range(151):
        metrics.measure(ERRORS, 1)
    metrics.publish(cloudwatch)
    metrics.publish(cloudwatch)
    ((namespace, data),) = cloudwatch.put
    assert namespace == "AWS/ApplicationELB"
    assert [(each["MetricName"], len(each["Values"])) for each in data] == [(ERRORS.name, 150), (ERRORS.name, 1)]
    assert len(metrics.values(ERRORS, age=0, seconds=60)) == 151


def test_a_target_s_error_counts_for_it_and_for_the_load_balancer() -> None:
    measured = dict(of_answer(Answered("backend", 503, 0.5, by_target=True), SUFFIXES))
    assert {(metric.name, metric.dimensions): value for metric, value in measured.items()} == {
        (name, dimensions): value
        for dimensions in (WHOLE, GROUP)
        for name, value in (("RequestCount", 1), ("HTTPCode_Target_5XX_Count", 1), ("TargetResponseTime", 0.5))
    }


def test_an_error_of_the_load_balancer_itself_is_no_target_s() -> None:
    measured = dict(of_answer(Answered("backend", 502, 0.5, by_target=False), SUFFIXES))
    assert {metric.name for metric in measured} == {"RequestCount", "HTTPCode_ELB_5XX_Count"}
    assert {metric.dimensions for metric in measured} == {WHOLE}
