"""Who comes in as what, and what the planner may do, as AWS would decide it."""

from __future__ import annotations

import pytest

from environments.schema import Environment
from modules.phases import PHASES
from ops.iam.reference import Action, reference
from tests.conftest import Body, Stack
from tests.iam.blocks import KEY_ARN, allowed


@pytest.fixture
def account(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-account"]


@pytest.mark.requirement("R1.2")
def test_both_roles_stand_under_the_boundary(account: Stack) -> None:
    roles = account.resources("aws_iam_role")
    for role in ("deployer", "planner"):
        assert roles[role]["permissions_boundary"] == "${aws_iam_policy.boundary.arn}"


@pytest.mark.requirement("R1.2")
def test_jobs_come_in_from_one_repository_and_environment(account: Stack, env: Environment) -> None:
    providers = account.resources("aws_iam_openid_connect_provider").values()
    wanted = ("https://token.actions.githubusercontent.com", ["sts.amazonaws.com"])
    assert [(provider["url"], provider["client_id_list"]) for provider in providers] == (
        [wanted] if env.creates_account_resources else []
    )
    repository = env.access.github_repository or env.product.repository
    environments = {"deployer": env.access.github_environment, "planner": f"{env.access.github_environment}-plan"}
    for role, environment in environments.items():
        (statement,) = (s for s in account.policy(f"{role}_trust") if s["actions"] == ["sts:AssumeRoleWithWebIdentity"])
        held = {(each["test"], each["variable"].partition(":")[2]): each["values"] for each in statement["condition"]}
        assert held == {
            ("StringEquals", "aud"): ["sts.amazonaws.com"],
            ("StringEquals", "sub"): [f"repo:{repository}:environment:{environment}"],
        }


@pytest.mark.requirement("R1.2")
def test_a_repository_with_immutable_ids_is_told_by_them(elsewhere: tuple[Environment, dict[str, Stack]]) -> None:
    _, phases = elsewhere
    (statement, *_) = phases["account"].policy("deployer_trust")
    (subject,) = (each["values"] for each in statement["condition"] if each["variable"].endswith(":sub"))
    assert subject == ["repo:navralabs@1234/aep-infrastructure@5678:environment:staging"]


@pytest.mark.requirement("R0.3")
def test_the_planner_only_reads(account: Stack, env: Environment) -> None:
    statements = account.policy("planner")
    through_s3 = {"kms:ViaService": f"s3.{env.region}.amazonaws.com"}
    assert allowed(statements, "kms:Decrypt", KEY_ARN, through_s3)
    assert not allowed(statements, "kms:Decrypt", KEY_ARN)
    reader = env.edge.zone.read_role
    for each in expanded(statements):
        assert each.name in {"kms:Decrypt", "sts:AssumeRole"} or each.level in {"Read", "List"}, each.name
    assumed = [each["resources"] for each in statements if "sts:AssumeRole" in each["actions"]]
    assert assumed == ([[reader]] if reader else [])
    for action in ("secretsmanager:GetSecretValue", "logs:GetLogEvents", "ssm:GetParameter", "ecr:BatchGetImage"):
        assert not allowed(statements, action), action
    assert not allowed(statements, "s3:GetObject", "arn:aws:s3:::aep-prod-access-logs-111122223333/AWSLogs/x")


@pytest.mark.requirement("R1.2")
def test_the_planner_reads_every_service_that_a_phase_uses(
    stacks: dict[str, Stack], account: Stack, env: Environment
) -> None:
    readable = {action.name.partition(":")[0] for action in expanded(account.policy("planner"))}
    named = {
        "appautoscaling": "application-autoscaling",
        "db": "rds",
        "lb": "elasticloadbalancing",
        "accessanalyzer": "access-analyzer",
    }
    network = {"vpc", "subnet", "route", "nat", "eip", "internet", "security", "default", "flow", "ebs"}
    for phase in PHASES:
        for kind in stacks[f"{env.name}-{phase.name}"].document.get("resource", {}):
            word = kind.split("_")[1]
            if kind.startswith(("aws_cloudwatch_log_", "aws_cloudwatch_event_")):
                word = {"log": "logs", "event": "events"}[kind.split("_")[2]]
            assert ("ec2" if word in network else named.get(word, word)) in readable, f"{phase.name}: {kind}"
    assert allowed(account.policy("planner"), "secretsmanager:GetRandomPassword")


def expanded(statements: list[Body]) -> set[Action]:
    """The actions that AWS has by the patterns of some statements."""
    return {action for statement in statements for each in statement["actions"] for action in reference().find(each)}
