"""Metrics and events that AWS services publish. AWS accepts any other name, but it never matches.

The tables have the metrics and events that such a product uses; add a line for another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import NamedTuple


class Published(NamedTuple):
    """Metrics of a namespace."""

    source: str
    names: Mapping[str, tuple[str, ...]]
    """Metrics by their dimensions, separated by spaces."""


_TARGETS = (
    "HTTPCode_Target_2XX_Count",
    "HTTPCode_Target_3XX_Count",
    "HTTPCode_Target_4XX_Count",
    "HTTPCode_Target_5XX_Count",
    "RequestCount",
    "TargetConnectionErrorCount",
    "TargetResponseTime",
    "TargetTLSNegotiationErrorCount",
)
_CACHE = (
    "CPUUtilization",
    "CacheHitRate",
    "CurrConnections",
    "DatabaseMemoryUsagePercentage",
    "EngineCPUUtilization",
    "Evictions",
    "FreeableMemory",
    "NewConnections",
    "ReplicationLag",
    "SwapUsage",
)
METRICS: Mapping[str, Published] = {
    "AWS/ApplicationELB": Published(
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html",
        {
            "LoadBalancer": (
                *_TARGETS,
                "ActiveConnectionCount",
                "ClientTLSNegotiationErrorCount",
                "ConsumedLCUs",
                "HTTPCode_ELB_3XX_Count",
                "HTTPCode_ELB_4XX_Count",
                "HTTPCode_ELB_5XX_Count",
                "HTTPCode_ELB_502_Count",
                "HTTPCode_ELB_503_Count",
                "HTTPCode_ELB_504_Count",
                "NewConnectionCount",
                "ProcessedBytes",
                "RejectedConnectionCount",
            ),
            "LoadBalancer TargetGroup": (
                *_TARGETS,
                "HealthyHostCount",
                "RequestCountPerTarget",
                "UnHealthyHostCount",
            ),
        },
    ),
    "AWS/ECS": Published(
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html",
        {"ClusterName ServiceName": ("CPUUtilization", "MemoryUtilization")},
    ),
    "AWS/ElastiCache": Published(
        "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html",
        {"CacheClusterId": _CACHE, "CacheClusterId CacheNodeId": _CACHE},
    ),
    "AWS/RDS": Published(
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html",
        {
            "DBInstanceIdentifier": (
                "BurstBalance",
                "CPUCreditBalance",
                "CPUUtilization",
                "DBLoad",
                "DatabaseConnections",
                "DiskQueueDepth",
                "FreeStorageSpace",
                "FreeableMemory",
                "MaximumUsedTransactionIDs",
                "ReadIOPS",
                "ReadLatency",
                "ReplicaLag",
                "SwapUsage",
                "WriteIOPS",
                "WriteLatency",
            )
        },
    ),
    "AWS/Scheduler": Published(
        "https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html",
        {
            "ScheduleGroup": (
                "InvocationAttemptCount",
                "InvocationDroppedCount",
                "InvocationThrottleCount",
                "TargetErrorCount",
                "TargetErrorThrottledCount",
            )
        },
    ),
    "AWS/WAFV2": Published(
        "https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html",
        {"Region Rule WebACL": ("AllowedRequests", "BlockedRequests", "CountedRequests")},
    ),
    "ECS/ContainerInsights": Published(
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html",
        {
            "ClusterName ServiceName": (
                "CpuReserved",
                "CpuUtilized",
                "DeploymentCount",
                "DesiredTaskCount",
                "MemoryReserved",
                "MemoryUtilized",
                "PendingTaskCount",
                "RunningTaskCount",
                "TaskSetCount",
            )
        },
    ),
}
CALLS = "AWS API Call via CloudTrail"
"""The event of an API call that CloudTrail records; its source is the called service."""
# https://docs.aws.amazon.com/eventbridge/latest/ref/events.html
EVENTS: Mapping[str, str] = {
    "AWS Console Sign In via CloudTrail": "aws.signin",
    "AWS Health Event": "aws.health",
    "ACM Certificate Approaching Expiration": "aws.acm",
    "Access Analyzer Finding": "aws.access-analyzer",
    "Config Rules Compliance Change": "aws.config",
    "ECR Image Action": "aws.ecr",
    "ECR Image Scan": "aws.ecr",
    "ECS Deployment State Change": "aws.ecs",
    "ECS Service Action": "aws.ecs",
    "ECS Task State Change": "aws.ecs",
    "GuardDuty Finding": "aws.guardduty",
    "RDS DB Instance Event": "aws.rds",
    "Security Hub Findings - Imported": "aws.securityhub",
}
"""Kinds of events, each with its source."""


def metric_problem(namespace: str, name: str, dimensions: frozenset[str]) -> str | None:
    """Why a metric never has a value; none if AWS publishes it, or it is an application's own."""
    published = METRICS.get(namespace)
    if published is None:
        own = not namespace.startswith(("AWS/", "ECS/"))
        return None if own else f"{namespace} isn't known{_near(namespace, METRICS)}; add it to policies/published.py"
    found = [known for known, names in published.names.items() if name in names]
    if not found:
        names = [each for group in published.names.values() for each in group]
        return f"{namespace} has no known metric {name}{_near(name, names)}; see {published.source}"
    if " ".join(sorted(dimensions)) not in found:
        given = ", ".join(sorted(dimensions)) or "none"
        has = " or ".join(known.replace(" ", ", ") for known in found)
        return f"{namespace} {name} has the dimensions {has}, given are {given}; see {published.source}"
    return None


def event_problem(kind: str, sources: frozenset[str]) -> str | None:
    """Why no event of a kind comes from these sources (none means all); none if such events exist."""
    if kind == CALLS:
        wrong = sorted(each for each in sources if not each.startswith("aws."))
        return f"calls come from aws.<service>, not from {', '.join(wrong)}" if wrong else None
    if kind not in EVENTS:
        return f"{kind!r} isn't a known kind of event{_near(kind, [*EVENTS, CALLS])}; add it to policies/published.py"
    if sources and EVENTS[kind] not in sources:
        return f"{kind!r} comes from {EVENTS[kind]}, not from {', '.join(sorted(sources))}"
    return None


def _near(name: str, names: Mapping[str, object] | list[str]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]}?" if near else ""
