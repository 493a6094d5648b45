"""ECS's services, deployments, tasks and containers, by name and in whatever order AWS lists them.

AWS promises no order of a task's containers, and adds some of its own: GuardDuty's agent is the first in many tasks.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from ops.aws.errors import explained, only
from ops.aws.waiting import CLOCK, Time, looks
from ops.errors import AbsentError, OpsError, RefusedError

if TYPE_CHECKING:
    from types_boto3_ecs import ECSClient
    from types_boto3_ecs.type_defs import (
        ContainerDefinitionOutputTypeDef,
        ContainerTypeDef,
        DeploymentTypeDef,
        NetworkConfigurationTypeDef,
        ServiceTypeDef,
        TaskDefinitionTypeDef,
        TaskSetTypeDef,
        TaskTypeDef,
    )

Named = TypeVar("Named")
SERVICES_A_CALL = 10
UNLISTED_LOOKS = 20
"""So many looks in a row ECS may not list what was just created: its answers are eventually consistent.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""
ENDED = ("STOPPED", "DELETED")
"""Last states of a task. DELETED follows soon, so that STOPPED may never be seen.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""
_BY_ITSELF = "EssentialContainerExited"
_BY_ITSELF_IN_WORDS = "Essential container in task exited"


class NoContainerError(AbsentError):
    """A task or a task definition has no container of a name."""


class DeploymentFailedError(RefusedError):
    """ECS gave a deployment up, or another deployment replaced it."""


class DeploymentState(StrEnum):
    """How far a deployment is."""

    COMPLETED = "completed"
    FAILED = "failed"
    IN_PROGRESS = "in progress"


_STATES = {
    "COMPLETED": DeploymentState.COMPLETED,
    "FAILED": DeploymentState.FAILED,
    "STEADY_STATE": DeploymentState.COMPLETED,
}
"""By ECS's rollout state of its own deployments, and its stability status of CodeDeploy's task sets."""


@dataclass(frozen=True)
class Deployment:
    """One deployment of a service: ECS's own or, where CodeDeploy deploys the service, a task set.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html
    """

    id: str
    status: str
    """PRIMARY is the newest; ACTIVE ones still have tasks."""
    task_definition: str
    """ARN."""
    state: DeploymentState
    running: int
    desired: int
    reason: str
    """Why it is in its state, in ECS's words."""

    @classmethod
    def parse(cls, given: DeploymentTypeDef | TaskSetTypeDef) -> Deployment:
        """Read one of a service's `deployments` or `taskSets`."""
        running = given.get("runningCount", 0)
        desired: Any = given.get("computedDesiredCount") or given.get("desiredCount", 0)
        state = str(given.get("rolloutState") or given.get("stabilityStatus") or "")
        # Without a state, its tasks decide.
        guess = DeploymentState.COMPLETED if running == desired else DeploymentState.IN_PROGRESS
        return cls(
            id=given.get("id", ""),
            status=given.get("status", ""),
            task_definition=given.get("taskDefinition", ""),
            state=_STATES.get(state, DeploymentState.IN_PROGRESS) if state else guess,
            running=running,
            desired=desired,
            reason=str(given.get("rolloutStateReason", "")),
        )

    @property
    def primary(self) -> bool:
        """Whether it is the newest."""
        return self.status == "PRIMARY"

    @property
    def completed(self) -> bool:
        """Whether its tasks run and are healthy."""
        return self.state is DeploymentState.COMPLETED


@dataclass(frozen=True)
class EcsService:
    """A service as it is now.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
    """

    name: str
    task_definition: str
    """ARN: of the primary deployment."""
    running: int
    desired: int
    deployments: tuple[Deployment, ...]
    networks: tuple[NetworkConfigurationTypeDef, ...]
    """Of its tasks: its own or, of CodeDeploy's, its task sets', the primary first."""

    @classmethod
    def parse(cls, given: ServiceTypeDef) -> EcsService:
        """Read a service as DescribeServices has it."""
        deployments = tuple(map(Deployment.parse, (*given.get("deployments", ()), *given.get("taskSets", ()))))
        sets = sorted(given.get("taskSets", ()), key=lambda task_set: task_set.get("status") != "PRIMARY")
        networks: list[Any] = [place.get("networkConfiguration") for place in (given, *sets)]
        primary = next((each.task_definition for each in deployments if each.primary), "")
        return cls(
            name=given.get("serviceName", ""),
            task_definition=primary or given.get("taskDefinition", ""),
            running=given.get("runningCount", 0),
            desired=given.get("desiredCount", 0),
            deployments=deployments,
            networks=tuple(network for network in networks if network),
        )

    @property
    def primary(self) -> Deployment | None:
        """Its newest deployment."""
        return next((deployment for deployment in self.deployments if deployment.primary), None)

    @property
    def unfinished(self) -> tuple[Deployment, ...]:
        """Deployments that aren't completed, or whose tasks are still to be stopped; empty if it is stable."""
        return tuple(each for each in self.deployments if not (each.primary and each.completed))


