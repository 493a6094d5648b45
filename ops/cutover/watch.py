"""Watches one step, by the alarms that stop a cutover and their metrics (R10.4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from environments.names import Names
from environments.schema import Environment
from modules import metrics
from modules.alarms import CUTOVER
from modules.metrics import Metric
from ops.aws.errors import REJECTED, AwsError, explained
from ops.aws.load_balancing import Targets
from ops.aws.waiting import CLOCK, Time
from ops.command import say
from ops.cutover.records import PresentRecords, Zone
from ops.errors import RefusedError

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDataQueryTypeDef

SAMPLE_SECONDS = 30
"""Between two samples; less in a short watch."""
PATIENCE = 3
"""Samples in a row that may fail before the step fails."""
SIGNED_OUT = REJECTED | {"RequestExpired"}
"""AWS's codes for expired credentials: then no change is possible either."""
PERIOD = 60
"""Seconds of one point: the shortest that load balancers and databases report."""
ALARMS_A_CALL = 100
"""Limit of names: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""
_CHILD = re.compile(r'ALARM\("([^"]+)"\)')
ONE = 1
"""Number of errors that are ignored: of few requests, one would already be a large share."""


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """A metric with bounds. Two minutes in a row out of bounds are a breach; one alone may be a replaced task."""

    name: str
    metric: Metric
    most: float = float("inf")
    least: float = float("-inf")
    always: bool = False
    """Whether it is reported without traffic too, so that no value means an unknown state."""

    def beyond(self, points: Sequence[float]) -> bool:
        """Whether two points in a row are out of bounds."""
        out = [not self.least <= point <= self.most for point in points]
        return any(one and next_ for one, next_ in pairwise(out))


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Alarms and metrics at one time."""

    breaches: tuple[str, ...]
    """Problems."""
    missing: tuple[str, ...]
    """What is still unknown, so that the step can't pass yet."""
    evidence: Mapping[str, object]

    def __str__(self) -> str:
        numbers = {name: value for name, value in self.evidence.items() if isinstance(value, int | float)}
        return ", ".join(f"{value:g} {name}" for name, value in numbers.items())


class AlarmStates(NamedTuple):
    """The alarm that stops a cutover, and the alarms under it."""

    on: list[str]
    missing: list[str]
    """Sentences about alarms that don't exist."""
    states: dict[str, str]
    silent: bool
    """Whether all metric alarms are in INSUFFICIENT_DATA, so that it is unknown whether one should be on.

    A composite alarm of alarms without data is OK.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-combining.html
    """

    def __str__(self) -> str:
        without = sum(state == "INSUFFICIENT_DATA" for state in self.states.values())
        if self.silent:
            return f"{len(self.states)} alarms, and no metric alarm has data (INSUFFICIENT_DATA)"
        return f"{len(self.states)} alarms, none on" + (f", {without} without data yet" if without else "")


