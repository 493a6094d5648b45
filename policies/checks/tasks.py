"""Tasks: images, commands, logs, ports and scaling."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.rule import Resource, blocks, rule, texts

_ECS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
_TASK = "aws_ecs_task_definition"
_ORIGINS = re.compile(r"CORS|ALLOWED_ORIGINS?$", re.IGNORECASE)
_ORIGIN = re.compile(r"https://[\w.-]+(,https://[\w.-]+)*")


@rule("CKV_ROLLOUT_58", source=_ECS + "task_definition_parameters.html", on=_TASK)
def image_of_the_environment(task: Resource) -> Iterator[str]:
    """Images come from the environment's repositories."""
    published = {
        str(url)
        for output in task.everywhere("terraform_output")
        if output.name.endswith("repository_urls")
        for url in next(iter(output.blocks("value")), {}).values()
    }
    for container in task.blocks("container_definitions"):
        repository = task.resolve(re.split(r"@|:[^/]*$", str(container.get("image", "")))[0])
        made = task.follow(repository)
        if repository not in published and (made is None or made.kind != "aws_ecr_repository"):
            yield f"container {container.get('name')!r} has an image of {repository}, which the registry phase lacks"


@rule("CKV_ROLLOUT_59", source=_ECS + "standalone-tasks.html", on=_TASK)
def task_without_service_has_command(task: Resource) -> Iterator[str]:
    """A task without a service has a command."""
    if not any(task.users("aws_ecs_service")):
        for container in task.blocks("container_definitions"):
            if not container.get("command"):
                yield f"container {container.get('name')!r} has no command, so it runs the application and never ends"


@rule("CKV_ROLLOUT_60", source=_ECS + "using_awslogs.html", on=_TASK)
def containers_log(task: Resource) -> Iterator[str]:
    """Containers write logs."""
    for container in task.blocks("container_definitions"):
        options: Mapping[str, Any] = (container.get("logConfiguration") or {}).get("options") or {}
        if not options.get("awslogs-group"):
            yield f"container {container.get('name')!r} has no logConfiguration with a log group"


@rule("CKV_ROLLOUT_61", source="https://developer.mozilla.org/docs/Web/HTTP/Guides/CORS", on=_TASK)
def origins_are_named(task: Resource) -> Iterator[str]:
    """The application allows named origins only."""
    for container in task.blocks("container_definitions"):
        for variable in blocks(container, "environment"):
            name = str(variable.get("name", ""))
            if _ORIGINS.search(name) and not _ORIGIN.fullmatch(str(variable.get("value", ""))):
                yield f"{name} must be one https origin or several joined by commas"


@rule(
    "CKV_ROLLOUT_62",
    source=_ECS + "service-load-balancing.html",
    on="aws_ecs_service",
)
def requests_arrive(service: Resource) -> Iterator[str]:
    """A service's load balancer uses a container and port of its task."""
    task = service.follow(service.get("task_definition"))
    containers = task.blocks("container_definitions") if task else []
    listening = {
        (container.get("name"), str(mapping.get("containerPort")))
        for container in containers
        for mapping in blocks(container, "portMappings")
    }
    for each in service.blocks("load_balancer") if task else ():
        name, port = each.get("container_name"), str(each.get("container_port"))
        if (name, port) not in listening:
            has = ", ".join(f"{name}:{port}" for name, port in sorted(map(_shown, listening)))
            yield f"sends requests to {name}:{port}; its task has {has or 'no port'}"


def _shown(listening: tuple[object, str]) -> tuple[str, str]:
    return str(listening[0]), listening[1]


@rule("CKV_ROLLOUT_63", source=_ECS + "service_definition_parameters.html", on="aws_ecs_service")
def spread_over_zones(service: Resource) -> Iterator[str]:
    """A service's tasks are spread over two subnets or more."""
    for network in service.blocks("network_configuration"):
        if len(texts(network.get("subnets"))) < 2:
            yield "has one subnet, so it fails with its zone; name two or more"


@rule("CKV_ROLLOUT_64", source=_ECS + "service-auto-scaling.html", on="aws_ecs_service")
def scales_within_bounds(service: Resource) -> Iterator[str]:
    """A service scales out, and keeps at least the tasks that it starts with."""
    scaling = next(service.users("aws_appautoscaling_target"), None)
    if scaling is None:
        yield "has no aws_appautoscaling_target"
    elif scaling.number("min_capacity") < service.number("desired_count"):
        yield f"scales in to {scaling.number('min_capacity')} tasks, must keep {service.number('desired_count')}"
    elif scaling.number("max_capacity") <= scaling.number("min_capacity"):
        yield "can't scale out: max_capacity must be more than min_capacity"
