"""CodeDeploy: blue/green deployments of ECS services. Each look at a deployment advances it by one step.

https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from string import ascii_uppercase, digits
from typing import Any

import yaml  # type: ignore[import-untyped]
from moto.cloudwatch.models import cloudwatch_backends
from moto.codedeploy.models import CodeDeployBackend, DeploymentGroup, DeploymentInfo
from moto.codedeploy.responses import CodeDeployResponse
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecs.models import Service, ecs_backends
from moto.elbv2.models import FakeAction, elbv2_backends
from moto.moto_api._internal import mock_random

from rehearsal.emulator import task_sets
from rehearsal.emulator.additions.ecs import rollbacks
from rehearsal.emulator.additions.ecs_tasks import keep_running
from rehearsal.emulator.additions.elbv2 import target_groups_of
from rehearsal.emulator.additions.registry import AwsError, adds, corrects, kept, parameters
from rehearsal.emulator.task_sets import TaskSet

ACTIVE = frozenset({"Created", "InProgress"})
ALL_AT_ONCE = "CodeDeployDefault.ECSAllAtOnce"
_LINEAR = tuple(range(10, 101, 10))
# https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-ecs
SHIFTS = {
    ALL_AT_ONCE: (100,),
    "CodeDeployDefault.ECSCanary10Percent5Minutes": (10, 100),
    "CodeDeployDefault.ECSCanary10Percent15Minutes": (10, 100),
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes": _LINEAR,
    "CodeDeployDefault.ECSLinear10PercentEvery3Minutes": _LINEAR,
}
"""Shares of the requests that green gets, in turn, in percent."""
EVENTS = ("BeforeInstall", "Install", "AfterInstall", "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic")
"""The lifecycle events of a deployment, in order; those of a test listener are left out, which no group has.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
"""


@dataclass
class Progress:
    """What a deployment has done."""

    service: Service
    groups: tuple[str, str]
    """ARNs of the target groups: blue and green."""
    blue: TaskSet
    task_definition: str
    place: dict[str, Any]
    """The load balancer's entry of the green tasks: container, port and target group."""
    ahead: list[int]
    """Shares of the requests that are still to come."""
    green: TaskSet | None = None
    waiting: bool = False
    """Whether it waits before it terminates the blue tasks."""
    error: dict[str, str] = field(default_factory=dict)
    rollback: dict[str, str] = field(default_factory=dict)


def _progress(backend: CodeDeployBackend) -> dict[str, Progress]:
    return kept(backend, "progress", dict[str, Progress])


@corrects(
    CodeDeployBackend,
    "create_deployment",
    "codedeploy",
    "CreateDeployment",
    why="in moto a deployment does nothing: no green tasks start, no requests shift, no blue tasks stop",
    source="https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html",
)
def create_deployment(original: Callable[..., str], backend: CodeDeployBackend, **named: Any) -> str:  # noqa: ANN401
    """Begin a deployment; a group has only one at a time."""
    application, name = named["application_name"], named["deployment_group_name"]
    group = backend.get_deployment_group(application, name)
    for other in backend.deployments.values():
        if other.deployment_group is group and other.status in ACTIVE:
            raise AwsError(
                "DeploymentLimitExceededException",
                f"The Deployment Group '{name}' already has an active Deployment '{other.deployment_id}'",
            )
    progress = _begin(backend, group, named["revision"] or {}, named.get("deployment_config_name"))
    moto_id = original(backend, **named)
    deployment = backend.deployments.pop(moto_id)
    deployment.deployment_id = f"d-{''.join(mock_random.choices(ascii_uppercase + digits, k=9))}"
    backend.deployments[deployment.deployment_id] = deployment
    _progress(backend)[deployment.deployment_id] = progress
    return deployment.deployment_id


def _begin(
    backend: CodeDeployBackend, group: DeploymentGroup, revision: dict[str, Any], config: str | None
) -> Progress:
    """Read the AppSpec file and the group.

    https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html
    """
    content = (revision.get("appSpecContent") or revision.get("string") or {}).get("content", "")
    try:
        appspec = yaml.safe_load(content)  # JSON is YAML
        (resource,) = appspec["Resources"]
        target = resource["TargetService"]["Properties"]
        definition, place = target["TaskDefinition"], target["LoadBalancerInfo"]
        container, port = place["ContainerName"], int(place["ContainerPort"])
    except (yaml.YAMLError, LookupError, TypeError, ValueError) as error:
        raise AwsError("InvalidRevisionException", f"The AppSpec file isn't valid: {error}") from None
    where = group.ecs_services[0]
    ecs = ecs_backends[backend.account_id][backend.region_name]
    service = ecs._get_service(where["clusterName"], where["serviceName"])
    known = ecs.describe_task_definition(definition)
    if container not in {each["name"] for each in known.container_definitions}:
        raise AwsError("InvalidRevisionException", f"The task definition has no container {container}")
    (pair,) = group.load_balancer_info["targetGroupPairInfoList"]
    balancers = elbv2_backends[backend.account_id][backend.region_name]
    arns = {each.name: each.arn for each in balancers.target_groups.values()}
    blue_set = task_sets.primary(service)
    blue = blue_set["loadBalancers"][0]["targetGroupArn"]
    green = next(arns[each["name"]] for each in pair["targetGroups"] if arns[each["name"]] != blue)
    return Progress(
        service,
        (blue, green),
        blue_set,
        known.arn,
        {"containerName": container, "containerPort": port, "targetGroupArn": green},
        [*SHIFTS[config or group.deployment_config_name or ALL_AT_ONCE]],
    )


