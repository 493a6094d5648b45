"""The table of alarms: what is watched, from which value on it is wrong, and which runbook section says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from environments.names import Names
from environments.schema import Environment, RejectionMetric, Service
from modules import metrics
from modules.contracts import Data, Edge, Services
from modules.ids import identifier
from modules.metrics import Expression, Metric

RUNBOOKS = "docs/runbooks/alarms.md"
GIB = 1024**3

Comparison = Literal["GreaterThanThreshold", "LessThanThreshold"]
MissingData = Literal["breaching", "notBreaching"]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """An alarm over other alarms: on when any one of them is."""

    id: str
    """Id of its resource."""
    says: str
    """What is wrong when it goes off: a sentence for the notification."""
    runbook: str
    """Anchor of its section in docs/runbooks/alarms.md."""
    subject: str = ""
    """What its name has before its id."""

    @property
    def purpose(self) -> str:
        """The end of its name; `Names.resource` makes the name of it, here and in commands."""
        return f"{self.subject}{self.id}".replace("_", "-")

    def description(self, names: Names) -> str:
        """What it says, with its runbook's address for those who read the notification on a telephone."""
        repository = names.environment.product.repository
        return f"{self.says} Runbook: https://github.com/{repository}/blob/HEAD/{RUNBOOKS}#{self.runbook}"


@dataclass(frozen=True, kw_only=True)
class Alarm(Summary):
    """An alarm on a metric. It goes off when `periods` periods in a row are beyond the threshold."""

    metric: Metric | Expression
    threshold: float
    comparison: Comparison = "GreaterThanThreshold"
    period: int = 60
    """Seconds."""
    periods: int
    missing: MissingData = "notBreaching"
    """What it means that nothing was measured: without requests there are no answers, but a store is never silent."""
    rolls_back: str = ""
    """The service whose earlier version should come back."""
    stops_cutover: bool = False
    """Traffic shouldn't move while it is on (R10.4)."""


CUTOVER = Summary(
    id="cutover",
    says="Traffic should not move here: stop the cutover, or take it back.",
    runbook="cutover",
)
"""Includes every alarm that stops a cutover."""


def rollback(service: Service) -> Summary:
    """Includes every alarm after which a load-balanced service's earlier version should come back."""
    return Summary(
        id=f"{identifier(service.name)}_rollback",
        says=f"What was deployed last of {service.name} does harm: go back.",
        runbook="rollback",
    )


def expected(names: Names) -> Iterator[str]:
    """Names of all alarms that an environment has after the phase observability."""
    environment, product = names.environment, names.environment.product
    # Names of alarms don't depend on what phases publish, so the expressions that stand for it are enough.
    data, edge, services = Data.remote("data"), Edge.remote("edge"), Services.remote("services")
    rows = [CUTOVER, *table(environment, data=data, edge=edge, services=services)]
    for service in product.load_balanced:
        rows += [rollback(service), *rollback_alarms(environment, service, edge)]
    if product.scheduled_tasks:
        rows.append(dropped_runs(group=""))
    return (names.resource(row.purpose) for row in rows)


def table(environment: Environment, *, data: Data, edge: Edge, services: Services) -> Iterator[Alarm]:
    """All alarms of the phase observability."""
    yield from _load_balancer(environment, edge)
    for service in environment.product.services:
        yield from _tasks(environment, service, services)
        if service.paths:
            yield from _requests(environment, service, edge)
    yield from _database(environment, data)
    yield from _cache(environment, data)
    yield from _rejections(environment)


def blocked_requests(environment: Environment, *, web_acl: str) -> Alarm:
    """The firewall's alarm, which stands with the firewall."""
    return Alarm(
        id="blocked_requests",
        says="The web application firewall blocks many requests: an attack, or users of a new release.",
        runbook="blocked-requests",
        metric=metrics.web_acl("BlockedRequests", web_acl=web_acl, region=environment.region),
        threshold=environment.waf.blocked_requests,
        period=300,
        periods=1,
    )


