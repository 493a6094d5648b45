"""What AWS needs first without a reference: one row for each pair of types.

Terraform creates resources at the same time unless one depends on the other, and destroys them in the opposite order. A
row names a resource that must wait for another one, what happens if it doesn't, and the page that documents it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ops.gate.index import is_true
from ops.iam.policy import nested

Settings = Mapping[str, Any]
_AWS = "https://docs.aws.amazon.com/"
_PROVIDER = "https://github.com/hashicorp/terraform-provider-aws/issues/"


def _always(_: Settings) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Needs:
    """A resource of one type must wait for those of another type that belong to it."""

    kind: str
    """Type of the resource that waits."""
    first: str
    """Type of what it waits for."""
    why: str
    """What happens otherwise."""
    source: str
    """The page that documents it."""
    by: str = ""
    """Attributes that lead from the resource to a common resource (`subnet_id.vpc_id`). Empty: it waits for all."""
    at: str = ""
    """Attribute of the other resource that leads to the same common resource; `*` is any."""
    where: Mapping[str, str] = field(default_factory=dict)
    """Attributes of the other resource, as templates of the resource's own (`/aws/rds/instance/{identifier}`)."""
    when: Callable[[Settings], bool] = _always
    """Whether the resource needs it, by its settings."""
    required: bool = False
    """Whether the other resource must exist."""
    once: bool = False
    """Whether an account has the other resource once, so that another stage of the account may create it."""


def _rows(kinds: str, firsts: str, why: str, source: str, **more: Any) -> Iterator[Needs]:  # noqa: ANN401
    """A row for each pair of types; of several types to wait for, only the first is required."""
    required = more.pop("required", False)
    for kind in kinds.split():
        for number, first in enumerate(firsts.split()):
            yield Needs(kind=kind, first=first, why=why, source=source, required=required and not number, **more)


def _public(settings: Settings) -> bool:
    return str(settings.get("connectivity_type")) != "private"


def _internet_facing(settings: Settings) -> bool:
    return not is_true(settings.get("internal"))


def _monitored(settings: Settings) -> bool:
    return str(settings.get("monitoring_interval", 0)) != "0"


def _has_insights(settings: Settings) -> bool:
    values = [each.get("value") for each in nested(settings, "setting") if each.get("name") == "containerInsights"]
    return any(value != "disabled" for value in values)


def _logs_chat(settings: Settings) -> bool:
    return str(settings.get("logging_level", "NONE")) != "NONE"


def _of_ecs(settings: Settings) -> bool:
    return str(settings.get("service_namespace")) == "ecs"


def _by_strategy(settings: Settings) -> bool:
    return not settings.get("launch_type")


# Public addresses, and the internet gateway that they need. ------------------------------------------------------

_GATEWAY = "aws_internet_gateway aws_internet_gateway_attachment"

_INTERNET = (
    *_rows(
        "aws_nat_gateway",
        _GATEWAY,
        "its creation fails with Gateway.NotAttached",
        _AWS + "vpc/latest/userguide/nat-gateway-troubleshooting.html#nat-gateway-troubleshooting-failed",
        by="subnet_id.vpc_id",
        at="vpc_id",
        when=_public,
        required=True,
    ),
    *_rows(
        "aws_eip",
        _GATEWAY,
        "it can't be associated before the gateway is attached, nor the gateway be detached before it is released",
        _AWS + "AWSEC2/latest/APIReference/API_DetachInternetGateway.html",
        required=True,
    ),
    *_rows(
        "aws_lb aws_alb aws_elb",
        _GATEWAY,
        'AWS refuses it with "VPC has no internet gateway"',
        _AWS + "elasticloadbalancing/latest/application/application-load-balancers.html",
        by="subnets.vpc_id",
        at="vpc_id",
        when=_internet_facing,
        required=True,
    ),
)

# Roles that a service uses at once. ------------------------------------------------------------------------------