@dataclass(frozen=True)
class Container:
    """One container of a task.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html
    """

    name: str
    status: str = ""
    health: str = ""
    """Of its own health check; UNKNOWN without one."""
    image: str = ""
    """As the task definition has it."""
    image_digest: str = ""
    runtime_id: str = ""
    """What Session Manager knows it by."""
    exit_code: int | None = None
    """None while it runs, and if it never ran."""
    reason: str = ""
    """Why it doesn't run, if ECS says more than its exit code does."""

    @classmethod
    def parse(cls, given: ContainerTypeDef) -> Container:
        """Read a container as DescribeTasks has it."""
        return cls(
            name=given.get("name", ""),
            status=given.get("lastStatus", ""),
            health=given.get("healthStatus", ""),
            image=given.get("image", ""),
            image_digest=given.get("imageDigest", ""),
            runtime_id=given.get("runtimeId", ""),
            exit_code=given.get("exitCode"),
            reason=given.get("reason", ""),
        )


@dataclass(frozen=True)
class EcsTask:
    """A task as it is now, or was when it stopped.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
    """

    id: str
    task_definition: str
    """ARN."""
    status: str
    containers: Mapping[str, Container]
    started: datetime | None
    pulled: datetime | None
    """When its images had been pulled."""
    zone: str
    network: Mapping[str, str]
    """Of its network interface, such as `networkInterfaceId` and `privateIPv4Address`."""
    started_by: str
    stop_code: str
    stopped_reason: str

    @classmethod
    def parse(cls, given: TaskTypeDef) -> EcsTask:
        """Read a task as DescribeTasks has it."""
        details = (detail for attachment in given.get("attachments", ()) for detail in attachment.get("details", ()))
        return cls(
            id=id_of(given.get("taskArn", "")),
            task_definition=given.get("taskDefinitionArn", ""),
            status=given.get("lastStatus", ""),
            containers={each.get("name", ""): Container.parse(each) for each in given.get("containers", ())},
            started=given.get("startedAt"),
            pulled=given.get("pullStoppedAt"),
            zone=given.get("availabilityZone", ""),
            network={detail["name"]: detail["value"] for detail in details},
            started_by=given.get("startedBy", ""),
            stop_code=given.get("stopCode", ""),
            stopped_reason=given.get("stoppedReason", ""),
        )

    def container(self, name: str) -> Container:
        """The container of that name.

        Raises:
            NoContainerError: There is none.
        """
        return _named(self.containers, name, f"task {self.id}")

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self.status in ENDED

    @property
    def ended_by_itself(self) -> bool:
        """Whether it stopped because its container ended; else somebody or something stopped it.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
        """
        if self.stop_code:
            return self.stop_code == _BY_ITSELF
        return self.stopped_reason in ("", _BY_ITSELF_IN_WORDS)


@dataclass(frozen=True)
class TaskDefinition:
    """A revision of a task definition."""

    arn: str
    containers: Mapping[str, ContainerDefinitionOutputTypeDef]

    @classmethod
    def parse(cls, given: TaskDefinitionTypeDef) -> TaskDefinition:
        """Read a task definition as DescribeTaskDefinition has it."""
        containers = {each.get("name", ""): each for each in given.get("containerDefinitions", ())}
        return cls(given.get("taskDefinitionArn", ""), containers)

    def container(self, name: str) -> ContainerDefinitionOutputTypeDef:
        """The container of that name.

        Raises:
            NoContainerError: There is none.
        """
        return _named(self.containers, name, f"the task definition {id_of(self.arn) or 'of its service'}")


def services(client: ECSClient, cluster: str, names: Sequence[str]) -> dict[str, EcsService]:
    """Services that exist, by name; those that were deleted are left out.

    Raises:
        AwsError: ECS doesn't say, or there is no such cluster.
    """
    found: dict[str, EcsService] = {}
    for some in parts(names, SERVICES_A_CALL):
        with explained(f"read the services of the cluster {cluster}"):
            answer = client.describe_services(cluster=cluster, services=some)
        found |= {
            each.get("serviceName", ""): EcsService.parse(each) for each in answer["services"] if _is_active(each)
        }
    return found


def service(client: ECSClient, cluster: str, name: str) -> EcsService | None:
    """A service; none if there is none, or it was deleted.

    Raises:
        AwsError: ECS doesn't say, or there is no such cluster.
    """
    with explained(f"read the service {name} of the cluster {cluster} (phase services creates it)"):
        answer = client.describe_services(cluster=cluster, services=[name])
    active = [each for each in answer["services"] if _is_active(each)]
    return EcsService.parse(only(active, f"active services {name}")) if active else None


