"""Versions, windows and retention that RDS and ElastiCache refuse, seen through boto3 alone."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.aws import Aws

pytestmark = pytest.mark.slow

REFUSED_OF_DATABASES: list[tuple[str, str, dict[str, Any]]] = [
    ("InvalidParameterCombination", "Cannot find version 99 for postgres", {"EngineVersion": "99"}),
    ("InvalidParameterCombination", "Cannot find version 9.6 for postgres", {"EngineVersion": "9.6"}),
    ("InvalidParameterCombination", "Cannot find version 16.x for postgres", {"EngineVersion": "16.x"}),
    ("InvalidParameterValue", "retention period", {"BackupRetentionPeriod": 36}),
    ("InvalidParameterValue", "retention period", {"BackupRetentionPeriod": -1}),
    ("InvalidParameterValue", "at least 30 minutes", {"PreferredBackupWindow": "06:00-06:29"}),
    ("InvalidParameterValue", "at least 30 minutes", {"PreferredMaintenanceWindow": "sun:08:00-sun:08:29"}),
    ("InvalidParameterValue", "format", {"PreferredBackupWindow": "6:00-7:00"}),
    ("InvalidParameterValue", "format", {"PreferredBackupWindow": "24:30-25:30"}),
    ("InvalidParameterValue", "format", {"PreferredMaintenanceWindow": "08:00-09:00"}),
    ("InvalidParameterValue", "format", {"PreferredMaintenanceWindow": "day:08:00-day:09:00"}),
    *(
        (
            "InvalidParameterValue",
            "The backup window and maintenance window must not overlap.",
            {"PreferredBackupWindow": daily, "PreferredMaintenanceWindow": weekly},
        )
        for daily, weekly in (
            ("08:30-09:30", "sun:08:00-sun:09:00"),
            ("23:30-00:30", "sun:00:15-sun:01:00"),
            ("00:00-00:30", "sun:23:30-mon:00:15"),
        )
    ),
]
"""https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html and, for the error of versions,
https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html."""


def refuses(call: Any, given: dict[str, Any], refused: list[tuple[str, str, dict[str, Any]]]) -> None:
    """A call that is refused with each of the errors, which has a code and a part of its message."""
    for code, message, fields in refused:
        with pytest.raises(ClientError) as raised:
            call(**given | fields)
        error = raised.value.response["Error"]
        assert error["Code"] == code and message in error["Message"], (fields, error)


def test_values_of_a_database_that_rds_refuses(aws: Aws) -> None:
    rds = aws("rds")
    aws.give_role_to("rds")
    new = {"DBInstanceIdentifier": "new", "DBInstanceClass": "db.m7g.large", "Engine": "postgres"}
    rds.create_db_instance(**new | {"DBInstanceIdentifier": "one"})
    refuses(rds.create_db_instance, new, REFUSED_OF_DATABASES)
    refuses(rds.modify_db_instance, {"DBInstanceIdentifier": "one"}, REFUSED_OF_DATABASES)
    windows = {"PreferredBackupWindow": "07:30-08:00", "PreferredMaintenanceWindow": "Sun:08:00-Sun:08:30"}
    rds.create_db_instance(**new, **windows, BackupRetentionPeriod=35, EngineVersion="18")
    rds.modify_db_instance(DBInstanceIdentifier="one", **windows, BackupRetentionPeriod=0)
    for found in rds.describe_db_instances()["DBInstances"]:
        assert {name: found[name] for name in windows} == {name: text.lower() for name, text in windows.items()}
    overlapping = {"PreferredBackupWindow": "08:00-08:30"}
    refuses(
        rds.modify_db_instance, {"DBInstanceIdentifier": "one"}, [("InvalidParameterValue", "overlap", overlapping)]
    )


def _overlap(daily: str, weekly: str) -> tuple[str, str, dict[str, Any]]:
    fields = {"SnapshotWindow": daily, "PreferredMaintenanceWindow": weekly}
    return "InvalidParameterValue", "The snapshot window and maintenance window must not overlap.", fields


REFUSED_OF_CACHES: list[tuple[str, str, dict[str, Any]]] = [
    ("InvalidParameterCombination", "Cannot find version 7.9 for valkey", {"EngineVersion": "7.9"}),
    ("InvalidParameterCombination", "Cannot find version 8 for valkey", {"EngineVersion": "8"}),
    (
        "InvalidParameterCombination",
        "of family valkey8 but found one of family redis7",
        {"CacheParameterGroupName": "r7"},
    ),
    (
        "InvalidParameterCombination",
        "of family valkey8 but found one of family valkey7",
        {"CacheParameterGroupName": "default.valkey7"},
    ),
    ("CacheParameterGroupNotFound", "none", {"CacheParameterGroupName": "none"}),
    ("InvalidParameterValue", "at least 60 minutes", {"PreferredMaintenanceWindow": "sun:08:00-sun:08:59"}),
    ("InvalidParameterValue", "at least 60 minutes", {"SnapshotWindow": "23:30-00:29"}),
    ("InvalidParameterValue", "format", {"PreferredMaintenanceWindow": "sun:08:00"}),
    ("InvalidParameterValue", "format", {"SnapshotWindow": "sun:06:00-sun:07:00"}),
    _overlap("08:30-09:30", "sun:08:00-sun:09:00"),
    _overlap("23:30-00:30", "mon:00:00-mon:01:00"),
]
"""https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html and
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html."""


def test_values_of_a_cache_that_elasticache_refuses(aws: Aws) -> None:
    caches = aws("elasticache")
    aws.give_role_to("elasticache")
    for name, family in (("r7", "redis7"), ("v8", "valkey8")):
        caches.create_cache_parameter_group(
            CacheParameterGroupName=name, CacheParameterGroupFamily=family, Description=name
        )
    new = {"ReplicationGroupDescription": "one", "Engine": "valkey", "EngineVersion": "8.2"}
    new |= {"CacheParameterGroupName": "v8"}
    windows = {"SnapshotWindow": "07:00-08:00", "PreferredMaintenanceWindow": "Sun:08:00-Sun:09:00"}
    caches.create_replication_group(ReplicationGroupId="one", **new, **windows)
    refuses(caches.create_replication_group, new | {"ReplicationGroupId": "new"}, REFUSED_OF_CACHES)
    refuses(caches.modify_replication_group, {"ReplicationGroupId": "one"}, REFUSED_OF_CACHES)
    overlapping = {"PreferredMaintenanceWindow": "fri:06:30-fri:07:30"}
    refuses(
        caches.modify_replication_group,
        {"ReplicationGroupId": "one"},
        [("InvalidParameterValue", "overlap", overlapping)],
    )
    caches.modify_replication_group(ReplicationGroupId="one", CacheParameterGroupName="default.valkey8.cluster.on")
    caches.create_replication_group(
        **new
        | {"ReplicationGroupId": "two", "Engine": "redis", "EngineVersion": "7.1", "CacheParameterGroupName": "r7"}
    )
    caches.modify_replication_group(
        ReplicationGroupId="two", Engine="valkey", EngineVersion="8.0", CacheParameterGroupName="v8"
    )