_NO_MONITORING = "AWS refuses it: the role lacks the permissions for ENHANCED_MONITORING"
_ROLES = tuple(
    row
    for kinds, by, why, source in (
        (
            "aws_flow_log",
            "iam_role_arn",
            "it ends in 'Access error'",
            _AWS + "vpc/latest/userguide/flow-logs-iam-role.html",
        ),
        (
            "aws_cloudtrail",
            "cloud_watch_logs_role_arn",
            "AWS refuses it with InvalidCloudWatchLogsRoleArnException",
            _AWS + "awscloudtrail/latest/APIReference/API_CreateTrail.html",
        ),
        (
            "aws_config_configuration_recorder",
            "role_arn",
            "AWS Config can't record without permissions",
            _AWS + "config/latest/developerguide/iamrole-permissions.html",
        ),
        ("aws_db_instance aws_rds_cluster_instance", "monitoring_role_arn", _NO_MONITORING, _PROVIDER + "315"),
        (
            "aws_cloudwatch_event_target",
            "role_arn",
            "earlier events are lost",
            _AWS + "eventbridge/latest/userguide/eb-cross-region.html",
        ),
        (
            "aws_scheduler_schedule",
            "target.role_arn",
            "earlier starts fail",
            _AWS + "scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role",
        ),
        (
            "aws_codedeploy_deployment_group",
            "service_role_arn",
            "AWS refuses it with InvalidRoleException",
            _AWS + "codedeploy/latest/APIReference/API_CreateDeploymentGroup.html",
        ),
        (
            "aws_chatbot_slack_channel_configuration",
            "iam_role_arn",
            "it can't show anything at first",
            _AWS + "chatbot/latest/adminguide/understanding-permissions.html",
        ),
        (
            "aws_ecs_service",
            "task_definition.execution_role_arn",
            "its first tasks can't pull their image or read their secrets",
            _AWS + "AmazonECS/latest/developerguide/task_execution_IAM_role.html",
        ),
        (
            "aws_ecs_service",
            "task_definition.task_role_arn",
            "its first tasks run without their permissions",
            _AWS + "AmazonECS/latest/developerguide/task-iam-roles.html",
        ),
        (
            "aws_lambda_function",
            "role",
            "it runs without its permissions at first",
            _AWS + "lambda/latest/dg/lambda-intro-execution-role.html",
        ),
        (
            "aws_s3_bucket_replication_configuration",
            "role",
            "earlier objects aren't replicated",
            _AWS + "AmazonS3/latest/userguide/setting-repl-config-perm-overview.html",
        ),
    )
    for row in _rows(kinds, "aws_iam_role_policy aws_iam_role_policy_attachment", why, source, by=by, at="role")
)

# Policies of buckets, topics and keys that allow a service. ------------------------------------------------------

_LB_LOGS = _AWS + "elasticloadbalancing/latest/application/enable-access-logging.html"
_BUCKETS = tuple(
    row
    for kind, by, why, source in (
        (
            "aws_cloudtrail",
            "s3_bucket_name",
            "AWS refuses it with InsufficientS3BucketPolicyException",
            _AWS + "awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
        ),
        (
            "aws_config_delivery_channel",
            "s3_bucket_name",
            "AWS refuses it with InsufficientDeliveryPolicyException",
            _AWS + "config/latest/developerguide/s3-bucket-policy.html",
        ),
        ("aws_lb aws_alb", "access_logs.bucket", "AWS refuses it: access denied for the bucket", _LB_LOGS),
        ("aws_lb aws_alb", "connection_logs.bucket", "AWS refuses it: access denied for the bucket", _LB_LOGS),
        (
            "aws_s3_bucket_logging",
            "target_bucket",
            "earlier log entries are lost",
            _AWS + "AmazonS3/latest/userguide/enable-server-access-logging.html",
        ),
        (
            "aws_flow_log",
            "log_destination",
            "AWS refuses it with LogDestinationPermissionIssue",
            _AWS + "vpc/latest/userguide/flow-logs-s3-permissions.html",
        ),
        (
            "aws_wafv2_web_acl_logging_configuration",
            "log_destination_configs",
            "AWS refuses it with WAFLogDestinationPermissionIssueException",
            _AWS + "waf/latest/developerguide/logging-s3.html",
        ),
    )
    for row in _rows(kind, "aws_s3_bucket_policy", why, source, by=by, at="bucket")
)

