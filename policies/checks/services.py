"""ECS services."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rule import Resource, is_true, rule, texts


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
        if is_true(each.get("enable")) and is_true(each.get("rollback")) and texts(each.get("alarm_names")):
            return
    yield "has no alarms with enable, rollback and alarm_names"


@rule("CKV_ROLLOUT_66", source=_ALARMS, on="aws_ecs_service")
def stays_up_while_deploying(service: Resource) -> Iterator[str]:
    """A deployment stops no task before another is healthy."""
    if service.number("deployment_minimum_healthy_percent", 100) < 100:
        yield "deployment_minimum_healthy_percent is less than 100"
