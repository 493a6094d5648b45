"""What alarms and metrics mean for a step, and what must hold before the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from environments import load
from ops.aws.errors import AwsError
from ops.aws.load_balancing import LoadBalancer, ServiceTargets, Targets
from ops.conditions import ConditionResult, Status
from ops.cutover.readiness import Readiness
from ops.cutover.watch import Gauge, Sample, Signals, judge
from ops.cutover.work import place
from tests.ops.cutover_fakes import CNAME, SHARES, Route53, shared

PROD = load("prod")
BALANCER = LoadBalancer("x:loadbalancer/app/aep-prod/1", SHARES.current.dns_name, "Z2", "active", False, ())
TARGETS = Targets(
    BALANCER,
    tuple(ServiceTargets(name, f"targetgroup/{name}/1", {"healthy": 2}) for name in ("backend", "frontend")),
)


class CloudWatch:
    """Answers as boto3's client does; it remembers what it was asked for."""

    def __init__(self, states: dict[str, str], values: Sequence[float] = ()) -> None:
        self.states, self.values, self.queries = states, values, list[Any]()

    def describe_alarms(self, *, AlarmNames: list[str], AlarmTypes: list[str]) -> Any:  # noqa: N803  (AWS's names)
        found = [{"AlarmName": name, "StateValue": self.states[name]} for name in AlarmNames if name in self.states]
        rule = " OR ".join(f'ALARM("{name}")' for name in ("one", "two"))
        return {
            "CompositeAlarms": [{**each, "AlarmRule": rule} for each in found if "CompositeAlarm" in AlarmTypes],
            "MetricAlarms": found if "MetricAlarm" in AlarmTypes else [],
        }

    def get_paginator(self, _: str) -> CloudWatch:
        return self

    def paginate(self, *, MetricDataQueries: list[Any], **_: Any) -> Any:  # noqa: N803
        self.queries = MetricDataQueries
        yield {"MetricDataResults": [{"Id": each["Id"], "Values": self.values} for each in MetricDataQueries]}


OK = {"aep-prod-cutover": "OK", "one": "OK", "two": "OK"}


def signals(states: dict[str, str]) -> Signals:
    return Signals(cast("Any", CloudWatch(states)), PROD, TARGETS)


