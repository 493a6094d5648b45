"""What alarms and metrics mean for a step, and what must hold before the first."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from environments import load
from ops.aws.errors import AwsError
from ops.aws.load_balancing import LoadBalancer, ServiceTargets, Targets
from ops.conditions import ConditionResult, Status
from ops.cutover.readiness import Readiness, ttl
from ops.cutover.watch import Gauge, Sample, Signals, judge
from ops.cutover.work import place
from tests.cases import every_case
from tests.ops.cutover_fakes import CNAME, SHARES, Route53, shared

PROD = load("prod")
BALANCER = LoadBalancer("x:loadbalancer/app/aep-prod/1", SHARES.current.dns_name, "Z2", "active", False, ())
TARGETS = Targets(
    BALANCER,
    tuple(ServiceTargets(name, f"targetgroup/{name}/1", {"healthy": 2}) for name in ("backend", "frontend")),
)


class CloudWatch:
    """Answers as boto3's client does; it remembers what it was asked for."""

    def __init__(
        self, states: dict[str, str], values: Sequence[float] = (), rules: dict[str, list[str]] | None = None
    ) -> None:
        self.states, self.values, self.queries = states, values, list[Any]()
        self.rules = rules or {"aep-prod-cutover": ["one", "two"]}

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=getattr(self, operation))

    def describe_alarms(self, *, AlarmNames: list[str], AlarmTypes: list[str]) -> Any:  # noqa: N803  (AWS's names)
        assert len(AlarmNames) <= 100, "CloudWatch's limit"
        found = [name for name in AlarmNames if name in self.states]
        for first in range(0, len(found), 50):
            some = [{"AlarmName": name, "StateValue": self.states[name]} for name in found[first : first + 50]]
            rules = [
                each | {"AlarmRule": " OR ".join(f'ALARM("{name}")' for name in self.rules[each["AlarmName"]])}
                for each in some
                if each["AlarmName"] in self.rules
            ]
            yield {
                "CompositeAlarms": rules if "CompositeAlarm" in AlarmTypes else [],
                "MetricAlarms": [each for each in some if each["AlarmName"] not in self.rules]
                if "MetricAlarm" in AlarmTypes
                else [],
            }

    def get_metric_data(self, *, MetricDataQueries: list[Any], **_: Any) -> Any:  # noqa: N803
        self.queries = MetricDataQueries
        yield {"MetricDataResults": [{"Id": each["Id"], "Values": self.values} for each in MetricDataQueries]}


OK = {"aep-prod-cutover": "OK", "one": "OK", "two": "OK"}


def signals(states: dict[str, str], rules: dict[str, list[str]] | None = None) -> Signals:
    return Signals(cast("Any", CloudWatch(states, rules=rules)), PROD, TARGETS)


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


@every_case(
    ("points", "beyond"),
    [([], False), ([3], False), ([3, 1, 3], False), ([1, 3, 3], True), ([1, 2, 2], False), ([-1, -1], True)],
)
def test_two_minutes_in_a_row_are_a_breach(points: list[float], beyond: bool) -> None:
    metric = cast(Any, None)
    assert Gauge(name="x", metric=metric, least=0, most=2).beyond(points) is beyond


