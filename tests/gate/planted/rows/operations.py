"""Logs, alarms and the dashboard."""

from __future__ import annotations

from tests.gate.planted.row import Row

_OBSERVABILITY = "prod-observability"
_ALARM = "resource/aws_cloudwatch_metric_alarm"
_LOG_GROUP = "resource/aws_cloudwatch_log_group"
_METRICS = "resource/aws_cloudwatch_dashboard/dashboard/dashboard_body/widgets"

ROWS = (
    Row(
        "access-logs-for-ever",
        "R8.1",
        "Access logs are kept forever",
        "prod-account",
        "resource/aws_s3_bucket_lifecycle_configuration/access_logs_lifecycle",
    ),
    Row(
        "access-logs-not-encrypted",
        "R8.1",
        "The bucket of access logs has no encryption",
        "prod-account",
        "resource/aws_s3_bucket_server_side_encryption_configuration/access_logs_encryption",
    ),
    Row(
        "access-logs-public",
        "R8.1",
        "The bucket of access logs may be made public",
        "prod-account",
        "resource/aws_s3_bucket_public_access_block/access_logs_public_access_block/block_public_policy",
        False,
    ),
    Row(
        "no-storage-alarm",
        "R8.2",
        "No alarm watches the database's storage",
        _OBSERVABILITY,
        f"{_ALARM}/database_free_storage",
        seen="aws_db_instance.database",
    ),
    Row(
        "no-eviction-alarm",
        "R8.2",
        "No alarm watches Redis's evictions",
        _OBSERVABILITY,
        f"{_ALARM}/cache_001_evictions",
        seen="aws_elasticache_replication_group.cache",
    ),
    Row(
        "no-task-alarm",
        "R8.2",
        "No alarm watches the backend's missing tasks",
        _OBSERVABILITY,
        f"{_ALARM}/backend_missing_tasks",
        seen="aws_ecs_service.backend_service",
    ),
    Row(
        "no-latency-alarm",
        "R8.2",
        "No alarm watches the frontend's latency",
        _OBSERVABILITY,
        f"{_ALARM}/frontend_latency",
        seen="aws_lb_target_group.frontend_targets",
    ),
    Row(
        "no-5xx-alarm",
        "R8.2",
        "No alarm watches the load balancer's 5xx responses",
        _OBSERVABILITY,
        f"{_ALARM}/load_balancer_5xx",
        seen="aws_lb.load_balancer",
    ),
    Row(
        "late-health-alarm",
        "R8.2",
        "The alarm on unhealthy hosts waits for six of them",
        "prod-services",
        f"{_ALARM}/backend_unhealthy/threshold",
        5,
    ),
    Row(
        "no-rejection-alarm",
        "R8.2",
        "No alarm watches the requests that the application rejects over budget",
        _OBSERVABILITY,
        f"{_ALARM}/budget_rejections",
    ),
    Row(
        "alarm-on-no-metric",
        "R8.2",
        "The firewall's alarm lacks a dimension of the metric, and so has no values",
        "prod-hardening",
        f"{_ALARM}/blocked_requests/dimensions/Rule",
    ),
    Row(
        "alarm-in-silence",
        "R8.3",
        "An alarm has no action",
        _OBSERVABILITY,
        f"{_ALARM}/database_cpu/alarm_actions",
    ),
    Row(
        "alarm-off",
        "R8.3",
        "An alarm's actions are off",
        _OBSERVABILITY,
        f"{_ALARM}/database_cpu/actions_enabled",
        False,
    ),
    Row(
        "alarm-without-runbook",
        "R8.3",
        "An alarm has no runbook link",
        _OBSERVABILITY,
        f"{_ALARM}/database_cpu/alarm_description",
        "The database uses too much CPU",
    ),
    Row(
        "topic-without-subscriber",
        "R8.3",
        "The topic of all alerts has no subscriber",
        "staging-account",
        "resource/aws_sns_topic_subscription",
    ),
    Row(
        "dashboard-without-latency",
        "R8.4",
        "The dashboard doesn't show latency",
        _OBSERVABILITY,
        f"{_METRICS}/2",
    ),
    Row(
        "dashboard-without-answers",
        "R8.4",
        "The dashboard doesn't show 2xx, 4xx and 5xx",
        _OBSERVABILITY,
        f"{_METRICS}/1",
    ),
    Row(
        "logs-for-ever",
        "R8.5",
        "The backend's logs are kept forever",
        "prod-services",
        f"{_LOG_GROUP}/backend_logs/retention_in_days",
    ),
    Row(
        "logs-without-key",
        "R8.5",
        "The backend's logs aren't encrypted with the project's key",
        "prod-services",
        f"{_LOG_GROUP}/backend_logs/kms_key_id",
    ),
)
