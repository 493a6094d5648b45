"""ECS: the task sets of services that CodeDeploy deploys. Blue is the primary one; a deployment adds green."""

from __future__ import annotations

from typing import Any

from moto.core.utils import utcnow
from moto.ecs.models import Service
from moto.moto_api._internal import mock_random

TaskSet = dict[str, Any]


def by_codedeploy(service: Service) -> bool:
    """Whether CodeDeploy deploys the service, so that it has task sets and no deployments of ECS's own."""
    return bool(service.deployment_controller["type"] == "CODE_DEPLOY")


def sets_of(service: Service) -> list[TaskSet]:
    """Its task sets, in the form of https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html."""
    found: Any = service.task_sets
    return list(found)


def add(service: Service, task_definition: str, load_balancers: list[dict[str, Any]], status: str) -> TaskSet:
    """Add a task set. It runs all of the service's desired count."""
    id_ = f"ecs-svc/{mock_random.randint(10**18, 10**19)}"
    place, _, name = service.arn.partition(":service/")
    made = {
        "id": id_,
        "taskSetArn": f"{place}:task-set/{name}/{id_}",
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "startedBy": "CODE_DEPLOY",
        "status": status,
        "taskDefinition": task_definition,
        "computedDesiredCount": service.desired_count,
        "pendingCount": 0,
        "runningCount": service.desired_count,
        "createdAt": utcnow(),
        "updatedAt": utcnow(),
        "launchType": service.launch_type,
        "platformVersion": service.platform_version,
        "networkConfiguration": service.network_configuration,
        "loadBalancers": load_balancers,
        "serviceRegistries": [],
        "scale": {"value": 100.0, "unit": "PERCENT"},
        "stabilityStatus": "STEADY_STATE",
        "stabilityStatusAt": utcnow(),
        "tags": [],
    }
    _replace(service, [*sets_of(service), made])
    return made


def make_primary(service: Service, chosen: TaskSet) -> None:
    """Make one the primary task set; others stay active until they are removed."""
    for task_set in sets_of(service):
        task_set["status"] = "PRIMARY" if task_set is chosen else "ACTIVE"


def remove(service: Service, chosen: TaskSet) -> None:
    """Remove a task set; its tasks stop with the next look at them."""
    _replace(service, [task_set for task_set in sets_of(service) if task_set is not chosen])


def primary(service: Service) -> TaskSet:
    """The task set that gets the requests."""
    return next(task_set for task_set in sets_of(service) if task_set["status"] == "PRIMARY")


def _replace(service: Service, task_sets: list[TaskSet]) -> None:
    vars(service)["task_sets"] = task_sets
