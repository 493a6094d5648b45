"""The tasks that run, or that ran lately."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from environments.names import Names
from environments.schema import Environment
from ops import ecs
from ops.aws import Aws, explained
from ops.ecs import AwsObject, Container, NoContainerError
from ops.tasks.workloads import Workload, workloads

SHORT_DIGEST = 12
"""Digits of an image's digest that tell releases apart, as their tags have it."""


@dataclass(frozen=True)
class Task:
    """One task, and in it the container of its workload."""

    id: str
    revision: str
    """Task definition and its revision, as in `aep-backend-prod:7`."""
    image: str
    """First digits of the image's digest."""
    status: str
    health: str
    """Of the container's own health check; the load balancer's is the target group's."""
    started: datetime | None
    zone: str
    address: str
    """Private IPv4 address."""
    started_by: str
    runtime_id: str
    """What Session Manager knows the container by."""
    reason: str
    """Why it stopped, if it did."""
    problem: str = ""
    """Why nothing is known of its container; empty if something is, or if it is no workload of the environment."""

    @property
    def since(self) -> float:
        """When it started, in seconds; 0 if it didn't."""
        return self.started.timestamp() if self.started else 0


def tasks(aws: Aws, environment: Environment, work: Workload | None = None, *, stopped: bool = False) -> list[Task]:
    """Tasks of the cluster, or of one workload; those that run, or those that stopped and ECS still remembers.

    Raises:
        AwsError: ECS can't be asked.
    """
    cluster, client = Names(environment).prefix, aws.client("ecs")
    wanted = {"family": work.family} if work else {}
    names = {each.family: each.name for each in workloads(environment).values()}
    found: list[Task] = []
    with explained(f"list the tasks of cluster {cluster} (phase services makes it)"):
        pages = client.get_paginator("list_tasks").paginate(
            cluster=cluster, desiredStatus="STOPPED" if stopped else "RUNNING", **wanted
        )
        for page in pages:
            if page["taskArns"]:
                described = client.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"]
                found += (_task(each, names) for each in described)
    return sorted(found, key=lambda task: (*_split(task.revision), task.since))


def _task(described: AwsObject, names: Mapping[str, str]) -> Task:
    revision = ecs.id_of(described["taskDefinitionArn"])
    own, problem = _own(described, names.get(_split(revision)[0]))
    return Task(
        id=ecs.id_of(described["taskArn"]),
        revision=revision,
        image=(own.image_digest or own.image).rpartition("sha256:")[2][:SHORT_DIGEST],
        status=described.get("lastStatus", ""),
        health=own.health,
        started=described.get("startedAt"),
        zone=described.get("availabilityZone", ""),
        address=next(_details(described, "privateIPv4Address"), ""),
        started_by=described.get("startedBy", ""),
        runtime_id=own.runtime_id,
        reason=described.get("stoppedReason", ""),
        problem=problem,
    )


def _own(described: AwsObject, name: str | None) -> tuple[Container, str]:
    """The container of a task's workload, and why it isn't known."""
    unknown = Container(name or "", "", "", "", "", "", None, "")
    if name is None:
        return unknown, ""
    try:
        return ecs.container(described, name), ""
    except NoContainerError as error:
        return unknown, str(error)


def _split(revision: str) -> tuple[str, int]:
    """Family and number of a revision: 9 is before 10."""
    family, _, number = revision.rpartition(":")
    return family, int(number)


def _details(described: AwsObject, name: str) -> Iterator[str]:
    for attachment in described.get("attachments", []):
        for detail in attachment.get("details", []):
            if detail["name"] == name:
                yield detail["value"]
