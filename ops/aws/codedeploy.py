"""CodeDeploy's deployments of ECS services; application and deployment group have the service's name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.aws.ecs import DeploymentFailedError, parts
from ops.aws.errors import explained
from ops.aws.waiting import CLOCK, Time, polls
from ops.errors import OpsError

if TYPE_CHECKING:
    from types_boto3_codedeploy import CodeDeployClient
    from types_boto3_codedeploy.type_defs import DeploymentInfoTypeDef

IDS_A_CALL = 25
"""https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeployments.html"""
SECONDS = 45 * 60
"""How long a deployment may take: the slowest traffic shift takes 27 minutes."""
SUCCEEDED = "Succeeded"
ENDED = frozenset({SUCCEEDED, "Failed", "Stopped"})


@dataclass(frozen=True)
class BlueGreenDeployment:
    """One deployment.

    https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentInfo.html
    """

    id: str
    status: str
    task_definition: str
    """ARN; empty if its AppSpec file isn't JSON."""
    created: float
    """Seconds since 1970."""
    shifted: bool
    """Whether all requests go to the new tasks, and the previous ones only wait to be stopped."""
    reason: str
    """Why it ended, in CodeDeploy's words."""
    rollback: str
    """Id of the deployment that rolled it back; empty if none did."""

    @classmethod
    def parse(cls, given: DeploymentInfoTypeDef) -> BlueGreenDeployment:
        """Read a deployment of GetDeployment or BatchGetDeployments."""
        created: Any = given.get("createTime")
        return cls(
            id=given.get("deploymentId", ""),
            status=given.get("status", ""),
            task_definition=_task_definition(given),
            created=created.timestamp() if created else 0,
            shifted=given.get("instanceTerminationWaitTimeStarted", False),
            reason=(given.get("errorInformation") or {}).get("message", ""),
            rollback=(given.get("rollbackInfo") or {}).get("rollbackDeploymentId", ""),
        )

    @property
    def ended(self) -> bool:
        """Whether it does nothing more."""
        return self.status in ENDED


@dataclass(frozen=True)
class LifecycleEvent:
    """One step of a deployment, such as AllowTraffic.

    https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
    """

    name: str
    status: str
    """Pending, InProgress, Succeeded, Failed, Skipped or Unknown."""
    message: str = ""
    """Why it failed, in CodeDeploy's words."""

    def __str__(self) -> str:
        return f"{self.name}: {self.status}" + (f" ({self.message})" if self.message else "")


def deploy(client: CodeDeployClient, name: str, task_definition: str, container: str, port: int) -> str:
    """Start a deployment of a task definition; return its id.

    Args:
        client: CodeDeploy.
        name: The service's name.
        task_definition: ARN.
        container: Name of the container that gets requests.
        port: Its port.

    Raises:
        AwsError: CodeDeploy refuses, for example because a deployment is in progress, or doesn't respond.
    """
    place = {"ContainerName": container, "ContainerPort": port}
    properties = {"TaskDefinition": task_definition, "LoadBalancerInfo": place}
    resources = [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}]
    content = json.dumps({"version": 0.0, "Resources": resources})
    with explained(f"deploy {name} with CodeDeploy"):
        return client.create_deployment(
            applicationName=name,
            deploymentGroupName=name,
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
        )["deploymentId"]


def read(client: CodeDeployClient, id_: str) -> BlueGreenDeployment:
    """A deployment as it is now.

    Raises:
        AwsError: CodeDeploy doesn't respond, or there is none.
    """
    with explained(f"read the deployment {id_}"):
        return BlueGreenDeployment.parse(client.get_deployment(deploymentId=id_)["deploymentInfo"])


def events(client: CodeDeployClient, id_: str, cluster: str, name: str) -> list[LifecycleEvent]:
    """The lifecycle events of a service's deployment, in order; empty until it has started.

    https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_GetDeploymentTarget.html; the target's id is in
    https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeploymentTargets.html

    Raises:
        AwsError: CodeDeploy doesn't respond, or there is no such deployment.
    """
    absent = (client.exceptions.DeploymentNotStartedException, client.exceptions.DeploymentTargetDoesNotExistException)
    with explained(f"read the lifecycle events of the deployment {id_}"):
        try:
            response = client.get_deployment_target(deploymentId=id_, targetId=f"{cluster}:{name}")
        except absent:
            return []
    given = (response.get("deploymentTarget") or {}).get("ecsTarget") or {}
    return [
        LifecycleEvent(
            each.get("lifecycleEventName", ""),
            each.get("status", ""),
            (each.get("diagnostics") or {}).get("message", ""),
        )
        for each in given.get("lifecycleEvents") or ()
    ]


def newest(client: CodeDeployClient, name: str) -> BlueGreenDeployment | None:
    """The newest deployment of a service; none if there was none.

    Raises:
        AwsError: CodeDeploy doesn't respond, or there is no such group.
    """
    return next(iter(history(client, name)), None)


def history(client: CodeDeployClient, name: str) -> list[BlueGreenDeployment]:
    """Deployments of a service, newest first.

    Raises:
        AwsError: CodeDeploy doesn't respond, or there is no such group.
    """
    ids: list[str] = []
    found: list[BlueGreenDeployment] = []
    with explained(f"list the deployments of {name}"):
        for page in client.get_paginator("list_deployments").paginate(applicationName=name, deploymentGroupName=name):
            ids += page["deployments"]
        for some in parts(ids, IDS_A_CALL):
            found += map(BlueGreenDeployment.parse, client.batch_get_deployments(deploymentIds=some)["deploymentsInfo"])
    return sorted(found, key=lambda deployment: deployment.created, reverse=True)


def stop(client: CodeDeployClient, id_: str) -> None:
    """Stop a deployment, and return all requests to the previous tasks.

    Raises:
        AwsError: CodeDeploy refuses, for example because it has ended, or doesn't respond.
    """
    with explained(f"stop the deployment {id_}"):
        client.stop_deployment(deploymentId=id_, autoRollbackEnabled=True)


def wait(
    client: CodeDeployClient,
    id_: str,
    *,
    seconds: float,
    every: float | None = None,
    clock: Time = CLOCK,
    progress: Callable[[BlueGreenDeployment], None] = lambda _: None,
) -> None:
    """Wait until all requests go to the new tasks. The previous ones may run on for the termination wait.

    Raises:
        DeploymentFailedError: It failed, or was stopped by a user or an alarm.
        OpsError: It takes longer; CodeDeploy continues.
        AwsError: CodeDeploy doesn't respond.
    """
    for _ in polls(seconds, clock, every):
        found = read(client, id_)
        if found.status == SUCCEEDED or (found.shifted and not found.ended):
            return
        if found.ended:
            back = "; all requests return to the previous tasks" if found.rollback else ""
            raise DeploymentFailedError(f"CodeDeploy's deployment {id_} {found.status.lower()}: {found.reason}{back}")
        progress(found)
    raise OpsError(f"CodeDeploy's deployment {id_} hasn't ended after {seconds:g} s; it continues")


def _task_definition(given: DeploymentInfoTypeDef) -> str:
    revision: Any = given.get("revision") or {}
    try:
        (resource,) = json.loads((revision.get("appSpecContent") or {}).get("content", ""))["Resources"]
        return str(resource["TargetService"]["Properties"]["TaskDefinition"])
    except (LookupError, TypeError, ValueError):
        return ""
