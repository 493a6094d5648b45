"""A worker, a scheduled task and blue/green are values: no code knows them by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import environments
from environments.names import Names
from environments.schema import Environment, ScheduledTask, Service
from modules.alarms import expected
from tests.conftest import Stack
from tests.synth.tasks import assert_hardened, containers

Synthesize = Callable[[Environment], dict[str, Stack]]


def values() -> Environment:
    """A worker, a scheduled task, and the backend blue/green: values only."""
    prod = environments.load("prod")
    backend, frontend = prod.product.services
    mailer = Service(
        name="mail-sender",
        repository=backend.repository,
        cpu=256,
        memory=512,
        command=("sh", "-c", 'exec mail --from "${SENDER}"'),
        secrets=("REDIS_URL",),
        environment={"CALLBACK": "{origin}/api/mail"},
        reaches=("cache",),
    )
    product = replace(
        prod.product,
        services=(replace(backend, deployment="blue_green"), frontend, mailer),
        scheduled_tasks=(
            ScheduledTask(name="cleanup", service="backend", command=("cleanup",), schedule="cron(0 3 * * ? *)"),
        ),
    )
    return replace(prod, product=product)


@pytest.fixture(scope="module")
def variant(synthesized: Synthesize) -> Stack:
    return synthesized(values())["services"]


@pytest.mark.requirement("R7.4")
def test_blue_green_is_a_value(variant: Stack) -> None:
    (service,) = (each for each in variant.resources("aws_ecs_service").values() if each["name"] == "aep-backend-prod")
    assert service["deployment_controller"] == {"type": "CODE_DEPLOY"}
    assert set(service["lifecycle"]["ignore_changes"]) == {"desired_count", "task_definition", "load_balancer"}
    assert not {"alarms", "deployment_circuit_breaker"} & set(service)
    assert service["wait_for_steady_state"] is False, "the provider would wait for ever"
    (group,) = variant.resources("aws_codedeploy_deployment_group").values()
    pair = group["load_balancer_info"]["target_group_pair_info"]
    assert len({each["name"] for each in pair["target_group"]}) == 2
    assert group["auto_rollback_configuration"]["enabled"] is True
    assert len(group["alarm_configuration"]["alarms"]) == 4
    assert group["service_role_arn"].endswith('service_role_arns["deployment"]}')


@pytest.mark.requirement("R7.2")
def test_a_worker_is_a_value(variant: Stack) -> None:
    (service,) = (each for each in variant.resources("aws_ecs_service").values() if "mail-sender" in each["name"])
    assert not {"load_balancer", "alarms", "health_check_grace_period_seconds"} & set(service)
    assert service["lifecycle"]["postcondition"] and service["deployment_circuit_breaker"]["rollback"]
    container = containers(variant)["aep-mail-sender-prod"]
    assert container["portMappings"] == []
    assert container["command"] == ["sh", "-c", 'exec mail --from "$${SENDER}"']
    assert container["environment"] == [{"name": "CALLBACK", "value": "https://app.navralabs.com/api/mail"}]
    assert "mail-sender" in variant.outputs["service_names"]


@pytest.mark.requirement("R7.2")
def test_a_scheduled_task_is_a_value(variant: Stack) -> None:
    (schedule,) = variant.resources("aws_scheduler_schedule").values()
    assert (schedule["name"], schedule["schedule_expression"]) == ("aep-prod-cleanup", "cron(0 3 * * ? *)")
    target = schedule["target"]
    assert target["role_arn"].endswith('service_role_arns["scheduler"]}')
    assert target["retry_policy"] == {"maximum_retry_attempts": 3, "maximum_event_age_in_seconds": 3600}
    task = variant.resources("aws_ecs_task_definition")[target["ecs_parameters"]["task_definition_arn"].split(".")[1]]
    container = containers(variant)[task["family"]]
    assert container["command"] == ["cleanup"]
    assert container["secrets"] == containers(variant)["aep-backend-prod"]["secrets"]
    (alarm,) = (a for a in variant.resources("aws_cloudwatch_metric_alarm").values() if "Dropped" in a["metric_name"])
    assert alarm["dimensions"]["ScheduleGroup"] == schedule["group_name"]
    assert alarm["alarm_name"] in set(expected(Names(values()))), "verify asks for it too"


@pytest.mark.requirement("R0.1", "R9.4")
def test_whatever_runs_is_private_and_hardened(variant: Stack) -> None:
    assert_hardened(variant)
    (schedule,) = variant.resources("aws_scheduler_schedule").values()
    networks = [schedule["target"]["ecs_parameters"]["network_configuration"]]
    networks += [service["network_configuration"] for service in variant.resources("aws_ecs_service").values()]
    assert all(network["assign_public_ip"] is False for network in networks)
    assert all("private_subnets" in subnet for network in networks for subnet in network["subnets"])
