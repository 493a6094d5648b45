"""Cluster, services, scaling and deployments."""

from __future__ import annotations

import re

import pytest

from environments.names import Names
from environments.schema import Environment
from tests.conftest import Stack, of_aep
from tests.synth.tasks import containers


@pytest.fixture
def services(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-services"]


@pytest.mark.requirement("R7.1")
def test_the_cluster_has_container_insights_and_logs_what_is_typed(services: Stack, env: Environment) -> None:
    (cluster,) = services.resources("aws_ecs_cluster").values()
    assert cluster["name"] == f"{env.product.name}-{env.stage}"
    assert {"name": "containerInsights", "value": "enhanced"} in cluster["setting"]
    logged = cluster["configuration"]["execute_command_configuration"]
    assert (logged["logging"], logged["log_configuration"]["cloud_watch_encryption_enabled"]) == ("OVERRIDE", True)
    kept_out = {} if env.profile.guardduty_agent else {"GuardDutyManaged": "false"}
    assert cluster.get("tags", {}) == kept_out, "keeps GuardDuty's agent out, also if it is on for the account"
    (capacity,) = services.resources("aws_ecs_cluster_capacity_providers").values()
    assert capacity["capacity_providers"] == ["FARGATE"]


@of_aep
@pytest.mark.requirement("R7.2", "R5.4")
def test_services_and_migration_are_the_products(services: Stack, env: Environment) -> None:
    found = containers(services)
    assert set(found) == {Names(env).service(name) for name in ("backend", "frontend", "migration")}
    names = {service["name"] for service in services.resources("aws_ecs_service").values()}
    assert names == {f"aep-backend-{env.stage}", f"aep-frontend-{env.stage}"}
    assert found[f"aep-backend-{env.stage}"]["portMappings"][0]["containerPort"] == 8787
    assert found[f"aep-frontend-{env.stage}"]["portMappings"][0]["containerPort"] == 80
    migration, backend = found[f"aep-migration-{env.stage}"], found[f"aep-backend-{env.stage}"]
    assert migration["command"] == ["alembic", "upgrade", "head"]
    assert (migration["secrets"], migration["user"]) == (backend["secrets"], backend["user"])
    assert set(services.outputs["migration"]) == {"task_definition_arn", "log_group"}


@pytest.mark.requirement("R0.1", "R7.3")
def test_tasks_run_in_private_subnets_over_all_zones(services: Stack, env: Environment) -> None:
    for service in services.resources("aws_ecs_service").values():
        network = service["network_configuration"]
        assert network["assign_public_ip"] is False
        assert [re.findall(r'private_subnets\["(\w)"\]', subnet) for subnet in network["subnets"]] == [
            [letter] for letter in env.zones
        ]
        # ECS rebalances what it deploys itself.
        rolling = service.get("deployment_controller", {}).get("type") != "CODE_DEPLOY"
        assert service["availability_zone_rebalancing"] == ("ENABLED" if rolling else "DISABLED")


@pytest.mark.requirement("R7.3")
def test_autoscaling_owns_the_number_of_tasks(services: Stack, env: Environment) -> None:
    for service in services.resources("aws_ecs_service").values():
        assert service["desired_count"] in {env.scaling(each).minimum for each in env.product.services}
        assert "desired_count" in service["lifecycle"]["ignore_changes"]
    targets, policies = services.resources("aws_appautoscaling_target"), services.resources("aws_appautoscaling_policy")
    bounds = {(target["min_capacity"], target["max_capacity"]) for target in targets.values()}
    scalings = [env.scaling(service) for service in env.product.services]
    assert bounds == {(scaling.minimum, scaling.maximum) for scaling in scalings}
    assert len(targets) == len(env.product.services) == len(policies) / 2


@of_aep
@pytest.mark.requirement("R7.4")
def test_a_failed_deployment_goes_back_and_fails_the_apply(services: Stack) -> None:
    alarms = services.resources("aws_cloudwatch_metric_alarm")
    for service in services.resources("aws_ecs_service").values():
        assert service["deployment_circuit_breaker"] == {"enable": True, "rollback": True}
        assert (service["alarms"]["enable"], service["alarms"]["rollback"]) == (True, True)
        watched = {alarms[name.split(".")[1]]["metric_name"] for name in service["alarms"]["alarm_names"]}
        assert watched == {"HTTPCode_Target_5XX_Count", "UnHealthyHostCount"}
        assert service["wait_for_steady_state"] is True
        # Of a first deployment that fails, too: it has none to go back to, and the provider waits 20 minutes by itself.
        assert service["timeouts"] == {"create": f"{600 + service['health_check_grace_period_seconds']}s"}
        (condition,) = service["lifecycle"]["postcondition"]
        wanted = service["task_definition"].removeprefix("${").removesuffix("}")
        assert condition["condition"] == f"${{self.task_definition == {wanted}}}"