def rollback_alarms(environment: Environment, service: Service, edge: Edge) -> Iterator[Alarm]:
    """Alarms that end a deployment and put the earlier version back: tasks answer with errors, or stay unhealthy.

    They stand with a load-balanced service, whose deployments watch them before the phase observability is there; its
    composite alarms and dashboard include them.
    """
    # A task that starts fails its checks for a while; one that is unhealthy for longer is broken.
    check = service.health_check
    starting = check.grace + check.interval * check.unhealthy if check else 0
    for id_, target_group in target_groups(service, edge).items():
        where = {"load_balancer": edge.load_balancer_suffix, "target_group": target_group}
        yield Alarm(
            id=f"{id_}_errors",
            subject="deployment-",
            says=f"Tasks of {service.name} answer 5xx: a deployment that is under way goes back.",
            runbook="rollback",
            metric=metrics.requests("HTTPCode_Target_5XX_Count", "Sum", **where),
            threshold=environment.observability.error_count,
            period=300,
            periods=1,
        )
        yield Alarm(
            id=f"{id_}_unhealthy",
            subject="deployment-",
            says=f"Tasks of {service.name} stay unhealthy: a deployment that is under way goes back.",
            runbook="rollback",
            metric=metrics.requests("UnHealthyHostCount", "Maximum", **where),
            threshold=0,
            periods=starting // 60 + 2,
        )


def dropped_runs(*, group: str) -> Alarm:
    """Scheduled tasks' alarm, which stands with their schedule group, by its name.

    It replaces a dead-letter queue: a run that was dropped isn't worth keeping, only worth knowing.
    """
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
    dropped = Metric(
        namespace="AWS/Scheduler",
        name="InvocationDroppedCount",
        dimensions={"ScheduleGroup": group},
        statistic="Sum",
    )
    return Alarm(
        id="schedules_dropped",
        says="A scheduled task could not be started in time.",
        runbook="scheduled-task",
        metric=dropped,
        threshold=0,
        period=300,
        periods=1,
    )


def target_groups(service: Service, edge: Edge) -> dict[str, str]:
    """Suffixes of a load-balanced service's target groups by id; either of a blue/green pair may be the live one."""
    key = identifier(service.name)
    groups = {key: edge.target_group_suffixes[service.name]}
    if service.deployment == "blue_green":
        groups[f"{key}_green"] = edge.green_target_group_suffixes[service.name]
    return groups


def rejection_rate(rejections: RejectionMetric) -> Expression:
    """Share of requests that budget enforcement turned away, in percent."""
    counts = {"rejected": rejections.rejected, "total": rejections.total}
    return Expression(
        formula="IF(total > 0, 100 * FILL(rejected, 0) / total, 0)",
        label="Rejected requests in percent",
        metrics={
            id_: Metric(namespace=rejections.namespace, name=name, dimensions={}, statistic="Sum")
            for id_, name in counts.items()
        },
    )


def _load_balancer(environment: Environment, edge: Edge) -> Iterator[Alarm]:
    yield Alarm(
        id="load_balancer_5xx",
        says="The load balancer itself answers 5xx: no healthy target, or targets that hang up or time out.",
        runbook="5xx-of-the-load-balancer",
        metric=metrics.requests("HTTPCode_ELB_5XX_Count", "Sum", load_balancer=edge.load_balancer_suffix),
        threshold=environment.observability.error_count,
        period=300,
        periods=1,
        stops_cutover=True,
    )


def _requests(environment: Environment, service: Service, edge: Edge) -> Iterator[Alarm]:
    for id_, target_group in target_groups(service, edge).items():
        where = {"load_balancer": edge.load_balancer_suffix, "target_group": target_group}
        yield Alarm(
            id=f"{id_}_latency",
            says=f"One of twenty requests to {service.name} takes too long.",
            runbook="latency",
            metric=metrics.requests("TargetResponseTime", "p95", **where),
            threshold=environment.observability.latency,
            periods=5,
            rolls_back=service.name,
            stops_cutover=True,
        )


