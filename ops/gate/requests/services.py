"""What AWS's services call on behalf of a resource, as principals of their own or with a role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from environments.names import Names
from ops.gate.index import Index, values_at
from ops.gate.model import ScannedBlock
from ops.gate.permissions.statements import Arns
from ops.gate.requests.policies import Request

_ALARMS, _BUDGETS, _CHAT = "cloudwatch.amazonaws.com", "budgets.amazonaws.com", "chatbot.amazonaws.com"
_CODEDEPLOY, _EVENTS, _LOGS = "codedeploy.amazonaws.com", "events.amazonaws.com", "logs.{region}.{dns}"
_RECORDER, _SCHEDULER, _TRAIL = "config.amazonaws.com", "scheduler.amazonaws.com", "cloudtrail.amazonaws.com"
_DATABASE_EVENTS, _MONITORING = "events.rds.amazonaws.com", "monitoring.rds.amazonaws.com"
_TASKS = "ecs-tasks.amazonaws.com"
_PUBLISH = ("sns:Publish",)
_ENCRYPT = ("kms:Decrypt", "kms:GenerateDataKey")
_STREAM = ("logs:CreateLogStream", "logs:PutLogEvents")
_ASSUME = ("sts:AssumeRole",)
_ARN = "arn:{partition}:"
_HERE = "{region}:{account}:"
_CLUSTER = _ARN + "ecs:" + _HERE + "cluster/{prefix}"
_SERVICE = _ARN + "ecs:" + _HERE + "service/{own[ecs_service.cluster_name]}/{own[ecs_service.service_name]}"
_OS_METRICS = _ARN + "logs:" + _HERE + "log-group:RDSOSMetrics:"
_ACCOUNT = {"aws:SourceAccount": "{account}"}


@dataclass(frozen=True)
class Call:
    """Requests that a type of resource needs. Texts may have `{account}`, `{own[name]}`, `{target[arn]}` and such."""

    kind: str
    """Type of the resource."""
    path: str
    """Attributes that lead to the target, each followed to a block, joined by ` > `; empty if there is no target."""
    caller: str
    """The service; or `@` and the attribute with the role that it uses."""
    actions: tuple[str, ...]
    resource: str
    """ARN of the resource."""
    keys: Mapping[str, str]
    source: str
    target: str = ""
    """Type that the target must have; a call isn't made on others."""
    limit: str = ""
    """`@` and the attribute with a policy that must allow it too."""
    only: Literal["", "limit"] = ""
    denied: bool = False


def _sent(service: str, kind: str, attribute: str, source_arn: str, source: str) -> Iterator[Call]:
    """The calls of a service that sends to an encrypted topic."""
    keys = {**_ACCOUNT, "aws:SourceArn": source_arn} if source_arn else {}
    yield Call(kind, attribute, service, _PUBLISH, "{target[arn]}", keys, source, "aws_sns_topic")
    path = f"{attribute} > kms_master_key_id"
    yield Call(kind, path, service, _ENCRYPT, "{target[arn]}", keys, source, "aws_kms_key")


def _used(service: str, kind: str, attribute: str, source_arn: str, source: str) -> Call:
    """The call of a service that assumes a role."""
    keys = {**_ACCOUNT, "aws:SourceArn": source_arn}
    return Call(kind, attribute, service, _ASSUME, "{target[arn]}", keys, source, "aws_iam_role")


_DOCS = "https://docs.aws.amazon.com/"
_ALARM_ARN = _ARN + "cloudwatch:" + _HERE + "alarm:{own[alarm_name]}"
_TRAIL_ARN = _ARN + "cloudtrail:" + _HERE + "trail/{own[name]}"
_TRAIL_KEYS = {"aws:SourceArn": _TRAIL_ARN}
_OWNED = {"s3:x-amz-acl": "bucket-owner-full-control"}
_BLUE_GREEN = "aws_codedeploy_deployment_group"
_SCHEDULE = "aws_scheduler_schedule"
_CONFIG = "aws_config_delivery_channel"
_BALANCING = "elasticloadbalancing"
_ACTIONS = _DOCS + "service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"
_TASK = "target.ecs_parameters.task_definition_arn"