@pytest.mark.requirement("R10.4")
def test_the_plans_metrics_are_watched() -> None:
    cloudwatch = CloudWatch(OK, [1.0])
    present = Route53(*shared(10)).zone().read()
    Signals(cast("Any", cloudwatch), PROD, TARGETS).sample(present.at, present.at)
    asked = {each["MetricStat"]["Metric"]["MetricName"] for each in cloudwatch.queries}
    assert asked == {
        *("RequestCount", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"),
        *("TargetResponseTime", "UnHealthyHostCount", "HealthyHostCount", "DatabaseConnections"),
    }


@pytest.mark.parametrize(
    ("points", "beyond"),
    [([], False), ([3], False), ([3, 1, 3], False), ([1, 3, 3], True), ([1, 2, 2], False), ([-1, -1], True)],
)
def test_two_minutes_in_a_row_are_a_breach(points: list[float], beyond: bool) -> None:
    metric = cast(Any, None)
    assert Gauge(name="x", metric=metric, least=0, most=2).beyond(points) is beyond


@pytest.mark.requirement("R10.4")
@pytest.mark.parametrize(
    ("requests", "targets", "balancer", "breach"),
    [
        (1000, 10, 0, ""),
        (1000, 11, 0, "11 of 1000 responses were 5xx: 1.1 %"),
        (1000, 6, 5, "11 of 1000 responses were 5xx: 1.1 %"),
        (20, 1, 0, ""),
        (20, 2, 0, "2 of 20 responses were 5xx: 10.0 %"),
        (0, 0, 2, "2 of 2 responses were 5xx: 100.0 %"),
    ],
)
def test_a_share_of_errors_is_a_breach_and_a_single_one_is_not(
    requests: int, targets: int, balancer: int, breach: str
) -> None:
    sample = judged(requests=[requests], targets=[targets], balancer=[balancer])
    assert "; ".join(sample.breaches).startswith(breach)
    assert bool(sample.breaches) is bool(breach)


def test_what_is_always_reported_and_requests_must_have_come() -> None:
    gauge = Gauge(name="healthy targets of backend", metric=cast(Any, None), least=1, always=True)
    assert judged(gauge, requests=[5]).missing == (
        "no healthy targets of backend is reported",
        "5 requests arrived, the minimum is 20",
    )
    assert not judged(gauge, requests=[10, 10], gauge=[2]).missing
    assert judged(gauge, requests=[20], gauge=[0, 0]).breaches == ("healthy targets of backend is 0, the minimum is 1",)


def judged(*gauges: Gauge, **points: list[float]) -> Sample:
    given = {
        "requests": points.get("requests", []),
        "errors of targets": points.get("targets", []),
        "errors of the load balancer": points.get("balancer", []),
        **{gauge.name: points.get("gauge", []) for gauge in gauges},
    }
    return judge(given, gauges, PROD)


@pytest.mark.parametrize(
    ("states", "on", "missing"),
    [
        (OK, [], []),
        ({**OK, "two": "ALARM"}, ["two"], []),
        ({**OK, "two": "INSUFFICIENT_DATA"}, [], []),
        ({"aep-prod-cutover": "OK", "one": "OK"}, [], ["alarm two doesn't exist"]),
        ({}, [], ["alarm aep-prod-cutover doesn't exist"]),
    ],
)
def test_alarms_are_named(states: dict[str, str], on: list[str], missing: list[str]) -> None:
    assert signals(states).alarms()[:2] == (on, missing)


@pytest.mark.requirement("R10.4")
@pytest.mark.parametrize(
    ("records", "failing"),
    [
        ([], set()),
        (shared(10), set()),
        ([CNAME], set()),
        ([{**CNAME, "TTL": 61}], {"TTL"}),
        ([{**CNAME, "ResourceRecords": [{"Value": "elsewhere.example.net"}]}], {"records"}),
        ([*shared(0), {**shared(0)[0], "SetIdentifier": "other"}], {"records"}),
        ([{**CNAME, "Type": "A"}, {**CNAME, "Type": "AAAA"}], {"records"}),
        ([{"Name": CNAME["Name"], "Type": "A", "AliasTarget": shared(0)[1]["AliasTarget"]}], set()),
    ],
)
def test_records_that_cannot_give_way_let_nothing_begin(records: list[Any], failing: set[str]) -> None:
    assert {each.name for each in ready(records) if not each.passed} == failing


@pytest.mark.parametrize(("seen", "holds"), [(60, True), (61, False), ("no answer", False)])
def test_resolvers_must_have_seen_the_lowered_ttl(seen: int | str, holds: bool) -> None:
    (asked,) = [each for each in ready([CNAME], seen=seen) if each.name == "resolver 192.0.2.1"]
    assert asked.passed is holds
    assert not [each for each in ready(shared(0), seen=seen) if each.name.startswith("resolver")]


@pytest.mark.requirement("R10.4")
@pytest.mark.parametrize(
    ("minutes", "seen", "failing"), [(-1, 60, set()), (1, 60, {"TTL"}), (-1, 61, {"resolver 192.0.2.1"})]
)
def test_resolvers_must_have_forgotten_the_plain_record(minutes: int, seen: int, failing: set[str]) -> None:
    until = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    checked = ready(shared(0), seen=seen, kept_until=until)
    assert {each.name for each in checked if not each.passed} == failing
    if failing == {"TTL"}:
        (ttl,) = [each for each in checked if each.name == "TTL"]
        assert (
            ttl.evidence == "resolvers may cache the plain record until 2026-01-01 00:01:00 UTC; wait, then try again"
        )


def test_each_service_needs_a_healthy_target() -> None:
    targets = Targets(BALANCER, (ServiceTargets("backend", "b", {"unhealthy": 2}),))
    failing = {each.name: each.evidence for each in ready([], targets=targets) if not each.passed}
    assert failing == {"targets of backend": "2 unhealthy", "targets of frontend": "no target"}


def ready(
    records: list[Any], *, targets: Targets = TARGETS, seen: int | str = 60, kept_until: datetime | None = None
) -> list[ConditionResult]:
    zone = Route53(*records).zone()
    resolvers = ["192.0.2.1"]
    return Readiness(PROD, targets, signals(OK), zone, zone.read(), resolvers, kept_until, lambda *_: seen).check()


def test_what_aws_does_not_say_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def throttled(_: Signals) -> None:
        raise AwsError("can't read the alarms: Throttling", code="Throttling")

    monkeypatch.setattr(Signals, "alarms", throttled)
    found = {each.name: each.status for each in ready([]) if not each.passed}
    assert found == {"alarms": Status.UNKNOWN}


def test_the_line_of_the_weight_is_found_where_the_values_stand() -> None:
    for name in ("prod", "prod-starter"):
        assert str(place(load(name), 100)).startswith("tests/products/aep/prod.py:")
    assert str(place(load("staging"), 50)).startswith("tests/products/aep/staging.py:")
    assert place(PROD, PROD.cutover.weight) is None
    starter = load("prod-starter")
    other = replace(starter, product=replace(starter.product, name="shop"))
    assert place(other, 100) == "tests/products/aep/prod_starter.py: cutover=Cutover(weight=100, …)"
