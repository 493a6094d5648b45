"""What a plan's configuration would run or talk to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.gate.model import Outcome
from ops.plan_gate.model import FindingKind
from ops.plan_gate.run import run
from tests.plan_gate.plans import Body, change, judge, plan

ROLE = "arn:aws:iam::111122223333:role/zone"
AWS: Body = {
    "name": "aws",
    "full_name": "registry.terraform.io/hashicorp/aws",
    "version_constraint": "5.100.0",
    "expressions": {"region": {"constant_value": "us-east-1"}, "allowed_account_ids": {}, "default_tags": [{}]},
}
DNS: Body = {
    **{key: value for key, value in AWS.items() if key != "version_constraint"},
    "alias": "dns",
    "expressions": {"region": {}, "assume_role": [{"role_arn": {"constant_value": ROLE}, "session_name": {}}]},
}
TERRAFORM: Body = {"name": "terraform", "full_name": "terraform.io/builtin/terraform"}


def configured(providers: Body | None = None, **module: Any) -> Body:
    document = plan()
    root = {**document["configuration"]["root_module"], **module}
    document["configuration"] = {"provider_config": providers or {"aws": AWS}, "root_module": root}
    return document


def setting(argument: str, value: object = True) -> Body:
    return {"aws": {**AWS, "expressions": {**AWS["expressions"], argument: {"constant_value": value}}}}


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (
            configured(
                resources=[
                    {
                        "address": "aws_vpc.a",
                        "mode": "managed",
                        "type": "aws_vpc",
                        "provisioners": [{"type": "local-exec"}],
                    }
                ]
            ),
            "runs the provisioner local-exec",
        ),
        (
            configured(resources=[{"address": "data.external.a", "mode": "data", "type": "external"}]),
            "data source external",
        ),
        (configured(resources=[{"address": "data.http.a", "mode": "data", "type": "http"}]), "data source http"),
        (
            configured(
                resources=[{"address": "data.aws_lambda_invocation.a", "mode": "data", "type": "aws_lambda_invocation"}]
            ),
            "aws_lambda_invocation",
        ),
        (
            configured(
                resources=[
                    {
                        "address": "data.aws_secretsmanager_secret_version.a",
                        "mode": "data",
                        "type": "aws_secretsmanager_secret_version",
                    }
                ]
            ),
            "aws_secretsmanager_secret_version",
        ),
        (
            configured(resources=[{"address": "ephemeral.http.a", "mode": "ephemeral", "type": "http"}]),
            "ephemeral resource http",
        ),
        (configured(resources=[{"address": "x.http.a", "mode": "action", "type": "http"}]), "mode action"),
        (
            configured(module_calls={"a": {"source": "git::https://example.com/a", "module": {}}}),
            "a module that isn't part",
        ),
        (configured(module_calls={"a": {"source": "./../../evil", "module": {}}}), "a module that isn't part"),
        (
            configured(
                module_calls={
                    "a": {
                        "source": "./a",
                        "module": {
                            "resources": [
                                {
                                    "address": "aws_vpc.a",
                                    "mode": "managed",
                                    "type": "aws_vpc",
                                    "provisioners": [{"type": "remote-exec"}],
                                }
                            ]
                        },
                    }
                }
            ),
            "remote-exec",
        ),
        (configured(setting("endpoints")), "sets endpoints"),
        *(
            (configured(setting(argument)), f"sets {argument}")
            for argument in (
                "insecure",
                "http_proxy",
                "profile",
                "skip_credentials_validation",
                "skip_requesting_account_id",
                "shared_config_files",
                "access_key",
            )
        ),
        (configured({"aws": {**AWS, "version_constraint": ">= 5.0"}}), "isn't pinned"),
        (
            configured({"aws": {key: value for key, value in AWS.items() if key != "version_constraint"}}),
            "isn't pinned",
        ),
        (configured({"aws": {**AWS, "full_name": "registry.terraform.io/someone/aws"}}), "someone/aws"),
        (
            configured({"aws": AWS, "null": {"name": "null", "full_name": "registry.terraform.io/hashicorp/null"}}),
            "hashicorp/null",
        ),
        (
            configured(
                {
                    "aws": AWS,
                    "aws.dns": {
                        **DNS,
                        "expressions": {
                            "assume_role": [{"role_arn": {"constant_value": "arn:aws:iam::999988887777:role/a"}}]
                        },
                    },
                }
            ),
            "assumes a role",
        ),
        (
            configured(
                {
                    "aws": AWS,
                    "aws.dns": {**DNS, "expressions": {"assume_role": [{"role_arn": {"references": ["var.a"]}}]}},
                }
            ),
            "assumes a role",
        ),
        (
            plan({**change("null_resource.a", None, {}), "provider_name": "registry.terraform.io/hashicorp/null"}),
            "hashicorp/null",
        ),
        (
            plan({**change("terraform_data.a", None, {}), "provider_name": "terraform.io/builtin/terraform"}),
            "of Terraform itself",
        ),
    ],
)
def test_code_and_other_providers_are_refused_and_no_flag_allows_them(document: Body, what: str) -> None:
    verdict = judge(document, approve=True)
    assert verdict.outcome is Outcome.FINDINGS, verdict.error
    assert any(what in each.what for each in verdict.of(FindingKind.CONFIGURATION))


def test_our_own_providers_and_data_sources_are_clean() -> None:
    read = {"address": "data.aws_iam_policy_document.a", "mode": "data", "type": "aws_iam_policy_document"}
    created = {"address": "ephemeral.aws_secretsmanager_random_password.a", "mode": "ephemeral"}
    own = {**created, "type": "aws_secretsmanager_random_password"}
    document = configured({"aws": AWS, "aws.dns": DNS, "terraform": TERRAFORM}, resources=[read, own])
    verdict = run(json.dumps(document).encode(), name="demo", roles=lambda: [ROLE])
    assert (verdict.outcome, verdict.error) == (Outcome.CLEAN, "")
    assert judge(document).outcome is Outcome.FINDINGS, "no environment names the role"
