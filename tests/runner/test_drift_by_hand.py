"""Drift reports what was changed by hand: not tags of others, counts of autoscaling, or a minor version upgrade."""

from __future__ import annotations

import json
from typing import Any

import pytest

from environments import load
from tests.runner.operator import Operator
from tests.terraform.run import terraform

pytestmark = [pytest.mark.slow, pytest.mark.timeout(20 * 60)]
PHASE = "registry"
SERVICE = {"cluster": "app", "service": "app"}
THEIRS = {"map-migrated": "mig1", "cost:center": "42"}
"""Tags that others put on a resource."""


def resources() -> dict[str, Any]:
    """Resources of the kinds that others change."""
    return {
        "aws_sns_topic": {"alerts": {"name": "alerts", "display_name": "Alerts", "tags": {"Tier": "app"}}},
        "aws_ecs_cluster": {"app": {"name": "app"}},
        "aws_iam_service_linked_role": {"rds": {"aws_service_name": "rds.amazonaws.com"}},
        "aws_vpc": {"main": {"cidr_block": "10.0.0.0/16"}},
        "aws_subnet": {"a": {"vpc_id": "${aws_vpc.main.id}", "cidr_block": "10.0.1.0/24"}},
        "aws_security_group": {"app": {"name": "app", "vpc_id": "${aws_vpc.main.id}"}},
        "aws_ecs_task_definition": {
            "app": {
                "family": "app",
                "network_mode": "awsvpc",
                "requires_compatibilities": ["FARGATE"],
                "cpu": "256",
                "memory": "512",
                "container_definitions": json.dumps(
                    [{"name": "app", "image": "app", "memory": 512, "essential": True}]
                ),
            }
        },
        "aws_ecs_service": {
            "app": {
                "name": "app",
                "cluster": "${aws_ecs_cluster.app.arn}",
                "task_definition": "${aws_ecs_task_definition.app.arn}",
                "desired_count": 2,
                "launch_type": "FARGATE",
                "network_configuration": {
                    "subnets": ["${aws_subnet.a.id}"],
                    "security_groups": ["${aws_security_group.app.id}"],
                },
                "lifecycle": {"ignore_changes": ["desired_count"]},
            }
        },
        "aws_db_instance": {
            "main": {
                "identifier": "main",
                "engine": "postgres",
                "engine_version": "16",
                "instance_class": "db.t4g.small",
                "allocated_storage": 20,
                "username": "app",
                "password_wo": "planted-password",
                "password_wo_version": 1,
                "skip_final_snapshot": True,
                "backup_retention_period": 14,
                "apply_immediately": True,
                "depends_on": ["aws_iam_service_linked_role.rds"],
            }
        },
    }


@pytest.fixture
def applied(operator: Operator) -> Operator:
    """The phase with these resources instead of its own, applied; its provider ignores tags of others."""
    stack = operator.stack(PHASE)
    body = {key: stack.content[key] for key in ("terraform", "provider")}
    ignored = [{"keys": ["map-migrated"], "key_prefixes": ["cost:"]}]
    body["provider"] = {"aws": [{**each, "ignore_tags": ignored} for each in body["provider"]["aws"]]}
    text = json.dumps({**body, "resource": resources()})
    (stack.folder / "cdk.tf.json").write_text(text, encoding="utf-8")
    for arguments in (("init", "-input=false"), ("apply", "-input=false", "-auto-approve")):
        done = terraform(stack.folder, *arguments, environment=dict(operator.variables))
        assert done.returncode == 0, done.stderr
    return operator


def reported(operator: Operator) -> list[dict[str, str]]:
    drift: list[dict[str, str]] = operator.report("drift")["phases"][PHASE]["drift"]
    return drift


@pytest.mark.requirement("R5.5")
def test_drift_reports_exactly_what_was_changed_by_hand(applied: Operator) -> None:
    """One long way, since a database takes its time."""
    applied.run("drift", "prod", PHASE)
    sns, ecs, rds = (applied.client(each) for each in ("sns", "ecs", "rds"))
    (topic,) = (each["TopicArn"] for each in sns.list_topics()["Topics"])
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": key, "Value": value} for key, value in THEIRS.items()])
    ecs.update_service(**SERVICE, desiredCount=5)
    rds.modify_db_instance(DBInstanceIdentifier="main", EngineVersion="16.9", ApplyImmediately=True)
    said = applied.run("drift", "prod", PHASE).stderr
    assert f"{PHASE}  no changes" in said

    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "Owner", "Value": "somebody-else"}])
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="By hand")
    rds.modify_db_instance(DBInstanceIdentifier="main", BackupRetentionPeriod=1, ApplyImmediately=True)
    said = applied.run("drift", "prod", PHASE, expect=1).stderr
    owner = load("prod").owner
    assert reported(applied) == [
        {"address": "aws_db_instance.main", "attribute": "backup_retention_period", "account": "1", "code": "14"},
        {"address": "aws_sns_topic.alerts", "attribute": "display_name", "account": "By hand", "code": "Alerts"},
        {"address": "aws_sns_topic.alerts", "attribute": "tags.Owner", "account": "somebody-else", "code": owner},
    ]
    assert "aws_db_instance.main backup_retention_period: 1 in the account, 14 in the code" in said

    done = terraform(
        applied.stack(PHASE).folder, "apply", "-input=false", "-auto-approve", environment=dict(applied.variables)
    )
    assert done.returncode == 0, done.stderr
    tags = {each["Key"]: each["Value"] for each in sns.list_tags_for_resource(ResourceArn=topic)["Tags"]}
    assert THEIRS.items() <= tags.items(), "an apply keeps tags of others"
    assert tags["Owner"] == owner
    assert ecs.describe_services(cluster="app", services=["app"])["services"][0]["desiredCount"] == 5
    applied.run("drift", "prod", PHASE)
