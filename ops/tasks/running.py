"""The tasks that run, or that ran lately."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from environments.names import Names
from environments.schema import Environment
from ops.aws import Aws, explained
from ops.tasks.workloads import Workload

SHORT_DIGEST = 12
"""Digits of an image's digest that tell releases apart, as their tags have it."""


@dataclass(frozen=True)
class Task:
    """One task, as ECS tells of it."""

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


def tasks(aws: Aws, environment: Environment, work: Workload | None = None, *, stopped: bool = False) -> list[Task]:
    """Tasks of the cluster, or of one workload; those that run, or those that stopped and ECS still remembers.

    Raises:
        AwsError: ECS can't be asked.
    """
    cluster, ecs = Names(environment).prefix, aws.client("ecs")
    wanted = {"family": work.family} if work else {}
    found: list[Task] = []
    with explained(f"list the tasks of cluster {cluster} (phase services makes it)"):
        pages = ecs.get_paginator("list_tasks").paginate(
            cluster=cluster, desiredStatus="STOPPED" if stopped else "RUNNING", **wanted
        )
        for page in pages:
            if page["taskArns"]:
                found += map(_task, ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"])
    return sorted(found, key=lambda task: (task.revision, task.started.timestamp() if task.started else 0))


def _task(described: dict[str, Any]) -> Task:
    container: dict[str, Any] = next(iter(described.get("containers", [])), {})
    digest = container.get("imageDigest") or container.get("image", "")
    return Task(
        id=described["taskArn"].rpartition("/")[2],
        revision=described["taskDefinitionArn"].rpartition("/")[2],
        image=digest.rpartition("sha256:")[2][:SHORT_DIGEST],
        status=described.get("lastStatus", ""),
        health=described.get("healthStatus", ""),
        started=described.get("startedAt"),
        zone=described.get("availabilityZone", ""),
        address=next(_details(described, "privateIPv4Address"), ""),
        started_by=described.get("startedBy", ""),
        runtime_id=container.get("runtimeId", ""),
        reason=described.get("stoppedReason", ""),
    )


def _details(described: dict[str, Any], name: str) -> Iterator[str]:
    for attachment in described.get("attachments", []):
        for detail in attachment.get("details", []):
            if detail["name"] == name:
                yield detail["value"]
