"""Statements that do nothing are found in every kind of policy document, in every stack."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import environments
from environments.documents import HOLDERS
from modules.synthesis import synthesize
from ops.gate.model import Outcome, ScanFailedError
from ops.gate.policy_documents import IDLE, idle_statements
from ops.gate.stacks import EnvironmentStacks
from ops.gate.view import merged_view
from tests.cases import every_case
from tests.gate.plants import Body, Ground, add
from tests.gate.project import Project, failed
from tests.gate.test_permissions import everything

DOCUMENT = "aws_iam_policy_document"
Change = Callable[[Body], None]
GROUP = "arn:aws:logs:us-east-1:111122223333:log-group:/aep/prod/*"


@pytest.fixture(scope="session")
def prod(output: Path) -> Ground:
    return Ground.of(output, environments.load("prod"), lambda view, _: idle_statements(view))


def statement(document: str, index: int = 0, **changes: object) -> Change:
    """A change of a statement that is there."""

    def change(content: Body) -> None:
        content["data"][DOCUMENT][f"{document}_document"]["statement"][index].update(changes)

    return change


def more(document: str, **body: object) -> Change:
    """Another statement."""

    def change(content: Body) -> None:
        content["data"][DOCUMENT][f"{document}_document"]["statement"].append({"sid": "Planted", **body})

    return change


PLANTS = {
    "logs endpoint": ("network", "endpoint_logs", statement("endpoint_logs", 1, resources=[GROUP])),
    "ecr endpoint": (
        "network",
        "endpoint_ecr_dkr",
        statement("endpoint_ecr_dkr", 1, actions=["ecr:GetAuthorizationToken", "ecr:BatchGetImage"]),
    ),
    "another service's endpoint": (
        "network",
        "endpoint_kms",
        more("endpoint_kms", actions=["logs:PutLogEvents"], resources=["*"]),
    ),
    "deployer's alarms": (
        "account",
        "deployer_release",
        more(
            "deployer_release",
            actions=["cloudwatch:DescribeAlarms"],
            resources=["arn:aws:cloudwatch:us-east-1:111122223333:alarm:*"],
        ),
    ),
    "running deployments": (
        "account",
        "deployer_delivery",
        more(
            "deployer_delivery",
            actions=["codedeploy:StopDeployment"],
            resources=["arn:aws:codedeploy:us-east-1:111122223333:deploymentgroup:a/b"],
        ),
    ),
    "boundary": ("account", "boundary", more("boundary", effect="Deny", actions=["logs:DeleteLogGroups"])),
    "boundary's denial": (
        "account",
        "boundary",
        more("boundary", effect="Deny", actions=["s3:DeleteBucket"], resources=["arn:aws:s3:::aep-prod-trail/*"]),
    ),
    "trust": (
        "account",
        "deployer_trust",
        more("deployer_trust", actions=["sts:GetCallerIdentity"], principals=[{"type": "AWS", "identifiers": ["*"]}]),
    ),
    "key": ("account", "log_key", statement("log_key", 1, actions=["kms:DescribeKey"])),
    "key of another service": ("account", "log_key", more("log_key", actions=["s3:GetObject"], resources=["*"])),
    "bucket": (
        "account",
        "trail_bucket",
        more("trail_bucket", actions=["s3:ListBucket"], resources=["${aws_s3_bucket.trail_bucket.arn}/*"]),
    ),
    "secret": (
        "secrets",
        "database_url",
        more("database_url", actions=["secretsmanager:ListSecrets"], resources=["*"]),
    ),
    "topic": ("account", "alerts_policy", more("alerts_policy", actions=["sns:ListTopics"], resources=["*"])),
    "role of a task": (
        "secrets",
        "backend_execution_role",
        more(
            "backend_execution_role",
            actions=["logs:CreateLogStream"],
            resources=["arn:aws:logs:us-east-1:111122223333:log-group:/aep/prod/backend"],
        ),
    ),
    "an ARN without its region": (
        "account",
        "deployer_release",
        more(
            "deployer_release",
            actions=["logs:GetLogEvents"],
            resources=["arn:aws:logs::111122223333:log-group:/aep/prod/*:*"],
        ),
    ),
    "another partition": (
        "account",
        "deployer_release",
        more(
            "deployer_release",
            actions=["ecs:UpdateService"],
            resources=["arn:aws-cn:ecs:us-east-1:111122223333:service/aep-prod/*"],
        ),
    ),
    "another partition beside the right one": (
        "account",
        "boundary",
        more(
            "boundary",
            effect="Deny",
            actions=["s3:DeleteBucket"],
            resources=["arn:aws:s3:::aep-prod-trail", "arn:aws-us-gov:s3:::aep-prod-trail"],
        ),
    ),
    "a condition on another partition": (
        "account",
        "planner",
        more(
            "planner",
            effect="Deny",
            actions=["s3:ListBucket"],
            resources=["*"],
            condition=[
                {
                    "test": "ArnNotLike",
                    "variable": "aws:PrincipalArn",
                    "values": ["arn:aws-cn:iam::111122223333:role/aep-prod-planner"],
                }
            ],
        ),
    ),
    "a principal of another partition": (
        "account",
        "planner_trust",
        more(
            "planner_trust",
            actions=["sts:AssumeRole"],
            principals=[{"type": "AWS", "identifiers": ["arn:aws-us-gov:iam::111122223333:root"]}],
        ),
    ),
    "by reference": (
        "secrets",
        "backend_execution_role",
        more(
            "backend_execution_role",
            actions=["secretsmanager:GetSecretValue"],
            resources=["${aws_kms_key.secrets_key.arn}"],
        ),
    ),
}


@pytest.mark.slow
@every_case("case", PLANTS)
def test_a_statement_that_does_nothing_is_found(prod: Ground, case: str) -> None:
    phase, document, change = PLANTS[case]
    assert set(prod.planted(phase, change)) == {(IDLE, f"data.{DOCUMENT}.{document}_document")}


def test_what_is_synthesized_has_none(prod: Ground) -> None:
    assert not prod.failed


@pytest.mark.slow
def test_what_shipped_environments_do_not_use_has_none_either(tmp_path: Path) -> None:
    environment = everything()
    synthesize([environment], tmp_path, organization=False)
    assert not Ground.of(tmp_path, environment, lambda view, _: idle_statements(view)).failed


HOLDER_SETTINGS = {
    "aws_vpc_endpoint": {"service_name": "com.amazonaws.us-east-1.logs"},
    "aws_vpc_endpoint_policy": {"vpc_endpoint_id": "vpce-1"},
}


def planted_in_holders(prod: Ground, statement_of: Callable[[str, str], Body]) -> dict[tuple[str, str], str]:
    """What is found when each attribute that may have a policy as JSON has one, each in a resource of its own."""

    def change(content: Body) -> None:
        for kind, attribute in HOLDERS:
            policy = json.dumps({"Statement": [statement_of(kind, attribute)]})
            add(kind, f"of_{attribute}", {attribute: policy, **HOLDER_SETTINGS.get(kind, {})})(content)

    return prod.planted("registry", change)


def test_every_kind_of_document_is_judged_as_json_too(prod: Ground) -> None:
    elements = {"resources": {"Resource": "*"}, "principals": {"Principal": "*"}}

    def idle(kind: str, attribute: str) -> Body:
        named = {key: each for need in HOLDERS[kind, attribute].document.needs for key, each in elements[need].items()}
        return {"Effect": "Deny", "Action": "ecs:NoSuchAction", **named}

    assert planted_in_holders(prod, idle) == {
        (IDLE, f"{kind}.of_{attribute}"): (
            "a statement without sid: ecs:NoSuchAction isn't an action of AWS; correct its name, or update AWS's "
            "reference: make iam-data"
        )
        for kind, attribute in HOLDERS
    }


def test_a_statement_without_what_aws_needs_is_found(prod: Ground) -> None:
    extra = {"principals": {"Principal": "*"}, "resources": {"Resource": "*"}}

    def bad(kind: str, attribute: str) -> Body:
        rejected = HOLDERS[kind, attribute].document.rejects
        return {
            "Effect": "Deny",
            "Action": "s3:GetObject",
            **{key: v for each in rejected for key, v in extra[each].items()},
        }

    found = planted_in_holders(prod, bad)
    for (kind, attribute), holder in HOLDERS.items():
        said, document = found[IDLE, f"{kind}.of_{attribute}"], holder.document
        assert all(f"names no {element}; AWS rejects such a {document.label}" in said for element in document.needs)
        assert all(f"names {element}; AWS rejects such a {document.label}" in said for element in document.rejects)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"actions": []}, "a statement has no actions"),
        ({"condition": [{"test": "Bool", "variable": "aws:SecureTransport", "values": []}]}, "has no values"),
    ],
    ids=str,
)
def test_a_statement_that_aws_rejects_is_not_understood(prod: Ground, changes: Body, what: str) -> None:
    with pytest.raises(ScanFailedError, match=what):
        prod.planted("account", statement("deployer_services", 0, **changes))


@pytest.mark.slow
@pytest.mark.requirement("R13.2")
@every_case(
    ("test", "values", "what"),
    [
        ("Null", ["true"], ""),
        ("Bool", [False], ""),
        ("BoolIfExists", ["false"], ""),
        ("ForAnyValue:StringNotLikeIfExists", ["x"], ""),
        ("NullIfExists", ["true"], "the operator 'NullIfExists'"),
        ("ForAllValues:NullIfExists", ["true"], "which IAM doesn't have"),
        ("StringEqual", ["x"], "which IAM doesn't have"),
        ("StringNotLikeIgnoreCase", ["x"], "which IAM doesn't have"),
        ("ForEachValue:StringLike", ["x"], "which IAM doesn't have"),
        ("BinaryNotEquals", ["x"], "which IAM doesn't have"),
        ("NumericLike", ["1"], "which IAM doesn't have"),
        ("Null", ["yes"], "another value than true or false"),
        ("Bool", ["0"], "another value than true or false"),
        ("BoolIfExists", ["true", "maybe"], "another value than true or false"),
    ],
)
def test_a_condition_that_aws_rejects_is_found(prod: Ground, test: str, values: list[object], what: str) -> None:
    condition = [{"test": test, "variable": "aws:PrincipalArn", "values": values}]
    found = prod.planted("account", statement("break_glass", condition=condition))
    said = found.get((IDLE, f"data.{DOCUMENT}.break_glass_document"), "")
    assert bool(said) is bool(what)
    assert what in said


def test_an_inline_policy_in_its_role_is_judged(prod: Ground) -> None:
    policy = {"Statement": {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::logs/*"}}
    role = {"name": "planted", "inline_policy": [{"name": "planted", "policy": json.dumps(policy)}]}
    assert set(prod.planted("account", add("aws_iam_role", "planted", role))) == {(IDLE, "aws_iam_role.planted")}


def test_a_document_that_nothing_uses_yet_is_judged(prod: Ground) -> None:
    body = {"statement": [{"actions": ["s3:ListBucket"], "resources": ["arn:aws:s3:::logs/*"]}]}
    assert set(prod.planted("data", add(DOCUMENT, "planted", body, section="data"))) == {
        (IDLE, f"data.{DOCUMENT}.planted")
    }


def test_an_organization_s_policy_is_judged(output: Path) -> None:
    ground = Ground.of(output, environments.load("prod"), lambda view, _: idle_statements(view))
    document = ground.documents["state"]
    content = json.loads((output / "stacks/organization/cdk.tf.json").read_text(encoding="utf-8"))
    statements = content["data"][DOCUMENT]["guardrails_document"]["statement"]
    statements[2]["actions"].append("guardduty:DeleteDetectors")
    statements[3]["not_actions"].append("budget:*")
    stacks = EnvironmentStacks(
        "organization", {"organization": type(document)("organization", document.file, "{}", content)}
    )
    found = [each for each in idle_statements(merged_view(stacks)) if not each.passed]
    (record,) = found
    assert len(record.details) == 2


def test_it_is_part_of_the_gate(project: Project) -> None:
    policy = {"Statement": {"Effect": "Deny", "Principal": "*", "Action": "sns:ListTopics", "Resource": "*"}}
    project.add("network", "aws_sns_topic_policy", "planted", {"arn": "x", "policy": json.dumps(policy)})
    verdict = project.judge()
    assert verdict.outcome is Outcome.FINDINGS
    assert (IDLE, "aws_sns_topic_policy.planted") in failed(verdict)