def _tasks(environment: Environment, service: Service, services: Services) -> Iterator[Alarm]:
    key = identifier(service.name)
    where = {"cluster": services.cluster_name, "service": services.service_names[service.name]}
    yield Alarm(
        id=f"{key}_missing_tasks",
        says=f"{service.name} runs fewer tasks than it should.",
        runbook="missing-tasks",
        # A service without any task may report no running count at all, which is zero.
        metric=Expression(
            formula="desired - FILL(running, 0)",
            label="Missing tasks",
            metrics={
                "desired": metrics.tasks("DesiredTaskCount", **where),
                "running": metrics.tasks("RunningTaskCount", **where),
            },
        ),
        threshold=0,
        periods=5,
        missing="breaching",
        rolls_back=service.name,
    )
    yield Alarm(
        id=f"{key}_cpu",
        says=f"Tasks of {service.name} are short of CPU, and scaling out doesn't help.",
        runbook="cpu-or-memory-of-a-service",
        metric=metrics.service("CPUUtilization", **where),
        threshold=environment.observability.cpu,
        periods=10,
    )
    yield Alarm(
        id=f"{key}_memory",
        says=f"Tasks of {service.name} are short of memory; at 100 % they are killed.",
        runbook="cpu-or-memory-of-a-service",
        metric=metrics.service("MemoryUtilization", **where),
        threshold=environment.observability.memory,
        periods=10,
    )


def _database(environment: Environment, data: Data) -> Iterator[Alarm]:
    limits = environment.observability
    yield Alarm(
        id="database_connections",
        says="The database has too many connections open.",
        runbook="database-connections",
        metric=metrics.database("DatabaseConnections", "Maximum", instance=data.database_identifier),
        threshold=limits.database_connections,
        periods=3,
        stops_cutover=True,
    )
    yield Alarm(
        id="database_free_storage",
        says="The database runs out of storage, and storage autoscaling hasn't mended it.",
        runbook="database-storage",
        metric=metrics.database("FreeStorageSpace", "Minimum", instance=data.database_identifier),
        threshold=limits.database_free_storage * GIB,
        comparison="LessThanThreshold",
        period=300,
        periods=2,
    )
    yield Alarm(
        id="database_cpu",
        says="The database is short of CPU, or down: a database that is up always reports it.",
        runbook="database-cpu",
        metric=metrics.database("CPUUtilization", instance=data.database_identifier),
        threshold=limits.cpu,
        period=300,
        periods=3,
        missing="breaching",
    )


def _cache(environment: Environment, data: Data) -> Iterator[Alarm]:
    for number, node in metrics.cache_nodes(data.cache_id, environment.profile.cache_nodes).items():
        yield Alarm(
            id=f"cache_{number}_memory",
            says=f"Cache node {number} is short of memory, or down: a node that is up always reports it.",
            runbook="cache-memory",
            metric=metrics.cache("DatabaseMemoryUsagePercentage", node=node),
            threshold=environment.observability.memory,
            period=300,
            periods=3,
            missing="breaching",
        )
        yield Alarm(
            id=f"cache_{number}_evictions",
            says=f"Cache node {number} drops keys before they expire, to make room.",
            runbook="cache-evictions",
            metric=metrics.cache("Evictions", "Sum", node=node),
            threshold=environment.observability.cache_evictions,
            period=300,
            periods=1,
        )


def _rejections(environment: Environment) -> Iterator[Alarm]:
    rejections = environment.product.rejections
    if rejections:
        yield Alarm(
            id="budget_rejections",
            says="Budget enforcement turns away too large a share of requests.",
            runbook="budget-rejections",
            metric=rejection_rate(rejections),
            threshold=rejections.threshold,
            period=300,
            periods=2,
        )