_DROPPED = "earlier messages are dropped"
_TOPICS = tuple(
    row
    for kinds, by, why, source in (
        (
            "aws_cloudwatch_event_target",
            "arn",
            _DROPPED,
            _AWS + "eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions",
        ),
        (
            "aws_budgets_budget",
            "notification.subscriber_sns_topic_arns",
            _DROPPED,
            _AWS + "cost-management/latest/userguide/budgets-sns-policy.html",
        ),
        (
            "aws_db_event_subscription",
            "sns_topic",
            "AWS refuses it with SNSNoAuthorization",
            _AWS + "AmazonRDS/latest/UserGuide/USER_Events.GrantingPermissions.html",
        ),
        (
            "aws_cloudwatch_metric_alarm aws_cloudwatch_composite_alarm",
            "alarm_actions",
            _DROPPED,
            _AWS + "AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html",
        ),
        (
            "aws_cloudtrail",
            "sns_topic_name",
            "AWS refuses it with InsufficientSnsTopicPolicyException",
            _AWS + "awscloudtrail/latest/userguide/cloudtrail-permissions-for-sns-notifications.html",
        ),
    )
    for row in _rows(kinds, "aws_sns_topic_policy", why, source, by=by, at="arn")
)

_KEYS = tuple(
    row
    for kind, by, source in (
        ("aws_cloudwatch_log_group", "kms_key_id", _AWS + "AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html"),
        (
            "aws_cloudtrail",
            "kms_key_id",
            _AWS + "awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html",
        ),
        ("aws_sns_topic", "kms_master_key_id", _AWS + "sns/latest/dg/sns-key-management.html"),
        ("aws_config_delivery_channel", "s3_kms_key_arn", _AWS + "config/latest/developerguide/s3-kms-key-policy.html"),
    )
    for row in _rows(kind, "aws_kms_key_policy", "the service may not use the key yet", source, by=by, at="key_id")
)

# Service-linked roles, which the first call in an account would create. ------------------------------------------

_DATABASES = "aws_db_subnet_group aws_db_instance aws_rds_cluster"
_CACHES = "aws_elasticache_subnet_group aws_elasticache_replication_group aws_elasticache_cluster"
_SERVICE_LINKED = tuple(
    row
    for principal, kinds, page in (
        ("rds", _DATABASES, "AmazonRDS/latest/UserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html"),
        ("elasticache", _CACHES, "AmazonElastiCache/latest/dg/using-service-linked-roles.html"),
        ("ecs", "aws_ecs_cluster aws_ecs_service", "AmazonECS/latest/developerguide/using-service-linked-roles.html"),
        (
            "elasticloadbalancing",
            "aws_lb aws_alb aws_elb",
            "elasticloadbalancing/latest/userguide/elb-service-linked-roles.html",
        ),
        (
            "ecs.application-autoscaling",
            "aws_appautoscaling_target",
            "autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html",
        ),
        (
            "config",
            "aws_config_configuration_recorder",
            "config/latest/developerguide/using-service-linked-roles.html",
        ),
        ("guardduty", "aws_guardduty_detector", "guardduty/latest/ug/slr-permissions.html"),
        ("securityhub", "aws_securityhub_account", "securityhub/latest/userguide/using-service-linked-roles.html"),
        (
            "access-analyzer",
            "aws_accessanalyzer_analyzer",
            "IAM/latest/UserGuide/access-analyzer-using-service-linked-roles.html",
        ),
    )
    for row in _rows(
        kinds,
        "aws_iam_service_linked_role",
        "the first call in an account fails, or creates the role with the caller's rights",
        _AWS + page,
        where={"aws_service_name": f"{principal}.amazonaws.com"},
        when=_of_ecs if kinds == "aws_appautoscaling_target" else _always,
        required=True,
        once=True,
    )
)

# Log groups that AWS creates itself, without our key and retention, unless they exist. -------------

_LOG_GROUPS = tuple(
    row
    for kinds, name, when, page in (
        (
            "aws_db_instance aws_rds_cluster_instance",
            "RDSOSMetrics",
            _monitored,
            "AmazonRDS/latest/UserGuide/USER_Monitoring.OS.CloudWatchLogs.html",
        ),
        (
            "aws_db_instance",
            "/aws/rds/instance/{identifier}/{enabled_cloudwatch_logs_exports}",
            _always,
            "AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html",
        ),
        (
            "aws_rds_cluster",
            "/aws/rds/cluster/{cluster_identifier}/{enabled_cloudwatch_logs_exports}",
            _always,
            "AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.CloudWatch.html",
        ),
        (
            "aws_ecs_cluster",
            "/aws/ecs/containerinsights/{name}/performance",
            _has_insights,
            "AmazonCloudWatch/latest/monitoring/Container-Insights-reference.html",
        ),
        (
            "aws_chatbot_slack_channel_configuration",
            "/aws/chatbot/{configuration_name}",
            _logs_chat,
            "cdk/api/v2/docs/aws-cdk-lib.aws_chatbot-readme.html#log-group",
        ),
        (
            "aws_lambda_function",
            "/aws/lambda/{function_name}",
            _always,
            "lambda/latest/dg/monitoring-cloudwatchlogs.html",
        ),
    )
    for row in _rows(
        kinds,
        "aws_cloudwatch_log_group",
        "AWS creates the log group itself, without our key and retention",
        _AWS + page,
        where={"name": name},
        when=when,
        required=True,
        once=name == "RDSOSMetrics",
    )
)

