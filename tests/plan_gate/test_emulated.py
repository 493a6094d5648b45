"""A plan of each class, made by real Terraform from resources that were applied on emulated AWS."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.gate.model import Outcome
from ops.plan_gate.model import APPROVABLE, FindingKind, PlanVerdict
from ops.plan_gate.run import run
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import environment
from tests.terraform.run import terraform
from tests.terraform.warm import cached

pytestmark = pytest.mark.slow
ACCOUNT = "111122223333"
Body = dict[str, Any]
LOSS, OUTAGE, OFF, WIDER = (
    FindingKind.LOSS_IN_PLACE,
    FindingKind.OUTAGE,
    FindingKind.PROTECTION_OFF,
    FindingKind.WIDENING,
)
BASE: Body = {
    "aws_vpc": {"main": {"cidr_block": "10.0.0.0/16", "enable_dns_support": True}},
    "aws_subnet": {"a": {"vpc_id": "${aws_vpc.main.id}", "cidr_block": "10.0.1.0/24"}},
    "aws_security_group": {"app": {"name": "app", "vpc_id": "${aws_vpc.main.id}"}},
    "aws_vpc_security_group_ingress_rule": {
        "app": {
            "security_group_id": "${aws_security_group.app.id}",
            "cidr_ipv4": "10.0.0.0/8",
            "ip_protocol": "tcp",
            "from_port": 443,
            "to_port": 443,
        }
    },
    "aws_cloudwatch_log_group": {"app": {"name": "/app", "retention_in_days": 365}},
    "aws_kms_key": {"data": {"deletion_window_in_days": 30, "enable_key_rotation": True}},
    "aws_s3_bucket": {"data": {"bucket": "plan-gate-data", "force_destroy": False}},
    "aws_s3_bucket_versioning": {
        "data": {"bucket": "${aws_s3_bucket.data.id}", "versioning_configuration": {"status": "Enabled"}}
    },
    "aws_s3_object": {"page": {"bucket": "${aws_s3_bucket.data.id}", "key": "page", "content": "first"}},
    "aws_ecr_repository": {"app": {"name": "app", "image_tag_mutability": "IMMUTABLE"}},
    "aws_sns_topic": {"alerts": {"name": "alerts"}},
    "aws_cloudwatch_metric_alarm": {
        "errors": {
            "alarm_name": "errors",
            "comparison_operator": "GreaterThanThreshold",
            "evaluation_periods": 1,
            "threshold": 1,
            "metric_name": "Errors",
            "namespace": "App",
            "period": 60,
            "statistic": "Sum",
            "alarm_actions": ["${aws_sns_topic.alerts.arn}"],
        }
    },
    "aws_iam_role": {
        "app": {
            "name": "app",
            "max_session_duration": 3600,
            "assume_role_policy": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": "sts:AssumeRole",
                            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                        }
                    ],
                }
            ),
        }
    },
    "aws_route53_zone": {"main": {"name": "example.com"}},
    "aws_route53_record": {
        "app": {
            "zone_id": "${aws_route53_zone.main.zone_id}",
            "name": "app.example.com",
            "type": "A",
            "ttl": 60,
            "records": ["192.0.2.1"],
        }
    },
}
"""What is applied before the plans."""


class Stack:
    """A stack of its own on the emulator, with a local state."""

    def __init__(self, path: Path, variables: dict[str, str]) -> None:
        self.path = path
        self.variables = variables
        self.write(BASE)
        self.run(terraform, "init", "-input=false")
        self.run(terraform, "apply", "-input=false", "-auto-approve")

    def write(self, resources: Body, **sections: Any) -> None:
        body = {
            "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": "5.100.0"}}},
            "provider": {"aws": [{"region": "us-east-1", "allowed_account_ids": [ACCOUNT]}]},
            "resource": resources,
            **sections,
        }
        (self.path / "cdk.tf.json").write_text(json.dumps(body), encoding="utf-8")

    def run(self, way: Callable[..., subprocess.CompletedProcess[str]], *arguments: str) -> str:
        done = way(self.path, *arguments, environment=self.variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def planned(self, changed: Body, **sections: Any) -> bytes:
        """The JSON of a plan; a resource that is None is removed."""
        resources: Body = {}
        for kind in {**BASE, **changed}:
            named = {**BASE.get(kind, {}), **changed.get(kind, {})}
            own = {
                name: {**BASE.get(kind, {}).get(name, {}), **body} for name, body in named.items() if body is not None
            }
            if own:
                resources[kind] = own
        self.write(resources, **sections)
        self.run(cached, "plan", "-input=false", "-out=saved.tfplan")
        return self.run(cached, "show", "-json", "saved.tfplan").encode()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("emulated")
    with Emulator.start(ACCOUNT, folder / "emulator.log") as emulator:
        (folder / "stack").mkdir()
        yield Stack(folder / "stack", environment(emulator.endpoint, ACCOUNT, os.environ))


def kinds(verdict: PlanVerdict) -> dict[str, set[FindingKind]]:
    """The classes of each address's findings."""
    assert not verdict.error, verdict.error
    found: dict[str, set[FindingKind]] = {}
    for each in verdict.findings:
        found.setdefault(each.where, set()).add(each.kind)
    return found


