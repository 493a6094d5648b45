"""Policies that lost what production needs or must deny, resources that overwrite others, and keys of others."""

from __future__ import annotations

from typing import Any

from tests.gate.planted.row import GONE, Row

_ACCOUNT, _DATA, _FIREWALL, _NETWORK = "prod-account", "prod-data", "prod-hardening", "prod-network"
_SECRETS, _STATE, _ORGANIZATION = "prod-secrets", "prod-state", "organization"
_DOCUMENT = "data/aws_iam_policy_document"
_OTHER = "arn:aws:s3:::another"
_OTHER_TRAIL = "arn:aws:cloudtrail:us-east-1:111122223333:trail/other"
_GUARDED = "aws_organizations_account.account_aep_prod"


def _condition(test: str, variable: str, value: str) -> list[dict[str, Any]]:
    return [{"test": test, "variable": variable, "values": [value]}]


def _policy(
    requirement: str, sentence: str, place: tuple[str, str, int], change: tuple[str, Any] | None = None, seen: str = ""
) -> Row:
    """A row that removes a statement, or changes one attribute of it.

    Args:
        requirement: Its requirement.
        sentence: What is wrong.
        place: The stack, the policy and the statement's number.
        change: The attribute and its value.
        seen: What it is reported on, if that is in another stack.
    """
    stack, policy, number = place
    attribute, value = change or ("", GONE)
    path = f"{_DOCUMENT}/{policy}_document/statement/{number}"
    id_ = f"{policy.replace('_', '-')}-{number}-{attribute or 'gone'}".replace("_", "-")
    return Row(id_, requirement, sentence, stack, f"{path}/{attribute}".removesuffix("/"), value, seen)


