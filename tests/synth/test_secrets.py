"""Secrets: containers without values, and who may read and write them."""

from __future__ import annotations

import pytest

from environments.names import Names
from environments.schema import Environment
from tests.conftest import Stack
from tests.synth.access import ROTATION_LAMBDA, ROTATION_ROLE, denied

READ, WRITE = "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"
BREAK_GLASS, DEPLOYER, PLANNER = (
    f"${{data.terraform_remote_state.account.outputs.{role}_role_arn}}"
    for role in ("break_glass", "deployer", "planner")
)


@pytest.fixture
def secrets(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-secrets"]


@pytest.mark.requirement("R4.1")
def test_every_environment_has_the_plans_secrets(secrets: Stack, env: Environment) -> None:
    names = {body["name"] for body in secrets.resources("aws_secretsmanager_secret").values()}
    assert names == {f"{env.product.name}/{env.stage}/{secret.name}" for secret in env.product.secrets}
    planned = {"AUDIT_ENCRYPTION_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "DATABASE_URL", "REDIS_URL"}
    assert env.product.name != "aep" or {name.rpartition("/")[2] for name in names} >= planned
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


@pytest.mark.requirement("R4.4")
def test_rotation_by_itself_is_a_value(stacks: dict[str, Stack], other_secrets: Stack) -> None:
    assert not stacks["prod-secrets"].resources("aws_secretsmanager_secret_rotation")
    ((id_, rotation),) = other_secrets.resources("aws_secretsmanager_secret_rotation").items()
    assert rotation["rotation_lambda_arn"] == ROTATION_LAMBDA
    assert rotation["rotation_rules"] == {"automatically_after_days": 45}
    secret = id_.removesuffix("_rotation")
    assert rotation["secret_id"] == f"${{aws_secretsmanager_secret.{secret}.arn}}"
    for action in (READ, WRITE):
        assert not denied(other_secrets, secret, action, ROTATION_ROLE)
        assert denied(other_secrets, "redis_url", action, ROTATION_ROLE)
