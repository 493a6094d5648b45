"""Restores of a database, a cache and a secret, and who hears of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.emulator.aws import Aws
from tests.emulator.examples import EXAMPLES, example

__all__ = ["EXAMPLES"]
COPY = "two"


def database(aws: Aws, **given: Any) -> None:
    """An instance with settings that a restore doesn't take over."""
    aws.give_role_to("rds")
    settings: dict[str, Any] = {"DeletionProtection": True, "BackupRetentionPeriod": 7, "MultiAZ": True, **given}
    aws("rds").create_db_instance(
        DBInstanceIdentifier="one",
        DBInstanceClass="db.m7g.large",
        Engine="postgres",
        EngineVersion="16",
        AllocatedStorage=20,
        **settings,
    )


def described(aws: Aws) -> dict[str, Any]:
    (found,) = aws("rds").describe_db_instances(DBInstanceIdentifier=COPY)["DBInstances"]
    return dict(found)


@example("rds", "CreateDBSnapshot", "RestoreDBInstanceFromDBSnapshot", "DescribeDBInstances", "DeleteDBInstance")
def restored_snapshot(aws: Aws) -> None:
    database(aws)
    client, copy = aws("rds"), {"DBInstanceIdentifier": COPY}
    client.create_db_snapshot(DBInstanceIdentifier="one", DBSnapshotIdentifier="first")
    client.restore_db_instance_from_db_snapshot(**copy, DBSnapshotIdentifier="first")
    found = described(aws)
    assert (found["DBInstanceStatus"], found["BackupRetentionPeriod"]) == ("creating", 7)
    assert (found["DeletionProtection"], found["MultiAZ"]) == (False, False)
    assert found["DBParameterGroups"][0]["DBParameterGroupName"] == "default.postgres16"
    assert described(aws)["DBInstanceStatus"] == "available"
    client.delete_db_instance(**copy, SkipFinalSnapshot=True)
    assert [each["DBInstanceIdentifier"] for each in client.describe_db_instances()["DBInstances"]] == ["one"]


@example("rds", "RestoreDBInstanceToPointInTime", "DescribeDBInstanceAutomatedBackups")
def restored_time(aws: Aws) -> None:
    database(aws)
    client = aws("rds")
    (backup,) = client.describe_db_instance_automated_backups(DBInstanceIdentifier="one")["DBInstanceAutomatedBackups"]
    names = {"SourceDBInstanceIdentifier": "one", "TargetDBInstanceIdentifier": COPY}
    early = backup["RestoreWindow"]["EarliestTime"] - timedelta(hours=1)
    with pytest.raises(client.exceptions.ClientError, match="cannot be restored to a time outside"):
        client.restore_db_instance_to_point_in_time(**names, RestoreTime=early)
    client.restore_db_instance_to_point_in_time(**names, UseLatestRestorableTime=True)
    found = described(aws)
    assert "ReadReplicaSourceDBInstanceIdentifier" not in found
    assert not found["DeletionProtection"]


@example("rds", "AddSourceIdentifierToSubscription", "RemoveSourceIdentifierFromSubscription")
def sources_of_a_subscription(aws: Aws) -> None:
    client, one = aws("rds"), {"SubscriptionName": "one"}
    topic = f"arn:aws:sns:us-east-1:{aws.account}:alerts"
    client.create_event_subscription(**one, SnsTopicArn=topic, SourceType="db-instance", SourceIds=["a"])
    client.add_source_identifier_to_subscription(**one, SourceIdentifier="b")
    client.remove_source_identifier_from_subscription(**one, SourceIdentifier="a")
    (found,) = client.describe_event_subscriptions(**one)["EventSubscriptionsList"]
    assert found["SourceIdsList"] == ["b"]


@example("elasticache", "CreateSnapshot")
def snapshot_of_a_node(aws: Aws) -> None:
    aws.give_role_to("elasticache")
    client = aws("elasticache")
    client.create_replication_group(ReplicationGroupId="one", ReplicationGroupDescription="one")
    client.create_snapshot(CacheClusterId="one-001", SnapshotName="first")
    (found,) = client.describe_snapshots(SnapshotName="first")["Snapshots"]
    assert (found["CacheClusterId"], found["SnapshotStatus"]) == ("one-001", "available")
    assert "ReplicationGroupId" not in found


@example("secretsmanager", "UpdateSecretVersionStage")
def current_version(aws: Aws) -> None:
    client, one = aws("secretsmanager"), {"SecretId": "one", "VersionStage": "AWSCURRENT"}
    first = client.create_secret(Name="one", SecretString="first")["VersionId"]
    second = client.put_secret_value(SecretId="one", SecretString="second")["VersionId"]
    with pytest.raises(client.exceptions.InvalidParameterException, match="can't be completely removed"):
        client.update_secret_version_stage(**one, RemoveFromVersionId=second)
    client.update_secret_version_stage(**one, RemoveFromVersionId=second, MoveToVersionId=first)
    assert client.get_secret_value(SecretId="one")["SecretString"] == "first"
    client.delete_secret(SecretId="one")
    with pytest.raises(client.exceptions.InvalidRequestException, match="marked for deletion"):
        client.update_secret_version_stage(**one, RemoveFromVersionId=first, MoveToVersionId=second)
