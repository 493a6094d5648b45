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

_POLICY = "data/aws_iam_policy_document"
_TRAIL = "arn:aws:s3:::aep-prod-trail-111122223333"
_BACKEND_TASKS = [{"type": "AWS", "identifiers": ["arn:aws:iam::111122223333:role/aep-prod-backend-task"]}]
_DECRYPT = f"{_POLICY}/backend_execution_role_document/statement/5/condition"
_EXECUTION, _TASK = "aws_iam_role.backend_execution_role", "aws_iam_role.backend_task_role"


def _statement(actions: str, *resources: str, effect: str = "Allow", **more: object) -> dict[str, object]:
    return {"sid": "Planted", "effect": effect, "actions": [actions], "resources": [*resources], **more}


_POLICIES = (
    Row(
        "planner-deletes-the-trail",
        "R1.7",
        "The planner may delete the account's records of calls",
        "prod-account",
        f"{_POLICY}/planner_document/statement/-",
        _statement("s3:DeleteObject", f"{_TRAIL}/*"),
        seen="aws_iam_role.planner",
    ),
    Row(
        "tasks-delete-the-trail-by-its-policy",
        "R1.7",
        "The policy of the trail's bucket lets the backend's tasks delete records",
        "prod-account",
        f"{_POLICY}/trail_bucket_document/statement/-",
        _statement("s3:DeleteObject", f"{_TRAIL}/*", principals=_BACKEND_TASKS),
        seen=_TASK,
    ),
    Row(
        "planner-expires-the-trail",
        "R1.7",
        "The planner may let records of the account's calls expire",
        "prod-account",
        f"{_POLICY}/planner_document/statement/-",
        _statement("s3:PutLifecycleConfiguration", _TRAIL),
        seen="aws_iam_role.planner",
    ),
    Row(
        "trail-that-administrators-cannot-read",
        "R1.7",
        "The policy of the trail's bucket denies reading to those who investigate",
        "prod-account",
        f"{_POLICY}/trail_bucket_document/statement/-",
        _statement("s3:GetObject", f"{_TRAIL}/*", effect="Deny", principals=[{"type": "AWS", "identifiers": ["*"]}]),
        seen="aws_iam_role.break_glass",
    ),
    Row(
        "decrypts-through-any-service",
        "R9.3",
        "The backend's execution role may decrypt with the secrets' key through any service",
        "prod-secrets",
        f"{_DECRYPT}/0",
        seen=_EXECUTION,
    ),
    Row(
        "decrypts-any-secret",
        "R9.3",
        "The backend's execution role may decrypt every secret",
        "prod-secrets",
        f"{_DECRYPT}/1",
        seen=_EXECUTION,
    ),
    Row(
        "decrypts-without-a-secret",
        "R9.3",
        "The backend's execution role may decrypt what is no secret: a condition holds without its key",
        "prod-secrets",
        f"{_DECRYPT}/1/test",
        "StringEqualsIfExists",
        seen=_EXECUTION,
    ),
    Row(
        "tasks-write-every-log",
        "R9.3",
        "The backend's tasks may write to every log group, the trail's included",
        "prod-secrets",
        f"{_POLICY}/backend_task_role_document/statement/-",
        _statement("logs:PutLogEvents", "arn:aws:logs:us-east-1:111122223333:log-group:*:*"),
        seen=_TASK,
    ),
    Row(
        "token-for-another-audience",
        "R1.2",
        "The deployer trusts tokens for any audience",
        "prod-account",
        f"{_POLICY}/deployer_trust_document/statement/0/condition/0",
        seen="aws_iam_role.deployer",
    ),
    Row(
        "tags-of-sessions",
        "R1.2",
        "Who assumes the deployer may give the session tags, which conditions read",
        "prod-account",
        f"{_POLICY}/deployer_trust_document/statement/1/actions/-",
        "sts:TagSession",
        seen="aws_iam_role.deployer",
    ),
    Row(
        "operator-that-iam-lacks",
        "R9.3",
        "A condition has an operator that IAM doesn't have",
        "prod-secrets",
        f"{_POLICY}/backend_task_role_document/statement/3/condition/0/test",
        "NullIfExists",
    ),
    Row(
        "truth-that-iam-lacks",
        "R1.7",
        "A condition compares TLS with another value than true or false",
        "prod-account",
        f"{_POLICY}/trail_bucket_document/statement/0/condition/0/values",
        ["no"],
    ),
)

ROWS = (*_URLS, *_SIBLINGS, *_POLICIES)
