"""ECS: services that return what they were given, run their tasks, and end their deployments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.ecs.models import Cluster, EC2ContainerServiceBackend, Service
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.moto_api._internal import mock_random

from rehearsal.emulator import task_sets
from rehearsal.emulator.additions.ecs_history import remember
from rehearsal.emulator.additions.ecs_tasks import keep_running
from rehearsal.emulator.additions.logs import created_by_service
from rehearsal.emulator.additions.registry import AwsError, corrects, kept
from rehearsal.emulator.task_sets import by_codedeploy

_LOOKS = "looks left"
"""For how many calls a failed deployment is still listed."""
_CODEDEPLOYS = ("taskDefinition", "networkConfiguration", "platformVersion", "loadBalancers", "forceNewDeployment")
"""What only CodeDeploy may change in a service that it deploys.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
"""
_TRIPPED = "ECS deployment circuit breaker: tasks failed to start."
_ECHOED = (
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
)


# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
# https://docs.aws.amazon.com/cli/latest/reference/ecs/delete-service.html shows the alarms of a service without any.
_DEPLOYMENT: dict[str, Any] = {
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "alarms": {"alarmNames": [], "rollback": False, "enable": False},
    "strategy": "ROLLING",
    "bakeTimeInMinutes": 0,
}
"""What a service's deployment configuration says where nothing was sent."""


def rollbacks(backend: EC2ContainerServiceBackend) -> set[tuple[str, str]]:
    """Clusters and services whose next deployment fails; the previous one, if there is one, keeps running."""
    return kept(backend, "rollbacks", set[tuple[str, str]])


@corrects(
    EC2ContainerServiceBackend,
    "create_cluster",
    "ecs",
    "CreateCluster",
    why="moto has no Container Insights, which create a log group",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-reference.html",
)
def create_cluster(
    original: Callable[..., Cluster], backend: EC2ContainerServiceBackend, *given: object, **named: object
) -> Cluster:
    """Create the log group, unless it is there."""
    cluster = original(backend, *given, **named)
    for setting in cluster.settings or ():
        if setting["name"] == "containerInsights" and setting["value"] != "disabled":
            created_by_service(backend, f"/aws/ecs/containerinsights/{cluster.name}/performance")
    return cluster


@corrects(
    EC2ContainerServiceResponse,
    "create_service",
    "ecs",
    "CreateService",
    why="moto drops several fields of a service, and leaves it pending; here a first deployment can be ordered to fail",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-failure-detection.html",
)
def create_service(original: Callable[..., ActionResult], self: EC2ContainerServiceResponse) -> ActionResult:
    """Keep all fields; the first deployment is complete at once, or fails with nothing to return to."""
    answer: Any = original(self)
    service = answer.result["service"]
    service.availability_zone_rebalancing = "ENABLED"
    _echo(service, self.params)
    key = (self.params.get("cluster", "default").split("/")[-1], service.name)
    if by_codedeploy(service):
        task_sets.add(service, service.task_definition, service.load_balancers, "PRIMARY")
        _settle(service)
    elif key in rollbacks(self.ecs_backend):
        rollbacks(self.ecs_backend).discard(key)
        _fail(service)
    else:
        _deploy(service)
        remember(self.ecs_backend, service, service.task_definition)
    return ActionResult({"service": service})


@corrects(
    EC2ContainerServiceResponse,
    "update_service",
    "ecs",
    "UpdateService",
    why="in moto an update creates no deployment; a rolled-back one can be planted here",
)
def update_service(original: Callable[..., ActionResult], self: EC2ContainerServiceResponse) -> ActionResult:
    """Deploy: new tasks run at once, unless a rollback is planted."""
    backend = self.ecs_backend
    cluster = self.params.get("cluster", "default").split("/")[-1]
    current = backend._get_service(cluster, self.params["service"].split("/")[-1])
    if by_codedeploy(current) and (refused := [name for name in _CODEDEPLOYS if self.params.get(name)]):
        raise AwsError(
            "InvalidParameterException",
            f"Unable to update {', '.join(refused)} on services with a CODE_DEPLOY deployment controller. "
            "Use AWS CodeDeploy to trigger a new deployment.",
        )
    earlier, ran = current.task_definition, _runs(current)
    answer: Any = original(self)
    service = answer.result["service"]
    _echo(service, self.params)
    if service.task_definition != earlier:
        service.task_definition = backend.describe_task_definition(service.task_definition).arn
    wanted = service.task_definition
    if wanted != earlier and (cluster, service.name) in rollbacks(backend):
        rollbacks(backend).discard((cluster, service.name))
        _roll_back(service, earlier)
    elif by_codedeploy(service):
        for task_set in task_sets.sets_of(service):
            task_set.update(computedDesiredCount=service.desired_count, runningCount=service.desired_count)
        _settle(service)
    elif self.params.get("forceNewDeployment") or _runs(service) != ran:
        _deploy(service)
    else:
        _settle(service)
    if wanted != earlier:
        remember(backend, service, wanted)
    return ActionResult({"service": service})