def _advance(backend: CodeDeployBackend, deployment: DeploymentInfo) -> None:
    """Take the next step: green tasks, each share of requests, the wait, the end of the blue tasks."""
    progress = _progress(backend).get(deployment.deployment_id)
    if progress is None or deployment.status not in ACTIVE:
        return
    deployment.status, deployment.start_time = "InProgress", deployment.start_time or utcnow()
    service = progress.service
    if alarms := _alarms_on(backend, deployment.deployment_group):
        message = f"One or more alarms have been activated: {', '.join(alarms)}"
        _end(backend, deployment, "Stopped", {"code": "ALARM_ACTIVE", "message": message}, "DEPLOYMENT_STOP_ON_ALARM")
    elif progress.green is None:
        planted = rollbacks(service._backend)
        if (service.cluster_name, service.name) in planted:
            planted.discard((service.cluster_name, service.name))
            message = "The deployment timed out while waiting for the replacement task set to become healthy."
            _end(backend, deployment, "Failed", {"code": "TIMEOUT", "message": message}, "DEPLOYMENT_FAILURE")
            return
        progress.green = task_sets.add(service, progress.task_definition, [progress.place], "ACTIVE")
        keep_running(service)
    elif progress.ahead:
        share = progress.ahead.pop(0)
        _shift(backend, progress, share)
        if share == 100:
            task_sets.make_primary(service, progress.green)
    elif not progress.waiting:
        progress.waiting = deployment.instance_termination_wait_time_started = True
    else:
        task_sets.remove(service, progress.blue)
        keep_running(service)
        deployment.status, deployment.complete_time = "Succeeded", utcnow()


def _alarms_on(backend: CodeDeployBackend, group: DeploymentGroup) -> list[str]:
    """The group's alarms that are in ALARM.

    https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-create-alarms.html
    """
    configured: Any = group.alarm_configuration or {}
    known = cloudwatch_backends[backend.account_id][backend.region_name].alarms
    names = [each["name"] for each in configured.get("alarms") or ()] if configured.get("enabled") else []
    return [name for name in names if name in known and known[name].state_value == "ALARM"]


def _shift(backend: CodeDeployBackend, progress: Progress, share: int) -> None:
    """Give green a share of the requests, in the listener's default action and in its rules."""
    blue, green = progress.groups
    weights = [{"TargetGroupArn": blue, "Weight": 100 - share}, {"TargetGroupArn": green, "Weight": share}]
    balancers = elbv2_backends[backend.account_id][backend.region_name].load_balancers.values()
    for listener in (listener for balancer in balancers for listener in balancer.listeners.values()):
        for rule in listener.rules.values():
            if any(target_groups_of(action) & set(progress.groups) for action in rule.actions):
                rule.actions = [FakeAction({"Type": "forward", "ForwardConfig": {"TargetGroups": weights}})]
        listener.default_actions = listener._default_rule[0].actions


def _end(
    backend: CodeDeployBackend, deployment: DeploymentInfo, status: str, error: dict[str, str], event: str
) -> None:
    """End a deployment before its last step, and roll it back if the group rolls back on such an event.

    https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html
    """
    progress = _progress(backend)[deployment.deployment_id]
    deployment.status, deployment.complete_time, progress.error = status, utcnow(), error
    automatic = deployment.auto_rollback_configuration or deployment.deployment_group.auto_rollback_configuration
    if event == "" or (automatic.get("enabled") and event in automatic.get("events", ())):
        _roll_back(backend, deployment)


def _roll_back(backend: CodeDeployBackend, deployment: DeploymentInfo) -> None:
    """Return all requests to blue, remove green, and list a deployment of CodeDeploy's own."""
    progress = _progress(backend)[deployment.deployment_id]
    if progress.green is not None:
        _shift(backend, progress, 0)
        task_sets.make_primary(progress.service, progress.blue)
        task_sets.remove(progress.service, progress.green)
        keep_running(progress.service)
    made = DeploymentInfo(
        deployment.application,
        deployment.deployment_group,
        _revision(progress.blue["taskDefinition"], progress.place),
        deployment.deployment_config_name,
        f"Rollback of {deployment.deployment_id}",
        None,
        None,
        None,
        None,
        None,
        None,
        "codeDeployRollback",
    )
    made.deployment_id = f"d-{''.join(mock_random.choices(ascii_uppercase + digits, k=9))}"
    made.status, made.start_time, made.complete_time = "Succeeded", utcnow(), utcnow()
    backend.deployments[made.deployment_id] = made
    progress.rollback = {"rollbackDeploymentId": made.deployment_id, "rollbackMessage": "Rolled back"}


