"""What a plan's configuration would run or talk to."""

from __future__ import annotations

import json
from typing import Any

from ops.gate.model import Outcome
from ops.plan_gate.model import FindingKind
from ops.plan_gate.run import run
from tests.cases import every_case
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
BY_VARIABLE: Body = {
    **DNS,
    "expressions": {"region": {}, "assume_role": [{"role_arn": {"references": ["var.zone_role"]}, "session_name": {}}]},
}
TERRAFORM: Body = {"name": "terraform", "full_name": "terraform.io/builtin/terraform"}


def configured(providers: Body | None = None, **module: Any) -> Body:
    document = plan()
    root = {**document["configuration"]["root_module"], **module}
    document["configuration"] = {"provider_config": providers or {"aws": AWS}, "root_module": root}
    return document


def setting(argument: str, value: object = True) -> Body:
    return {"aws": {**AWS, "expressions": {**AWS["expressions"], argument: {"constant_value": value}}}}


ACCOUNT = ["111122223333"]
BUCKET: Body = {
    "bucket": "app-prod-tfstate-111122223333",
    "key": "prod/account.tfstate",
    "region": "us-east-1",
    "allowed_account_ids": ACCOUNT,
}


def state(backend: str = "s3", **config: object) -> Body:
    """A plan that reads the state of another stack."""
    read = {"backend": {"constant_value": backend}, "config": {"constant_value": {**BUCKET, **config}}}
    kind = "terraform_remote_state"
    resource = {"address": f"data.{kind}.account", "mode": "data", "type": kind, "expressions": read}
    return configured(setting("allowed_account_ids", ACCOUNT), resources=[resource])


@every_case(
    ("document", "what"),
    [
        (state("http"), "whose backend isn't s3"),
        (state("local"), "whose backend isn't s3"),
        (state(endpoints={"s3": "https://example.net"}), "sets endpoints of the backend"),
        (state(role_arn="arn:theirs"), "sets role_arn of the backend"),
        (state(allowed_account_ids=["444455556666"]), "a state of another account than 111122223333"),
        (state(allowed_account_ids=None), "a state of another account than 111122223333"),
        *(
            (configured({"aws": {**AWS, "expressions": {"ignore_tags": [{key: {"constant_value": [tag]}}]}}}), what)
            for key, tag, what in (
                ("keys", "Environment", "ignores the tag Environment"),
                ("key_prefixes", "Proj", "ignores the tag Project"),
            )
        ),
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


def test_the_state_of_another_stack_of_the_account_is_read() -> None:
    assert judge(state()).outcome is Outcome.CLEAN


def test_a_provider_may_ignore_tags_of_others() -> None:
    ignored = [{"keys": {"constant_value": ["map-migrated"]}, "key_prefixes": {"constant_value": ["aws:"]}}]
    assert judge(configured({"aws": {**AWS, "expressions": {"ignore_tags": ignored}}})).outcome is Outcome.CLEAN


def test_our_own_providers_and_data_sources_are_clean() -> None:
    read = {"address": "data.aws_iam_policy_document.a", "mode": "data", "type": "aws_iam_policy_document"}
    created = {"address": "ephemeral.aws_secretsmanager_random_password.a", "mode": "ephemeral"}
    own = {**created, "type": "aws_secretsmanager_random_password"}
    document = configured({"aws": AWS, "aws.dns": DNS, "terraform": TERRAFORM}, resources=[read, own])
    verdict = run(json.dumps(document).encode(), name="demo", roles=lambda: [ROLE])
    assert (verdict.outcome, verdict.error) == (Outcome.CLEAN, "")
    assert judge(document).outcome is Outcome.FINDINGS, "no environment names the role"


@every_case(
    ("variables", "outcome"),
    [
        ({"zone_role": {"value": ROLE}}, Outcome.CLEAN),
        ({"zone_role": {"value": "arn:aws:iam::999988887777:role/a"}}, Outcome.FINDINGS),
        ({"other": {"value": ROLE}}, Outcome.FINDINGS),
        (None, Outcome.FINDINGS),
    ],
)
def test_a_role_may_be_the_value_of_a_variable(variables: Body | None, outcome: Outcome) -> None:
    document = configured({"aws": AWS, "aws.dns": BY_VARIABLE}) | ({"variables": variables} if variables else {})
    assert run(json.dumps(document).encode(), name="demo", roles=lambda: [ROLE]).outcome is outcome
