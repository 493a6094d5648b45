"""A restored database becomes the database, by real Terraform on emulated AWS: one plan, and nothing is lost."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from modules.forgotten import removed
from ops.gate.model import Outcome
from ops.plan_gate.model import FindingKind, PlanVerdict
from ops.plan_gate.run import run
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import credentials, environment
from tests.terraform.run import terraform

pytestmark = pytest.mark.long
ACCOUNT = "111122223333"
Body = dict[str, Any]
SETTINGS: Body = {
    "engine": "postgres",
    "engine_version": "16",
    "instance_class": "db.t4g.small",
    "allocated_storage": 20,
    "max_allocated_storage": 100,
    "storage_type": "gp3",
    "storage_encrypted": True,
    "db_name": "shop",
    "username": "shop",
    "password_wo": "${ephemeral.aws_secretsmanager_random_password.database.random_password}",
    "backup_retention_period": 14,
    "deletion_protection": True,
    "skip_final_snapshot": True,
    "apply_immediately": True,
    "copy_tags_to_snapshot": True,
    "lifecycle": {"prevent_destroy": True},
}


class Stack:
    """A stack with a database, and what depends on it."""

    def __init__(self, path: Path, endpoint: str) -> None:
        self.path, self.variables = path, environment(endpoint, ACCOUNT, os.environ)
        keys: Any = {name.lower(): value for name, value in credentials(ACCOUNT).items()}
        self.rds: Any = boto3.client("rds", region_name="us-east-1", endpoint_url=endpoint, **keys)
        iam: Any = boto3.client("iam", region_name="us-east-1", endpoint_url=endpoint, **keys)
        iam.create_service_linked_role(AWSServiceName="rds.amazonaws.com")
        self.write("database", "shop", 1)
        self.terraform("init", "-input=false")
        self.terraform("apply", "-input=false", "-auto-approve")

    def write(self, name: str, identifier: str, version: int, **sections: Any) -> None:
        database = {**SETTINGS, "identifier": identifier, "password_wo_version": version}
        body = {
            "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": "5.100.0"}}},
            "provider": {"aws": [{"region": "us-east-1", "allowed_account_ids": [ACCOUNT]}]},
            "ephemeral": {"aws_secretsmanager_random_password": {"database": {"exclude_punctuation": True}}},
            "resource": {
                "aws_db_instance": {name: database},
                "aws_sns_topic": {"alerts": {"name": "alerts"}},
                "aws_db_event_subscription": {
                    "events": {
                        "name": "shop",
                        "sns_topic": "${aws_sns_topic.alerts.arn}",
                        "source_type": "db-instance",
                        "source_ids": [f"${{aws_db_instance.{name}.identifier}}"],
                    }
                },
            },
            **sections,
        }
        (self.path / "cdk.tf.json").write_text(json.dumps(body), encoding="utf-8")

    def terraform(self, *arguments: str) -> str:
        done = terraform(self.path, *arguments, environment=self.variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def judged(self, *approved: FindingKind) -> PlanVerdict:
        self.terraform("plan", "-input=false", "-out=saved.tfplan")
        plan = self.terraform("show", "-json", "saved.tfplan").encode()
        return run(plan, name="shop", approved=frozenset(approved))

    def instances(self) -> dict[str, Body]:
        return {each["DBInstanceIdentifier"]: each for each in self.rds.describe_db_instances()["DBInstances"]}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with Emulator.start(ACCOUNT, tmp_path / "emulator.log") as emulator:
        (tmp_path / "stack").mkdir()
        yield Stack(tmp_path / "stack", emulator.endpoint)


@pytest.mark.requirement("R13.13")
@pytest.mark.timeout(3600)
def test_one_plan_makes_the_copy_the_database_and_keeps_the_previous_one(stack: Stack) -> None:
    stack.rds.create_db_snapshot(DBInstanceIdentifier="shop", DBSnapshotIdentifier="before")
    stack.rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="shop-r1", DBSnapshotIdentifier="before", DeletionProtection=True, CopyTagsToSnapshot=True
    )
    while stack.instances()["shop-r1"]["DBInstanceStatus"] != "available":
        pass
    before = stack.instances()
    stack.write(
        "database_r1",
        "shop-r1",
        2,
        **{
            "import": [{"to": "aws_db_instance.database_r1", "id": "shop-r1"}],
            "removed": [removed("aws_db_instance.database")],
        },
    )
    verdict = stack.judged()
    assert verdict.changes["forget"] == ("aws_db_instance.database",)
    assert verdict.changes["import"] == ("aws_db_instance.database_r1",)
    assert not {"delete", "replace", "create"} & verdict.changes.keys()
    assert not verdict.of(FindingKind.STATEFUL)
    (finding,) = [each for each in verdict.findings if each.where == "aws_db_instance.database"]
    assert finding.kind is FindingKind.LOSS_IN_PLACE
    assert verdict.outcome is Outcome.FINDINGS, "it needs approval"
    assert stack.judged(*{each.kind for each in verdict.findings}).outcome is Outcome.CLEAN

    stack.terraform("apply", "-input=false", "saved.tfplan")
    after = stack.instances()
    assert {name: each["DbiResourceId"] for name, each in after.items()} == {
        name: each["DbiResourceId"] for name, each in before.items()
    }
    assert after["shop"]["DeletionProtection"]
    assert after["shop-r1"]["BackupRetentionPeriod"] == 14
    (subscription,) = stack.rds.describe_event_subscriptions()["EventSubscriptionsList"]
    assert subscription["SourceIdsList"] == ["shop-r1"]
    assert not stack.judged().changes.keys() - {"no-op"}

    # Back to the original: the same setting, the other way round.
    stack.write(
        "database",
        "shop",
        3,
        **{
            "import": [{"to": "aws_db_instance.database", "id": "shop"}],
            "removed": [removed("aws_db_instance.database_r1")],
        },
    )
    verdict = stack.judged()
    assert verdict.changes["forget"] == ("aws_db_instance.database_r1",)
    assert not {"delete", "replace", "create"} & verdict.changes.keys()
