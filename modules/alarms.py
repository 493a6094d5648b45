"""The table of alarms: metric, threshold, and the runbook section that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from environments.grouped import groups
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
class AlarmRow:
    """Name and texts of an alarm; a composite alarm needs no more."""

    id: str
    """Id of its resource."""
    says: str
    """What happened, and what it means: sentences for the notification."""
    runbook: str
    """Anchor of its section in docs/runbooks/alarms.md."""
    subject: str = ""
    """Prefix of its id in its name."""

    @property
    def purpose(self) -> str:
        """The end of its name, for `Names.resource`."""
        return f"{self.subject}{self.id}".replace("_", "-")

    def description(self, names: Names) -> str:
        """`says`, and the runbook's full address, so that it opens from a notification on a phone."""
        repository = names.environment.product.repository
        return f"{self.says} Runbook: https://github.com/{repository}/blob/HEAD/{RUNBOOKS}#{self.runbook}"


@dataclass(frozen=True, kw_only=True)
class Alarm(AlarmRow):
    """An alarm on a metric. It goes off when the metric crosses the threshold for `periods` periods in a row."""

    metric: Metric | Expression
    threshold: float
    comparison: Comparison = "GreaterThanThreshold"
    period: int = 60
    """Seconds."""
    periods: int
    missing: MissingData = "notBreaching"
    """How missing data counts: without requests there are no responses, but a running store always reports."""
    rolls_back: str = ""
    """The service to roll back when it goes off."""
    stops_cutover: bool = False
    """Whether it stops a cutover (R10.4)."""


CUTOVER = AlarmRow(
    id="cutover",
    says="At least one alarm that stops a cutover is on: don't move traffic here; a running cutover rolls back.",
    runbook="cutover",
)
"""The composite alarm of every alarm that stops a cutover."""


def cutover_groups(alarms: int) -> list[AlarmRow]:
    """The composite alarms that the cutover's consists of if it has too many alarms for one; else none."""
    return [
        AlarmRow(
            id=f"cutover_{number}",
            says=f"At least one alarm of group {number} of those that stop a cutover is on.",
            runbook="cutover",
        )
        for number in range(1, groups(alarms) + 1)
    ]


def rollback(service: Service) -> AlarmRow:
    """The composite alarm of every alarm that means: roll back this load-balanced service."""
    return AlarmRow(
        id=f"{identifier(service.name)}_rollback",
        says=f"{service.name} fails or is slow: if it was just deployed, roll back to the previous version.",
        runbook="rollback",
    )


def expected(names: Names) -> Iterator[str]:
    """Names of all alarms that an environment has after the phase observability."""
    environment, product = names.environment, names.environment.product
    # Names of alarms don't depend on the phases' outputs, so expressions are enough.
    data, edge, services = Data.remote("data"), Edge.remote("edge"), Services.remote("services")
    metric_alarms = list(table(environment, data=data, edge=edge, services=services))
    stopping = sum(row.stops_cutover for row in metric_alarms)
    rows: list[AlarmRow] = [CUTOVER, *metric_alarms]
    for service in product.load_balanced:
        of_service = list(rollback_alarms(environment, service, edge))
        rows += [rollback(service), *of_service]
        stopping += len(of_service)
    rows += cutover_groups(stopping)
    if product.scheduled_tasks:
        rows.append(dropped_runs(group=""))
    return (names.resource(row.purpose) for row in rows)


def table(environment: Environment, *, data: Data, edge: Edge, services: Services) -> Iterator[Alarm]:
    """All metric alarms of the phase observability."""
    yield from _load_balancer(environment, edge)
    for service in environment.product.services:
        yield from _tasks(environment, service, services)
        if service.paths:
            yield from _requests(environment, service, edge)
    yield from _database(environment, data)
    yield from _cache(environment, data)
    yield from _rejections(environment)


def blocked_requests(environment: Environment, *, web_acl: str) -> Alarm:
    """The alarm of the web application firewall; it is in the same stack as the firewall."""
    return Alarm(
        id="blocked_requests",
        says="The web application firewall blocks many requests: an attack, or a rule that blocks users by mistake.",
        runbook="blocked-requests",
        metric=metrics.web_acl("BlockedRequests", web_acl=web_acl, region=environment.region),
        threshold=environment.waf.blocked_requests,
        period=300,
        periods=1,
    )