class Signals:
    """Alarms and metrics of one environment."""

    def __init__(self, cloudwatch: CloudWatchClient, environment: Environment, targets: Targets) -> None:
        self._cloudwatch, self._environment = cloudwatch, environment
        self._alarm = Names(environment).resource(CUTOVER.purpose)
        self._gauges = tuple(_gauges(environment, targets))
        self._counts = {
            name: metrics.requests(metric, "Sum", load_balancer=targets.balancer.suffix)
            for name, metric in (
                ("requests", "RequestCount"),
                ("errors of targets", "HTTPCode_Target_5XX_Count"),
                ("errors of the load balancer", "HTTPCode_ELB_5XX_Count"),
            )
        }

    def sample(self, since: datetime, until: datetime) -> Sample:
        """Judge alarms and metrics of a period, by AWS's clock.

        Raises:
            AwsError: CloudWatch doesn't respond.
        """
        found = self.alarms()
        points = self._points(since, until)
        judged = judge(points, self._gauges, self._environment)
        return Sample(
            breaches=(*(f"alarm {name} is on" for name in found.on), *judged.breaches),
            missing=(*found.missing, *([str(found)] if found.silent else []), *judged.missing),
            evidence={"alarms": found.states, **judged.evidence},
        )

    def alarms(self) -> AlarmStates:
        """The alarm that stops a cutover, and the alarms under it.

        Raises:
            AwsError: CloudWatch doesn't respond.
        """
        composite: dict[str, str] = {}
        metric: dict[str, str] = {}
        wanted, missing = [self._alarm], list[str]()
        while wanted:
            children: list[str] = []
            found = dict(self._described(wanted))
            for name in wanted:
                if name not in found:
                    missing.append(f"alarm {name} doesn't exist")
                elif (rule := found[name].get("AlarmRule")) is None:
                    metric[name] = found[name]["StateValue"]
                else:
                    composite[name] = found[name]["StateValue"]
                    children += _CHILD.findall(rule)
            wanted = [name for name in dict.fromkeys(children) if name not in composite]
        return AlarmStates(
            on=[name for name, state in (composite | metric).items() if state == "ALARM"],
            missing=missing,
            states=composite | metric,
            silent=bool(metric) and set(metric.values()) == {"INSUFFICIENT_DATA"},
        )

    def _described(self, names: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Alarms by name, of both kinds: without types, CloudWatch lists only metric alarms."""
        pages = self._cloudwatch.get_paginator("describe_alarms")
        for first in range(0, len(names), ALARMS_A_CALL):
            some = names[first : first + ALARMS_A_CALL]
            with explained("read the alarms"):
                for page in pages.paginate(AlarmNames=some, AlarmTypes=["CompositeAlarm", "MetricAlarm"]):
                    for alarm in (*page.get("CompositeAlarms", ()), *page.get("MetricAlarms", ())):
                        yield alarm["AlarmName"], alarm

    def _points(self, since: datetime, until: datetime) -> dict[str, list[float]]:
        wanted = {**self._counts, **{gauge.name: gauge.metric for gauge in self._gauges}}
        names = {f"m{number}": name for number, name in enumerate(wanted)}
        queries = [_query(id_, wanted[name]) for id_, name in names.items()]
        points: dict[str, list[float]] = {name: [] for name in wanted}
        with explained("read the metrics"):
            for page in self._cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries,
                # CloudWatch's minutes start at full minutes.
                StartTime=since.replace(second=0, microsecond=0),
                EndTime=until + timedelta(seconds=PERIOD),
                ScanBy="TimestampAscending",
            ):
                for result in page["MetricDataResults"]:
                    points[names[result["Id"]]] += result["Values"]
        return points


def judge(points: Mapping[str, Sequence[float]], gauges: Sequence[Gauge], environment: Environment) -> Sample:
    """Judge points of metrics."""
    values = environment.cutover
    errors = sum(points["errors of targets"]) + sum(points["errors of the load balancer"])
    # The load balancer counts no request for which it found no target, and returns 503.
    requests = max(sum(points["requests"]), errors)
    share = 100 * errors / requests if requests else 0.0
    breaches = [f"{gauge.name} is {_worst(gauge, points)}" for gauge in gauges if gauge.beyond(points[gauge.name])]
    if errors > ONE and share > values.errors:
        breaches.append(
            f"{errors:.0f} of {requests:.0f} responses were 5xx: {share:.1f} %, the limit is {values.errors:g} %"
        )
    missing = [f"no {gauge.name} is reported" for gauge in gauges if gauge.always and not points[gauge.name]]
    if requests < values.requests:
        missing.append(f"{requests:.0f} requests arrived, the minimum is {values.requests}")
    latest = {gauge.name: points[gauge.name][-1] for gauge in gauges if points[gauge.name]}
    return Sample(
        breaches=tuple(breaches),
        missing=tuple(missing),
        evidence={"requests": requests, "5xx": errors, **latest},
    )


def _worst(gauge: Gauge, points: Mapping[str, Sequence[float]]) -> str:
    high = max(points[gauge.name]) > gauge.most
    worst, bound = (max, gauge.most) if high else (min, gauge.least)
    return f"{worst(points[gauge.name]):g}, the {'limit' if high else 'minimum'} is {bound:g}"


def _gauges(environment: Environment, targets: Targets) -> Iterator[Gauge]:
    limits = environment.observability
    for group in targets.groups:
        where = {"load_balancer": targets.balancer.suffix, "target_group": group.suffix}
        yield Gauge(
            name=f"latency of {group.service} in seconds (95th percentile)",
            metric=metrics.requests("TargetResponseTime", "p95", **where),
            most=limits.latency,
        )
        yield Gauge(
            name=f"unhealthy targets of {group.service}",
            metric=metrics.requests("UnHealthyHostCount", "Maximum", **where),
            most=0,
        )
        yield Gauge(
            name=f"healthy targets of {group.service}",
            metric=metrics.requests("HealthyHostCount", "Minimum", **where),
            least=1,
            always=True,
        )
    if environment.database:
        yield Gauge(
            name="database connections",
            metric=metrics.database("DatabaseConnections", "Maximum", instance=Names(environment).prefix),
            most=limits.database_connections,
            always=True,
        )


def _query(id_: str, metric: Metric) -> MetricDataQueryTypeDef:
    dimensions: list[DimensionTypeDef] = [{"Name": name, "Value": value} for name, value in metric.dimensions.items()]
    return {
        "Id": id_,
        "MetricStat": {
            "Metric": {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions},
            "Period": PERIOD,
            "Stat": metric.statistic,
        },
    }


class OverruledError(RefusedError):
    """Another command changed the records meanwhile."""


@dataclass(frozen=True)
class WatchResult:
    """The result of a watch."""

    reason: str
    """Why the step fails; empty if it passes."""
    sample: Sample | None
    """The last sample."""

    @property
    def evidence(self) -> dict[str, object]:
        """For the journal."""
        seen = dict(self.sample.evidence) if self.sample else {}
        return seen | ({"reason": self.reason} if self.reason else {})


class Watch:
    """Samples alarms and metrics for a time.

    A step passes when enough requests arrived and every metric that is always reported has values. If something is
    still unknown at the end of the time, the watch takes as long again; then the step fails.
    """

    def __init__(
        self,
        zone: Zone,
        signals: Signals,
        *,
        seconds: float,
        time: Time = CLOCK,
        progress: Callable[[str], None] = say,
    ) -> None:
        self.zone, self._signals = zone, signals
        self._seconds, self._time, self._progress = seconds, time, progress

    def over(self, present: PresentRecords) -> WatchResult:
        """Watch the present records.

        Raises:
            OverruledError: The records have changed.
            AwsError: The caller's credentials have expired.
        """
        self._progress(f"watching {present} for {self._seconds:g} s")
        begun, failures, sample = self._time.elapsed(), 0, None
        until = present.at + timedelta(seconds=2 * self._seconds)
        while True:
            self._time.sleep(min(SAMPLE_SECONDS, self._seconds / 10))
            try:
                sample, now = self._signals.sample(present.at, until), self.zone.read()
            except AwsError as error:
                failures += 1
                if error.code in SIGNED_OUT:
                    raise
                if failures == PATIENCE:
                    return WatchResult(f"{PATIENCE} samples in a row failed: {error}", sample)
                continue
            failures = 0
            if now.records != present.records:
                raise OverruledError(f"another command changed the records from {present} to {now}")
            gone = self._time.elapsed() - begun
            if sample.breaches:
                return WatchResult("; ".join(sample.breaches), sample)
            if gone >= self._seconds and not sample.missing:
                self._progress(f"pass: {sample}")
                return WatchResult("", sample)
            if gone >= 2 * self._seconds:
                return WatchResult(f"no pass in {gone:.0f} s: {'; '.join(sample.missing)}", sample)