def deploy(client: ECSClient, cluster: str, name: str, task_definition: str | None = None) -> str:
    """Start a deployment of another task definition or, without one, of the present one again; return its id.

    Raises:
        AwsError: ECS refuses, or doesn't answer.
        DeploymentFailedError: ECS lists no such deployment.
    """
    with explained(f"deploy {name}"):
        if task_definition:
            answer = client.update_service(cluster=cluster, service=name, taskDefinition=task_definition)
        else:
            answer = client.update_service(cluster=cluster, service=name, forceNewDeployment=True)
    updated = EcsService.parse(answer["service"])
    ours = [each for each in updated.deployments if task_definition in (None, each.task_definition)]
    newest = next((each for each in ours if each.primary), ours[0] if task_definition and ours else None)
    if newest is None:
        raise DeploymentFailedError(f"ECS lists no new deployment of {name}")
    return newest.id


def wait_until_deployed(
    client: ECSClient,
    cluster: str,
    name: str,
    deployment_id: str,
    *,
    seconds: float,
    every: float | None = None,
    clock: Time = CLOCK,
    progress: Callable[[Deployment], None] = lambda _: None,
) -> None:
    """Wait until a deployment is completed: its tasks run, and are healthy.

    Args:
        client: Of ECS.
        cluster: The service's cluster.
        name: The service's name.
        deployment_id: What `deploy` returned.
        seconds: How long to wait.
        every: Seconds between two looks.
        clock: Whose seconds.
        progress: Called with the deployment at each look.

    Raises:
        DeploymentFailedError: ECS gave it up, another one replaced it, or the service was deleted.
        OpsError: It takes longer; ECS goes on.
        AwsError: ECS doesn't say.
    """
    unlisted, seen = 0, False
    for _ in looks(seconds, clock, every):
        found = service(client, cluster, name)
        if found is None:
            raise DeploymentFailedError("the service was deleted")
        ours = next((each for each in found.deployments if each.id == deployment_id), None)
        unlisted = 0 if ours else unlisted + 1
        # What the circuit breaker gave up on is soon no longer listed; what was just created may not be listed yet.
        if ours is None and (seen or unlisted > UNLISTED_LOOKS):
            raise DeploymentFailedError(_replaced(found, ""))
        if ours:
            seen = True
            if ours.state is DeploymentState.FAILED or not ours.primary:
                raise DeploymentFailedError(_replaced(found, ours.reason))
            if ours.completed:
                return
            progress(ours)
    raise OpsError(f"{name} isn't stable after {seconds:g} s; ECS goes on: python -m ops tasks shows how")


def task_definition(client: ECSClient, name: str) -> TaskDefinition:
    """A task definition by its ARN, its family and revision, or its family: then the newest.

    Raises:
        AwsError: ECS doesn't say, or there is none.
    """
    with explained(f"read the task definition {id_of(name)} (phase services creates it)"):
        return TaskDefinition.parse(client.describe_task_definition(taskDefinition=name)["taskDefinition"])


def tasks(
    client: ECSClient, cluster: str, *, service: str = "", family: str = "", stopped: bool = False
) -> list[EcsTask]:
    """Tasks of a cluster, of a service or of a family; those that run, or those that stopped and ECS still remembers.

    Raises:
        AwsError: ECS doesn't say.
    """
    found: list[EcsTask] = []
    chosen = {"serviceName": service} if service else {"family": family} if family else {}
    with explained(f"list the tasks of the cluster {cluster} (phase services creates it)"):
        for page in client.get_paginator("list_tasks").paginate(
            cluster=cluster,
            desiredStatus="STOPPED" if stopped else "RUNNING",
            **chosen,  # type: ignore[arg-type]  # strings, which the third argument isn't
        ):
            if arns := page["taskArns"]:
                found += map(EcsTask.parse, client.describe_tasks(cluster=cluster, tasks=arns)["tasks"])
    return found


def task(client: ECSClient, cluster: str, id_: str) -> tuple[EcsTask | None, str]:
    """A task by its id, and why ECS doesn't list it if it doesn't.

    Raises:
        AwsError: ECS doesn't say.
    """
    with explained(f"read the task {id_}"):
        answer = client.describe_tasks(cluster=cluster, tasks=[id_])
    listed = [EcsTask.parse(each) for each in answer["tasks"]]
    reasons = ", ".join(failure.get("reason", "") for failure in answer.get("failures", ()))
    return next((each for each in listed if each.id == id_), None), reasons


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


def _is_active(service: ServiceTypeDef) -> bool:
    return service.get("status") == "ACTIVE"


def _replaced(service: EcsService, reason: str) -> str:
    runs = id_of(service.task_definition)
    why = reason or (service.primary.reason if service.primary else "")
    return f"ECS gave the deployment up and rolled back: {service.name} runs {runs}{f': {why}' if why else ''}"


def _named(containers: Mapping[str, Named], name: str, where: str) -> Named:
    if name not in containers:
        others: Iterable[str] = sorted(containers)
        raise NoContainerError(f"{where} has no container {name!r}; it has {', '.join(others) or 'none'}")
    return containers[name]