def _revision(task_definition: str, place: dict[str, Any]) -> dict[str, Any]:
    """A revision with an AppSpec file."""
    balancer = {"ContainerName": place["containerName"], "ContainerPort": place["containerPort"]}
    properties = {"TaskDefinition": task_definition, "LoadBalancerInfo": balancer}
    resources = [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}]
    return {
        "revisionType": "AppSpecContent",
        "appSpecContent": {"content": json.dumps({"version": 0.0, "Resources": resources})},
    }


@corrects(
    CodeDeployResponse,
    "get_deployment",
    "codedeploy",
    "GetDeployment",
    why="in moto a deployment stays created; here each call advances it by one step",
)
def get_deployment(original: Callable[..., ActionResult], self: CodeDeployResponse) -> ActionResult:
    """Advance it, and return why it ended."""
    backend, id_ = self.codedeploy_backend, parameters(self)["deploymentId"]
    if id_ in backend.deployments:
        _advance(backend, backend.deployments[id_])
    answer: Any = original(self)
    progress = _progress(backend).get(id_)
    if progress is not None:
        info = answer.result["deploymentInfo"]
        info |= {"errorInformation": progress.error, "rollbackInfo": progress.rollback}
        info["instanceTerminationWaitTimeStarted"] = progress.waiting
    return answer  # type: ignore[no-any-return]


@adds(CodeDeployResponse, "codedeploy", "GetDeploymentTarget", why="moto has no lifecycle events of a deployment")
def get_deployment_target(self: CodeDeployResponse) -> ActionResult:
    """The service of a deployment that has started, with the deployment's lifecycle events; it doesn't advance."""
    given, backend = parameters(self), self.codedeploy_backend
    deployment = backend.get_deployment(given["deploymentId"])
    progress = _progress(backend).get(deployment.deployment_id)
    if progress is None or deployment.status == "Created":
        raise AwsError("DeploymentNotStartedException", "The specified deployment has not started.")
    service = progress.service
    id_ = f"{service.cluster_name}:{service.name}"
    if given["targetId"] != id_:
        raise AwsError("DeploymentTargetDoesNotExistException", f"No deployment target {given['targetId']}")
    target = {
        "deploymentId": deployment.deployment_id,
        "targetId": id_,
        "targetArn": service.arn,
        "lifecycleEvents": _events(deployment, progress),
        "status": {"Stopped": "Skipped"}.get(deployment.status, deployment.status),
    }
    return ActionResult({"deploymentTarget": {"deploymentTargetType": "ECSTarget", "ecsTarget": target}})


def _events(deployment: DeploymentInfo, progress: Progress) -> list[dict[str, Any]]:
    """Those before the current one have succeeded; once the deployment has ended early, the current one failed.

    https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_LifecycleEvent.html
    """
    shifted = progress.green is not None and not progress.ahead
    current = len(EVENTS) if shifted else EVENTS.index("Install" if progress.green is None else "AllowTraffic")
    ended = deployment.status in {"Failed", "Stopped"}
    found: list[dict[str, Any]] = []
    for index, name in enumerate(EVENTS):
        status = "Succeeded" if index < current else "Skipped" if ended else "Pending"
        event = {"lifecycleEventName": name, "status": status}
        if index == current:
            event["status"] = "Failed" if ended else "InProgress"
        found.append(event if event["status"] != "Failed" else {**event, "diagnostics": _diagnostics(progress)})
    return found


def _diagnostics(progress: Progress) -> dict[str, str]:
    return {"errorCode": "UnknownError", "message": progress.error.get("message", "")}


@adds(CodeDeployResponse, "codedeploy", "StopDeployment", why="moto can't stop a deployment")
def stop_deployment(self: CodeDeployResponse) -> ActionResult:
    """Stop it, and roll it back if asked."""
    given, backend = parameters(self), self.codedeploy_backend
    deployment = backend.get_deployment(given["deploymentId"])
    if deployment.status not in ACTIVE:
        raise AwsError(
            "DeploymentAlreadyCompletedException", f"The deployment {deployment.deployment_id} is already completed."
        )
    message = "The deployment was stopped by the user."
    event = "" if given.get("autoRollbackEnabled") else "DEPLOYMENT_STOP_ON_REQUEST"
    _end(backend, deployment, "Stopped", {"code": "MANUAL_STOP", "message": message}, event)
    return ActionResult({"status": "Succeeded", "statusMessage": message})
