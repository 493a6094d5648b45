"""Attributes whose change needs approval, those whose change to a stricter value doesn't, and that none is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from ops.gate.model import Outcome
from ops.gate.understood import schema
from ops.plan_gate.changes import _directions, _is_harmless, _read_elsewhere, table
from ops.plan_gate.model import APPROVABLE, FindingKind
from ops.plan_gate.run import run
from tests.cases import every_case
from tests.plan_gate.plans import REPLACE, Body, change, judge, plan

LOSS, OUTAGE, OFF, WIDER = (
    FindingKind.LOSS_IN_PLACE,
    FindingKind.OUTAGE,
    FindingKind.PROTECTION_OFF,
    FindingKind.WIDENING,
)
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/app"
REVISIONS = ("aws_ecs_task_definition",)


def containers(*more: Body, **settings: Any) -> Body:
    own = {"name": "app", "image": f"{IMAGE}@sha256:1", **settings}
    return {"container_definitions": json.dumps([own, *more])}


def variables(**values: str) -> Body:
    return {"environment": [{"name": name, "value": value} for name, value in values.items()]}


def files(limit: int) -> Body:
    return {"ulimits": [{"name": "nofile", "softLimit": limit, "hardLimit": limit}]}


def alarm(operator: str, threshold: float) -> Body:
    return {"comparison_operator": f"{operator}Threshold", "threshold": threshold}


def waf(*rules: Body) -> Body:
    return {"rule": [{"name": "common", "override_action": [{"none": [{}], "count": []}]}, *rules]}


def expiry(days: int, tag: str = "untagged") -> Body:
    selection = {"tagStatus": tag, "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    return {
        "policy": json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})
    }


def task(name: str, **more: Any) -> Body:
    return {"target": [{"arn": "cluster", "ecs_parameters": [{"task_definition_arn": name, **more}]}]}


def tags(mutability: str, *excluded: str) -> Body:
    filters = [{"filter": each, "filter_type": "WILDCARD"} for each in excluded]
    return {"image_tag_mutability": mutability, "image_tag_mutability_exclusion_filter": filters}


EVERY_ACTION: Body = {"name": "new", "action": [{"allow": [], "block": [], "count": []}]}
BLOCK: Body = {"name": "new", "action": [{"allow": [], "block": [{"custom_response": []}]}]}
COUNTED: Body = {"name": "group", "override_action": [{"none": [], "count": [{}]}]}
BLOCKING: Body = {"name": "group", "override_action": [{"none": [{}], "count": []}]}
ALLOW: Body = {"name": "new", "action": [{"allow": [{}], "block": []}]}
AUTHENTICATED: Body = {"default_action": [{"type": "authenticate-oidc", "authenticate_oidc": [{"issuer": "a"}]}]}
COSTLY: list[tuple[FindingKind, str, Body, Body]] = [
    # From unset to a value that weakens.
    (OFF, "aws_cloudtrail", {}, {"event_selector": [{"include_management_events": False}]}),
    (OFF, "aws_cloudtrail", {}, {"advanced_event_selector": [{"name": "a"}]}),
    (OFF, "aws_config_configuration_recorder", {}, {"recording_group": [{"all_supported": False}]}),
    (OFF, "aws_config_configuration_recorder", {}, {"recording_mode": [{"recording_frequency": "DAILY"}]}),
    (OFF, "aws_db_event_subscription", {}, {"event_categories": ["creation"]}),
    (OFF, "aws_db_event_subscription", {}, {"source_ids": ["other"]}),
    (OFF, "aws_budgets_budget", {"cost_filter": []}, {"cost_filter": [{"name": "Service", "values": ["a"]}]}),
    (OFF, "aws_cloudwatch_metric_alarm", {}, {"dimensions": {"ClusterName": "other"}}),
    (OFF, "aws_cloudwatch_metric_alarm", {}, {"datapoints_to_alarm": 5}),
    (OFF, "aws_wafv2_web_acl_logging_configuration", {}, {"redacted_fields": [{"uri_path": [{}]}]}),
    (OFF, "aws_accessanalyzer_analyzer", {}, {"configuration": [{"unused_access": [{}]}]}),
    (OFF, "aws_elasticache_replication_group", {}, {"transit_encryption_mode": "preferred"}),
    (OFF, "aws_ecs_task_definition", containers(), containers(user="0")),
    (OFF, "aws_elasticache_user", {}, {"access_string": "on ~* +@all"}),
    (OFF, "aws_lb_listener", {}, {"ssl_policy": "ELBSecurityPolicy-2016-08"}),
    (OUTAGE, "aws_lambda_function", {"vpc_config": []}, {"vpc_config": [{"subnet_ids": ["a"]}]}),
    (WIDER, "aws_s3_bucket", {}, {"acl": "public-read"}),
    (OUTAGE, "aws_route_table", {"route": []}, {"route": [{"cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}]}),
    (OFF, "aws_cloudtrail", {}, {"s3_key_prefix": "other/"}),
    (OFF, "aws_cloudtrail", {}, {"kms_key_id": "arn:theirs"}),
    (OFF, "aws_config_delivery_channel", {}, {"s3_key_prefix": "other/"}),
    (OFF, "aws_lb_listener", {}, {"routing_http_response_server_enabled": False}),
    *(
        (OFF, "aws_ecr_repository", before, after)
        for before, after in (
            (tags("IMMUTABLE"), tags("MUTABLE")),
            (tags("IMMUTABLE"), tags("IMMUTABLE_WITH_EXCLUSION", "dev-*")),
            (tags("IMMUTABLE"), tags("MUTABLE_WITH_EXCLUSION", "v*")),
            (tags("IMMUTABLE_WITH_EXCLUSION", "dev-*"), tags("MUTABLE")),
            (tags("IMMUTABLE_WITH_EXCLUSION", "dev-*"), tags("IMMUTABLE_WITH_EXCLUSION", "dev-*", "e*")),
            (tags("IMMUTABLE_WITH_EXCLUSION", "dev-*"), tags("IMMUTABLE_WITH_EXCLUSION", "*")),
            (tags("IMMUTABLE_WITH_EXCLUSION", "v*"), tags("MUTABLE_WITH_EXCLUSION", "v*")),
            (tags("MUTABLE_WITH_EXCLUSION", "v*"), tags("IMMUTABLE_WITH_EXCLUSION", "v*")),
            (tags("MUTABLE_WITH_EXCLUSION", "v*"), tags("MUTABLE")),
            (tags("MUTABLE_WITH_EXCLUSION", "v*", "w*"), tags("MUTABLE_WITH_EXCLUSION", "v*")),
        )
    ),
    # Attributes of this project's types.
    (OUTAGE, "aws_db_instance", {"identifier": "a"}, {"identifier": "b"}),
    (OUTAGE, "aws_db_instance", {}, {"replicate_source_db": "arn:a"}),
    (
        OUTAGE,
        "aws_db_instance",
        {"instance_class": "db.r7g.large", "apply_immediately": True},
        {"instance_class": "db.t4g.micro", "apply_immediately": True},
    ),
    (OUTAGE, "aws_db_instance", {"apply_immediately": False}, {"apply_immediately": True}),
    (OUTAGE, "aws_db_instance", {"iops": 12000}, {"iops": 3000}),
    (OUTAGE, "aws_db_instance", {}, {"manage_master_user_password": True}),
    (OUTAGE, "aws_db_instance", {"password_wo_version": 1}, {"password_wo_version": 2}),
    (LOSS, "aws_secretsmanager_secret_version", {"version_stages": ["AWSCURRENT"]}, {"version_stages": ["OLD"]}),
    (LOSS, "aws_secretsmanager_secret_version", {"secret_string_wo_version": 1}, {"secret_string_wo_version": 2}),
    (LOSS, "aws_secretsmanager_secret_version", {"secret_id": "arn:a"}, {"secret_id": "arn:b"}),
    (WIDER, "aws_ecs_task_definition", containers(), containers(image="docker.io/theirs/app@sha256:1")),
    (WIDER, "aws_ecs_task_definition", containers(), containers(command=["sh", "-c", "curl"])),
    (
        WIDER,
        "aws_ecs_task_definition",
        containers(secrets=[{"name": "A", "valueFrom": "arn:aws:secretsmanager:us-east-1:1:secret:a"}]),
        containers(secrets=[{"name": "A", "valueFrom": "arn:aws:secretsmanager:us-east-1:1:secret:b"}]),
    ),
    (
        WIDER,
        "aws_ecs_task_definition",
        containers(environment=[{"name": "API", "value": "https://api.example.com/v1"}]),
        containers(environment=[{"name": "API", "value": "https://api.example.net/v1"}]),
    ),
    (WIDER, "aws_ecs_task_definition", containers(), containers({"name": "sidecar", "image": "docker.io/theirs/a"})),
    (OUTAGE, "aws_ecs_task_definition", containers({"name": "proxy", "image": "proxy"}), containers()),
    (
        OUTAGE,
        "aws_ecs_task_definition",
        containers(portMappings=[{"containerPort": 8080}]),
        containers(portMappings=[{"containerPort": 9090}]),
    ),
    (OUTAGE, "aws_ecs_task_definition", containers(mountPoints=[{"containerPath": "/data"}]), containers()),
    (OUTAGE, "aws_ecs_task_definition", {"volume": [{"name": "a"}]}, {"volume": []}),
    (
        OUTAGE,
        "aws_ecs_task_definition",
        {"runtime_platform": [{"cpu_architecture": "ARM64"}]},
        {"runtime_platform": [{"cpu_architecture": "X86_64"}]},
    ),
    (OUTAGE, "aws_ecs_task_definition", {"enable_fault_injection": False}, {"enable_fault_injection": True}),
    (OFF, "aws_elasticache_replication_group", {"user_group_ids": ["app"]}, {"user_group_ids": []}),
    (OFF, "aws_elasticache_replication_group", {"notification_topic_arn": "arn:a"}, {"notification_topic_arn": ""}),
    (OUTAGE, "aws_ecs_service", {"task_definition": "backend:7"}, {"task_definition": "frontend:7"}),
    (OUTAGE, "aws_ecs_service", {"health_check_grace_period_seconds": 60}, {"health_check_grace_period_seconds": 0}),
    (OUTAGE, "aws_ecs_service", {"deployment_maximum_percent": 200}, {"deployment_maximum_percent": 100}),
    (OUTAGE, "aws_ecs_service", {"wait_for_steady_state": True}, {"wait_for_steady_state": False}),
    (
        OFF,
        "aws_lb",
        {"enforce_security_group_inbound_rules_on_private_link_traffic": "on"},
        {"enforce_security_group_inbound_rules_on_private_link_traffic": "off"},
    ),
    (OUTAGE, "aws_lb_target_group", {"proxy_protocol_v2": False}, {"proxy_protocol_v2": True}),
    (OUTAGE, "aws_lb_target_group", {"target_group_health": [{"a": 1}]}, {"target_group_health": [{"a": 2}]}),
    (OUTAGE, "aws_codedeploy_deployment_group", {"deployment_config_name": "a"}, {"deployment_config_name": "b"}),
    (OFF, "aws_codedeploy_deployment_group", {"trigger_configuration": [{"a": 1}]}, {"trigger_configuration": []}),
    (WIDER, "aws_scheduler_schedule", task("arn:task/app:1"), task("arn:task/admin:1")),
    (
        WIDER,
        "aws_scheduler_schedule",
        task("app:1", network_configuration=[{"security_groups": ["a"]}]),
        task("app:1", network_configuration=[{"security_groups": ["a", "b"]}]),
    ),
    (OFF, "aws_cloudwatch_composite_alarm", {"insufficient_data_actions": ["a"]}, {"insufficient_data_actions": []}),
    (OFF, "aws_wafv2_web_acl", {}, {"data_protection_config": [{"data_protection": [{}]}]}),
    (LOSS, "aws_s3_bucket_lifecycle_configuration", {"bucket": "a"}, {"bucket": "b"}),
    (LOSS, "aws_ecr_lifecycle_policy", {"repository": "a"}, {"repository": "b"}),
    (OFF, "aws_accessanalyzer_archive_rule", {"analyzer_name": "a"}, {"analyzer_name": "b"}),
    (WIDER, "aws_snapshot_create_volume_permission", {"account_id": "1"}, {"account_id": "2"}),
    (WIDER, "aws_ami_launch_permission", {"account_id": "1"}, {"account_id": "2"}),
    (WIDER, "aws_key_pair", {"public_key": "a"}, {"public_key": "b"}),
    (WIDER, "aws_vpc_block_public_access_exclusion", {"vpc_id": "vpc-1"}, {"vpc_id": "vpc-2"}),
    (OUTAGE, "aws_appautoscaling_policy", {"policy_type": "TargetTrackingScaling"}, {"policy_type": "StepScaling"}),
    # Other types.
    (WIDER, "aws_iam_access_key", {"status": "Inactive"}, {"status": "Active"}),
    (OFF, "aws_ec2_serial_console_access", {"enabled": False}, {"enabled": True}),
    *(
        (OFF, kind, {"criteria": "a"}, {"criteria": "b"})
        for kind in (
            *("aws_securityhub_automation_rule", "aws_inspector2_filter", "aws_macie2_findings_filter"),
            *("aws_guardduty_ipset", "aws_account_alternate_contact", "aws_route53_resolver_firewall_rule"),
            *("aws_shield_application_layer_automatic_response", "aws_cognito_user_pool", "aws_transfer_server"),
        )
    ),
    (LOSS, "aws_backup_region_settings", {"resource_type_opt_in_preference": {"RDS": True}}, {}),
    *(
        (WIDER, kind, {name: ["a"]}, {name: ["a", "b"]})
        for kind, name in (
            ("aws_network_interface", "security_groups"),
            ("aws_instance", "vpc_security_group_ids"),
            ("aws_vpc_endpoint", "security_group_ids"),
            ("aws_rds_cluster", "vpc_security_group_ids"),
        )
    ),
    (WIDER, "aws_s3_bucket", {}, {"replication_configuration": [{"role": "a"}]}),
    (LOSS, "aws_sqs_queue", {"sqs_managed_sse_enabled": True}, {"sqs_managed_sse_enabled": False}),
    (LOSS, "aws_kinesis_stream", {"encryption_type": "KMS"}, {"encryption_type": "NONE"}),
    (OFF, "aws_rds_cluster", {"db_cluster_parameter_group_name": "a"}, {"db_cluster_parameter_group_name": "b"}),
    (WIDER, "aws_rds_cluster", {"enable_http_endpoint": False}, {"enable_http_endpoint": True}),
    (WIDER, "aws_instance", {"source_dest_check": True}, {"source_dest_check": False}),
    (WIDER, "aws_lambda_function", {}, {"layers": ["arn:theirs"]}),
    (WIDER, "aws_sfn_state_machine", {"definition": '{"a": 0}'}, {"definition": '{"a": 1}'}),
    (WIDER, "aws_pipes_pipe", {"target": "a"}, {"target": "b"}),
    (WIDER, "aws_kinesis_firehose_delivery_stream", {}, {"http_endpoint_configuration": [{"url": "theirs"}]}),
    (LOSS, "aws_ecr_repository_creation_template", {}, {"lifecycle_policy": '{"rules": [1]}'}),
    # The class of the change.
    (
        WIDER,
        "aws_s3_bucket_replication_configuration",
        {"rule": [{"destination": [{"bucket": "ours"}]}]},
        {"rule": [{"destination": [{"bucket": "theirs"}]}]},
    ),
    (WIDER, "aws_cloudwatch_log_subscription_filter", {"destination_arn": "ours"}, {"destination_arn": "theirs"}),
    (WIDER, "aws_ram_resource_association", {"resource_arn": "a"}, {"resource_arn": "b"}),
    (WIDER, "aws_ssoadmin_account_assignment", {"target_id": "1"}, {"target_id": "2"}),
    (WIDER, "aws_ecr_pull_through_cache_rule", {"upstream_registry_url": "a"}, {"upstream_registry_url": "b"}),
    (WIDER, "aws_network_interface_sg_attachment", {"security_group_id": "a"}, {"security_group_id": "b"}),
    (OFF, "aws_lb_listener", AUTHENTICATED, {"default_action": [{"type": "forward"}]}),
    (OFF, "aws_networkfirewall_firewall_policy", {"firewall_policy": [{"a": "drop"}]}, {"firewall_policy": [{}]}),
    (LOSS, "aws_sqs_queue", {"redrive_policy": "a"}, {"redrive_policy": "b"}),
    (
        LOSS,
        "aws_scheduler_schedule",
        {"target": [{"retry_policy": [{"maximum_retry_attempts": 3}]}]},
        {"target": [{"retry_policy": [{"maximum_retry_attempts": 0}]}]},
    ),
    (OFF, "aws_config_conformance_pack", {"template_body": "a"}, {"template_body": "b"}),
    (WIDER, "aws_guardduty_publishing_destination", {"destination_arn": "a"}, {"destination_arn": "b"}),
    (WIDER, "aws_route53_query_log", {"cloudwatch_log_group_arn": "a"}, {"cloudwatch_log_group_arn": "b"}),
    (
        WIDER,
        "aws_ecs_task_definition",
        containers(),
        containers(secrets=[{"name": "A", "valueFrom": "arn:aws:secretsmanager:us-east-1:1:secret:a"}]),
    ),
    # Numbers that are none.
    (LOSS, "aws_cloudwatch_log_group", {"retention_in_days": 365}, {"retention_in_days": "nan"}),
    (LOSS, "aws_db_instance", {"backup_retention_period": 14}, {"backup_retention_period": "nan"}),
    # Containers.
    (OFF, "aws_ecs_task_definition", containers(), containers(image=f"{IMAGE}:latest")),
    *(
        (OFF, "aws_ecs_task_definition", containers(**variables(A="1")), containers(**variables(**after)))
        for after in ({"A": "2"}, {}, {"B": "1"})
    ),
    *(
        (kind, "aws_ecs_task_definition", containers(**before), containers(**variables(A="1", **{name: "x"})))
        for before in ({}, variables(A="1"), variables(A="1", B="2"))
        for kind, name in (
            *((WIDER, each) for each in ("NODE_OPTIONS", "PYTHONPATH", "BASH_ENV", "GIT_SSH_COMMAND", "LD_PRELOAD")),
            *((OFF, each) for each in ("NODE_TLS_REJECT_UNAUTHORIZED", "PGSSLMODE", "REQUESTS_CA_BUNDLE")),
        )
    ),
    (OFF, "aws_ecs_task_definition", containers(), containers(healthCheck={"command": ["CMD", "false"]})),
    (
        OFF,
        "aws_ecs_task_definition",
        containers(healthCheck={"command": ["CMD", "check"]}),
        containers(healthCheck={"command": ["CMD", "true"]}),
    ),
    (OUTAGE, "aws_ecs_task_definition", {"memory": "2048"}, {"memory": "512"}),
    (OUTAGE, "aws_ecs_task_definition", {"cpu": "1024"}, {"cpu": "256"}),
    (OUTAGE, "aws_ecs_task_definition", containers(memory=512), containers(memory=64)),
    (OUTAGE, "aws_ecs_task_definition", containers(cpu=512), containers(cpu=64)),
    (OUTAGE, "aws_ecs_task_definition", containers(**files(65535)), containers(**files(64))),
    (OUTAGE, "aws_ecs_task_definition", containers(), containers(**files(64))),
    # Services, load balancers, records and alarms.
    (OUTAGE, "aws_ecs_service", {"desired_count": 4}, {"desired_count": 1}),
    (OUTAGE, "aws_ecs_service", {}, {"capacity_provider_strategy": [{"capacity_provider": "FARGATE_SPOT"}]}),
    (OUTAGE, "aws_ecs_service", {}, {"service_connect_configuration": [{"enabled": True}]}),
    (
        OUTAGE,
        "aws_ecs_service",
        {"availability_zone_rebalancing": "ENABLED"},
        {"availability_zone_rebalancing": "DISABLED"},
    ),
    (
        OUTAGE,
        "aws_ecs_service",
        {"task_definition": "arn:aws:ecs:us-east-1:111122223333:task-definition/app:1"},
        {"task_definition": "arn:aws:ecs:us-east-1:444455556666:task-definition/app:2"},
    ),
    (OUTAGE, "aws_appautoscaling_target", {"max_capacity": 8}, {"max_capacity": 2}),
    (OUTAGE, "aws_lb_listener", {}, {"mutual_authentication": [{"mode": "verify"}]}),
    (OUTAGE, "aws_lb", {"idle_timeout": 60}, {"idle_timeout": 1}),
    (OUTAGE, "aws_lb", {"client_keep_alive": 3600}, {"client_keep_alive": 60}),
    (OUTAGE, "aws_lb_target_group", {"deregistration_delay": "120"}, {"deregistration_delay": "0"}),
    (OUTAGE, "aws_wafv2_web_acl", waf(), waf({**BLOCK, "statement": [{"geo_match_statement": [{"a": 1}]}]})),
    (
        OUTAGE,
        "aws_wafv2_web_acl",
        waf(),
        waf({**BLOCK, "statement": [{"not_statement": [{"statement": [{"geo_match_statement": [{"a": 1}]}]}]}]}),
    ),
    (OUTAGE, "aws_route53_record", {"ttl": 60}, {"ttl": 86400}),
    (OUTAGE, "aws_db_instance", {"backup_window": "02:00-03:00"}, {"backup_window": "12:00-13:00"}),
    (OUTAGE, "aws_db_instance", {"maintenance_window": "sun:03:00-sun:04:00"}, {"maintenance_window": "mon:12:00"}),
    (OUTAGE, "aws_elasticache_replication_group", {"snapshot_window": "02:00"}, {"snapshot_window": "12:00"}),
    (OUTAGE, "aws_rds_cluster", {"preferred_maintenance_window": "a"}, {"preferred_maintenance_window": "b"}),
    *(
        (WIDER, kind, {}, {actions: [action]})
        for kind in ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")
        for actions in ("alarm_actions", "ok_actions", "insufficient_data_actions")
        for action in (
            "arn:aws:automate:us-east-1:ec2:terminate",
            "arn:aws:lambda:us-east-1:444455556666:function:theirs",
        )
    ),
    (
        OFF,
        "aws_cloudwatch_event_target",
        {"input_transformer": [{"input_template": "a"}]},
        {"input_transformer": [{"input_template": "b"}]},
    ),
    (OFF, "aws_cloudwatch_alarm_mute_rule", {"rule": [{"a": 1}]}, {"rule": [{"a": 2}]}),
    *(
        (WIDER, kind, {tags: {name: "prod"}}, {tags: after})
        for kind in ("aws_s3_bucket", "aws_ecs_service", "aws_xray_group", "aws_cloudwatch_dashboard")
        for tags in ("tags", "tags_all")
        for name in ("Environment", "Project")
        for after in ({name: "dev"}, {})
    ),
    (
        OFF,
        "aws_wafv2_web_acl",
        waf({**COUNTED, "statement": [{"a": 1}]}),
        waf({**BLOCKING, "statement": [{"a": 2}]}),
    ),
    (OFF, "aws_wafv2_web_acl", waf(BLOCKING), waf(COUNTED)),
    # Alarms and lists.
    (LOSS, "aws_ecr_lifecycle_policy", expiry(90), expiry(14)),
    (LOSS, "aws_ecr_lifecycle_policy", expiry(90), expiry(90, "any")),
    (OFF, "aws_wafv2_web_acl", waf(BLOCK), waf({**BLOCK, "statement": [{"limit": 1}]})),
    (
        LOSS,
        "aws_cloudwatch_event_target",
        {"retry_policy": [{"maximum_retry_attempts": 100}]},
        {"retry_policy": [{"maximum_retry_attempts": 0}]},
    ),
    (OFF, "aws_cloudwatch_metric_alarm", alarm("GreaterThan", 80), alarm("GreaterThan", 90)),
    (OFF, "aws_cloudwatch_metric_alarm", alarm("LessThan", 20), alarm("LessThan", 10)),
    (OFF, "aws_wafv2_web_acl", waf(), waf(ALLOW)),
    (OFF, "aws_wafv2_web_acl", waf(), waf(EVERY_ACTION)),
    (OFF, "aws_wafv2_web_acl", waf(), {"rule": [BLOCK]}),
    (
        LOSS,
        "aws_s3_bucket_lifecycle_configuration",
        {"rule": [{"id": "a", "status": "Disabled", "expiration": [{"days": 30}]}]},
        {"rule": [{"id": "a", "status": "Enabled", "expiration": [{"days": 30}]}]},
    ),
    (
        LOSS,
        "aws_s3_bucket_lifecycle_configuration",
        {"rule": [{"id": "a", "filter": [{"prefix": "tmp/"}], "expiration": [{"days": 30}]}]},
        {"rule": [{"id": "a", "filter": [{"prefix": ""}], "expiration": [{"days": 30}]}]},
    ),
]
"""Kind, type, before, after: a change of each kind."""


def update(kind: str, before: Body, after: Body) -> Body:
    actions = REPLACE if kind in REVISIONS else ("update",)
    return plan(change(f"{kind}.a", {"id": "1", **before}, {"id": "1", **after}, actions=actions))


@pytest.mark.slow
@every_case(
    ("kind", "type_", "before", "after"), COSTLY, ids=[f"{each[1]}-{min({**each[2], **each[3]})}" for each in COSTLY]
)
def test_a_change_needs_the_approval_of_its_class(kind: FindingKind, type_: str, before: Body, after: Body) -> None:
    document = json.dumps(update(type_, before, after)).encode()
    assert [each for each in run(document, name="demo").findings if each.kind is kind and each.refused]
    assert run(document, name="demo", approved=frozenset(APPROVABLE) - {kind}).outcome is Outcome.FINDINGS
    assert run(document, name="demo", approved=frozenset(APPROVABLE)).outcome is Outcome.CLEAN
    same = plan(change(f"{type_}.a", {"id": "1", **before}, {"id": "1", **before}))
    assert judge(same).outcome is Outcome.CLEAN


STRICTER: list[tuple[str, Body, Body]] = [
    ("aws_wafv2_web_acl", waf(), waf(BLOCK)),
    ("aws_wafv2_web_acl", waf(COUNTED), waf(BLOCKING)),
    ("aws_s3_bucket", {"tags": {"Environment": "prod", "Owner": "a"}}, {"tags": {"Environment": "prod", "Owner": "b"}}),
    (
        "aws_lb_listener",
        {"ssl_policy": "ELBSecurityPolicy-2016-08"},
        {"ssl_policy": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"},
    ),
    ("aws_db_parameter_group", {"parameter": []}, {"parameter": [{"name": "rds.force_ssl", "value": "1"}]}),
    (
        "aws_db_parameter_group",
        {"parameter": [{"name": "rds.force_ssl", "value": "0"}]},
        {"parameter": [{"name": "rds.force_ssl", "value": "1"}]},
    ),
    (
        "aws_s3_bucket_lifecycle_configuration",
        {"rule": [{"id": "a", "status": "Enabled", "expiration": [{"days": 30}]}]},
        {"rule": [{"id": "a", "status": "Enabled", "expiration": [{"days": 90}]}]},
    ),
    (
        "aws_s3_bucket_lifecycle_configuration",
        {"rule": [{"id": "a", "status": "Enabled", "expiration": [{"days": 30}]}]},
        {"rule": [{"id": "a", "status": "Disabled", "expiration": [{"days": 30}]}]},
    ),
    ("aws_cloudwatch_metric_alarm", alarm("GreaterThan", 80), alarm("GreaterThan", 70)),
    ("aws_cloudwatch_metric_alarm", alarm("LessThan", 10), alarm("LessThan", 20)),
    *(
        ("aws_ecr_repository", before, after)
        for before, after in (
            (tags("MUTABLE"), tags("IMMUTABLE")),
            (tags("MUTABLE"), tags("MUTABLE_WITH_EXCLUSION", "v*")),
            (tags("MUTABLE"), tags("IMMUTABLE_WITH_EXCLUSION", "dev-*")),
            (tags("MUTABLE_WITH_EXCLUSION", "v*"), tags("IMMUTABLE")),
            (tags("MUTABLE_WITH_EXCLUSION", "v*"), tags("MUTABLE_WITH_EXCLUSION", "v*", "w*")),
            (tags("IMMUTABLE_WITH_EXCLUSION", "dev-*"), tags("IMMUTABLE")),
            (tags("IMMUTABLE_WITH_EXCLUSION", "dev-*", "e*"), tags("IMMUTABLE_WITH_EXCLUSION", "dev-*")),
        )
    ),
    (
        "aws_ecr_repository",
        {"image_scanning_configuration": [{"scan_on_push": False}]},
        {"image_scanning_configuration": [{"scan_on_push": True}]},
    ),
    (
        "aws_guardduty_detector",
        {"finding_publishing_frequency": "SIX_HOURS"},
        {"finding_publishing_frequency": "FIFTEEN_MINUTES"},
    ),
    ("aws_ec2_instance_metadata_defaults", {"http_tokens": "optional"}, {"http_tokens": "required"}),
    (
        "aws_launch_template",
        {"metadata_options": [{"http_tokens": "optional"}]},
        {"metadata_options": [{"http_tokens": "required"}]},
    ),
    ("aws_ebs_snapshot_block_public_access", {"state": "unblocked"}, {"state": "block-all-sharing"}),
    ("aws_sqs_queue", {"redrive_policy": None}, {"redrive_policy": '{"maxReceiveCount": 3}'}),
    (
        "aws_elasticache_replication_group",
        {"transit_encryption_mode": "preferred"},
        {"transit_encryption_mode": "required"},
    ),
    ("aws_iam_account_password_policy", {"max_password_age": 90}, {"max_password_age": 60}),
    (
        "aws_ecs_task_definition",
        containers(),
        containers(image=f"{IMAGE}@sha256:2"),
    ),
    ("aws_ecs_task_definition", {"cpu": "256"}, {"cpu": "512"}),
    ("aws_ecs_task_definition", containers(), containers(**variables(LOG_LEVEL="info"))),
    ("aws_ecs_task_definition", containers(**variables(A="1")), containers(**variables(A="1", B="2"))),
    ("aws_ecs_task_definition", containers(image=f"{IMAGE}:1"), containers(image=f"{IMAGE}:2")),
    ("aws_ecs_task_definition", containers(**files(64)), containers(**files(65535))),
    ("aws_ecs_service", {"desired_count": 1}, {"desired_count": 4}),
    (
        "aws_ecs_service",
        {"availability_zone_rebalancing": "DISABLED"},
        {"availability_zone_rebalancing": "ENABLED"},
    ),
    (
        "aws_ecs_service",
        {"task_definition": "arn:aws:ecs:us-east-1:111122223333:task-definition/app:1"},
        {"task_definition": "arn:aws:ecs:us-east-1:111122223333:task-definition/app:2"},
    ),
    ("aws_appautoscaling_target", {"max_capacity": 2}, {"max_capacity": 8}),
    ("aws_lb", {"idle_timeout": 60}, {"idle_timeout": 120}),
    ("aws_route53_record", {"ttl": 300}, {"ttl": 60}),
    (
        "aws_cloudwatch_metric_alarm",
        {"alarm_actions": ["arn:aws:sns:us-east-1:111122223333:a"]},
        {"alarm_actions": ["arn:aws:sns:us-east-1:111122223333:a", "arn:aws:sns:us-east-1:111122223333:b"]},
    ),
    ("aws_cloudwatch_dashboard", {"dashboard_body": '{"widgets": [1]}'}, {"dashboard_body": '{"widgets": [2]}'}),
    (
        "aws_budgets_budget",
        {"notification": [{"threshold": 80}]},
        {"notification": [{"threshold": 80}, {"threshold": 50}]},
    ),
    ("aws_db_instance", {"iops": 3000}, {"iops": 12000}),
    ("aws_lambda_function_url", {"authorization_type": "NONE"}, {"authorization_type": "AWS_IAM"}),
    ("aws_ecr_lifecycle_policy", expiry(14), expiry(90)),
    (
        "aws_ecs_cluster",
        {"setting": [{"name": "containerInsights", "value": "disabled"}]},
        {"setting": [{"name": "containerInsights", "value": "enabled"}]},
    ),
    (
        "aws_config_configuration_recorder",
        {"recording_group": [{"all_supported": False}]},
        {"recording_group": [{"all_supported": True}]},
    ),
    (
        "aws_s3_bucket_lifecycle_configuration",
        {"rule": [{"id": "a", "status": "Enabled", "filter": [{"prefix": "a/"}], "expiration": [{"days": 30}]}]},
        {"rule": []},
    ),
]


@every_case(("type_", "before", "after"), STRICTER, ids=[f"{each[0]}-{min(each[1])}" for each in STRICTER])
def test_a_stricter_value_needs_no_approval(type_: str, before: Body, after: Body) -> None:
    verdict = judge(update(type_, before, after))
    assert (verdict.outcome, verdict.findings) == (Outcome.CLEAN, ())


@every_case(
    ("type_", "before", "after", "what"),
    [
        (
            "aws_lb_target_group",
            {"health_check": [{"path": "/health", "interval": 10}]},
            {"health_check": [{"path": "/", "interval": 300}]},
            "health_check: 1 block → 1 block (interval: 10 → 300, path: /health → /)",
        ),
        (
            "aws_wafv2_web_acl",
            waf(BLOCKING),
            waf(COUNTED),
            "([group].override_action.count: none → 1 block, ",
        ),
        (
            "aws_ecs_task_definition",
            containers(**variables(A="1", B="2")),
            containers(**variables(A="1", B="3")),
            "environment: 2 blocks → 2 blocks ([B].value): ",
        ),
    ],
)
def test_a_finding_shows_what_differs_inside_blocks(type_: str, before: Body, after: Body, what: str) -> None:
    assert any(what in each.what for each in judge(update(type_, before, after)).findings)


def test_a_change_of_a_type_that_no_table_has_needs_every_approval() -> None:
    document = update("aws_xray_group", {"filter_expression": "a"}, {"filter_expression": "b"})
    assert {each.kind for each in judge(document).findings if each.refused} == set(APPROVABLE)
    assert judge(update("aws_xray_group", {"tags": {}}, {"tags": {"a": "b"}})).outcome is Outcome.CLEAN


# The tables are complete ------------------------------------------------------------------------------------------


def test_every_argument_of_the_stacks_types_has_an_entry() -> None:
    """An argument without one: give it a direction, or put it in `nothing.of` with the reason."""
    types = {kind: body for kind, body in schema.types().items() if "." not in kind}
    assert len(types) > 80
    missing = [
        f"{kind}.{path}"
        for kind, body in types.items()
        if kind not in table().harmless
        for path in _leaves(body)
        if not (
            _directions(kind, path) or _is_harmless(kind, path) or _read_elsewhere(kind, path) or _above(kind, path)
        )
    ]
    assert missing == []


def _leaves(body: Body, above: str = "") -> Iterator[str]:
    for name, value in body.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def _above(kind: str, path: str) -> bool:
    """Whether an entry of the type judges a block that the path is in."""
    parts = path.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts))]
    patterns = [pattern for each in table().changes for pattern in each.attributes.get(kind, ())]
    return any(fnmatchcase(each, pattern) for each in above for pattern in patterns)


def test_nothing_that_an_entry_names_is_missing_in_the_schema() -> None:
    for each in table().harmless_attributes.keys() - {"*"}:
        assert each in schema.types(), each


def test_an_order_has_no_value_twice() -> None:
    for names, values in table().orders:
        assert names
        assert len(values) == len(set(values)) > 1