def rollback_alarms(environment: Environment, service: Service, edge: Edge) -> Iterator[Alarm]:
    """Alarms that roll a deployment back: tasks respond with 5xx, or stay unhealthy.

    They are in the phase services, because ECS and CodeDeploy watch them before the phase observability is applied.
    The composite alarms and the dashboard of observability include them.
    """
    # A starting task fails its health checks for a while; a task that is unhealthy for longer is broken.
    check = service.health_check
    starting = check.health_check_grace_period + check.interval * check.unhealthy_threshold if check else 0
    for id_, target_group in target_groups(service, edge).items():
        where = {"load_balancer": edge.load_balancer_suffix, "target_group": target_group}
        yield Alarm(
            id=f"{id_}_errors",
            subject="deployment-",
            says=f"Tasks of {service.name} return 5xx: users see errors; a running deployment is rolled back.",
            runbook="5xx-of-a-service",
            metric=metrics.requests("HTTPCode_Target_5XX_Count", "Sum", **where),
            threshold=environment.observability.error_count,
            period=300,
            periods=1,
        )
        yield Alarm(
            id=f"{id_}_unhealthy",
            subject="deployment-",
            says=f"Tasks of {service.name} stay unhealthy: they get no requests; a running deployment is rolled back.",
            runbook="unhealthy-targets",
            metric=metrics.requests("UnHealthyHostCount", "Maximum", **where),
            threshold=0,
            periods=starting // 60 + 2,
        )


def dropped_runs(*, group: str) -> Alarm:
    """The alarm of scheduled tasks; it is in the same stack as their schedule group, whose name it takes.

    It replaces a dead-letter queue: you need to know that a run was dropped, but not to keep the event.
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
        says="EventBridge Scheduler dropped a run of a scheduled task: it couldn't start the task in time.",
        runbook="scheduled-task",
        metric=dropped,
        threshold=0,
        period=300,
        periods=1,
    )


def target_groups(service: Service, edge: Edge) -> dict[str, str]:
    """ARN suffixes of a load-balanced service's target groups by id; a blue/green service has two."""
    key = identifier(service.name)
    groups = {key: edge.target_group_suffixes[service.name]}
    if service.deployment == "blue_green":
        groups[f"{key}_green"] = edge.green_target_group_suffixes[service.name]
    return groups


def rejection_rate(rejections: RejectionMetric) -> Expression:
    """Percentage of requests that budget enforcement rejected."""
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
        says="The load balancer itself returns 5xx: no target is healthy, or targets close connections or time out.",
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
            says=f"Requests to {service.name} are slow: one of twenty takes longer than the threshold.",
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
        says=f"{service.name} runs fewer tasks than desired: tasks stop, or new ones can't start.",
        runbook="missing-tasks",
        # A service without tasks may report no running count, which means zero.
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
        says=f"Tasks of {service.name} use too much CPU although the service can scale out: they become slow.",
        runbook="cpu-or-memory-of-a-service",
        metric=metrics.service("CPUUtilization", **where),
        threshold=environment.observability.cpu,
        periods=10,
    )
    yield Alarm(
        id=f"{key}_memory",
        says=f"Tasks of {service.name} use too much memory: at 100 % ECS stops them.",
        runbook="cpu-or-memory-of-a-service",
        metric=metrics.service("MemoryUtilization", **where),
        threshold=environment.observability.memory,
        periods=10,
    )


def _database(environment: Environment, data: Data) -> Iterator[Alarm]:
    if environment.database is None:
        return
    limits = environment.observability
    yield Alarm(
        id="database_connections",
        says="The database has too many open connections: at its maximum, it refuses new ones.",
        runbook="database-connections",
        metric=metrics.database("DatabaseConnections", "Maximum", instance=data.database_identifier),
        threshold=limits.database_connections,
        periods=3,
        stops_cutover=True,
    )
    yield Alarm(
        id="database_free_storage",
        says="The database runs out of storage, and storage autoscaling hasn't added any: at zero, the database stops.",
        runbook="database-storage",
        metric=metrics.database("FreeStorageSpace", "Minimum", instance=data.database_identifier),
        threshold=limits.database_free_storage * GIB,
        comparison="LessThanThreshold",
        period=300,
        periods=2,
    )
    yield Alarm(
        id="database_cpu",
        says="The database uses too much CPU, or reports no metrics because it is down: queries are slow or fail.",
        runbook="database-cpu",
        metric=metrics.database("CPUUtilization", instance=data.database_identifier),
        threshold=limits.cpu,
        period=300,
        periods=3,
        missing="breaching",
    )


def _cache(environment: Environment, data: Data) -> Iterator[Alarm]:
    if environment.cache is None:
        return
    for number, node in metrics.cache_nodes(data.cache_id, environment.profile.cache_nodes).items():
        yield Alarm(
            id=f"cache_{number}_memory",
            says=f"Cache node {number} uses too much memory, or reports no metrics because it is down.",
            runbook="cache-memory",
            metric=metrics.cache("DatabaseMemoryUsagePercentage", node=node),
            threshold=environment.observability.memory,
            period=300,
            periods=3,
            missing="breaching",
        )
        yield Alarm(
            id=f"cache_{number}_evictions",
            says=f"Cache node {number} evicts keys before they expire: the cache is too small for its data.",
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
            says="Budget enforcement rejects too large a share of requests: users see errors.",
            runbook="budget-rejections",
            metric=rejection_rate(rejections),
            threshold=rejections.threshold,
            period=300,
            periods=2,
        )
