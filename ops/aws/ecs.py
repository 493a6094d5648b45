"""ECS's services, deployments, tasks and containers, by name.

AWS guarantees no order of a task's containers, and adds its own: GuardDuty's agent is the first in many tasks.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from ops.aws.errors import explained, only
from ops.aws.waiting import CLOCK, Time, polls
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
UNLISTED_POLLS = 20
"""Polls in a row for which ECS may not list a new resource: its responses are eventually consistent.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""
ENDED = ("STOPPED", "DELETED")
"""Final states of a task. DELETED follows soon, so a poll may never see STOPPED.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""
_BY_ITSELF = "EssentialContainerExited"
_BY_ITSELF_IN_WORDS = "Essential container in task exited"


class NoContainerError(AbsentError):
    """A task or a task definition has no container of a name."""


class DeploymentFailedError(RefusedError):
    """ECS gave up a deployment, or another deployment replaced it."""


class DeploymentState(StrEnum):
    """The state of a deployment."""

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
        # Without a state, the number of tasks decides.
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
        """Whether it is the newest deployment."""
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
    """ARN, of the primary deployment."""
    created_with: str
    """ARN in the service itself. Where CodeDeploy deploys, it stays that of the first deployment."""
    running: int
    desired: int
    deployments: tuple[Deployment, ...]
    networks: tuple[NetworkConfigurationTypeDef, ...]
    """Network configurations of its tasks: its own, or those of CodeDeploy's task sets, the primary first."""

    @classmethod
    def parse(cls, given: ServiceTypeDef) -> EcsService:
        """Read a service of DescribeServices."""
        deployments = tuple(map(Deployment.parse, (*given.get("deployments", ()), *given.get("taskSets", ()))))
        sets = sorted(given.get("taskSets", ()), key=lambda task_set: task_set.get("status") != "PRIMARY")
        networks: list[Any] = [place.get("networkConfiguration") for place in (given, *sets)]
        primary = next((each.task_definition for each in deployments if each.primary), "")
        return cls(
            name=given.get("serviceName", ""),
            task_definition=primary or given.get("taskDefinition", ""),
            created_with=given.get("taskDefinition", ""),
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
        """Deployments that aren't completed, or whose tasks must still stop; empty if the service is stable."""
        return tuple(each for each in self.deployments if not (each.primary and each.completed))


@dataclass(frozen=True)
class Container:
    """One container of a task.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html
    """

    name: str
    status: str = ""
    health: str = ""
    """Result of its own health check; UNKNOWN without one."""
    image: str = ""
    """As in the task definition."""
    image_digest: str = ""
    runtime_id: str = ""
    """Its id in Session Manager."""
    exit_code: int | None = None
    """None while it runs, or if it never ran."""
    reason: str = ""
    """Why it doesn't run, if ECS gives a reason."""

    @classmethod
    def parse(cls, given: ContainerTypeDef) -> Container:
        """Read a container of DescribeTasks."""
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
    """A task as it is now, or as it was when it stopped.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
    """

    id: str
    task_definition: str
    """ARN."""
    status: str
    containers: Mapping[str, Container]
    started: datetime | None
    pulled: datetime | None
    """When its images were pulled."""
    zone: str
    network: Mapping[str, str]
    """Attributes of its network interface, such as `networkInterfaceId` and `privateIPv4Address`."""
    started_by: str
    stop_code: str
    stopped_reason: str

    @classmethod
    def parse(cls, given: TaskTypeDef) -> EcsTask:
        """Read a task of DescribeTasks."""
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
            NoContainerError: There is no such container.
        """
        return _named(self.containers, name, f"task {self.id}")

    @property
    def ended(self) -> bool:
        """Whether it has stopped."""
        return self.status in ENDED

    @property
    def ended_by_itself(self) -> bool:
        """Whether it stopped because its container ended; else a user or a service stopped it.

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
        """Read a task definition of DescribeTaskDefinition."""
        containers = {each.get("name", ""): each for each in given.get("containerDefinitions", ())}
        return cls(given.get("taskDefinitionArn", ""), containers)

    def container(self, name: str) -> ContainerDefinitionOutputTypeDef:
        """The container of that name.

        Raises:
            NoContainerError: There is no such container.
        """
        return _named(self.containers, name, f"the task definition {id_of(self.arn) or 'of its service'}")


def services(client: ECSClient, cluster: str, names: Sequence[str]) -> dict[str, EcsService]:
    """Existing services by name, without deleted ones.

    Raises:
        AwsError: ECS doesn't respond, or there is no such cluster.
    """
    found: dict[str, EcsService] = {}
    for some in parts(names, SERVICES_A_CALL):
        with explained(f"read the services of the cluster {cluster}"):
            response = client.describe_services(cluster=cluster, services=some)
        found |= {
            each.get("serviceName", ""): EcsService.parse(each) for each in response["services"] if _is_active(each)
        }
    return found


def service(client: ECSClient, cluster: str, name: str) -> EcsService | None:
    """A service; none if it doesn't exist or was deleted.

    Raises:
        AwsError: ECS doesn't respond, or there is no such cluster.
    """
    with explained(f"read the service {name} of the cluster {cluster} (phase services creates it)"):
        response = client.describe_services(cluster=cluster, services=[name])
    active = [each for each in response["services"] if _is_active(each)]
    return EcsService.parse(only(active, f"active services {name}")) if active else None


def deploy(client: ECSClient, cluster: str, name: str, task_definition: str | None = None) -> str:
    """Start a deployment of a task definition, or a redeployment of the present one; return its id.

    Raises:
        AwsError: ECS refuses, or doesn't respond.
        DeploymentFailedError: ECS lists no such deployment.
    """
    with explained(f"deploy {name}"):
        if task_definition:
            response = client.update_service(cluster=cluster, service=name, taskDefinition=task_definition)
        else:
            response = client.update_service(cluster=cluster, service=name, forceNewDeployment=True)
    updated = EcsService.parse(response["service"])
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
    """Wait until a deployment is completed: its tasks run and are healthy.

    Args:
        client: ECS.
        cluster: The service's cluster.
        name: The service's name.
        deployment_id: What `deploy` returned.
        seconds: How long to wait.
        every: Seconds between two polls.
        clock: The clock.
        progress: Called with the deployment after each poll.

    Raises:
        DeploymentFailedError: ECS gave it up, another deployment replaced it, or the service was deleted.
        OpsError: It takes longer; ECS continues.
        AwsError: ECS doesn't respond.
    """
    unlisted, seen = 0, False
    for _ in polls(seconds, clock, every):
        found = service(client, cluster, name)
        if found is None:
            raise DeploymentFailedError("the service was deleted")
        ours = next((each for each in found.deployments if each.id == deployment_id), None)
        unlisted = 0 if ours else unlisted + 1
        # ECS soon stops listing a deployment that its circuit breaker gave up, and may not list a new one yet.
        if ours is None and (seen or unlisted > UNLISTED_POLLS):
            raise DeploymentFailedError(_replaced(found, ""))
        if ours:
            seen = True
            if ours.state is DeploymentState.FAILED or not ours.primary:
                raise DeploymentFailedError(_replaced(found, ours.reason))
            if ours.completed:
                return
            progress(ours)
    raise OpsError(f"{name} isn't stable after {seconds:g} s; ECS continues, see bin/ops tasks")


def task_definition(client: ECSClient, name: str) -> TaskDefinition:
    """A task definition by its ARN, by family and revision, or by family (its newest revision).

    Raises:
        AwsError: ECS doesn't respond, or there is none.
    """
    with explained(f"read the task definition {id_of(name)} (phase services creates it)"):
        return TaskDefinition.parse(client.describe_task_definition(taskDefinition=name)["taskDefinition"])


def tasks(
    client: ECSClient, cluster: str, *, service: str = "", family: str = "", stopped: bool = False
) -> list[EcsTask]:
    """Tasks of a cluster, a service or a family: the running ones, or the stopped ones that ECS still lists.

    Raises:
        AwsError: ECS doesn't respond.
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
    """A task by its id, and ECS's reason if it isn't listed.

    Raises:
        AwsError: ECS doesn't respond.
    """
    with explained(f"read the task {id_}"):
        response = client.describe_tasks(cluster=cluster, tasks=[id_])
    listed = [EcsTask.parse(each) for each in response["tasks"]]
    reasons = ", ".join(failure.get("reason", "") for failure in response.get("failures", ()))
    return next((each for each in listed if each.id == id_), None), reasons


def log_stream(name: str, task_id: str = "") -> str:
    """The log stream of a task's container; without a task, the prefix of all its streams.

    `modules/constructs/task_definition.py` gives streams the container's name as prefix; ECS adds container and task.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
    """
    return f"{name}/{name}/{task_id}"


def parts(items: Sequence[str], size: int) -> list[list[str]]:
    """Items in parts, for calls with a limit."""
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def id_of(arn: str) -> str:
    """The last part of an ARN: a task's id, or family and revision of a task definition."""
    return arn.rpartition("/")[2]


def _is_active(service: ServiceTypeDef) -> bool:
    return service.get("status") == "ACTIVE"


def _replaced(service: EcsService, reason: str) -> str:
    runs = id_of(service.task_definition)
    why = reason or (service.primary.reason if service.primary else "")
    return f"ECS gave up the deployment and rolled back: {service.name} runs {runs}{f': {why}' if why else ''}"


def _named(containers: Mapping[str, Named], name: str, where: str) -> Named:
    if name not in containers:
        others: Iterable[str] = sorted(containers)
        raise NoContainerError(f"{where} has no container {name!r}; it has {', '.join(others) or 'none'}")
    return containers[name]
