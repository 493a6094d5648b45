"""The dashboard as data: its graphs, in CloudWatch's structure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from environments.schema import Environment
from modules import metrics
from modules.alarms import GIB, rejection_rate, target_groups
from modules.contracts import Data, Edge, Services
from modules.metrics import Expression, Metric

COLUMNS = 24
HEIGHT = 6
Widget = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A graph of metrics by label, with the threshold of their alarm."""

    title: str
    lines: Mapping[str, Metric] | Expression
    limit: float | None = None
    stacked: bool = False
    period: int = 60
    """Seconds."""
    width: int = COLUMNS // 2

    def widget(self, region: str) -> Widget:
        """The widget, without its position."""
        properties: Widget = {
            "title": self.title,
            "region": region,
            "view": "timeSeries",
            "stacked": self.stacked,
            "period": self.period,
            "metrics": _formula(self.lines) if isinstance(self.lines, Expression) else _lines(self.lines),
            "yAxis": {"left": {"min": 0}},
        }
        if self.limit is not None:
            properties["annotations"] = {"horizontal": [{"label": "Alarm", "value": self.limit}]}
        return {"type": "metric", "width": self.width, "properties": properties}


def body(environment: Environment, *, alarm_arns: Sequence[str], data: Data, edge: Edge, services: Services) -> Widget:
    """The whole dashboard: alarms, requests, tasks, data stores, log errors."""
    region = environment.region
    widgets: list[Widget] = [
        {"type": "alarm", "width": COLUMNS, "properties": {"title": "Alarms", "alarms": list(alarm_arns)}},
        *(graph.widget(region) for graph in _requests(environment, edge)),
        *(graph.widget(region) for graph in _tasks(environment, services)),
        *(graph.widget(region) for graph in _stores(environment, data)),
        _errors(environment, services),
    ]
    return {"widgets": list(_placed(widgets))}


def _requests(environment: Environment, edge: Edge) -> Iterator[Graph]:
    load_balancer = {"load_balancer": edge.load_balancer_suffix}
    answers = {
        "2xx": "HTTPCode_Target_2XX_Count",
        "3xx": "HTTPCode_Target_3XX_Count",
        "4xx": "HTTPCode_Target_4XX_Count",
        "5xx": "HTTPCode_Target_5XX_Count",
        "4xx of the load balancer": "HTTPCode_ELB_4XX_Count",
        "5xx of the load balancer": "HTTPCode_ELB_5XX_Count",
    }
    yield Graph(
        title="Answers",
        lines={label: metrics.requests(name, "Sum", **load_balancer) for label, name in answers.items()},
        stacked=True,
    )
    groups = {
        id_: load_balancer | {"target_group": suffix}
        for service in environment.product.load_balanced
        for id_, suffix in target_groups(service, edge).items()
    }
    yield Graph(
        title="Latency in seconds",
        lines={
            f"{id_} {statistic}": metrics.requests("TargetResponseTime", statistic, **where)
            for id_, where in groups.items()
            for statistic in metrics.PERCENTILES
        },
        limit=environment.observability.latency,
    )
    yield Graph(
        title="Target health",
        lines={
            f"{id_} {state}": metrics.requests(name, "Maximum", **where)
            for id_, where in groups.items()
            for state, name in (("healthy", "HealthyHostCount"), ("unhealthy", "UnHealthyHostCount"))
        },
    )


def _tasks(environment: Environment, services: Services) -> Iterator[Graph]:
    dimensions = {
        service.name: {"cluster": services.cluster_name, "service": services.service_names[service.name]}
        for service in environment.product.services
    }
    yield Graph(
        title="Tasks",
        lines={
            f"{name} {state}": metrics.tasks(metric, **where)
            for name, where in dimensions.items()
            for state, metric in (("running", "RunningTaskCount"), ("desired", "DesiredTaskCount"))
        },
    )
    yield Graph(
        title="CPU of tasks in percent",
        lines={name: metrics.service("CPUUtilization", **where) for name, where in dimensions.items()},
        limit=environment.observability.cpu,
    )
    yield Graph(
        title="Memory of tasks in percent",
        lines={name: metrics.service("MemoryUtilization", **where) for name, where in dimensions.items()},
        limit=environment.observability.memory,
    )


def _stores(environment: Environment, data: Data) -> Iterator[Graph]:
    third = COLUMNS // 3
    if environment.database:
        yield from _database(environment, data, third)
    if environment.cache:
        yield from _cache(environment, data, third)
    if environment.product.rejections:
        yield Graph(
            title="Budget enforcement",
            lines=rejection_rate(environment.product.rejections),
            limit=environment.product.rejections.threshold,
            period=300,
            width=third,
        )


def _database(environment: Environment, data: Data, width: int) -> Iterator[Graph]:
    limits = environment.observability
    database = partial(metrics.database, instance=data.database_identifier)
    yield Graph(
        title="Database connections",
        lines={"connections": database("DatabaseConnections", "Maximum")},
        limit=limits.database_connections,
        width=width,
    )
    yield Graph(
        title="Database CPU in percent",
        lines={"CPU": database("CPUUtilization")},
        limit=limits.cpu,
        width=width,
    )
    yield Graph(
        title="Database free storage in bytes",
        lines={"free": database("FreeStorageSpace", "Minimum")},
        limit=limits.database_free_storage * GIB,
        width=width,
    )


def _cache(environment: Environment, data: Data, width: int) -> Iterator[Graph]:
    limits = environment.observability
    nodes = metrics.cache_nodes(data.cache_id, environment.profile.cache_nodes)
    yield Graph(
        title="Cache memory in percent",
        lines={number: metrics.cache("DatabaseMemoryUsagePercentage", node=node) for number, node in nodes.items()},
        limit=limits.memory,
        width=width,
    )
    yield Graph(
        title="Cache evictions",
        lines={number: metrics.cache("Evictions", "Sum", node=node) for number, node in nodes.items()},
        limit=limits.cache_evictions,
        period=300,
        width=width,
    )


def _errors(environment: Environment, services: Services) -> Widget:
    sources = [f"SOURCE '{services.log_group_names[service.name]}'" for service in environment.product.services]
    query = [
        *sources,
        "fields @timestamp, @log, @message",
        "filter @message like /(?i)(error|exception|traceback)/",
        "sort @timestamp desc",
        "limit 50",
    ]
    properties = {"title": "Errors", "region": environment.region, "view": "table", "query": " | ".join(query)}
    return {"type": "log", "width": COLUMNS, "properties": properties}


def _lines(lines: Mapping[str, Metric]) -> list[list[Any]]:
    return [[*_path(metric), {"stat": metric.statistic, "label": label}] for label, metric in lines.items()]


def _formula(expression: Expression) -> list[list[Any]]:
    inputs = [
        [*_path(metric), {"stat": metric.statistic, "id": id_, "visible": False}]
        for id_, metric in expression.metrics.items()
    ]
    return [[{"expression": expression.formula, "label": expression.label, "id": "result"}], *inputs]


def _path(metric: Metric) -> list[str]:
    return [metric.namespace, metric.name, *(part for dimension in metric.dimensions.items() for part in dimension)]


def _placed(widgets: Iterable[Widget]) -> Iterator[Widget]:
    """Give each widget its position, row by row."""
    x = y = 0
    for widget in widgets:
        if x + widget["width"] > COLUMNS:
            x, y = 0, y + HEIGHT
        yield widget | {"x": x, "y": y, "height": HEIGHT}
        x += widget["width"]
