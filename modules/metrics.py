"""CloudWatch metrics as data, for alarms and the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Percentile = Literal["p50", "p95", "p99"]
Statistic = Literal["Average", "Maximum", "Minimum", "Sum"] | Percentile
PERCENTILES: tuple[Percentile, ...] = get_args(Percentile)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric; its dimensions may be expressions."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: Statistic = "Average"


@dataclass(frozen=True, kw_only=True)
class Expression:
    """Metric math. `metrics` are by the ids that the formula uses.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """

    formula: str
    label: str
    metrics: Mapping[str, Metric]


def requests(name: str, statistic: Statistic, *, load_balancer: str, target_group: str | None = None) -> Metric:
    """A metric of the load balancer, or of one of its target groups. Both are given by their ARN suffixes."""
    dimensions = {"LoadBalancer": load_balancer}
    if target_group:
        dimensions["TargetGroup"] = target_group
    return Metric(namespace="AWS/ApplicationELB", name=name, dimensions=dimensions, statistic=statistic)


def service(name: str, *, cluster: str, service: str) -> Metric:
    """A metric of an ECS service: CPUUtilization or MemoryUtilization, in percent of its tasks' size."""
    return Metric(namespace="AWS/ECS", name=name, dimensions={"ClusterName": cluster, "ServiceName": service})


def tasks(name: str, *, cluster: str, service: str) -> Metric:
    """A metric of Container Insights about the tasks of an ECS service."""
    return Metric(
        namespace="ECS/ContainerInsights", name=name, dimensions={"ClusterName": cluster, "ServiceName": service}
    )


def database(name: str, statistic: Statistic = "Average", *, instance: str) -> Metric:
    """A metric of an RDS instance."""
    return Metric(namespace="AWS/RDS", name=name, dimensions={"DBInstanceIdentifier": instance}, statistic=statistic)


def cache(name: str, statistic: Statistic = "Average", *, node: str) -> Metric:
    """A metric of one node of an ElastiCache replication group."""
    return Metric(namespace="AWS/ElastiCache", name=name, dimensions={"CacheClusterId": node}, statistic=statistic)


def cache_nodes(replication_group: str, nodes: int) -> dict[str, str]:
    """Ids of a replication group's nodes by number; ElastiCache numbers them from 001.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Replication.CreatingReplGroup.html
    """
    return {f"{number:03}": f"{replication_group}-{number:03}" for number in range(1, nodes + 1)}


def web_acl(name: str, *, web_acl: str, region: str) -> Metric:
    """A metric of all rules of a web ACL."""
    return Metric(
        namespace="AWS/WAFV2",
        name=name,
        dimensions={"WebACL": web_acl, "Region": region, "Rule": "ALL"},
        statistic="Sum",
    )
