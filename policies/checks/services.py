"""ECS services."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rule import Resource, is_true, rule


@rule(
    "CKV_ROLLOUT_18",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html",
    on="aws_ecs_service",
)
def circuit_breaker(service: Resource) -> Iterator[str]:
    """A deployment that fails goes back by itself."""
    controllers = [each.get("type") for each in service.blocks("deployment_controller")]
    if controllers and controllers != ["ECS"]:
        return  # CodeDeploy goes back by its own means; ECS refuses a circuit breaker beside it.
    breakers = service.blocks("deployment_circuit_breaker")
    if not any(is_true(each.get("enable")) and is_true(each.get("rollback")) for each in breakers):
        yield "has no deployment_circuit_breaker with enable and rollback"
