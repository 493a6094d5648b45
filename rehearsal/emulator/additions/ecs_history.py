"""ECS: what was deployed to a service, and how that ended."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecs.models import EC2ContainerServiceBackend, Service
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.moto_api._internal import mock_random

from rehearsal.emulator.additions.registry import adds, kept, parameters

_WHY = "moto keeps no history of deployments"


def _history(backend: EC2ContainerServiceBackend) -> list[dict[str, Any]]:
    """All deployments, newest first."""
    return kept(backend, "deployments", list[dict[str, Any]])


def remember(backend: EC2ContainerServiceBackend, service: Service, wanted: str) -> None:
    """Note a deployment of a task definition, which has ended: with it, or back at the one before."""
    place, _, name = service.arn.partition(":service/")
    id_ = str(mock_random.randint(10**18, 10**19))
    _history(backend).insert(
        0,
        {
            "serviceDeploymentArn": f"{place}:service-deployment/{name}/{id_}",
            "serviceArn": service.arn,
            "clusterArn": service.cluster_arn,
            "targetServiceRevisionArn": f"{place}:service-revision/{name}/{id_}",
            "status": "SUCCESSFUL" if service.task_definition == wanted else "ROLLBACK_SUCCESSFUL",
            "createdAt": utcnow(),
            "startedAt": utcnow(),
            "finishedAt": utcnow(),
            "taskDefinition": wanted,
        },
    )


@adds(EC2ContainerServiceResponse, "ecs", "ListServiceDeployments", why=_WHY)
def list_service_deployments(self: EC2ContainerServiceResponse) -> ActionResult:
    """Deployments of one service, newest first."""
    given = parameters(self)
    service = str(given["service"]).rpartition("/")[2]
    wanted = given.get("status") or ["SUCCESSFUL", "ROLLBACK_SUCCESSFUL"]
    found = [
        {key: value for key, value in each.items() if key != "taskDefinition"}
        for each in _history(self.ecs_backend)
        if each["serviceArn"].rpartition("/")[2] == service and each["status"] in wanted
    ]
    return ActionResult({"serviceDeployments": found})


@adds(EC2ContainerServiceResponse, "ecs", "DescribeServiceRevisions", why=_WHY)
def describe_service_revisions(self: EC2ContainerServiceResponse) -> ActionResult:
    """The task definitions of deployments."""
    given = parameters(self)["serviceRevisionArns"]
    found = [
        {
            "serviceRevisionArn": each["targetServiceRevisionArn"],
            "serviceArn": each["serviceArn"],
            "taskDefinition": each["taskDefinition"],
        }
        for each in _history(self.ecs_backend)
        if each["targetServiceRevisionArn"] in given
    ]
    return ActionResult({"serviceRevisions": found, "failures": []})
