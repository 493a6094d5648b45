"""The metrics of load balancer and database for CloudWatch: measured here, and kept as long as alarms need them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

from environments.names import Names
from environments.schema import Environment
from ops.aws.errors import only
from rehearsal.application.handlers import Answered

LOAD_BALANCER = "AWS/ApplicationELB"
DATABASE = "AWS/RDS"
CONNECTIONS = "DatabaseConnections"
KEPT_SECONDS = 1800
VALUES_OF_A_DATUM = 150
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html"""


@dataclass(frozen=True)
class Metric:
    """A metric's identity."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @property
    def ours(self) -> bool:
        """Whether it is of the kinds that are measured here."""
        return self.namespace == LOAD_BALANCER or (self.namespace, self.name) == (DATABASE, CONNECTIONS)


@dataclass(frozen=True)
class Point:
    """One measured value."""

    at: float
    """Seconds of the monotonic clock."""
    value: float


class Metrics:
    """All points of a rehearsal."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._fresh: dict[Metric, list[float]] = defaultdict(list)
        self._points: dict[Metric, list[Point]] = defaultdict(list)

    def measure(self, metric: Metric, value: float) -> None:
        """Record one value."""
        with self._lock:
            self._fresh[metric].append(value)
            self._points[metric].append(Point(self._clock(), value))

    def values(self, metric: Metric, *, age: float, seconds: float) -> list[float]:
        """What was measured in so many seconds that ended `age` seconds ago."""
        end = self._clock() - age
        with self._lock:
            return [point.value for point in self._points.get(metric, []) if end - seconds < point.at <= end]

    def publish(self, cloudwatch: Any) -> None:  # noqa: ANN401  (boto3 makes clients at run time)
        """Publish new points; a failed call isn't retried."""
        with self._lock:
            fresh, self._fresh = self._fresh, defaultdict(list)
            oldest = self._clock() - KEPT_SECONDS
            for metric, points in self._points.items():
                self._points[metric] = [point for point in points if point.at > oldest]
        data: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for metric, values in fresh.items():
            data[metric.namespace] += _data(metric, values)
        for namespace, part in data.items():
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=part)


@dataclass(frozen=True)
class Suffixes:
    """What CloudWatch calls the load balancer, and the target group of each service."""

    load_balancer: str
    target_groups: dict[str, str]


def suffixes(environment: Environment, elbv2: Any) -> Suffixes:  # noqa: ANN401  (boto3 makes clients at run time)
    """Find the environment's load balancer and target groups by their names."""
    names = Names(environment)
    services = {names.target_group(service.name): service.name for service in environment.product.load_balanced}
    balancers = elbv2.describe_load_balancers(Names=[names.prefix])["LoadBalancers"]
    balancer = only(balancers, f"load balancers {names.prefix}")
    groups = elbv2.describe_target_groups(Names=list(services))["TargetGroups"]
    return Suffixes(
        balancer["LoadBalancerArn"].partition(":loadbalancer/")[2],
        {services[group["TargetGroupName"]]: group["TargetGroupArn"].rpartition(":")[2] for group in groups},
    )


def of_answer(answer: Answered, known: Suffixes) -> Iterator[tuple[Metric, float]]:
    """What one response adds to the metrics, in AWS's names.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """
    whole = frozenset({("LoadBalancer", known.load_balancer)})
    group = whole | {("TargetGroup", known.target_groups[answer.service])}
    if not answer.by_target:
        yield Metric(LOAD_BALANCER, "RequestCount", whole), 1
        yield Metric(LOAD_BALANCER, f"HTTPCode_ELB_{answer.status // 100}XX_Count", whole), 1
        return
    for dimensions in (whole, group):
        yield Metric(LOAD_BALANCER, "RequestCount", dimensions), 1
        yield Metric(LOAD_BALANCER, f"HTTPCode_Target_{answer.status // 100}XX_Count", dimensions), 1
        yield Metric(LOAD_BALANCER, "TargetResponseTime", dimensions), answer.seconds


def of_health(service: str, known: Suffixes, *, healthy: bool) -> Iterator[tuple[Metric, float]]:
    """What one target's health adds to the metrics."""
    dimensions = frozenset({("LoadBalancer", known.load_balancer), ("TargetGroup", known.target_groups[service])})
    yield Metric(LOAD_BALANCER, "HealthyHostCount", dimensions), int(healthy)
    yield Metric(LOAD_BALANCER, "UnHealthyHostCount", dimensions), int(not healthy)


def of_database(environment: Environment, connections: int) -> tuple[Metric, float]:
    """The database's open connections."""
    dimensions = frozenset({("DBInstanceIdentifier", Names(environment).database)})
    return Metric(DATABASE, CONNECTIONS, dimensions), connections


def _data(metric: Metric, values: list[float]) -> Iterator[dict[str, Any]]:
    dimensions = [{"Name": name, "Value": value} for name, value in sorted(metric.dimensions)]
    unit = "Seconds" if metric.name.endswith("Time") else "Count"
    for start in range(0, len(values), VALUES_OF_A_DATUM):
        part = values[start : start + VALUES_OF_A_DATUM]
        yield {"MetricName": metric.name, "Dimensions": dimensions, "Unit": unit, "Values": part}
