"""ECS services and their tasks: images, commands, logs, ports, deployments and scaling."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ops.iam.policy import listed, nested
from policies.rule import Resource, is_true, rule


@rule(
    "CKV_ROLLOUT_18",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html",
    on="aws_ecs_service",
)
def circuit_breaker(service: Resource) -> Iterator[str]:
    """A failed deployment rolls back automatically."""
    controllers = [each.get("type") for each in service.blocks("deployment_controller")]
    if controllers and controllers != ["ECS"]:
        return  # CodeDeploy rolls back itself; ECS doesn't accept a circuit breaker with it.
    breakers = service.blocks("deployment_circuit_breaker")
    if not any(is_true(each.get("enable")) and is_true(each.get("rollback")) for each in breakers):
        yield "has no deployment_circuit_breaker with enable and rollback"


_ALARMS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html"


@rule("CKV_ROLLOUT_65", source=_ALARMS, on="aws_ecs_service")
def alarms_take_back(service: Resource) -> Iterator[str]:
    """A deployment that harms users rolls back automatically."""
    controllers = [each.get("type") for each in service.blocks("deployment_controller")]
    if (controllers and controllers != ["ECS"]) or not service.blocks("load_balancer"):
        return  # Only services with requests have such alarms.
    for each in service.blocks("alarms"):
        if is_true(each.get("enable")) and is_true(each.get("rollback")) and listed(each.get("alarm_names")):
            return
    yield "has no alarms with enable, rollback and alarm_names"


@rule("CKV_ROLLOUT_66", source=_ALARMS, on="aws_ecs_service")
def stays_up_while_deploying(service: Resource) -> Iterator[str]:
    """A deployment stops no task before another is healthy."""
    if service.number("deployment_minimum_healthy_percent", 100) < 100:
        yield "deployment_minimum_healthy_percent is less than 100"


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
        for variable in nested(container, "environment"):
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
        for mapping in nested(container, "portMappings")
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
        if len(listed(network.get("subnets"))) < 2:
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
