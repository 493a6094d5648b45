"""Nothing in a stack runs code or reads a secret at plan or apply, and no comment and no register lets it pass."""

from __future__ import annotations

from typing import Any

import pytest

from ops.gate.model import ErrorKind, Outcome, ScanError, ScanFailedError
from ops.gate.stacks import select
from ops.gate.understood import attributes, structure
from ops.gate.view import merged_view
from tests.gate.project import Body, Project, entry

PROVISIONER: Body = {"provisioner": [{"local-exec": {"command": "id"}}]}
COMMENTS: tuple[Any, ...] = (
    None,
    "checkov:skip=CKV_AWS_1:not here",
    {"checkov": {"skip": [{"id": "*", "comment": "not here"}]}},
    {"comment": "checkov:skip=all"},
)
BLOCKS: dict[str, Body] = {
    "provisioner": {"resource": {"aws_sns_topic": {"a": {"name": "a", "kms_master_key_id": "alias/a", **PROVISIONER}}}},
    "terraform_data": {"resource": {"terraform_data": {"a": PROVISIONER}}},
    "null_resource": {"resource": {"null_resource": {"a": PROVISIONER}}},
    "remote program": {"resource": {"aws_sns_topic": {"a": {"connection": {"host": "h"}, "name": "a"}}}},
    "cloudformation": {
        "resource": {"aws_cloudformation_stack": {"a": {"name": "a", "template_url": "https://x.test"}}}
    },
    "lambda": {"resource": {"aws_lambda_invocation": {"a": {"function_name": "a", "input": "{}"}}}},
    "command": {"resource": {"aws_ssm_association": {"a": {"name": "AWS-RunShellScript"}}}},
    "user data": {"resource": {"aws_instance": {"a": {"ami": "ami-1", "user_data": "#!/bin/sh\nPASSWORD=x"}}}},
    "external": {"data": {"external": {"a": {"program": ["id"]}}}},
    "http": {"data": {"http": {"a": {"url": "https://example.test"}}}},
    "function": {"data": {"aws_lambda_invocation": {"a": {"function_name": "a", "input": "{}"}}}},
    "secret": {"data": {"aws_secretsmanager_secret_version": {"a": {"secret_id": "a"}}}},
    "secrets": {"data": {"aws_secretsmanager_random_password": {"a": {}}}},
    "parameter": {"data": {"aws_ssm_parameter": {"a": {"name": "a"}}}},
    "parameters": {"data": {"aws_ssm_parameters_by_path": {"a": {"path": "/"}}}},
    "ciphertext": {"data": {"aws_kms_secrets": {"a": {"secret": []}}}},
    "token": {"data": {"aws_ecr_authorization_token": {"a": {}}}},
    "object": {"data": {"aws_s3_object": {"a": {"bucket": "a", "key": "a"}}}},
    "state": {"data": {"terraform_remote_state": {"a": {"backend": "http", "config": {"address": "https://x.test"}}}}},
    "ephemeral": {"ephemeral": {"http": {"a": {"url": "https://example.test"}}}},
    "module": {"module": {"a": {"source": "git::https://example.test/a.git"}}},
    "check": {"check": {"a": {"data": {"http": {"a": {"url": "https://example.test"}}}}}},
    "import": {"import": [{"id": "a", "to": "aws_sns_topic.network"}]},
    "action": {"action": {"aws_lambda_invoke": {"a": {"config": {"function_name": "a"}}}}},
    "provider": {"terraform": {"required_providers": {"null": {"source": "hashicorp/null", "version": "3.2.4"}}}},
    "unpinned": {"terraform": {"required_providers": {"aws": {"source": "aws", "version": ">= 5"}}}},
    "publisher": {"terraform": {"required_providers": {"aws": {"source": "example.test/other/aws", "version": "1"}}}},
    "local": {"locals": {"db_password": "x"}},
    "output": {"output": {"api_token": {"value": "x"}}},
    "output of a password": {"output": {"words": {"value": "${random_password.a.result}"}}},
}
"""What must be rejected, by what it does."""


def add(stack: Body, block: Body) -> None:
    """Add blocks to a stack."""
    for name, value in block.items():
        if isinstance(value, dict) and isinstance(stack.get(name), dict):
            add(stack[name], value)
        else:
            stack[name] = value


def commented(block: Body, section: str, comment: object) -> Body:
    """The block with a comment, where a block may have one."""
    if comment is None or section not in {"resource", "data", "ephemeral"}:
        return block
    return {
        name: {
            kind: {id_: {**settings, "//": comment} for id_, settings in named.items()} for kind, named in kinds.items()
        }
        for name, kinds in block.items()
    }


def errors(project: Project) -> list[ScanError]:
    """What the gate rejects before it scans: a scan error, which the register can't accept."""
    project.write()
    (stacks,) = select(project.out, ["demo"], project.expected).environment_stacks
    found = [*structure.scan_errors(stacks, project.expected.frames)]
    try:
        return found or [*attributes.scan_errors(merged_view(stacks))]
    except ScanFailedError as error:
        return list(error.errors)


@pytest.mark.parametrize("comment", COMMENTS, ids=str)
@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_it_is_rejected_with_any_comment(project: Project, block: Body, comment: object) -> None:
    project.knows_types = True
    add(project.stacks["demo-network"], commented(block, next(iter(block)), comment))
    kinds = {ErrorKind.NOT_UNDERSTOOD, ErrorKind.BROKEN_CONTRACT, ErrorKind.INLINE_SKIP}
    assert {error.kind for error in errors(project)} & kinds


def test_it_cannot_be_accepted(project: Project) -> None:
    add(project.stacks["demo-network"], BLOCKS["external"])
    project.knows_types = True
    resources, stacks = ["*"], ["demo-*"]
    project.risks = [entry(checks=[ErrorKind.NOT_UNDERSTOOD.value], resources=resources, stacks=stacks)]
    verdict = project.judge()
    assert verdict.outcome is Outcome.ERROR
    assert ErrorKind.NOT_UNDERSTOOD in {error.kind for error in verdict.errors}
    assert verdict.accepted == ()
