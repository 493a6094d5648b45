"""What tells whether traffic does well here: the alarms that stop a cutover, and the metrics behind them (R10.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from environments.names import Names
from environments.schema import Environment
from modules import metrics
from modules.alarms import CUTOVER
from modules.metrics import Metric
from ops.aws import explained
from ops.cutover.site import Site

PERIOD = 60
"""Seconds of one point: the shortest that load balancers and databases report."""
ONE = 1
"""So many errors are nobody's fault: of few requests, one would already be a large share."""


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """A metric with bounds. Two minutes in a row beyond them are a breach; one alone is a task that is replaced."""

    name: str
    metric: Metric
    most: float = float("inf")
    least: float = float("-inf")
    always: bool = False
    """Whether it is reported without traffic too, so that silence means that nobody measures."""

    def beyond(self, points: Sequence[float]) -> bool:
        """Whether two points in a row are out of bounds."""
        out = [not self.least <= point <= self.most for point in points]
        return any(one and next_ for one, next_ in pairwise(out))


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was seen at one moment."""

    breaches: tuple[str, ...]
    """What is wrong."""
    missing: tuple[str, ...]
    """What isn't known yet, so that the step can't count as good."""
    evidence: Mapping[str, object]

    def __str__(self) -> str:
        numbers = {name: value for name, value in self.evidence.items() if isinstance(value, int | float)}
        return ", ".join(f"{value:g} {name}" for name, value in numbers.items())


class Signals:
    """Alarms and metrics of one environment."""

    def __init__(self, cloudwatch: Any, environment: Environment, site: Site) -> None:  # noqa: ANN401  (boto3 makes clients at run time)
        self._cloudwatch, self._environment = cloudwatch, environment
        self._alarm = Names(environment).resource(CUTOVER.purpose)
        self._gauges = tuple(_gauges(environment, site))
        self._counts = {
            name: metrics.requests(metric, "Sum", load_balancer=site.suffix)
            for name, metric in (
                ("requests", "RequestCount"),
                ("errors of targets", "HTTPCode_Target_5XX_Count"),
                ("errors of the load balancer", "HTTPCode_ELB_5XX_Count"),
            )
        }

    def look(self, since: datetime, until: datetime) -> Look:
        """Judge what CloudWatch knows of a time, by AWS's clock.

        Raises:
            AwsError: CloudWatch doesn't say.
        """
        on, missing, states = self.alarms()
        points = self._points(since, until)
        judged = judge(points, self._gauges, self._environment)
        return Look(
            breaches=(*(f"alarm {name} is on" for name in on), *judged.breaches),
            missing=(*missing, *judged.missing),
            evidence={"alarms": states, **judged.evidence},
        )

    def alarms(self) -> tuple[list[str], list[str], dict[str, str]]:
        """The alarm that stops a cutover and those that it sums up: which are on, which aren't there, all states.

        Raises:
            AwsError: CloudWatch doesn't say.
        """
        with explained("read the alarms"):
            composite = self._cloudwatch.describe_alarms(AlarmNames=[self._alarm], AlarmTypes=["CompositeAlarm"])
            found = composite["CompositeAlarms"]
            wanted = re.findall(r'ALARM\("([^"]+)"\)', found[0]["AlarmRule"]) if found else []
            children = self._cloudwatch.describe_alarms(AlarmNames=wanted, AlarmTypes=["MetricAlarm"]) if found else {}
        states = {each["AlarmName"]: each["StateValue"] for each in (*found, *children.get("MetricAlarms", ()))}
        missing = [f"alarm {name} isn't there" for name in (self._alarm, *wanted) if name not in states]
        return [name for name, state in states.items() if state == "ALARM"], missing, states

    def _points(self, since: datetime, until: datetime) -> dict[str, list[float]]:
        wanted = {**self._counts, **{gauge.name: gauge.metric for gauge in self._gauges}}
        names = {f"m{number}": name for number, name in enumerate(wanted)}
        queries = [_query(id_, wanted[name]) for id_, name in names.items()]
        points: dict[str, list[float]] = {name: [] for name in wanted}
        with explained("read the metrics"):
            for page in self._cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries,
                # CloudWatch begins its minutes with the clock's.
                StartTime=since.replace(second=0, microsecond=0),
                EndTime=until + timedelta(seconds=PERIOD),
                ScanBy="TimestampAscending",
            ):
                for result in page["MetricDataResults"]:
                    points[names[result["Id"]]] += result["Values"]
        return points


def judge(points: Mapping[str, Sequence[float]], gauges: Sequence[Gauge], environment: Environment) -> Look:
    """What points of metrics mean."""
    values = environment.cutover
    errors = sum(points["errors of targets"]) + sum(points["errors of the load balancer"])
    # The load balancer counts no request for which it found no target, and answers it with 503.
    requests = max(sum(points["requests"]), errors)
    share = 100 * errors / requests if requests else 0.0
    breaches = [f"{gauge.name} is {_worst(gauge, points)}" for gauge in gauges if gauge.beyond(points[gauge.name])]
    if errors > ONE and share > values.errors:
        breaches.append(
            f"{errors:.0f} of {requests:.0f} answers were 5xx: {share:.1f} %, and {values.errors:g} % may be"
        )
    missing = [f"no {gauge.name} is reported" for gauge in gauges if gauge.always and not points[gauge.name]]
    if requests < values.requests:
        missing.append(f"{requests:.0f} requests came, and {values.requests} must")
    latest = {gauge.name: points[gauge.name][-1] for gauge in gauges if points[gauge.name]}
    return Look(
        breaches=tuple(breaches),
        missing=tuple(missing),
        evidence={"requests": requests, "5xx": errors, **latest},
    )


def _worst(gauge: Gauge, points: Mapping[str, Sequence[float]]) -> str:
    high = max(points[gauge.name]) > gauge.most
    worst, bound = (max, gauge.most) if high else (min, gauge.least)
    return f"{worst(points[gauge.name]):g}, and may be {bound:g} at {'most' if high else 'least'}"


def _gauges(environment: Environment, site: Site) -> Iterator[Gauge]:
    limits = environment.observability
    for group in site.groups:
        where = {"load_balancer": site.suffix, "target_group": group.suffix}
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
    yield Gauge(
        name="database connections",
        metric=metrics.database("DatabaseConnections", "Maximum", instance=Names(environment).prefix),
        most=limits.database_connections,
        always=True,
    )


def _query(id_: str, metric: Metric) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions.items()]
    return {
        "Id": id_,
        "MetricStat": {
            "Metric": {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions},
            "Period": PERIOD,
            "Stat": metric.statistic,
        },
    }
