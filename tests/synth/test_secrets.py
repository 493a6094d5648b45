"""Secrets: containers without values, who may read and write them, and the roles of tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatch

import pytest

import environments
from environments.names import Names
from environments.schema import Environment, ScheduledTask
from tests.conftest import Body, Stack

READ, WRITE = "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"
BREAK_GLASS, DEPLOYER, PLANNER = (
    f"${{data.terraform_remote_state.account.outputs.{role}_role_arn}}"
    for role in ("break_glass", "deployer", "planner")
)
LAMBDA = "arn:aws:lambda:us-east-1:111122223333:function:rotate"
ROTATOR = "arn:aws:iam::111122223333:role/rotate"


@pytest.fixture
def secrets(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-secrets"]


@pytest.fixture(scope="module")
def variant(synthesized: Callable[[Environment], dict[str, Stack]]) -> Stack:
    """One secret rotates by itself, one service deploys blue/green, one task is scheduled."""
    prod = environments.load("prod")
    first, *others = prod.product.secrets
    product = replace(
        prod.product,
        secrets=(replace(first, rotation_lambda=LAMBDA, rotation_role=ROTATOR, rotation_days=45), *others),
        services=tuple(replace(each, deployment="blue_green") for each in prod.product.services[:1])
        + prod.product.services[1:],
        scheduled_tasks=(
            ScheduledTask(name="cleanup", service="backend", command=("cleanup",), schedule="rate(1 day)"),
        ),
    )
    return synthesized(replace(prod, product=product))["secrets"]


def denied(stack: Stack, secret: str, action: str, role: str) -> bool:
    """Whether the secret's own policy keeps the role from the action, whatever IAM allows."""
    for statement in stack.policy(secret):
        assert statement["effect"] == "Deny"
        (condition,) = statement["condition"]
        assert (condition["test"], condition["variable"]) == ("ArnNotEquals", "aws:PrincipalArn")
        if any(fnmatch(action, each) for each in statement["actions"]) and role not in condition["values"]:
            return True
    return False


def statements(stack: Stack, role: str) -> dict[str, Body]:
    return {statement["sid"]: statement for statement in stack.policy(role)}


