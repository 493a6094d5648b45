"""Values that are right somewhere else: another host, log group, service or setting than the values lead to."""

from __future__ import annotations

from tests.gate.planted.row import Row

_DATA = "prod-data"
_URL = "resource/aws_secretsmanager_secret_version/database_url/secret_string_wo"
_PASSWORD = "${ephemeral.aws_secretsmanager_random_password.database.random_password}"
_ADDRESS = "${aws_db_instance.database.address}"

_URLS = (
    Row(
        "url-of-another-host",
        "R4.1",
        "The database's URL sends the application, with its password, to another host",
        _DATA,
        _URL,
        f"postgresql://aep:{_PASSWORD}@db.example.net:5432/aep?sslmode=require",
    ),
    Row(
        "url-without-tls",
        "R4.1",
        "The database's URL lets the application connect without TLS",
        _DATA,
        _URL,
        f"postgresql://aep:{_PASSWORD}@{_ADDRESS}:5432/aep?sslmode=disable",
    ),
    Row(
        "url-with-another-address",
        "R4.1",
        "An option of the database's URL overrides its host",
        _DATA,
        _URL,
        f"postgresql://aep:{_PASSWORD}@{_ADDRESS}:5432/aep?sslmode=require&hostaddr=203.0.113.1",
    ),
    Row(
        "url-of-another-database",
        "R4.1",
        "The database's URL names another database and user",
        _DATA,
        _URL,
        f"postgresql://postgres:{_PASSWORD}@{_ADDRESS}:5432/postgres?sslmode=require",
    ),
    Row(
        "password-that-is-no-secret",
        "R0.2",
        "The database's password is its user's name",
        _DATA,
        "resource/aws_db_instance/database/password_wo",
        "${aws_db_instance.database.username}",
    ),
)

_SIBLINGS = (
    Row(
        "events-of-another-source",
        "R8.3",
        "The subscription to changes of parameters is about the database",
        _DATA,
        "resource/aws_db_event_subscription/database_parameter_events/source_ids",
        ["${aws_db_instance.database.identifier}"],
    ),
    Row(
        "sessions-among-logs-of-a-service",
        "R7.1",
        "Sessions of ECS Exec are recorded among the backend's logs",
        "prod-services",
        "resource/aws_ecs_cluster/cluster/configuration/execute_command_configuration/log_configuration/"
        "cloud_watch_log_group_name",
        "${aws_cloudwatch_log_group.backend_logs.name}",
    ),
    Row(
        "alarm-of-two-services",
        "R8.2",
        "An alarm compares the backend's desired tasks with the frontend's running ones",
        "prod-observability",
        "resource/aws_cloudwatch_metric_alarm/backend_missing_tasks/metric_query/2/metric/dimensions/ServiceName",
        '${data.terraform_remote_state.services.outputs.service_names["frontend"]}',
    ),
    Row(
        "final-snapshot-of-another-environment",
        "R5.5",
        "The database's final snapshot has the name of another environment's",
        _DATA,
        "resource/aws_db_instance/database/final_snapshot_identifier",
        "aep-staging-final",
    ),
    Row(
        "final-snapshot-of-another-cache",
        "R5.5",
        "The cache's final snapshot has the name of another environment's",
        _DATA,
        "resource/aws_elasticache_replication_group/cache/final_snapshot_identifier",
        "aep-staging-final",
    ),
    Row(
        "database-exports-upgrades-only",
        "R5.1",
        "The database exports the logs of upgrades only",
        _DATA,
        "resource/aws_db_instance/database/enabled_cloudwatch_logs_exports",
        ["upgrade"],
    ),
    Row(
        "tasks-are-not-rebalanced",
        "R7.3",
        "The backend's tasks stay in one zone after the other failed",
        "prod-services",
        "resource/aws_ecs_service/backend_service/availability_zone_rebalancing",
        "DISABLED",
    ),
    Row(
        "apply-reverts-autoscaling",
        "R7.3",
        "An apply sets the backend's number of tasks back to the minimum",
        "prod-services",
        "resource/aws_ecs_service/backend_service/lifecycle/ignore_changes",
    ),
    Row(
        "apply-disables-the-cache-user",
        "R5.2",
        "An apply takes away the access that operators gave the application's user of the cache",
        _DATA,
        "resource/aws_elasticache_user/cache_users_application/lifecycle/ignore_changes",
    ),
)

ROWS = (*_URLS, *_SIBLINGS)
