"""ECS: task definitions as the service returns them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ecs.models import TaskDefinition

from rehearsal.emulator.additions.registry import corrects

Body = dict[str, Any]
# Fields that the output of RegisterTaskDefinition has, although its input has not:
# https://docs.aws.amazon.com/cli/latest/reference/ecs/register-task-definition.html
_EMPTY = ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls")
# "Fields which may be re-ordered in the API", as the provider says, which compares them sorted:
# https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/ecs/task_definition_equivalency.go
_UNORDERED = ("environment", "secrets")


@corrects(
    TaskDefinition,
    "__init__",
    "ecs",
    "RegisterTaskDefinition",
    why="moto returns containers nearly as they were sent; ECS adds defaults, and changes the order of variables",
    source="https://docs.aws.amazon.com/cli/latest/reference/ecs/register-task-definition.html",
)
def make_definition(original: Callable[..., None], definition: TaskDefinition, *given: object, **named: object) -> None:
    """Fill containers and volumes up."""
    original(definition, *given, **named)
    definition.container_definitions = [
        _filled_up(container, definition.network_mode) for container in definition.container_definitions
    ]
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Volume.html: on Fargate, an empty host.
    definition.volumes = [volume if len(volume) > 1 else {**volume, "host": {}} for volume in definition.volumes]


def _filled_up(container: Body, network_mode: str | None) -> Body:
    filled = {**{name: [] for name in _EMPTY}, **container}
    for name in _UNORDERED:
        if name in filled:
            filled[name] = sorted(filled[name], key=lambda pair: str(pair["name"]), reverse=True)
    if network_mode == "awsvpc":
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
        filled["portMappings"] = [
            {"hostPort": port["containerPort"], "protocol": "tcp", **port} for port in filled["portMappings"]
        ]
    return filled
