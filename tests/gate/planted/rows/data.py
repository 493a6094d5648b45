"""PostgreSQL and Redis."""

from __future__ import annotations

from tests.gate.planted.row import Row

_DATA = "prod-data"
_DATABASE = "resource/aws_db_instance/database"
_CACHE = "resource/aws_elasticache_replication_group/cache"

ROWS = (
    Row(
        "database-with-public-address",
        "R0.1",
        "The database has a public address",
        _DATA,
        f"{_DATABASE}/publicly_accessible",
        True,
    ),
    Row(
        "database-not-encrypted", "R5.1", "The database isn't encrypted", _DATA, f"{_DATABASE}/storage_encrypted", False
    ),
    Row("database-in-one-zone", "R5.1", "The database is in one zone", _DATA, f"{_DATABASE}/multi_az", False),
    Row(
        "database-without-tls",
        "R5.1",
        "The database's parameters no longer force TLS",
        _DATA,
        "resource/aws_db_parameter_group/database_parameters/parameter/0/value",
        "0",
    ),
    Row(
        "database-with-default-parameters",
        "R5.1",
        "The database has AWS's default parameters",
        _DATA,
        f"{_DATABASE}/parameter_group_name",
        "default.postgres16",
    ),
    Row("no-backups", "R5.1", "The database has no backups", _DATA, f"{_DATABASE}/backup_retention_period", 0),
    Row(
        "database-unprotected",
        "R5.1",
        "The database's deletion protection is off",
        _DATA,
        f"{_DATABASE}/deletion_protection",
        False,
    ),
    Row(
        "no-final-snapshot",
        "R5.1",
        "Deleting the database creates no final snapshot",
        _DATA,
        f"{_DATABASE}/skip_final_snapshot",
        True,
    ),
    Row(
        "no-database-logs",
        "R5.1",
        "The database exports no logs",
        _DATA,
        f"{_DATABASE}/enabled_cloudwatch_logs_exports",
    ),
    Row(
        "no-monitoring", "R5.1", "The database has no enhanced monitoring", _DATA, f"{_DATABASE}/monitoring_interval", 0
    ),
    Row(
        "cache-without-tls",
        "R5.2",
        "Redis doesn't encrypt in transit",
        _DATA,
        f"{_CACHE}/transit_encryption_enabled",
        False,
    ),
    Row(
        "cache-with-tls-at-will",
        "R5.2",
        "Redis also accepts connections without TLS",
        _DATA,
        f"{_CACHE}/transit_encryption_mode",
        "preferred",
    ),
    Row(
        "cache-not-encrypted",
        "R5.2",
        "Redis doesn't encrypt at rest",
        _DATA,
        f"{_CACHE}/at_rest_encryption_enabled",
        "false",
    ),
    Row("cache-without-login", "R5.2", "Redis needs no authentication", _DATA, f"{_CACHE}/user_group_ids"),
    Row(
        "cache-for-anybody",
        "R5.2",
        "Redis's default user is on, without a password",
        _DATA,
        "resource/aws_elasticache_user/cache_users_default/access_string",
        "on ~* +@all",
    ),
    Row(
        "cache-without-failover",
        "R5.2",
        "Redis has no automatic failover",
        _DATA,
        f"{_CACHE}/automatic_failover_enabled",
        False,
    ),
    Row("cache-without-snapshots", "R5.2", "Redis has no snapshots", _DATA, f"{_CACHE}/snapshot_retention_limit", 0),
    Row(
        "database-can-be-destroyed",
        "R5.5",
        "The database's prevent_destroy is removed",
        _DATA,
        f"{_DATABASE}/lifecycle/prevent_destroy",
    ),
    Row(
        "key-can-be-destroyed",
        "R5.5",
        "A plan may destroy the key that the data is encrypted with",
        _DATA,
        "resource/aws_kms_key/data_key/lifecycle/prevent_destroy",
        False,
    ),
    Row(
        "state-can-be-destroyed",
        "R5.5",
        "A plan may destroy the bucket of all states",
        "prod-state",
        "resource/aws_s3_bucket/state/lifecycle",
    ),
    Row(
        "images-can-be-destroyed",
        "R5.5",
        "A repository may be destroyed with its images",
        "prod-registry",
        "resource/aws_ecr_repository/navralabs_aep_backend/lifecycle/prevent_destroy",
        False,
    ),
    Row(
        "starter-unprotected",
        "R11.1",
        "The starter profile also turns deletion protection off",
        "prod-starter-data",
        f"{_DATABASE}/deletion_protection",
        False,
    ),
    Row(
        "starter-with-few-backups",
        "R11.1",
        "The starter profile also keeps backups for one day only",
        "prod-starter-data",
        f"{_DATABASE}/backup_retention_period",
        1,
    ),
    Row(
        "starter-in-one-zone",
        "R11.1",
        "The starter profile's tasks run in one zone, not in two",
        "prod-starter-services",
        "resource/aws_ecs_service/backend_service/network_configuration/subnets/1",
    ),
)
