"""Roles of tasks: each may do what its own service needs, and nothing else."""

from __future__ import annotations

import pytest

from environments.names import Names
from environments.schema import Environment
from tests.conftest import Stack
from tests.synth.access import statements

# https://docs.aws.amazon.com/guardduty/latest/ug/ecs-runtime-agent-ecr-image-uri.html
AGENTS = {
    "eu-central-1": "323658145986",
    "eu-west-1": "694911143906",
    "us-east-1": "593207742271",
    "us-west-2": "733349766148",
}


@pytest.fixture
def secrets(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-secrets"]


@pytest.mark.requirement("R9.3")
def test_execution_roles_start_their_own_service_only(secrets: Stack, env: Environment) -> None:
    for service in env.product.services:
        own = statements(secrets, f"{service.name}_execution_role".replace("-", "_"))
        assert [sid for sid, each in own.items() if "*" in each["resources"]] == ["LogInToTheRegistry"]
        assert own["LogInToTheRegistry"]["actions"] == ["ecr:GetAuthorizationToken"]
        (repository,) = own["PullItsImage"]["resources"]
        assert repository.endswith(f'repository_arns["{service.repository}"]}}')
        agent = own.get("PullGuardDutysAgent", {}).get("resources", [])
        account = AGENTS.get(env.region)
        image = f"arn:aws:ecr:{env.region}:{account}:repository/aws-guardduty-agent-fargate"
        if account or not env.profile.guardduty_agent:
            assert agent == ([image] if env.profile.guardduty_agent else [])
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
        own = statements(secrets, f"{service.name}_task_role".replace("-", "_"))
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
    starters = {"scheduler_role": "scheduler.amazonaws.com", "deployment_role": "codedeploy.amazonaws.com"}
    for id_ in secrets.resources("aws_iam_role"):
        (trust,) = secrets.policy(f"{id_}_trust")
        service = starters.get(id_, "ecs-tasks.amazonaws.com")
        assert trust["principals"] == [{"type": "Service", "identifiers": [service]}]
        assert {"test": "StringEquals", "variable": "aws:SourceAccount", "values": [env.account_id]} in trust[
            "condition"
        ]


@pytest.mark.requirement("R0.3", "R9.3")
def test_roles_that_start_tasks_pass_their_roles_only(other_secrets: Stack) -> None:
    assert set(other_secrets.outputs["service_role_arns"]) == {"scheduler", "deployment"}
    roles = [f"${{aws_iam_role.backend_{kind}_role.arn}}" for kind in ("execution", "task")]
    for role, sid in (("scheduler_role", "GiveThemTheirRoles"), ("deployment_role", "GiveTasksTheirRoles")):
        passing = statements(other_secrets, role)[sid]
        assert passing["resources"] == roles
        assert passing["condition"][0]["values"] == ["ecs-tasks.amazonaws.com"]
    run = statements(other_secrets, "scheduler_role")["RunScheduledTasks"]
    assert run["resources"] == ["arn:aws:ecs:us-east-1:111122223333:task-definition/aep-cleanup-prod:*"]
    assert run["condition"][0]["values"] == ["arn:aws:ecs:us-east-1:111122223333:cluster/aep-prod"]
    moved = statements(other_secrets, "deployment_role")["MoveServices"]["resources"]
    assert moved == ["arn:aws:ecs:us-east-1:111122223333:service/aep-prod/aep-backend-prod"]