PLANS: list[tuple[FindingKind, Body, list[str]]] = [
    (
        LOSS,
        {
            "aws_cloudwatch_log_group": {"app": {"retention_in_days": 1}},
            "aws_kms_key": {"data": {"deletion_window_in_days": 7}},
            "aws_s3_bucket": {"data": {"force_destroy": True}},
            "aws_s3_bucket_versioning": {"data": {"versioning_configuration": {"status": "Suspended"}}},
            "aws_s3_object": {"page": None},
            "aws_s3_bucket_lifecycle_configuration": {
                "data": {
                    "bucket": "plan-gate-data",
                    "rule": [{"id": "all", "status": "Enabled", "filter": {}, "expiration": {"days": 1}}],
                }
            },
        },
        [
            "aws_cloudwatch_log_group.app",
            "aws_kms_key.data",
            "aws_s3_bucket.data",
            "aws_s3_bucket_lifecycle_configuration.data",
            "aws_s3_bucket_versioning.data",
            "aws_s3_object.page",
        ],
    ),
    (
        OUTAGE,
        {
            "aws_vpc": {"main": {"enable_dns_support": False}},
            "aws_subnet": {"a": None},
            "aws_vpc_security_group_ingress_rule": {"app": None},
            "aws_route53_record": {"app": {"records": ["203.0.113.9"]}},
        },
        ["aws_route53_record.app", "aws_subnet.a", "aws_vpc.main", "aws_vpc_security_group_ingress_rule.app"],
    ),
    (
        OFF,
        {
            "aws_cloudwatch_metric_alarm": {"errors": {"alarm_actions": [], "actions_enabled": False}},
            "aws_ecr_repository": {"app": {"image_tag_mutability": "MUTABLE"}},
            "aws_iam_role": {"app": {"max_session_duration": 43200}},
            "aws_kms_key": {"data": {"enable_key_rotation": False}},
        },
        ["aws_cloudwatch_metric_alarm.errors", "aws_ecr_repository.app", "aws_iam_role.app", "aws_kms_key.data"],
    ),
    (
        WIDER,
        {
            "aws_vpc_peering_connection": {
                "theirs": {"vpc_id": "${aws_vpc.main.id}", "peer_vpc_id": "vpc-1234567890abcdef0"}
            },
            "aws_cloudformation_stack": {"theirs": {"name": "theirs", "template_body": "{}"}},
        },
        ["aws_cloudformation_stack.theirs", "aws_vpc_peering_connection.theirs"],
    ),
]


@pytest.mark.requirement("R13.3")
@pytest.mark.parametrize(("kind", "changed", "addresses"), PLANS, ids=[each[0].value for each in PLANS])
def test_a_plan_of_each_class_is_refused_until_its_option_approves_it(
    stack: Stack, kind: FindingKind, changed: Body, addresses: list[str]
) -> None:
    content = stack.planned(changed)
    verdict = run(content, name="demo")
    assert kinds(verdict) == {address: {kind} for address in addresses}
    assert verdict.outcome is Outcome.FINDINGS
    assert run(content, name="demo", approved=frozenset(APPROVABLE) - {kind}).outcome is Outcome.FINDINGS
    assert run(content, name="demo", approved=frozenset({kind})).outcome is Outcome.CLEAN


@pytest.mark.requirement("R13.3")
def test_code_that_a_plan_would_run_is_refused(stack: Stack) -> None:
    provisioner = [{"local-exec": {"command": "true"}}]
    content = stack.planned(
        {"aws_sns_topic": {"other": {"name": "other", "provisioner": provisioner}}},
        provider={"aws": [{"region": "us-east-1", "allowed_account_ids": [ACCOUNT], "max_retries": 9}]},
    )
    verdict = run(content, name="demo", approved=frozenset(APPROVABLE))
    found = {each.where: each.what for each in verdict.of(FindingKind.CONFIGURATION)}
    assert found == {
        "aws_sns_topic.other": "runs the provisioner local-exec",
        "provider aws": "sets max_retries",
    }


def test_a_plan_that_costs_nothing_is_clean(stack: Stack) -> None:
    content = stack.planned(
        {
            "aws_cloudwatch_log_group": {"app": {"retention_in_days": 731}},
            "aws_sns_topic": {"alerts": {"tags": {"Owner": "team"}}, "other": {"name": "other"}},
        }
    )
    assert kinds(run(content, name="demo")) == {}
