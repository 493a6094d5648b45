"""Documents that AWS would refuse for their size are found in stacks too, however they came there."""

from __future__ import annotations

import json

import pytest

from ops.gate.model import ErrorKind, Outcome
from ops.gate.policy_documents import LONG
from tests.gate.project import Project, failed


def statement(size: int) -> dict[str, object]:
    return {"Sid": "a" * size, "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}


@pytest.mark.requirement("R13.12")
@pytest.mark.parametrize(
    ("kind", "attribute", "limit"),
    [
        ("aws_iam_policy", "policy", 6_144),
        ("aws_iam_role_policy", "policy", 10_240),
        ("aws_iam_role", "assume_role_policy", 2_048),
        ("aws_s3_bucket_policy", "policy", 20_480),
        ("aws_kms_key", "policy", 32_768),
        ("aws_secretsmanager_secret_policy", "policy", 20_480),
        ("aws_ecr_repository_policy", "policy", 10_240),
        ("aws_ecr_registry_policy", "policy", 10_240),
        ("aws_sns_topic_policy", "policy", 30_720),
        ("aws_sqs_queue_policy", "policy", 8_192),
        ("aws_vpc_endpoint", "policy", 20_480),
        ("aws_organizations_policy", "content", 5_120),
        ("aws_cloudwatch_log_resource_policy", "policy_document", 5_120),
    ],
)
def test_a_document_over_its_limit_is_found(project: Project, kind: str, attribute: str, limit: int) -> None:
    def planted(size: int) -> dict[str, str]:
        rest = len(json.dumps({"Statement": [statement(0)]}, separators=(",", ":")))
        text = json.dumps({"Statement": [statement(size - rest)]}, separators=(",", ":"))
        assert len(text) == size
        return {attribute: text, "role": "planted"}

    project.add("network", kind, "fits", {**planted(limit), "role": "another"})
    project.add("network", kind, "long", planted(limit + 1))
    found = {address for check, address in failed(project.judge()) if check == LONG}
    assert found == {f"{kind}.long"}


@pytest.mark.requirement("R13.12")
@pytest.mark.parametrize("owners", [("planted", "planted"), ("${aws_iam_role.task.id}", "app-task")])
def test_inline_policies_of_a_role_count_together_wherever_they_are(project: Project, owners: tuple[str, str]) -> None:
    """The limit is for all inline policies of a role."""
    text = json.dumps({"Statement": [statement(6_000)]})
    project.add("network", "aws_iam_role", "task", {"name": "app-task", "assume_role_policy": "{}"})
    for phase, owner in zip(("network", "services"), owners, strict=True):
        project.add(phase, "aws_iam_role_policy", "half", {"policy": text, "role": owner})
    assert "aws_iam_role_policy.half" in {address for check, address in failed(project.judge()) if check == LONG}


def test_blanks_do_not_count(project: Project) -> None:
    text = json.dumps({"Statement": [statement(5_000)]}, indent=400)
    assert len(text) > 6_144
    project.add("network", "aws_iam_policy", "indented", {"policy": text})
    assert LONG not in {check for check, _ in failed(project.judge())}


def test_what_cannot_be_measured_is_an_error(project: Project) -> None:
    body = {"statement": [{"actions": ["s3:GetObject"], "resources": ["${aws_lambda_function.x.arn}"]}]}
    project.add("network", "aws_iam_policy_document", "planted", body, section="data")
    policy = {"policy": "${data.aws_iam_policy_document.planted.json}"}
    project.add("network", "aws_iam_policy", "planted", policy)
    verdict = project.judge()
    assert verdict.outcome is Outcome.ERROR
    assert ErrorKind.NOT_UNDERSTOOD in {error.kind for error in verdict.errors}
