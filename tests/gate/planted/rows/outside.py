"""Tasks that run something else or as another role, other accounts, and data that leaves."""

from __future__ import annotations

from typing import Any

from tests.gate.planted.row import Row

_ACCOUNT, _SERVICES, _SECRETS, _NETWORK = "prod-account", "prod-services", "prod-secrets", "prod-network"
_DOCUMENT = "data/aws_iam_policy_document"
_TASK = "resource/aws_ecs_task_definition"
_BACKEND = f"{_TASK}/backend_task/container_definitions/0"
_FRONTEND = f"{_TASK}/frontend_task/container_definitions/0"
_MIGRATION = f"{_TASK}/migration_task/container_definitions/0"
_OTHER = "999988887777"
_ROOT = f"arn:aws:iam::{_OTHER}:root"
_OWN = "111122223333"
_OUTPUTS = "${data.terraform_remote_state.secrets.outputs"


def _allow(
    action: str, resource: str = "", *, kind: str = "", who: str = "", condition: tuple[str, str, str] | None = None
) -> dict[str, Any]:
    """A statement that allows an action; without a principal, as in a role's policy."""
    statement: dict[str, Any] = {"sid": "Planted", "effect": "Allow", "actions": [action]}
    if resource:
        statement["resources"] = [resource]
    if kind:
        statement["principals"] = [{"type": kind, "identifiers": [who]}]
    if condition:
        test, variable, value = condition
        statement["condition"] = [{"test": test, "variable": variable, "values": [value]}]
    return statement