_TLS_DENIED = _condition("Bool", "aws:SecureTransport", "true")
_ALERTS = (
    _policy(
        "R8.3", "The alerts topic denies requests with TLS", (_ACCOUNT, "alerts_policy", 0), ("condition", _TLS_DENIED)
    ),
    _policy(
        "R8.3",
        "The alerts topic lets only another alarm publish",
        (_ACCOUNT, "alerts_policy", 1),
        ("condition", _condition("ArnLike", "aws:SourceArn", "arn:aws:cloudwatch:us-east-1:111122223333:other:*")),
    ),
    _policy("R1.5", "The alerts topic denies budgets", (_ACCOUNT, "alerts_policy", 2), ("effect", "Deny")),
    _policy("R8.3", "RDS's events can't be published", (_ACCOUNT, "alerts_policy", 3)),
    _policy(
        "R1.3",
        "The alerts topic lets EventBridge subscribe only",
        (_ACCOUNT, "alerts_policy", 4),
        ("actions", ["sns:Subscribe"]),
    ),
    _policy(
        "R8.3",
        "The alerts key doesn't let alarms create data keys",
        (_ACCOUNT, "alerts_key", 1),
        ("actions", ["kms:Decrypt"]),
    ),
    _policy("R4.3", "Only the alerts key itself decides who may change it", (_ACCOUNT, "alerts_key", 0)),
)
_RECORDS = (
    _policy(
        "R1.7",
        "The trail's bucket takes another trail only",
        (_ACCOUNT, "trail_bucket", 2),
        ("condition", _condition("StringEquals", "aws:SourceArn", _OTHER_TRAIL)),
    ),
    _policy("R1.7", "The trail can't look up its bucket", (_ACCOUNT, "trail_bucket", 1)),
    _policy("R1.7", "The trail can't encrypt", (_ACCOUNT, "audit_key", 1)),
    _policy(
        "R1.7",
        "AWS Config's bucket policy is about another bucket",
        (_ACCOUNT, "config_bucket", 2),
        ("resources", [_OTHER]),
    ),
    _policy("R1.7", "AWS Config can't decrypt what it wrote", (_ACCOUNT, "audit_key", 4)),
    _policy("R1.7", "The trail's role writes to no log group", (_ACCOUNT, "trail_role", 0), ("resources", [_OTHER])),
    _policy(
        "R1.7",
        "CloudTrail can't assume the trail's role",
        (_ACCOUNT, "trail_role_trust", 0),
        ("condition", _condition("StringEquals", "aws:SourceAccount", "444455556666")),
    ),
    _policy(
        "R8.1",
        "The bucket of access logs lets no load balancer write",
        (_ACCOUNT, "access_logs", 1),
        seen="access_logs",
    ),
    _policy("R8.1", "The bucket of access logs lets no bucket log", (_ACCOUNT, "access_logs", 2)),
    Row(
        "access-logs-without-a-policy",
        "R8.1",
        "The bucket of access logs has no policy",
        _ACCOUNT,
        "resource/aws_s3_bucket_policy/access_logs_policy",
        seen="aws_s3_bucket.access_logs",
    ),
    Row(
        "access-logs-under-another-prefix",
        "R8.1",
        "A bucket's access logs go to a prefix that the policy doesn't allow",
        _ACCOUNT,
        "resource/aws_s3_bucket_logging/state_logging/target_prefix",
        "state/",
    ),
    _policy(
        "R2.5",
        "The flow log's role may not write",
        (_NETWORK, "flow_log_role", 0),
        ("actions", ["logs:DescribeLogStreams"]),
    ),
    Row(
        "flow-log-role-without-a-policy",
        "R2.5",
        "The flow log's role has no policy",
        _NETWORK,
        "resource/aws_iam_role_policy/flow_log_role_policy",
        seen="aws_iam_role.flow_log_role",
    ),
    _policy("R5.1", "RDS can't write the system's metrics", (_DATA, "database_monitoring_role", 1)),
    _policy(
        "R8.5",
        "The key of logs is for log groups of Lambda only",
        (_ACCOUNT, "log_key", 1),
        (
            "condition",
            _condition(
                "ArnLike",
                "kms:EncryptionContext:aws:logs:arn",
                "arn:aws:logs:us-east-1:111122223333:log-group:/aws/*",
            ),
        ),
    ),
    _policy(
        "R9.1",
        "The firewall's logs may go to another log group only",
        (_FIREWALL, "web_acl_log", 0),
        ("resources", [_OTHER]),
    ),
    Row(
        "firewall-logs-without-a-policy",
        "R9.1",
        "No policy lets the firewall write its logs",
        _FIREWALL,
        "resource/aws_cloudwatch_log_resource_policy/web_acl_log_policy",
    ),
)
_TASKS = (
    _policy("R9.3", "Tasks can't write their logs", (_SECRETS, "backend_execution_role", 2)),
    _policy("R9.3", "Tasks can't log in to the registry", (_SECRETS, "frontend_execution_role", 0)),
    _policy(
        "R4.3",
        "The execution role decrypts through RDS only",
        (_SECRETS, "backend_execution_role", 5),
        ("condition", _condition("StringEquals", "kms:ViaService", "rds.us-east-1.amazonaws.com")),
    ),
    _policy("R7.2", "The application can't publish its metrics", (_SECRETS, "backend_task_role", 4)),
    _policy("R7.2", "Sessions in containers can't be opened", (_SECRETS, "backend_task_role", 0)),
    _policy(
        "R2.4",
        "The endpoint of logs denies all",
        (_NETWORK, "endpoint_logs", 0),
        ("effect", "Deny"),
        "the endpoint logs",
    ),
    _policy("R2.7", "The endpoint of S3 is for another bucket", (_NETWORK, "endpoint_s3", 0), ("resources", [_OTHER])),
    _policy(
        "R2.7",
        "The endpoint of ECR lets no layer be pulled",
        (_NETWORK, "endpoint_ecr_api", 1),
        ("actions", ["ecr:BatchGetImage"]),
        "the endpoint ecr.api",
    ),
    _policy(
        "R2.4",
        "The endpoint of secrets is for another account",
        (_NETWORK, "endpoint_secretsmanager", 0),
        ("condition", _condition("StringEquals", "aws:PrincipalAccount", "444455556666")),
    ),
)
_PEOPLE = (
    _policy("R1.2", "The deployer can't change the cluster", (_ACCOUNT, "deployer_services", 0)),
    _policy("R1.2", "The deployer can't change the load balancer", (_ACCOUNT, "deployer_edge", 0)),
    _policy("R5.4", "The deployer can't run a migration", (_ACCOUNT, "deployer_services", 1), ("resources", [_OTHER])),
    _policy("R1.2", "The deployer can't write its phases' states", (_ACCOUNT, "deployer_state", 3)),
    _policy("R0.3", "The deployer's boundary allows no deployment", (_ACCOUNT, "boundary", 0), ("effect", "Deny")),
    _policy(
        "R0.3",
        "The boundary doesn't stop shells in containers",
        (_ACCOUNT, "boundary", 10),
        ("actions", ["secretsmanager:*GetSecretValue", "secretsmanager:Delete*", "secretsmanager:PutResourcePolicy"]),
    ),
    _policy("R0.3", "The boundary doesn't protect the trail's log group", (_ACCOUNT, "boundary", 11)),
    _policy("R0.3", "Plans can't read settings", (_ACCOUNT, "planner", 0)),
    _policy(
        "R1.2",
        "GitHub's jobs need another audience",
        (_ACCOUNT, "deployer_trust", 0),
        ("condition", _condition("StringEquals", "token.actions.githubusercontent.com:aud", "other")),
    ),
    _policy(
        "R1.3",
        "Administrators may create access keys",
        (_ACCOUNT, "break_glass", 0),
        ("resources", ["arn:aws:iam::111122223333:user/other"]),
    ),
    Row(
        "deployer-without-a-policy",
        "R1.2",
        "The deployer has lost one of its policies",
        _ACCOUNT,
        "resource/aws_iam_role_policy_attachment/deployer_delivery_attachment",
        seen="aws_iam_role.deployer",
    ),
    Row(
        "deployer-with-one-policy-twice",
        "R1.2",
        "Two attachments of the deployer are of the same policy",
        _ACCOUNT,
        "resource/aws_iam_role_policy_attachment/deployer_edge_attachment/policy_arn",
        "${aws_iam_policy.deployer_state.arn}",
    ),
    _policy(
        "R0.3", "The state's bucket allows requests without TLS", (_STATE, "state", 0), seen="aws_iam_role.break_glass"
    ),
    _policy("R0.3", "States may be encrypted with another key", (_STATE, "state", 2), seen="aws_iam_role.break_glass"),
    Row(
        "state-without-a-policy",
        "R5.5",
        "The bucket of states has no policy",
        _STATE,
        "resource/aws_s3_bucket_policy/state_policy",
        seen="aws_iam_role.break_glass",
    ),
    _policy("R6.5", "The role for another account's records may not write them", ("staging-account", "dns", 0)),
    _policy(
        "R6.5",
        "The role for another account's records trusts another role",
        ("staging-account", "dns_trust", 0),
        (
            "condition",
            _condition("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/aep-prod-planner"),
        ),
    ),
    Row(
        "guardrail-of-slack-is-the-boundary",
        "R1.5",
        "The Slack channel's guardrail is the deployer's boundary",
        _ACCOUNT,
        "resource/aws_chatbot_slack_channel_configuration/slack/guardrail_policy_arns/0",
        "${aws_iam_policy.boundary.arn}",
    ),
)
_GUARDRAILS = (
    _policy(
        "R1.1", "Accounts may leave the organization", (_ORGANIZATION, "guardrails", 0), ("effect", "Allow"), _GUARDED
    ),
    _policy("R1.1", "The root user isn't denied", (_ORGANIZATION, "guardrails", 1), None, _GUARDED),
    _policy(
        "R1.1",
        "A guardrail denies everything to everyone",
        (_ORGANIZATION, "guardrails", 1),
        ("condition", []),
        _GUARDED,
    ),
    _policy(
        "R1.7",
        "The trail may be stopped",
        (_ORGANIZATION, "guardrails", 2),
        ("actions", ["guardduty:DeleteDetector"]),
        _GUARDED,
    ),
    _policy(
        "R1.1",
        "All services are exempt from the limit on regions",
        (_ORGANIZATION, "guardrails", 3),
        ("not_actions", ["*"]),
        _GUARDED,
    ),
    Row(
        "guardrails-not-attached",
        "R1.1",
        "The guardrails are attached to nothing",
        _ORGANIZATION,
        "resource/aws_organizations_policy_attachment/guardrails_attachment",
        seen=_GUARDED,
    ),
)


