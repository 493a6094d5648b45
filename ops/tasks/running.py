"""Workloads, their log groups, and their running and stopped tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from environments.names import Names
from environments.schema import Environment, Migration, Service
from environments.suggestions import choices
from ops.aws import ecs
from ops.aws.ecs import Container, EcsTask, NoContainerError
from ops.aws.session import Aws
from ops.errors import OpsError
from ops.printable import printable

MIGRATION = Migration.name
SHORT_DIGEST = 12
"""Digits of an image's digest that are shown, as in release tags."""


@dataclass(frozen=True)
class Workload:
    """A service, a scheduled task, or the migration."""

    name: str
    """Also the name of its container, and the first part of its log streams' names."""
    family: str
    """Family of its task definitions; also the name of its ECS service."""
    log_group: str
    service: Service
    """The service itself, or the service whose image, network and log group it uses."""


def workloads(environment: Environment) -> dict[str, Workload]:
    """All workloads of an environment, by name."""
    names, product = Names(environment), environment.product
    runs = {service.name: service for service in product.services}
    runs |= {task.name: product.service(task.service) for task in product.scheduled_tasks}
    if product.migration:
        runs[MIGRATION] = product.service(product.migration.service)
    return {
        name: Workload(name, names.service(name), names.log_group(service.name), service)
        for name, service in runs.items()
    }


def workload(environment: Environment, name: str) -> Workload:
    """Return the workload of that name.

    Raises:
        OpsError: There is none.
    """
    known = workloads(environment)
    if name not in known:
        raise OpsError(
            f"no service, scheduled task or migration named {name!r} in {environment.name}; {choices(name, known)}"
        )
    return known[name]


@dataclass(frozen=True)
class Task:
    """A task and the container of its workload."""

    id: str
    revision: str
    """Task definition and its revision, as in `aep-backend-prod:7`."""
    image: str
    """First digits of the image's digest."""
    status: str
    health: str
    """Result of the container's health check, not the target group's."""
    started: datetime | None
    zone: str
    address: str
    """Private IPv4 address."""
    started_by: str
    runtime_id: str
    """The container's id for Session Manager."""
    reason: str
    """Why the task stopped; empty if it runs."""
    problem: str = ""
    """Why its container is unknown; empty if it is known, or if the task isn't a workload of the environment."""

    @property
    def since(self) -> float:
        """When it started, in seconds since the epoch; 0 if it didn't."""
        return self.started.timestamp() if self.started else 0


def tasks(aws: Aws, environment: Environment, work: Workload | None = None, *, stopped: bool = False) -> list[Task]:
    """Running tasks of the cluster or of one workload, or stopped ones that ECS still lists.

    Raises:
        AwsError: ECS's response is an error.
    """
    names = {each.family: each.name for each in workloads(environment).values()}
    family = work.family if work else ""
    listed = ecs.tasks(aws.client("ecs"), Names(environment).prefix, family=family, stopped=stopped)
    return sorted((_task(each, names) for each in listed), key=lambda task: (*_split(task.revision), task.since))


def _task(given: EcsTask, names: Mapping[str, str]) -> Task:
    revision = ecs.id_of(given.task_definition)
    own, problem = _own(given, names.get(_split(revision)[0]))
    return Task(
        id=given.id,
        revision=revision,
        image=(own.image_digest or own.image).rpartition("sha256:")[2][:SHORT_DIGEST],
        status=given.status,
        health=own.health,
        started=given.started,
        zone=given.zone,
        address=given.network.get("privateIPv4Address", ""),
        started_by=given.started_by,
        runtime_id=own.runtime_id,
        reason=given.stopped_reason,
        problem=problem,
    )


def _own(task: EcsTask, name: str | None) -> tuple[Container, str]:
    """The container of a task's workload, and why it is unknown."""
    if name is None:
        return Container(""), ""
    try:
        return task.container(name), ""
    except NoContainerError as error:
        return Container(name), str(error)


def _split(revision: str) -> tuple[str, int]:
    """Family and number of a revision, so that 9 sorts before 10."""
    family, _, number = revision.rpartition(":")
    return family, int(number)


def minute(moment: datetime | None) -> str:
    """A time in UTC, to the minute; `-` if there is none."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else "-"


def aligned(*rows: Sequence[str]) -> str:
    """Rows of cells, each column as wide as its widest cell; the first row is the heading."""
    rows = tuple([printable(cell) for cell in row] for row in rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
