"""ECS's answers, read in one place: tasks, containers and services, by name and in whatever order AWS lists them.

AWS promises no order of a task's containers, and adds some of its own: GuardDuty's agent is the first in many tasks.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ops.aws import only
from ops.errors import OpsError

AwsObject = dict[str, Any]
ENDED = ("STOPPED", "DELETED")
"""Last states of a task. DELETED follows soon, so that STOPPED may never be seen.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""
_BY_ITSELF = "EssentialContainerExited"
_BY_ITSELF_IN_WORDS = "Essential container in task exited"


class NoContainerError(OpsError):
    """A task or a task definition has no container of a name."""


@dataclass(frozen=True)
class Container:
    """One container of a task.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html
    """

    name: str
    status: str
    health: str
    """Of its own health check; UNKNOWN without one."""
    image: str
    """As the task definition has it."""
    image_digest: str
    runtime_id: str
    """What Session Manager knows it by."""
    exit_code: int | None
    """None while it runs, and if it never ran."""
    reason: str
    """Why it doesn't run, if ECS says more than its exit code does."""


def container(task: AwsObject, name: str) -> Container:
    """The container of that name in a task, as DescribeTasks has it.

    Raises:
        NoContainerError: There is none.
    """
    found = _named(task.get("containers") or (), name, f"task {id_of(task['taskArn'])}")
    return Container(
        name=name,
        status=found.get("lastStatus", ""),
        health=found.get("healthStatus", ""),
        image=found.get("image", ""),
        image_digest=found.get("imageDigest", ""),
        runtime_id=found.get("runtimeId", ""),
        exit_code=found.get("exitCode"),
        reason=found.get("reason", ""),
    )


def container_definition(task_definition: AwsObject, name: str) -> AwsObject:
    """The container of that name in a task definition, as DescribeTaskDefinition has it.

    Raises:
        NoContainerError: There is none.
    """
    where = f"the task definition {id_of(task_definition.get('taskDefinitionArn', 'of its service'))}"
    return _named(task_definition.get("containerDefinitions") or (), name, where)


def task(answer: AwsObject, id_: str) -> AwsObject | None:
    """A task of an answer of DescribeTasks; None if ECS doesn't know it."""
    return next((each for each in answer.get("tasks", ()) if id_of(each["taskArn"]) == id_), None)


def ended_by_itself(task: AwsObject) -> bool:
    """Whether a stopped task stopped because its container ended; else somebody or something stopped it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
    """
    if code := task.get("stopCode"):
        return bool(code == _BY_ITSELF)
    return task.get("stoppedReason", "") in ("", _BY_ITSELF_IN_WORDS)


def active_service(answer: AwsObject) -> AwsObject | None:
    """The service of an answer of DescribeServices about one; None if there is none, or it was deleted.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
    """
    found = [each for each in answer.get("services", ()) if each["status"] == "ACTIVE"]
    return only(found, "active services of one name") if found else None


def primary(service: AwsObject) -> AwsObject | None:
    """The newest deployment of a service, if ECS deploys it."""
    return next((each for each in service.get("deployments", ()) if each["status"] == "PRIMARY"), None)


def networks(service: AwsObject) -> list[AwsObject]:
    """Network configurations of a service's tasks: its own or, of CodeDeploy's, its task sets', the primary first."""
    sets = sorted(service.get("taskSets", ()), key=lambda each: each.get("status") != "PRIMARY")
    found = [each.get("networkConfiguration") for each in (service, *sets)]
    return [each for each in found if each]


def log_stream(name: str, task_id: str = "") -> str:
    """The log stream of a task's container of that name or, without a task, what all of its streams begin with.

    `modules/constructs/task_definition.py` gives streams the container's name as prefix; ECS adds container and task.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
    """
    return f"{name}/{name}/{task_id}"


def parts(items: Sequence[str], size: int) -> list[list[str]]:
    """Items in parts of as many as AWS takes in one call."""
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def id_of(arn: str) -> str:
    """What an ARN ends with: a task's id, or family and revision of a task definition."""
    return arn.rpartition("/")[2]


def _named(containers: Iterable[AwsObject], name: str, where: str) -> AwsObject:
    found = {each.get("name", ""): each for each in containers}
    if name not in found:
        raise NoContainerError(f"{where} has no container {name!r}; it has {', '.join(sorted(found)) or 'none'}")
    return found[name]
