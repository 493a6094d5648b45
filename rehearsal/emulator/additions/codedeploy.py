"""CodeDeploy: deployment groups as they were made, their changes and their end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.codedeploy.models import DeploymentGroup
from moto.codedeploy.responses import CodeDeployResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import camelcase_to_underscores

from rehearsal.emulator.additions.registry import adds, corrects, parameters

Body = dict[str, Any]
_KEYS = {"applicationName", "currentDeploymentGroupName", "newDeploymentGroupName"}


def _filled_up(group: DeploymentGroup) -> None:
    """Return what AWS adds.

    https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentReadyOption.html
    """
    group.outdated_instances_strategy = group.outdated_instances_strategy or "UPDATE"
    group.termination_hook_enabled = bool(group.termination_hook_enabled)
    ready = group.blue_green_deployment_configuration.get("deploymentReadyOption")
    if ready is not None:
        ready.setdefault("waitTimeInMinutes", 0)


@corrects(
    DeploymentGroup,
    "__init__",
    "codedeploy",
    "CreateDeploymentGroup",
    why="moto doesn't return what AWS adds to a deployment group",
    source="https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentGroupInfo.html",
)
def make_group(original: Callable[..., None], group: DeploymentGroup, *given: object) -> None:
    """Add it."""
    original(group, *given)
    _filled_up(group)


@corrects(
    CodeDeployResponse,
    "get_deployment_group",
    "codedeploy",
    "GetDeploymentGroup",
    why="moto drops the alarms of a deployment group",
    source="https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_AlarmConfiguration.html",
)
def get_deployment_group(original: Callable[..., ActionResult], self: CodeDeployResponse) -> ActionResult:
    """Return them too."""
    answer: Any = original(self)
    group = _group(self)
    alarms: Any = group.alarm_configuration or {}
    added = {
        "alarmConfiguration": {"enabled": False, "ignorePollAlarmFailure": False, "alarms": []} | alarms,
        "outdatedInstancesStrategy": group.outdated_instances_strategy,
        "terminationHookEnabled": group.termination_hook_enabled,
    }
    return ActionResult({"deploymentGroupInfo": answer.result["deploymentGroupInfo"] | added})


@adds(CodeDeployResponse, "codedeploy", "UpdateDeploymentGroup", why="moto can't change a deployment group")
def update_deployment_group(self: CodeDeployResponse) -> ActionResult:
    """Change a group."""
    given, group = parameters(self), _group(self, "currentDeploymentGroupName")
    for name in given.keys() - _KEYS:
        setattr(group, camelcase_to_underscores(name), given[name])
    _filled_up(group)
    return ActionResult({"hooksNotCleanedUp": []})


@adds(CodeDeployResponse, "codedeploy", "DeleteDeploymentGroup", why="moto can't delete a deployment group")
def delete_deployment_group(self: CodeDeployResponse) -> ActionResult:
    """Delete a group."""
    given = parameters(self)
    groups = self.codedeploy_backend.deployment_groups.get(given["applicationName"], {})
    groups.pop(given["deploymentGroupName"], None)
    return ActionResult({"hooksNotCleanedUp": []})


@adds(CodeDeployResponse, "codedeploy", "DeleteApplication", why="moto can't delete an application")
def delete_application(self: CodeDeployResponse) -> ActionResult:
    """Delete an application with its groups."""
    name = parameters(self)["applicationName"]
    self.codedeploy_backend.applications.pop(name, None)
    self.codedeploy_backend.deployment_groups.pop(name, None)
    return EmptyResult()


def _group(self: CodeDeployResponse, key: str = "deploymentGroupName") -> DeploymentGroup:
    given = parameters(self)
    group: DeploymentGroup = self.codedeploy_backend.get_deployment_group(given["applicationName"], given[key])
    return group