@pytest.mark.requirement("R10.4")
@every_case(
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


@every_case(
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
def test_all_alarms_are_read_when_there_are_more_than_a_page_and_in_groups() -> None:
    names = [f"alarm-{number}" for number in range(150)]
    groups = {"aep-prod-cutover-1": names[:75], "aep-prod-cutover-2": names[75:]}
    rules = {"aep-prod-cutover": list(groups), **groups}
    states = dict.fromkeys([*rules, *names], "OK")
    assert signals(states, rules).alarms().states == states
    for name in ("alarm-60", "alarm-149"):
        assert signals({**states, name: "ALARM"}, rules).alarms().on == [name]
        less = {key: value for key, value in states.items() if key != name}
        assert signals(less, rules).alarms().missing == [f"alarm {name} doesn't exist"]


@pytest.mark.requirement("R10.4")
@pytest.mark.parametrize("composite", ["OK", "INSUFFICIENT_DATA"])
def test_alarms_without_data_dont_show_that_none_is_on(composite: str) -> None:
    states = {"aep-prod-cutover": composite, "one": "INSUFFICIENT_DATA", "two": "INSUFFICIENT_DATA"}
    (checked,) = [each for each in ready([], states=states) if each.name == "alarms"]
    assert checked.status is Status.UNKNOWN
    assert "none on" not in checked.evidence
    assert "no metric alarm has data (INSUFFICIENT_DATA)" in checked.evidence
    present = Route53(*shared(10)).zone().read()
    assert str(signals(states).alarms()) in signals(states).sample(present.at, present.at).missing
    (checked,) = [each for each in ready([], states={**states, "two": "OK"}) if each.name == "alarms"]
    assert (checked.status, "none on, " in checked.evidence) == (Status.PASS, True)


@pytest.mark.requirement("R10.4")
@every_case(
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


@every_case(("seen", "holds"), [(60, True), (61, False), ("no answer", False)])
def test_resolvers_must_have_seen_the_lowered_ttl(seen: int | str, holds: bool) -> None:
    (asked,) = [each for each in ready([CNAME], seen=seen) if each.name == "resolver 192.0.2.1"]
    assert asked.passed is holds
    assert not [each for each in ready(shared(0), seen=seen) if each.name.startswith("resolver")]


@pytest.mark.requirement("R10.4")
@every_case(("minutes", "seen", "failing"), [(-1, 60, set()), (1, 60, {"TTL"}), (-1, 61, {"resolver 192.0.2.1"})])
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
    records: list[Any],
    *,
    targets: Targets = TARGETS,
    seen: int | str = 60,
    kept_until: datetime | None = None,
    states: dict[str, str] = OK,
) -> list[ConditionResult]:
    zone, found = Route53(*records).zone(), signals(states)
    return Readiness(PROD, targets, found, zone, zone.read(), ["192.0.2.1"], kept_until, lambda *_: seen).check()


@every_case(
    ("seen", "status", "evidence"),
    [
        (60, Status.PASS, "60 s left"),
        (61, Status.FAIL, "61 s left; wait, then try again"),
        ("no such record", Status.FAIL, "no such record; wait, then try again"),
        ("no answer (SERVFAIL)", Status.UNKNOWN, "no answer (SERVFAIL); try again, or pass another resolver"),
    ],
)
def test_a_resolver_without_an_answer_is_unknown(seen: int | str, status: Status, evidence: str) -> None:
    (asked,) = [each for each in ready([CNAME], seen=seen) if each.name == "resolver 192.0.2.1"]
    assert (asked.status, evidence in asked.evidence) == (status, True)


def _bound(*, tcp: bool) -> tuple[socket.socket, socket.socket | None]:
    """Sockets for UDP and TCP at the same port; the port that is free for one may be taken for the other."""
    while True:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        try:
            return udp, socket.create_server(udp.getsockname()) if tcp else None
        except OSError:
            udp.close()


class Resolver:
    """A resolver on this machine, over UDP and, at the same port, over TCP."""

    def __init__(self, answer: Callable[[dns.message.Message, bool], dns.message.Message], *, tcp: bool = True) -> None:
        self._answer = answer
        self._udp, self._tcp = _bound(tcp=tcp)

    def __enter__(self) -> int:
        for serve in (self._serve_udp, *([self._serve_tcp] if self._tcp else [])):
            threading.Thread(target=serve, daemon=True).start()
        return int(self._udp.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._udp.close()
        if self._tcp:
            self._tcp.close()

    def _serve_udp(self) -> None:
        content, caller = self._udp.recvfrom(4096)
        self._udp.sendto(self._answer(dns.message.from_wire(content), False).to_wire(), caller)

    def _serve_tcp(self) -> None:
        assert self._tcp
        try:
            connection, _ = self._tcp.accept()
        except OSError:  # The test ended without a request over TCP.
            return
        with connection:
            content = connection.recv(4096)
            response = self._answer(dns.message.from_wire(content[2:]), True).to_wire()
            connection.sendall(len(response).to_bytes(2, "big") + response)


def response(
    query: dns.message.Message,
    *answer: str,
    code: dns.rcode.Rcode = dns.rcode.NOERROR,
    truncated: bool = False,
    authority: str = "",
) -> dns.message.Message:
    made = dns.message.make_response(query, recursion_available=True)
    made.set_rcode(code)
    made.answer = [dns.rrset.from_text(f"{SHARES.host}.", 42, "IN", "A", *answer)] if answer else []
    made.authority = [dns.rrset.from_text("example.com.", 60, "IN", *authority.split(" ", 1))] if authority else []
    if truncated:
        made.flags |= dns.flags.TC
    return made


SOA = "SOA ns.example.com. admin.example.com. 1 2 3 4 60"


@every_case(
    ("answer", "expected"),
    [
        (lambda query, _: response(query, "192.0.2.7"), 42),
        (lambda query, _: response(query, authority=SOA), "no such record"),
        (lambda query, _: response(query), "no such record"),
        (lambda query, _: response(query, code=dns.rcode.NXDOMAIN, authority=SOA), "no such record"),
        (lambda query, _: response(query, code=dns.rcode.SERVFAIL), "no answer (SERVFAIL)"),
        (lambda query, _: response(query, code=dns.rcode.REFUSED), "no answer (REFUSED)"),
        (lambda query, _: response(query, code=dns.rcode.NOTIMP), "no answer (NOTIMP)"),
        (lambda query, _: response(query, code=dns.rcode.FORMERR), "no answer (FORMERR)"),
        (lambda query, tcp: response(query, *(["192.0.2.7"] if tcp else []), truncated=not tcp), 42),
        (
            lambda query, _: response(query, authority="NS ns.example.com."),
            "no answer (a referral to other servers: this isn't a resolver)",
        ),
    ],
    ids=["record", "no data", "empty", "NXDOMAIN", "SERVFAIL", "REFUSED", "NOTIMP", "FORMERR", "truncated", "NS"],
)
def test_what_a_resolver_says(
    answer: Callable[[dns.message.Message, bool], dns.message.Message], expected: int | str
) -> None:
    with Resolver(answer) as port:
        assert ttl(SHARES.host, f"127.0.0.1:{port}") == expected


@every_case("resolver", ["127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:x", "[::1]:53", "dns.example", ""])
def test_what_is_no_address_of_a_resolver_gives_no_answer(resolver: str) -> None:
    assert str(ttl(SHARES.host, resolver)).startswith("no answer (")


def test_a_truncated_answer_without_tcp_is_no_answer() -> None:
    with Resolver(lambda query, _: response(query, truncated=True), tcp=False) as port:
        seen = ttl(SHARES.host, f"127.0.0.1:{port}")
    assert str(seen).startswith("no answer ("), seen


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