# Resources of one service that need each other. ------------------------------------------------------------------

_CONFIG, _CHANNEL = _AWS + "config/latest/APIReference/", "aws_config_delivery_channel"
_RECORDING = "aws_config_configuration_recorder_status"
_OTHERS = (
    *_rows(
        _CHANNEL,
        "aws_config_configuration_recorder",
        "AWS refuses it with NoAvailableConfigurationRecorderException",
        _CONFIG + "API_PutDeliveryChannel.html",
    ),
    *_rows(
        _RECORDING,
        _CHANNEL,
        "AWS refuses it with NoAvailableDeliveryChannelException",
        _CONFIG + "API_StartConfigurationRecorder.html",
    ),
    *_rows(
        "aws_config_config_rule",
        "aws_config_configuration_recorder",
        "AWS refuses it with NoAvailableConfigurationRecorderException",
        _CONFIG + "API_PutConfigRule.html",
    ),
    *_rows(
        "aws_securityhub_standards_subscription",
        _RECORDING,
        "its controls stay without a result while AWS Config doesn't record",
        _AWS + "securityhub/latest/userguide/securityhub-setup-prereqs.html",
    ),
    *_rows(
        "aws_securityhub_standards_subscription aws_securityhub_product_subscription",
        "aws_securityhub_account",
        "AWS refuses it with InvalidAccessException: the account isn't subscribed to Security Hub",
        _AWS + "securityhub/1.0/APIReference/API_BatchEnableStandards.html",
    ),
    *_rows(
        "aws_ecs_service",
        "aws_lb_listener aws_lb_listener_rule",
        "AWS refuses it: the target group has no load balancer",
        _AWS + "AmazonECS/latest/developerguide/service-load-balancing.html",
        by="load_balancer.target_group_arn",
        at="*",
    ),
    *_rows(
        "aws_ecs_service",
        "aws_ecs_cluster_capacity_providers",
        "AWS refuses it: the cluster has no capacity provider; on destroy, the provider is still in use",
        _AWS + "AmazonECS/latest/APIReference/API_PutClusterCapacityProviders.html",
        by="cluster",
        at="cluster_name",
        when=_by_strategy,
    ),
    *_rows(
        "aws_wafv2_web_acl_logging_configuration",
        "aws_cloudwatch_log_resource_policy",
        "AWS WAF writes a policy of its own, which all web ACLs of the account share",
        _AWS + "waf/latest/developerguide/logging-cw-logs.html",
    ),
    *_rows(
        "aws_lb_listener aws_lb_listener_certificate aws_alb_listener",
        "aws_acm_certificate_validation",
        "AWS refuses it with UnsupportedCertificate: the certificate isn't issued",
        _AWS + "elasticloadbalancing/latest/application/https-listener-certificates.html",
        by="certificate_arn",
        at="certificate_arn",
    ),
    *_rows(
        "aws_s3_bucket_acl",
        "aws_s3_bucket_ownership_controls",
        "AWS refuses it with AccessControlListNotSupported",
        _AWS + "AmazonS3/latest/userguide/about-object-ownership.html",
        by="bucket",
        at="bucket",
    ),
    *_rows(
        "aws_s3_bucket_replication_configuration aws_s3_bucket_object_lock_configuration",
        "aws_s3_bucket_versioning",
        "AWS refuses it: the bucket has no versioning",
        _AWS + "AmazonS3/latest/userguide/replication-requirements.html",
        by="bucket",
        at="bucket",
    ),
    *_rows(
        "aws_secretsmanager_secret_rotation",
        "aws_lambda_permission",
        "AWS refuses it: Secrets Manager may not invoke the function",
        _AWS + "secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html",
        by="rotation_lambda_arn",
        at="function_name",
    ),
)

NEEDS: tuple[Needs, ...] = (
    *_INTERNET,
    *_ROLES,
    *_BUCKETS,
    *_TOPICS,
    *_KEYS,
    *_SERVICE_LINKED,
    *_LOG_GROUPS,
    *_OTHERS,
)