CALLS: tuple[Call, ...] = (
    # Without the permission the service drops the message: neither Terraform nor the sender reports an error.
    *(
        call
        for kind in ("aws_cloudwatch_composite_alarm", "aws_cloudwatch_metric_alarm")
        for state in ("alarm", "insufficient_data", "ok")
        for call in _sent(
            _ALARMS,
            kind,
            f"{state}_actions",
            _ALARM_ARN,
            _DOCS + "AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html",
        )
    ),
    *_sent(
        _BUDGETS,
        "aws_budgets_budget",
        "notification.subscriber_sns_topic_arns",
        _ARN + "budgets::{account}:budget/{own[name]}",
        _DOCS + "cost-management/latest/userguide/budgets-sns-policy.html",
    ),
    # EventBridge sends neither account nor rule.
    *_sent(
        _EVENTS,
        "aws_cloudwatch_event_target",
        "arn",
        "",
        _DOCS + "eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions",
    ),
    *_sent(
        _DATABASE_EVENTS,
        "aws_db_event_subscription",
        "sns_topic",
        _ARN + "rds:" + _HERE + "db:{prefix}",
        _DOCS + "AmazonRDS/latest/UserGuide/USER_Events.GrantingPermissions.html",
    ),
    # The trail: bucket, key, and the role for its log group.
    Call(
        "aws_cloudtrail",
        "s3_bucket_name",
        _TRAIL,
        ("s3:GetBucketAcl",),
        "{target[arn]}",
        _TRAIL_KEYS,
        _DOCS + "awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
    ),
    Call(
        "aws_cloudtrail",
        "s3_bucket_name",
        _TRAIL,
        ("s3:PutObject",),
        "{target[arn]}/AWSLogs/{account}/CloudTrail/{region}/2026/01/01/log.json.gz",
        {**_TRAIL_KEYS, **_OWNED},
        _DOCS + "awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
    ),
    Call(
        "aws_cloudtrail",
        "kms_key_id",
        _TRAIL,
        ("kms:DescribeKey", "kms:GenerateDataKey"),
        "{target[arn]}",
        {**_TRAIL_KEYS, "kms:EncryptionContext:aws:cloudtrail:arn": _TRAIL_ARN},
        _DOCS + "awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html",
    ),
    Call(
        "aws_cloudtrail",
        "",
        "@cloud_watch_logs_role_arn",
        _STREAM,
        "{own[cloud_watch_logs_group_arn]}:log-stream:{account}_CloudTrail_{region}",
        {},
        _DOCS + "awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html",
    ),
    _used(
        _TRAIL,
        "aws_cloudtrail",
        "cloud_watch_logs_role_arn",
        _TRAIL_ARN,
        _DOCS + "awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html",
    ),
    # AWS Config: bucket and key.
    Call(
        _CONFIG,
        "s3_bucket_name",
        _RECORDER,
        ("s3:GetBucketAcl", "s3:ListBucket"),
        "{target[arn]}",
        _ACCOUNT,
        _DOCS + "config/latest/developerguide/s3-bucket-policy.html",
    ),
    Call(
        _CONFIG,
        "s3_bucket_name",
        _RECORDER,
        ("s3:PutObject",),
        "{target[arn]}/AWSLogs/{account}/Config/{region}/2026/1/1/ConfigHistory/history.json.gz",
        {**_ACCOUNT, **_OWNED},
        _DOCS + "config/latest/developerguide/s3-bucket-policy.html",
    ),
    Call(
        _CONFIG,
        "s3_kms_key_arn",
        _RECORDER,
        _ENCRYPT,
        "{target[arn]}",
        _ACCOUNT,
        _DOCS + "config/latest/developerguide/s3-kms-key-policy.html",
    ),
    # Access logs.
    Call(
        "aws_lb",
        "access_logs.bucket",
        "logdelivery.elasticloadbalancing.amazonaws.com",
        ("s3:PutObject",),
        "{target[arn]}/AWSLogs/{account}/elasticloadbalancing/{region}/2026/01/01/log.gz",
        {"aws:SourceArn": _ARN + "elasticloadbalancing:" + _HERE + "loadbalancer/app/{own[name]}/1"},
        _DOCS + "elasticloadbalancing/latest/application/enable-access-logging.html",
    ),
    Call(
        "aws_s3_bucket_logging",
        "target_bucket",
        "logging.s3.amazonaws.com",
        ("s3:PutObject",),
        "{target[arn]}/{own[target_prefix]}2026-01-01-00-00-00-1",
        {**_ACCOUNT, "aws:SourceArn": _ARN + "s3:::{own[bucket]}"},
        _DOCS + "AmazonS3/latest/userguide/enable-server-access-logging.html#grant-log-delivery-permissions-general",
    ),
    # Log groups.
    Call(
        "aws_cloudwatch_log_group",
        "kms_key_id",
        _LOGS,
        ("kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", *_ENCRYPT),
        "{target[arn]}",
        {"kms:EncryptionContext:aws:logs:arn": _ARN + "logs:" + _HERE + "log-group:{own[name]}"},
        _DOCS + "AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    ),
    Call(
        "aws_wafv2_web_acl_logging_configuration",
        "log_destination_configs",
        "delivery.logs.amazonaws.com",
        _STREAM,
        "{target[arn]}:log-stream:{region}_web_acl_0",
        {**_ACCOUNT, "aws:SourceArn": _ARN + "logs:" + _HERE + "*"},
        _DOCS + "AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-CloudWatchLogs.html",
    ),
    Call(
        "aws_flow_log",
        "log_destination",
        "@iam_role_arn",
        (*_STREAM, "logs:DescribeLogStreams"),
        "{target[arn]}:log-stream:eni-1-all",
        {},
        _DOCS + "vpc/latest/userguide/flow-logs-iam-role.html",
    ),
    _used(
        "vpc-flow-logs.amazonaws.com",
        "aws_flow_log",
        "iam_role_arn",
        _ARN + "ec2:" + _HERE + "vpc-flow-log/fl-1",
        _DOCS + "vpc/latest/userguide/flow-logs-iam-role.html",
    ),
    Call(
        "aws_db_instance",
        "",
        "@monitoring_role_arn",
        ("logs:CreateLogGroup", "logs:PutRetentionPolicy"),
        _OS_METRICS + "*",
        {},
        _DOCS + "AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html",
    ),
    Call(
        "aws_db_instance",
        "",
        "@monitoring_role_arn",
        (*_STREAM, "logs:DescribeLogStreams", "logs:GetLogEvents"),
        _OS_METRICS + "log-stream:db-1",
        {},
        _DOCS + "AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html",
    ),
    _used(
        _MONITORING,
        "aws_db_instance",
        "monitoring_role_arn",
        _ARN + "rds:" + _HERE + "db:{own[identifier]}",
        _DOCS + "AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html",
    ),
    # Alarms in Slack.
    *(
        Call(
            "aws_chatbot_slack_channel_configuration",
            "",
            "@iam_role_arn",
            (f"cloudwatch:{action}",),
            resource,
            {},
            _DOCS + "chatbot/latest/adminguide/understanding-permissions.html",
            limit="@guardrail_policy_arns",
        )
        for action, resource in (
            ("DescribeAlarms", "*"),
            ("GetMetricData", "*"),
            ("GetMetricWidgetImage", "*"),
            ("DescribeAlarmHistory", _ARN + "cloudwatch:" + _HERE + "alarm:{prefix}-any"),
        )
    ),
    Call(
        "aws_chatbot_slack_channel_configuration",
        "",
        "@iam_role_arn",
        ("cloudwatch:DeleteAlarms", "ecs:UpdateService", "logs:FilterLogEvents", "s3:GetObject"),
        "*",
        {},
        _DOCS + "chatbot/latest/adminguide/understanding-permissions.html",
        limit="@guardrail_policy_arns",
        only="limit",
        denied=True,
    ),
    _used(
        _CHAT,
        "aws_chatbot_slack_channel_configuration",
        "iam_role_arn",
        _ARN + "chatbot::{account}:chat-configuration/slack-channel/{own[configuration_name]}",
        _DOCS + "chatbot/latest/adminguide/understanding-permissions.html",
    ),
    # Events of another region.
    Call(
        "aws_cloudwatch_event_target",
        "",
        "@role_arn",
        ("events:PutEvents",),
        "{own[arn]}",
        {},
        _DOCS + "eventbridge/latest/userguide/eb-cross-region.html",
    ),
    _used(
        _EVENTS,
        "aws_cloudwatch_event_target",
        "role_arn",
        _ARN + "events:" + _HERE + "rule/{prefix}",
        _DOCS + "eventbridge/latest/userguide/eb-cross-region.html",
    ),
    # Scheduled tasks.
    Call(
        _SCHEDULE,
        _TASK,
        "@target.role_arn",
        ("ecs:RunTask",),
        _ARN + "ecs:" + _HERE + "task-definition/{target[family]}:1",
        {"ecs:cluster": _CLUSTER},
        _DOCS + "scheduler/latest/UserGuide/managing-targets-templated.html",
    ),
    Call(
        _SCHEDULE,
        _TASK,
        "@target.role_arn",
        ("ecs:TagResource",),
        _ARN + "ecs:" + _HERE + "task/{prefix}/1",
        {"ecs:CreateAction": "RunTask"},
        _DOCS + "AmazonECS/latest/developerguide/supported-iam-actions-tagging.html",
    ),
    *(
        Call(
            _SCHEDULE,
            f"{_TASK} > {kind}_role_arn",
            "@target.role_arn",
            ("iam:PassRole",),
            "{target[arn]}",
            {"iam:PassedToService": _TASKS},
            _DOCS + "AmazonECS/latest/developerguide/CWE_IAM_role.html",
        )
        for kind in ("execution", "task")
    ),
    _used(
        _SCHEDULER,
        _SCHEDULE,
        "target.role_arn",
        _ARN + "scheduler:" + _HERE + "schedule-group/{prefix}",
        _DOCS + "scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html",
    ),
    # Blue/green deployments.
    *(
        Call(
            _BLUE_GREEN,
            "",
            "@service_role_arn",
            actions,
            resource,
            keys,
            _DOCS + "aws-managed-policy/latest/reference/AWSCodeDeployRoleForECSLimited.html",
        )
        for actions, resource, keys in (
            (("ecs:DescribeServices", "ecs:UpdateServicePrimaryTaskSet"), _SERVICE, {}),
            (("ecs:CreateTaskSet",), "*", {"ecs:cluster": _CLUSTER, "ecs:service": _SERVICE}),
            (("ecs:DeleteTaskSet",), _SERVICE.replace(":service/", ":task-set/") + "/1", {}),
            (("elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules"), "*", {}),
            (("elasticloadbalancing:DescribeTargetGroups", "cloudwatch:DescribeAlarms"), "*", {}),
            (
                ("elasticloadbalancing:ModifyListener",),
                _ARN + "elasticloadbalancing:" + _HERE + "listener/app/{prefix}/1/2",
                {},
            ),
            (
                ("elasticloadbalancing:ModifyRule",),
                _ARN + "elasticloadbalancing:" + _HERE + "listener-rule/app/{prefix}/1/2/3",
                {},
            ),
        )
    ),
    _used(
        _CODEDEPLOY,
        _BLUE_GREEN,
        "service_role_arn",
        _ARN + "codedeploy:" + _HERE + "deploymentgroup:{own[app_name]}/{own[deployment_group_name]}",
        _DOCS + "codedeploy/latest/userguide/getting-started-create-service-role.html",
    ),
    # The deployer's permissions are on names.
    *(
        Call(kind, "", _ARN + "iam::{account}:role/{prefix}-deployer", (action,), _ARN + resource, {}, _ACTIONS)
        for kind, action, resource in (
            ("aws_codedeploy_app", "codedeploy:GetApplication", f"codedeploy:{_HERE}application:{{own[name]}}"),
            ("aws_db_instance", "rds:CreateDBSnapshot", f"rds:{_HERE}db:{{own[identifier]}}"),
            ("aws_ecs_cluster", "ecs:UpdateCluster", f"ecs:{_HERE}cluster/{{own[name]}}"),
            ("aws_lb", f"{_BALANCING}:SetSubnets", f"{_BALANCING}:{_HERE}loadbalancer/app/{{own[name]}}/1"),
            (
                "aws_lb_target_group",
                f"{_BALANCING}:ModifyTargetGroup",
                f"{_BALANCING}:{_HERE}targetgroup/{{own[name]}}/1",
            ),
            (
                "aws_scheduler_schedule_group",
                "scheduler:GetScheduleGroup",
                f"scheduler:{_HERE}schedule-group/{{own[name]}}",
            ),
        )
    ),
    # Tasks; what their roles may call is in `roles.py`.
    *(
        _used(
            _TASKS,
            "aws_ecs_task_definition",
            f"{kind}_role_arn",
            _ARN + "ecs:" + _HERE + "*",
            _DOCS + "AmazonECS/latest/developerguide/task-iam-roles.html",
        )
        for kind in ("execution", "task")
    ),
)


def service_requests(index: Index, names: Names, arns: Arns) -> Iterator[tuple[ScannedBlock, Request]]:
    """The requests that the resources of an environment need, each with the resource."""
    place = names.place
    common = {
        "account": place.account_id,
        "dns": place.partition.dns_suffix,
        "partition": place.partition.name,
        "prefix": names.prefix,
        "region": place.region,
    }
    for call in CALLS:
        for block in index.all(call.kind):
            for target in _followed(block, call.path, index) if call.path else [block]:
                values = {**common, "own": _Settings(block, arns), "target": _Settings(target, arns)}
                caller, limit = (_referred(block, each, index, arns) for each in (call.caller, call.limit))
                if caller is None or call.target not in {"", target.kind}:
                    continue
                for action in call.actions:
                    yield (
                        block,
                        Request(
                            caller=caller.format_map(values),
                            action=action,
                            resource=call.resource.format_map(values),
                            keys={key: value.format_map(values) for key, value in call.keys.items()},
                            limit=limit or "",
                            only=call.only,
                            denied=call.denied,
                        ),
                    )


def _referred(block: ScannedBlock, text: str, index: Index, arns: Arns) -> str | None:
    """A text; after `@`, the ARN of what an attribute refers to, None if it refers to nothing."""
    if not text.startswith("@"):
        return text
    found = next(_followed(block, text[1:], index), None)
    return None if found is None else arns.of(found) or ""


def _followed(block: ScannedBlock, path: str, index: Index) -> Iterator[ScannedBlock]:
    """The blocks that attributes lead to, each followed to the next."""
    attribute, _, rest = path.partition(" > ")
    for value in values_at(block.settings, attribute):
        found = index.follow(value)
        if found is not None:
            yield from _followed(found, rest, index) if rest else [found]


class _Settings(dict[str, Any]):
    """The settings of a block as texts, by path, and its ARN."""

    def __init__(self, block: ScannedBlock, arns: Arns) -> None:
        super().__init__()
        self._block, self._arns = block, arns

    def __missing__(self, path: str) -> str:
        found = next(values_at(self._block.settings, path), None)
        if found is None and path == "arn":
            return self._arns.of(self._block) or ""
        # The ARN of a log group that CloudTrail takes ends with `:*`.
        return self._arns.render("" if found is None else found, allows=False).removesuffix(":*")