@pytest.mark.requirement("R4.1")
def test_every_environment_has_the_plans_secrets(secrets: Stack, env: Environment) -> None:
    names = {body["name"] for body in secrets.resources("aws_secretsmanager_secret").values()}
    assert names == {f"aep/{env.stage}/{secret.name}" for secret in env.product.secrets}
    planned = {"AUDIT_ENCRYPTION_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "DATABASE_URL", "REDIS_URL"}
    assert {name.rpartition("/")[2] for name in names} >= planned
    assert set(secrets.outputs["secret_arns"]) == {secret.name for secret in env.product.secrets}


@pytest.mark.requirement("R0.2", "R4.1")
def test_containers_have_no_values(secrets: Stack) -> None:
    assert not [kind for kind, _, _ in secrets.all_resources() if "secret_version" in kind]
    assert not secrets.data("aws_secretsmanager_secret_version")


@pytest.mark.requirement("R4.3")
def test_secrets_have_a_key_of_their_own_and_come_back(secrets: Stack, env: Environment) -> None:
    (key,) = secrets.resources("aws_kms_key")
    assert secrets.resources("aws_kms_key")[key]["enable_key_rotation"] is True
    for secret in secrets.resources("aws_secretsmanager_secret").values():
        assert secret["kms_key_id"] == f"${{aws_kms_key.{key}.arn}}"
        assert secret["recovery_window_in_days"] == (30 if env.protected else 7)


@pytest.mark.requirement("R4.3", "R9.3")
def test_each_secret_is_open_to_its_own_roles_only(secrets: Stack, env: Environment) -> None:
    names = Names(env)
    policies = secrets.resources("aws_secretsmanager_secret_policy").values()
    assert {each["secret_arn"].split(".")[1] for each in policies} == set(
        secrets.resources("aws_secretsmanager_secret")
    )
    assert all(policy["block_public_policy"] is True for policy in policies)
    for secret in env.product.secrets:
        id_ = secret.name.lower()
        for service in env.product.services:
            execution, task = (names.role_arn(f"{service.name}-{kind}") for kind in ("execution", "task"))
            assert denied(secrets, id_, READ, execution) is (secret.name not in service.secrets)
            assert denied(secrets, id_, READ, task)
            assert denied(secrets, id_, WRITE, execution)
        for role in (DEPLOYER, PLANNER, "arn:aws:iam::777788889999:role/stranger"):
            assert denied(secrets, id_, READ, role)
        assert denied(secrets, id_, WRITE, PLANNER)
        assert denied(secrets, id_, WRITE, DEPLOYER) is (secret.written_by == "terraform")


@pytest.mark.requirement("R4.3")
def test_no_policy_locks_its_administrators_out(secrets: Stack, env: Environment) -> None:
    for secret in env.product.secrets:
        for action in ("PutResourcePolicy", "DeleteResourcePolicy", "DescribeSecret", "RestoreSecret", "TagResource"):
            assert not denied(secrets, secret.name.lower(), f"secretsmanager:{action}", PLANNER)
        for action in (READ, WRITE, "secretsmanager:UpdateSecret"):
            assert not denied(secrets, secret.name.lower(), action, BREAK_GLASS)


@pytest.mark.requirement("R9.3")
def test_execution_roles_start_their_own_service_only(secrets: Stack, env: Environment) -> None:
    for service in env.product.services:
        own = statements(secrets, f"{service.name}_execution_role")
        assert [sid for sid, each in own.items() if "*" in each["resources"]] == ["LogInToTheRegistry"]
        assert own["LogInToTheRegistry"]["actions"] == ["ecr:GetAuthorizationToken"]
        (repository,) = own["PullItsImage"]["resources"]
        assert repository.endswith(f'repository_arns["{service.repository}"]}}')
        assert own["WriteItsLogs"]["resources"] == [f"{Names(env).log_group_arn(service.name)}:*"]
        arns = [secrets.outputs["secret_arns"][name] for name in service.secrets]
        assert own.get("ReadItsSecrets", {}).get("resources", []) == arns
        if arns:
            limits = {each["variable"]: each["values"] for each in own["DecryptItsSecrets"]["condition"]}
            assert limits["kms:EncryptionContext:SecretARN"] == arns
            assert limits["kms:ViaService"] == [f"secretsmanager.{env.region}.amazonaws.com"]


@pytest.mark.requirement("R9.3", "R0.3")
def test_task_roles_read_no_secret(secrets: Stack, env: Environment) -> None:
    """Containers get secrets from ECS; what runs in them can't ask for any, and can't decrypt one either."""
    for service in env.product.services:
        own = statements(secrets, f"{service.name}_task_role")
        actions = {action for each in own.values() for action in each["actions"]}
        assert not {action for action in actions if action.startswith(("secretsmanager", "iam", "ecr", "s3"))}
        assert own["DecryptSessionsButNoSecrets"]["condition"] == [
            {"test": "Null", "variable": "kms:EncryptionContext:SecretARN", "values": ["true"]}
        ]
        published = own.get("PublishItsMetrics", {}).get("condition", [])
        assert [each["values"] for each in published] == ([[service.metrics_namespace]] if published else [])
        assert bool(published) is bool(service.metrics_namespace)


@pytest.mark.requirement("R9.3")
def test_only_aws_services_of_this_account_assume_the_roles(secrets: Stack, env: Environment) -> None:
    for id_ in secrets.resources("aws_iam_role"):
        (trust,) = secrets.policy(f"{id_}_trust")
        assert trust["principals"] == [{"type": "Service", "identifiers": ["ecs-tasks.amazonaws.com"]}]
        assert {"test": "StringEquals", "variable": "aws:SourceAccount", "values": [env.account_id]} in trust[
            "condition"
        ]


@pytest.mark.requirement("R4.4")
def test_rotation_by_itself_is_a_value(stacks: dict[str, Stack], variant: Stack) -> None:
    assert not stacks["prod-secrets"].resources("aws_secretsmanager_secret_rotation")
    ((id_, rotation),) = variant.resources("aws_secretsmanager_secret_rotation").items()
    assert rotation["rotation_lambda_arn"] == LAMBDA
    assert rotation["rotation_rules"] == {"automatically_after_days": 45}
    secret = id_.removesuffix("_rotation")
    assert rotation["secret_id"] == f"${{aws_secretsmanager_secret.{secret}.arn}}"
    for action in (READ, WRITE):
        assert not denied(variant, secret, action, ROTATOR)
        assert denied(variant, "redis_url", action, ROTATOR)


@pytest.mark.requirement("R0.3", "R9.3")
def test_roles_that_start_tasks_pass_their_roles_only(variant: Stack) -> None:
    assert set(variant.outputs["service_role_arns"]) == {"scheduler", "deployment"}
    roles = [f"${{aws_iam_role.backend_{kind}_role.arn}}" for kind in ("execution", "task")]
    for role, sid in (("scheduler_role", "GiveThemTheirRoles"), ("deployment_role", "GiveTasksTheirRoles")):
        passing = statements(variant, role)[sid]
        assert passing["resources"] == roles
        assert passing["condition"][0]["values"] == ["ecs-tasks.amazonaws.com"]
    run = statements(variant, "scheduler_role")["RunScheduledTasks"]
    assert run["resources"] == ["arn:aws:ecs:us-east-1:111122223333:task-definition/aep-cleanup-prod:*"]
    assert run["condition"][0]["values"] == ["arn:aws:ecs:us-east-1:111122223333:cluster/aep-prod"]
    moved = statements(variant, "deployment_role")["MoveServices"]["resources"]
    assert moved == ["arn:aws:ecs:us-east-1:111122223333:service/aep-prod/aep-backend-prod"]
