"""Database and cache."""

from __future__ import annotations

from ops.aws import only
from ops.verify.calls import AwsObject
from ops.verify.context import Context
from ops.verify.model import met


def database_is_as_its_values_say(context: Context) -> str:
    """The database is available, encrypted, private and backed up, and in two zones if the profile says so."""
    environment = context.environment
    return _held(
        context.names.prefix,
        _database(context),
        {
            "DBInstanceStatus": "available",
            "DBInstanceClass": environment.profile.database_class,
            "MultiAZ": environment.profile.database_multi_az,
            "StorageEncrypted": True,
            "PubliclyAccessible": False,
            "BackupRetentionPeriod": environment.database.backup_days,
            "DeletionProtection": environment.protected,
        },
    )


def database_takes_tls_only(context: Context) -> str:
    """The parameter group that the database runs with forces TLS."""
    group = only(_database(context)["DBParameterGroups"], f"parameter groups of {context.names.prefix}")
    name = group["DBParameterGroupName"]
    parameters = context.ask("rds", "describe_db_parameters", DBParameterGroupName=name)["Parameters"]
    forced = {each["ParameterName"]: each.get("ParameterValue") for each in parameters}.get("rds.force_ssl")
    problems = [f"rds.force_ssl of {name} is {forced}, not 1"] if forced != "1" else []
    status = group["ParameterApplyStatus"]
    problems += [f"{name} is {status}: the database runs with other values"] if status != "in-sync" else []
    return met(problems, f"rds.force_ssl is 1 in {name}, which is in-sync")


def cache_is_as_its_values_say(context: Context) -> str:
    """The cache is available, encrypted on its way and at rest, and fails over if the profile says so."""
    nodes = context.environment.profile.cache_nodes
    groups = context.ask("elasticache", "describe_replication_groups", ReplicationGroupId=context.names.prefix)
    group = only(groups["ReplicationGroups"], f"caches {context.names.prefix}")
    wanted = {
        "Status": "available",
        "TransitEncryptionEnabled": True,
        "AtRestEncryptionEnabled": True,
        "AutomaticFailover": "enabled" if nodes > 1 else "disabled",
        "MultiAZ": "enabled" if nodes > 1 else "disabled",
        "nodes": nodes,
    }
    return _held(context.names.prefix, {**group, "nodes": len(group["MemberClusters"])}, wanted)


def _database(context: Context) -> AwsObject:
    answer = context.ask("rds", "describe_db_instances", DBInstanceIdentifier=context.names.prefix)
    database: AwsObject = only(answer["DBInstances"], f"databases {context.names.prefix}")
    return database


def _held(name: str, found: AwsObject, wanted: AwsObject) -> str:
    """What is wanted of something, held against what AWS says of it."""
    problems = [
        f"{key} of {name} is {found.get(key)}, not {value}" for key, value in wanted.items() if found.get(key) != value
    ]
    return met(problems, ", ".join(f"{key} {value}" for key, value in wanted.items()))