@corrects(
    EC2ContainerServiceBackend,
    "delete_service",
    "ecs",
    "DeleteService",
    why="moto runs no tasks of a service, so it stops none",
)
def delete_service(original: Callable[..., Service], backend: EC2ContainerServiceBackend, *given: object) -> Service:
    """Stop its tasks."""
    service = original(backend, *given)
    keep_running(service)
    return service


@corrects(
    EC2ContainerServiceResponse,
    "describe_services",
    "ecs",
    "DescribeServices",
    why="AWS lists a failed deployment for a short time only; the provider waits while it is listed",
)
def describe_services(original: Callable[..., ActionResult], self: EC2ContainerServiceResponse) -> ActionResult:
    """List a failed deployment once."""
    answer: Any = original(self)
    for service in answer.result["services"]:
        service.deployments = [each for each in service.deployments if each.get(_LOOKS, 1) > 0]
        for each in service.deployments:
            if _LOOKS in each:
                each[_LOOKS] -= 1
    return ActionResult(answer.result)


def _echo(service: Service, given: dict[str, Any]) -> None:
    for name in _ECHOED:
        if given.get(name) is not None:
            setattr(service, camelcase_to_underscores(name), given[name])
    known = vars(service)
    known["deployment_configuration"] = _DEPLOYMENT | (known.get("deployment_configuration") or {})


def _deployment(service: Service) -> dict[str, Any]:
    return {
        "id": f"ecs-svc/{mock_random.randint(10**18, 10**19)}",
        "status": "PRIMARY",
        "taskDefinition": service.task_definition,
        "desiredCount": service.desired_count,
        "runningCount": service.desired_count,
        "pendingCount": 0,
        "failedTasks": 0,
        "createdAt": utcnow(),
        "updatedAt": utcnow(),
        "launchType": service.launch_type,
        "platformVersion": service.platform_version,
        "networkConfiguration": service.network_configuration,
        "rolloutState": "COMPLETED",
        "rolloutStateReason": "ECS deployment completed.",
    }


def _runs(service: Service) -> tuple[Any, ...]:
    """What new tasks are needed for when it changes."""
    return service.task_definition, service.network_configuration, service.load_balancers, service.platform_version


def _deploy(service: Service) -> None:
    """Let new tasks take the place of all others."""
    service.deployments = [_deployment(service)]
    _settle(service)


def _settle(service: Service) -> None:
    """Let the service run as many tasks as it should."""
    service.running_count, service.pending_count = service.desired_count, 0
    for deployment in service.deployments[:1]:
        deployment.update(desiredCount=service.desired_count, runningCount=service.desired_count)
    keep_running(service)
    _event(service, "has reached a steady state.")


def _fail(service: Service) -> None:
    """Let the first deployment fail: no earlier one is complete, so it stays the primary one, and nothing runs."""
    failed = _deployment(service) | {"runningCount": 0, "rolloutState": "FAILED", "rolloutStateReason": _TRIPPED}
    service.deployments = [failed]
    service.running_count = service.pending_count = 0
    _event(service, f"(deployment {failed['id']}) deployment failed: tasks failed to start.")


def _roll_back(service: Service, earlier: str | None) -> None:
    """Let the deployment fail, and keep the previous tasks, as the circuit breaker would."""
    failed = _deployment(service) | {"status": "ACTIVE", "runningCount": 0, "rolloutState": "FAILED", _LOOKS: 1}
    failed["rolloutStateReason"] = _TRIPPED
    service.task_definition = earlier
    _settle(service)
    service.deployments = [service.deployments[0], failed]
    _event(service, f"(deployment {failed['id']}) deployment failed: tasks failed to start.")
    _event(service, f"(deployment {service.deployments[0]['id']}) rolled back to {earlier}.")


def _event(service: Service, text: str) -> None:
    event = {"id": str(mock_random.uuid4()), "createdAt": utcnow(), "message": f"(service {service.name}) {text}"}
    service.events.insert(0, event)