def _second(id_: str, requirement: str, sentence: str, place: tuple[str, str], settings: dict[str, Any]) -> Row:
    """A row that adds a resource that sets the same as another one.

    Args:
        id_: Its id.
        requirement: Its requirement.
        sentence: What is wrong.
        place: The stack, and the type.
        settings: The settings of the second one.
    """
    stack, kind = place
    return Row(id_, requirement, sentence, stack, f"resource/{kind}/second", settings)


_ALARM = {
    "alarm_name": "aep-prod-load-balancer-5xx",
    "alarm_rule": 'ALARM("aep-prod-load-balancer-5xx")',
    "alarm_description": "https://github.com/navralabs/aep-infrastructure/blob/main/docs/runbooks/alarms.md",
    "alarm_actions": ["${data.terraform_remote_state.account.outputs.alerts_topic_arn}"],
}
_OVERWRITTEN = (
    _second(
        "alarm-overwritten",
        "R8.2",
        "Two alarms have one name",
        ("prod-observability", "aws_cloudwatch_composite_alarm"),
        _ALARM,
    ),
    _second(
        "rule-overwritten",
        "R1.3",
        "Two event rules have one name",
        (_ACCOUNT, "aws_cloudwatch_event_rule"),
        {
            "name": "aep-prod-root-console",
            "event_pattern": '{"source": ["aws.other"]}',
            "state": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        },
    ),
    _second(
        "inline-policy-overwritten",
        "R1.2",
        "Two inline policies of a role have one name",
        (_ACCOUNT, "aws_iam_role_policy"),
        {
            "name": "aep-prod-trail",
            "policy": "${data.aws_iam_policy_document.slack_role_document.json}",
            "role": "${aws_iam_role.trail_role.id}",
        },
    ),
    _second(
        "bucket-policy-overwritten",
        "R5.5",
        "A bucket has two policies",
        (_STATE, "aws_s3_bucket_policy"),
        {"bucket": "${aws_s3_bucket.state.id}", "policy": "${data.aws_iam_policy_document.state_document.json}"},
    ),
    _second(
        "secret-policy-overwritten",
        "R4.3",
        "A secret has two policies",
        (_SECRETS, "aws_secretsmanager_secret_policy"),
        {
            "block_public_policy": True,
            "policy": "${data.aws_iam_policy_document.openai_api_key_document.json}",
            "secret_arn": "${aws_secretsmanager_secret.redis_url.arn}",
        },
    ),
    _second(
        "scaling-policy-overwritten",
        "R7.3",
        "Two scaling policies of a service have one name",
        ("prod-services", "aws_appautoscaling_policy"),
        {
            "name": "cpu",
            "policy_type": "TargetTrackingScaling",
            "resource_id": "${aws_appautoscaling_target.backend_scaling.resource_id}",
            "scalable_dimension": "${aws_appautoscaling_target.backend_scaling.scalable_dimension}",
            "service_namespace": "${aws_appautoscaling_target.backend_scaling.service_namespace}",
        },
    ),
    Row(
        "alarm-of-another-environment",
        "R8.2",
        "An alarm has a name of another environment of the account",
        "prod-observability",
        "resource/aws_cloudwatch_metric_alarm/load_balancer_5xx/alarm_name",
        "aep-staging-load-balancer-5xx",
    ),
    Row(
        "tags-overridden",
        "R0.5",
        "A resource's tags say that it belongs to another environment",
        _NETWORK,
        "resource/aws_vpc/vpc/tags/Environment",
        "staging",
    ),
)
_KEYS = (
    Row(
        "trail-with-the-key-of-logs",
        "R1.7",
        "The trail is encrypted with the key of logs",
        _ACCOUNT,
        "resource/aws_cloudtrail/trail/kms_key_id",
        "${aws_kms_key.log_key.arn}",
    ),
    Row(
        "secret-with-the-key-of-logs",
        "R4.3",
        "A secret is encrypted with the key of logs",
        _SECRETS,
        "resource/aws_secretsmanager_secret/redis_url/kms_key_id",
        "${data.terraform_remote_state.account.outputs.log_key_arn}",
    ),
    Row(
        "database-with-the-key-of-secrets",
        "R5.1",
        "The database is encrypted with the key of secrets",
        _DATA,
        "resource/aws_db_instance/database/kms_key_id",
        "${data.terraform_remote_state.secrets.outputs.key_arn}",
    ),
    Row(
        "topic-with-the-key-of-audit",
        "R8.3",
        "The alerts topic is encrypted with the key of audit logs",
        _ACCOUNT,
        "resource/aws_sns_topic/alerts/kms_master_key_id",
        "${aws_kms_key.audit_key.arn}",
    ),
    Row(
        "alias-of-another-key",
        "R4.3",
        "The alias of the alerts key leads to the key of audit logs",
        _ACCOUNT,
        "resource/aws_kms_alias/alerts_key_alias/target_key_id",
        "${aws_kms_key.audit_key.key_id}",
    ),
)

ROWS = (*_ALERTS, *_RECORDS, *_TASKS, *_PEOPLE, *_GUARDRAILS, *_OVERWRITTEN, *_KEYS)
