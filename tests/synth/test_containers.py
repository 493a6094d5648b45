"""What every container is: released, hardened, logged, and without a secret in it."""

from __future__ import annotations

import pytest

from environments.names import Names
from environments.schema import Environment
from tests.conftest import Stack, of_aep
from tests.synth.tasks import assert_hardened, containers


@pytest.fixture
def services(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-services"]


@pytest.mark.requirement("R3.4", "R0.5")
def test_images_are_the_released_digests(services: Stack, env: Environment) -> None:
    product, service_of = env.product, {each.name: each.name for each in env.product.services}
    service_of |= {each.name: each.service for each in product.scheduled_tasks}
    service_of |= {each.name: each.service for each in [product.migration] if each}
    repositories = {Names(env).service(name): product.service(own).repository for name, own in service_of.items()}
    assert set(containers(services)) == set(repositories)
    for family, container in containers(services).items():
        repository = repositories[family]
        local, _, digest = container["image"].partition("@")
        assert digest == env.releases[repository]
        url = services.document["locals"][local.removeprefix("${local.").removesuffix("}")]
        assert url == f'${{data.terraform_remote_state.registry.outputs.repository_urls["{repository}"]}}'
    assert all(task["skip_destroy"] for task in services.resources("aws_ecs_task_definition").values())


@pytest.mark.requirement("R0.2")
def test_secrets_come_from_secrets_manager_and_nothing_else_does(services: Stack, env: Environment) -> None:
    defined = {secret.name for secret in env.product.secrets}
    for container in containers(services).values():
        assert not defined & {variable["name"] for variable in container["environment"]}
        for secret in container["secrets"]:
            arn = f"${{data.terraform_remote_state.secrets.outputs.secret_arns.{secret['name']}}}"
            assert secret["valueFrom"] == arn
    for service in env.product.services:
        found = {secret["name"] for secret in containers(services)[Names(env).service(service.name)]["secrets"]}
        assert found == set(service.secrets)


@of_aep
@pytest.mark.requirement("R9.2")
def test_the_backend_allows_one_origin(services: Stack, env: Environment) -> None:
    variables = containers(services)[f"aep-backend-{env.stage}"]["environment"]
    assert {"name": "CORS_ALLOWED_ORIGINS", "value": f"https://{env.edge.host}"} in variables


@pytest.mark.requirement("R9.4")
def test_every_container_is_hardened(services: Stack, env: Environment) -> None:
    assert_hardened(services)
    for service in env.product.services:
        mounts = containers(services)[Names(env).service(service.name)]["mountPoints"]
        own = {"/managed-agents", "/var/lib/amazon/ssm", "/var/log/amazon/ssm"}  # of ECS Exec's agent
        assert {mount["containerPath"] for mount in mounts} == {*service.writable, *own}


@pytest.mark.requirement("R8.5")
def test_logs_are_kept_encrypted_and_do_not_stop_the_application(services: Stack, env: Environment) -> None:
    groups = services.resources("aws_cloudwatch_log_group")
    for group in groups.values():
        assert group["retention_in_days"] == env.observability.log_retention
        assert group["kms_key_id"] == "${data.terraform_remote_state.account.outputs.log_key_arn}"
    for container in containers(services).values():
        options = container["logConfiguration"]["options"]
        assert options["awslogs-group"] in {f"${{aws_cloudwatch_log_group.{id_}.name}}" for id_ in groups}
        assert options["mode"] == "non-blocking"