def _variable(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def _planted(id_: str, requirement: str, sentence: str, place: tuple[str, str], statement: dict[str, Any]) -> Row:
    """A row that adds a statement to a policy.

    Args:
        id_: The row's id.
        requirement: Its requirement.
        sentence: What is wrong.
        place: The stack, and the id of the policy.
        statement: The statement.
    """
    stack, policy = place
    return Row(id_, requirement, sentence, stack, f"{_DOCUMENT}/{policy}_document/statement/-", statement)


_TASKS = (
    Row(
        "frontend-with-the-backends-execution-role",
        "R9.3",
        "The frontend's tasks start with the backend's execution role, which reads its secrets",
        _SERVICES,
        f"{_TASK}/frontend_task/execution_role_arn",
        f"{_OUTPUTS}.execution_role_arns.backend}}",
    ),
    Row(
        "frontend-with-the-backends-task-role",
        "R9.3",
        "The frontend runs with the backend's task role",
        _SERVICES,
        f"{_TASK}/frontend_task/task_role_arn",
        f"{_OUTPUTS}.task_role_arns.backend}}",
    ),
    Row(
        "migration-with-a-task-role-for-starting",
        "R9.3",
        "The migration runs with an execution role, so that the application can read secrets",
        _SERVICES,
        f"{_TASK}/migration_task/task_role_arn",
        f"{_OUTPUTS}.execution_role_arns.backend}}",
    ),
    Row(
        "trail-with-the-deployers-role",
        "R1.2",
        "The trail writes its logs with the deployer's role",
        _ACCOUNT,
        "resource/aws_cloudtrail/trail/cloud_watch_logs_role_arn",
        "${aws_iam_role.deployer.arn}",
    ),
    Row(
        "slack-with-the-planners-role",
        "R1.2",
        "The Slack channel reads with the planner's role",
        _ACCOUNT,
        "resource/aws_chatbot_slack_channel_configuration/slack/iam_role_arn",
        "${aws_iam_role.planner.arn}",
    ),
    Row(
        "service-with-another-task",
        "R7.2",
        "The frontend's service runs the backend's tasks",
        _SERVICES,
        "resource/aws_ecs_service/frontend_service/task_definition",
        "${aws_ecs_task_definition.backend_task.arn}",
    ),
    Row(
        "another-family",
        "R7.2",
        "A task definition belongs to no service of the values",
        _SERVICES,
        f"{_TASK}/backend_task/family",
        "aep-batch-prod",
    ),
    Row(
        "another-digest",
        "R3.4",
        "A task runs a digest of its repository that isn't released",
        _SERVICES,
        f"{_BACKEND}/image",
        "${local.backend_task_repository}@sha256:" + "0123456789abcdef" * 4,
    ),
    Row(
        "another-repositorys-image",
        "R3.4",
        "The frontend runs an image of the backend's repository",
        _SERVICES,
        f"{_FRONTEND}/image",
        "${local.backend_task_repository}@sha256:" + "0123456789abcdef" * 4,
    ),
    Row(
        "public-image",
        "R3.4",
        "A task runs an image of a public registry, by digest",
        _SERVICES,
        f"{_BACKEND}/image",
        "docker.io/library/nginx@sha256:" + "0123456789abcdef" * 4,
    ),
    Row(
        "another-command",
        "R7.2",
        "The backend's container runs a shell instead of its program",
        _SERVICES,
        f"{_BACKEND}/command",
        ["sh", "-c", "sleep infinity"],
    ),
    Row(
        "another-migration",
        "R5.4",
        "The migration's task runs another command",
        _SERVICES,
        f"{_MIGRATION}/command",
        ["alembic", "downgrade", "base"],
    ),
    Row(
        "entry-point",
        "R7.2",
        "A container has an entry point of its own",
        _SERVICES,
        f"{_BACKEND}/entryPoint",
        ["/bin/sh", "-c"],
    ),
    Row(
        "proxy",
        "R0.1",
        "A container sends its requests through a proxy on another host",
        _SERVICES,
        f"{_BACKEND}/environment/-",
        _variable("HTTPS_PROXY", "http://proxy.example.net:3128"),
    ),
    Row(
        "preloaded-library",
        "R9.4",
        "A variable loads a library into the container's program",
        _SERVICES,
        f"{_BACKEND}/environment/-",
        _variable("LD_PRELOAD", "/tmp/hook.so"),
    ),
    Row(
        "aws-endpoint",
        "R0.2",
        "A variable sends calls of AWS's APIs to another host",
        _SERVICES,
        f"{_BACKEND}/environment/-",
        _variable("AWS_ENDPOINT_URL_SECRETS_MANAGER", "https://secrets.example.net"),
    ),
    Row(
        "another-origin",
        "R9.2",
        "A variable lets browsers call from another origin",
        _SERVICES,
        f"{_BACKEND}/environment/1/value",
        "https://evil.example.net",
    ),
    Row(
        "variable-gone",
        "R7.2",
        "A variable of the values is missing",
        _SERVICES,
        f"{_BACKEND}/environment/0",
    ),
    Row(
        "another-services-secret",
        "R9.3",
        "The frontend gets a secret of the backend",
        _SERVICES,
        f"{_FRONTEND}/secrets/-",
        {"name": "OPENAI_API_KEY", "valueFrom": f"{_OUTPUTS}.secret_arns.OPENAI_API_KEY}}"},
    ),
    Row(
        "swapped-secret",
        "R4.1",
        "A variable has the value of another secret",
        _SERVICES,
        f"{_BACKEND}/secrets/0/valueFrom",
        f"{_OUTPUTS}.secret_arns.DATABASE_URL}}",
    ),
    Row(
        "secret-of-stagings-account",
        "R0.5",
        "A container reads a secret of staging's account",
        _SERVICES,
        f"{_BACKEND}/secrets/0/valueFrom",
        "arn:aws:secretsmanager:us-east-1:444455556666:secret:aep/staging/DATABASE_URL-Ab1Cd2",
    ),
    Row(
        "second-container",
        "R9.4",
        "A second container runs beside the application",
        _SERVICES,
        f"{_TASK}/backend_task/container_definitions/-",
        {"name": "agent", "image": "docker.io/library/agent@sha256:" + "0123456789abcdef" * 4, "essential": True},
    ),
    Row(
        "another-log-group",
        "R8.5",
        "The frontend writes its log to the backend's log group",
        _SERVICES,
        f"{_FRONTEND}/logConfiguration/options/awslogs-group",
        "${aws_cloudwatch_log_group.backend_logs.name}",
    ),
    Row(
        "log-to-another-region",
        "R8.5",
        "A container writes its log to another region",
        _SERVICES,
        f"{_BACKEND}/logConfiguration/options/awslogs-region",
        "eu-west-1",
    ),
    Row(
        "another-user",
        "R9.4",
        "A container runs as another user than the values say",
        _SERVICES,
        f"{_BACKEND}/user",
        "10002:10002",
    ),
    Row(
        "host-processes",
        "R9.4",
        "A task sees the processes of its host",
        _SERVICES,
        f"{_TASK}/backend_task/pid_mode",
        "host",
    ),
    _planted(
        "task-that-enters-other-tasks",
        "R9.3",
        "A task role may run commands in other tasks",
        (_SECRETS, "frontend_task_role"),
        _allow("ecs:ExecuteCommand", f"arn:aws:ecs:us-east-1:{_OWN}:task/aep-prod/*"),
    ),
    _planted(
        "task-that-copies-data-out",
        "R9.3",
        "A task role may write to a bucket that the environment doesn't have",
        (_SECRETS, "backend_task_role"),
        _allow("s3:PutObject", "arn:aws:s3:::aep-exports/*"),
    ),
    _planted(
        "trail-role-that-deletes-logs",
        "R1.7",
        "The trail's role may delete log groups",
        (_ACCOUNT, "trail_role"),
        _allow("logs:DeleteLogGroup", f"arn:aws:logs:us-east-1:{_OWN}:log-group:/aep/prod/trail:*"),
    ),
)

_POLICIES = (
    _planted(
        "bucket-for-another-account",
        "R0.3",
        "The state bucket's policy lets another account read",
        ("prod-state", "state"),
        _allow("s3:GetObject", "arn:aws:s3:::aep-prod-tfstate-111122223333/*", kind="AWS", who=_ROOT),
    ),
    _planted(
        "bucket-for-a-named-account",
        "R0.3",
        "The state bucket's policy lets an account read that the values name for something else",
        ("prod-state", "state"),
        _allow(
            "s3:GetObject",
            "arn:aws:s3:::aep-prod-tfstate-111122223333/*",
            kind="AWS",
            who="arn:aws:iam::777788889999:user/platform-lead",
        ),
    ),
    _planted(
        "bucket-for-a-canonical-user",
        "R0.3",
        "A bucket's policy names a canonical user",
        (_ACCOUNT, "access_logs"),
        _allow("s3:GetObject", "arn:aws:s3:::aep-prod-access-logs-111122223333/*", kind="CanonicalUser", who="ab" * 32),
    ),
    _planted(
        "bucket-for-an-organization",
        "R0.3",
        "A bucket's policy lets an organization read",
        (_ACCOUNT, "trail_bucket"),
        _allow(
            "s3:GetObject",
            "arn:aws:s3:::aep-prod-trail-111122223333/*",
            kind="AWS",
            who="*",
            condition=("StringEquals", "aws:PrincipalOrgID", "o-exampleorgid"),
        ),
    ),
    _planted(
        "bucket-for-another-network",
        "R0.3",
        "A bucket's policy lets a VPC endpoint read that isn't the environment's",
        (_ACCOUNT, "config_bucket"),
        _allow(
            "s3:GetObject",
            "arn:aws:s3:::aep-prod-config-111122223333/*",
            kind="AWS",
            who="*",
            condition=("StringEquals", "aws:SourceVpce", "vpce-0123456789abcdef0"),
        ),
    ),
    _planted(
        "bucket-for-an-address",
        "R0.3",
        "A bucket's policy lets an address of the internet read",
        (_ACCOUNT, "config_bucket"),
        _allow(
            "s3:GetObject",
            "arn:aws:s3:::aep-prod-config-111122223333/*",
            kind="AWS",
            who="*",
            condition=("IpAddress", "aws:SourceIp", "203.0.113.7/32"),
        ),
    ),
    _planted(
        "bucket-for-another-service",
        "R0.3",
        "A bucket's policy lets another service of AWS read",
        ("prod-state", "state"),
        _allow(
            "s3:GetObject",
            "arn:aws:s3:::aep-prod-tfstate-111122223333/*",
            kind="Service",
            who="serverlessrepo.amazonaws.com",
            condition=("StringEquals", "aws:SourceAccount", _OWN),
        ),
    ),
    Row(
        "topic-for-any-account",
        "R8.3",
        "Alarms of any account may publish to the topic: the statement's conditions are gone",
        _ACCOUNT,
        f"{_DOCUMENT}/alerts_policy_document/statement/1/condition",
    ),
    Row(
        "topic-for-other-accounts",
        "R8.3",
        "Databases of all accounts but its own may publish to the topic",
        _ACCOUNT,
        f"{_DOCUMENT}/alerts_policy_document/statement/3/condition/0/test",
        "StringNotEquals",
    ),
    Row(
        "log-key-for-another-account",
        "R8.5",
        "The log key encrypts log groups of another account",
        _ACCOUNT,
        f"{_DOCUMENT}/log_key_document/statement/1/condition/0/values",
        [f"arn:aws:logs:us-east-1:{_OTHER}:log-group:*"],
    ),
    Row(
        "role-for-a-service-of-any-account",
        "R9.3",
        "ECS may assume a task's role for any account (the confused deputy)",
        _SECRETS,
        f"{_DOCUMENT}/backend_task_role_trust_document/statement/0/condition",
    ),
    Row(
        "role-for-a-service-of-another-account",
        "R9.3",
        "ECS may assume an execution role for another account",
        _SECRETS,
        f"{_DOCUMENT}/backend_execution_role_trust_document/statement/0/condition/0/values",
        [_OTHER],
    ),
    _planted(
        "key-for-a-service-of-any-account",
        "R4.3",
        "A service of AWS may use the secrets' key for any account",
        (_SECRETS, "secrets_key"),
        _allow("kms:Decrypt", "*", kind="Service", who="cloudwatch.amazonaws.com"),
    ),
    _planted(
        "key-that-another-account-describes",
        "R4.3",
        "Another account may see and list the data stores' key",
        ("prod-data", "data_key"),
        _allow("kms:DescribeKey", "*", kind="AWS", who=_OTHER),
    ),
    _planted(
        "topic-that-another-account-subscribes",
        "R8.3",
        "Another account may subscribe to the alerts",
        (_ACCOUNT, "alerts_policy"),
        _allow("sns:Subscribe", "${aws_sns_topic.alerts.arn}", kind="AWS", who=_OTHER),
    ),
    _planted(
        "secret-that-another-account-describes",
        "R4.3",
        "Another account may see the versions of a secret",
        (_SECRETS, "database_url"),
        _allow("secretsmanager:ListSecretVersionIds", "*", kind="AWS", who=_ROOT),
    ),
    Row(
        "secret-denial-with-an-exception",
        "R4.3",
        "A role of another account is an exception of a secret's denial",
        _SECRETS,
        f"{_DOCUMENT}/openai_api_key_document/statement/0/condition/0/values/-",
        f"arn:aws:iam::{_OTHER}:role/reader",
    ),
    Row(
        "endpoint-for-other-accounts",
        "R2.4",
        "Principals of another account may use an endpoint",
        _NETWORK,
        f"{_DOCUMENT}/endpoint_logs_document/statement/0/condition/0/values/-",
        _OTHER,
    ),
    Row(
        "endpoint-to-another-bucket",
        "R2.4",
        "The S3 endpoint leads to a bucket that the environment doesn't have",
        _NETWORK,
        f"{_DOCUMENT}/endpoint_s3_document/statement/0/resources/-",
        "arn:aws:s3:::aep-exports/*",
    ),
    Row(
        "endpoint-to-another-accounts-secrets",
        "R2.4",
        "An endpoint leads to another account's secrets",
        _NETWORK,
        f"{_DOCUMENT}/endpoint_secretsmanager_document/statement/0/resources/-",
        f"arn:aws:secretsmanager:us-east-1:{_OTHER}:secret:*",
    ),
    _planted(
        "deployer-in-another-account",
        "R1.2",
        "The deployer may assume a role of another account",
        (_ACCOUNT, "deployer_edge"),
        _allow("sts:AssumeRole", f"arn:aws:iam::{_OTHER}:role/deployer"),
    ),
    _planted(
        "deployer-with-another-role-of-a-named-account",
        "R1.2",
        "The deployer may assume another role of the account that has the zone",
        (_ACCOUNT, "deployer_edge"),
        _allow("sts:AssumeRole", "arn:aws:iam::444455556666:role/administrator"),
    ),
    _planted(
        "deployer-in-any-account",
        "R1.2",
        "The deployer may assume roles of any account",
        (_ACCOUNT, "deployer_edge"),
        _allow("sts:AssumeRole", "arn:aws:iam::*:role/aep-*"),
    ),
    _planted(
        "deployer-in-another-region",
        "R1.2",
        "The deployer may start services in a region that isn't the environment's",
        (_ACCOUNT, "deployer_services"),
        _allow("ecs:UpdateService", f"arn:aws:ecs:ap-south-1:{_OWN}:service/aep-prod/*"),
    ),
    _planted(
        "deployer-with-another-zone",
        "R6.5",
        "The deployer may write records of a zone that the values don't name",
        (_ACCOUNT, "deployer_edge"),
        _allow("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"),
    ),
)

_LEAVING = (
    Row(
        "subscriber-that-the-values-lack",
        "R8.3",
        "An address that the values don't name gets the alerts",
        _ACCOUNT,
        "resource/aws_sns_topic_subscription/alerts_alerts_navralabs_com/endpoint",
        "collector@example.net",
    ),
    Row(
        "budget-subscriber-that-the-values-lack",
        "R1.5",
        "An address that the values don't name gets the budgets' alerts",
        _ACCOUNT,
        "resource/aws_budgets_budget/budget_account/notification/0/subscriber_email_addresses/-",
        "collector@example.net",
    ),
    Row(
        "alerts-to-another-workspace",
        "R8.3",
        "Alerts go to another Slack workspace",
        _ACCOUNT,
        "resource/aws_chatbot_slack_channel_configuration/slack/slack_team_id",
        "T0FOREIGN00",
    ),
    Row(
        "alerts-to-another-channel",
        "R8.3",
        "Alerts go to another Slack channel",
        _ACCOUNT,
        "resource/aws_chatbot_slack_channel_configuration/slack/slack_channel_id",
        "C0FOREIGN00",
    ),
    Row(
        "events-to-another-account",
        "R1.3",
        "Events of the break-glass role go to another account's event bus",
        _ACCOUNT,
        "resource/aws_cloudwatch_event_target/break_glass_assumed_target/arn",
        f"arn:aws:events:us-east-1:{_OTHER}:event-bus/default",
    ),
    Row(
        "events-to-a-function",
        "R1.3",
        "Events of the break-glass role go to a function that is in no stack",
        _ACCOUNT,
        "resource/aws_cloudwatch_event_target/break_glass_assumed_target/arn",
        f"arn:aws:lambda:us-east-1:{_OWN}:function:forward",
    ),
    Row(
        "endpoint-of-another-account",
        "R2.4",
        "An endpoint leads to another account's service",
        _NETWORK,
        "resource/aws_vpc_endpoint/endpoint_secretsmanager/service_name",
        "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
    ),
    Row(
        "endpoint-of-another-region",
        "R2.4",
        "An endpoint leads to a service in another region",
        _NETWORK,
        "resource/aws_vpc_endpoint/endpoint_logs/service_name",
        "com.amazonaws.eu-west-1.logs",
    ),
    Row(
        "another-unit",
        "R1.1",
        "The product's unit is in another unit of the organization",
        "organization",
        "resource/aws_organizations_organizational_unit/unit/parent_id",
        "ou-ab12-cdefgh34",
    ),
    Row(
        "another-root-address",
        "R1.1",
        "The production account's root user has an address that the values don't name",
        "organization",
        "resource/aws_organizations_account/account_aep_prod/email",
        "owner@example.net",
    ),
    Row(
        "redirect-outside",
        "R6.5",
        "The public name leads to a load balancer that the values don't name",
        "prod-cutover",
        "resource/aws_route53_record/application_previous/alias/name",
        "other-1234567890.us-east-1.elb.amazonaws.com",
    ),
)


def _resource(id_: str, requirement: str, sentence: str, place: tuple[str, str], settings: dict[str, Any]) -> Row:
    """A row that adds a resource: a type that the gate's tables don't have.

    Args:
        id_: The row's id.
        requirement: Its requirement.
        sentence: What is wrong.
        place: The stack and the type.
        settings: The resource's settings.
    """
    stack, kind = place
    return Row(id_, requirement, sentence, stack, f"resource/{kind}/planted", settings)


_TYPES = (
    _resource(
        "shared-resources",
        "R0.3",
        "Subnets are shared with another account",
        (_NETWORK, "aws_ram_principal_association"),
        {"principal": _OTHER, "resource_share_arn": f"arn:aws:ram:us-east-1:{_OWN}:resource-share/example"},
    ),
    _resource(
        "copied-objects",
        "R1.7",
        "The trail's bucket is replicated to another account",
        (_ACCOUNT, "aws_s3_bucket_replication_configuration"),
        {
            "bucket": "${aws_s3_bucket.trail_bucket.id}",
            "role": f"arn:aws:iam::{_OWN}:role/x",
            "rule": [{"status": "Enabled"}],
        },
    ),
    _resource(
        "copied-images",
        "R3.1",
        "Images are replicated to another account",
        ("prod-registry", "aws_ecr_replication_configuration"),
        {"replication_configuration": {"rule": [{"destination": [{"region": "us-east-1", "registry_id": _OTHER}]}]}},
    ),
    _resource(
        "registry-for-another-account",
        "R3.1",
        "The registry's policy lets another account replicate into it",
        ("prod-registry", "aws_ecr_registry_policy"),
        {"policy": '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": "ecr:*"}]}'},
    ),
    _resource(
        "log-subscription",
        "R8.5",
        "The backend's log goes to another account",
        (_SERVICES, "aws_cloudwatch_log_subscription_filter"),
        {
            "name": "copy",
            "log_group_name": "${aws_cloudwatch_log_group.backend_logs.name}",
            "filter_pattern": "",
            "destination_arn": f"arn:aws:logs:us-east-1:{_OTHER}:destination:copy",
        },
    ),
    _resource(
        "event-bus-for-another-account",
        "R1.3",
        "Another account may send events to the account's bus",
        (_ACCOUNT, "aws_cloudwatch_event_permission"),
        {"principal": _OTHER, "statement_id": "other"},
    ),
    _resource(
        "access-point",
        "R0.3",
        "A bucket has an access point with a policy of its own",
        ("prod-state", "aws_s3_access_point"),
        {"bucket": "${aws_s3_bucket.state.id}", "name": "copy", "bucket_account_id": _OTHER},
    ),
    _resource(
        "mirrored-traffic",
        "R2.5",
        "Packets are copied to a target outside the environment",
        (_NETWORK, "aws_ec2_traffic_mirror_session"),
        {"network_interface_id": "eni-0123456789abcdef0", "traffic_mirror_target_id": "tmt-0123456789abcdef0"},
    ),
    _resource(
        "shared-snapshot",
        "R5.1",
        "A snapshot of the database is shared with another account",
        ("prod-data", "aws_db_snapshot"),
        {"db_instance_identifier": "aep-prod", "db_snapshot_identifier": "copy", "shared_accounts": [_OTHER]},
    ),
    _resource(
        "copied-backups",
        "R5.1",
        "The database's backups are copied to another region",
        ("prod-data", "aws_db_instance_automated_backups_replication"),
        {"source_db_instance_arn": f"arn:aws:rds:us-east-1:{_OWN}:db:aep-prod"},
    ),
    _resource(
        "granted-key",
        "R4.3",
        "Another account's role gets a grant of the secrets' key",
        (_SECRETS, "aws_kms_grant"),
        {
            "key_id": "${aws_kms_key.secrets_key.key_id}",
            "grantee_principal": f"arn:aws:iam::{_OTHER}:role/x",
            "operations": ["Decrypt"],
        },
    ),
    _resource(
        "metric-stream",
        "R8.4",
        "Metrics are streamed out of the account",
        ("prod-observability", "aws_cloudwatch_metric_stream"),
        {"firehose_arn": f"arn:aws:firehose:us-east-1:{_OTHER}:deliverystream/x", "output_format": "json"},
    ),
    _resource(
        "private-link",
        "R2.4",
        "Another account may connect to a service of the VPC",
        (_NETWORK, "aws_vpc_endpoint_service_allowed_principal"),
        {"principal_arn": _ROOT, "vpc_endpoint_service_id": "vpce-svc-0123456789abcdef0"},
    ),
    _resource(
        "event-connection",
        "R1.3",
        "Events are sent to a host of the internet",
        (_ACCOUNT, "aws_cloudwatch_event_api_destination"),
        {"name": "out", "invocation_endpoint": "https://events.example.net/x", "http_method": "POST"},
    ),
)

_TARGETS = (
    Row(
        "another-services-requests",
        "R7.2",
        "The frontend's tasks get the backend's requests",
        _SERVICES,
        "resource/aws_ecs_service/frontend_service/load_balancer/0/target_group_arn",
        '${data.terraform_remote_state.edge.outputs.target_group_arns["backend"]}',
    ),
)

ROWS = (*_TASKS, *_TARGETS, *_POLICIES, *_LEAVING, *_TYPES)
