"""New resources that act on what exists need the approval of their class, and a first plan only that of widening."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops.gate.model import Outcome
from ops.plan_gate.model import APPROVABLE, FindingKind
from ops.plan_gate.run import run
from rehearsal.rollout import GROWING
from tests.cases import every_case
from tests.conftest import Stack
from tests.plan_gate.first_plans import first_plan
from tests.plan_gate.plans import Body, change, judge, plan
from tests.products import SUBJECTS

LOSS, OUTAGE, OFF, WIDER = (
    FindingKind.LOSS_IN_PLACE,
    FindingKind.OUTAGE,
    FindingKind.PROTECTION_OFF,
    FindingKind.WIDENING,
)
LISTENER = "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/a/1/2"
RECORD: Body = {"zone_id": "Z1", "name": "app.example.com", "type": "A"}
DELETER: Body = {"arn": "arn:aws:scheduler:::aws-sdk:rds:deleteDBInstance", "role_arn": "arn:aws:iam::1:role/admin"}
BLOCKS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")


def containers(**settings: Any) -> str:
    return json.dumps([{"name": "app", "image": "app@sha256:1", **settings}])


CREATED: list[tuple[FindingKind, str, Body]] = [
    (WIDER, "aws_scheduler_schedule", {"target": [DELETER]}),
    (WIDER, "aws_cloudwatch_event_target", {"rule": "a", "arn": "arn:aws:events:us-east-1:999999999999:event-bus/b"}),
    (OUTAGE, "aws_lb_listener_rule", {"listener_arn": LISTENER, "priority": 1, "action": [{"type": "fixed-response"}]}),
    (OUTAGE, "aws_lb_listener_rule", {"listener_arn": LISTENER, "priority": 1, "action": [{"type": "redirect"}]}),
    (OUTAGE, "aws_lb_target_group_attachment", {"target_group_arn": "arn:a", "target_id": "203.0.113.9"}),
    (OUTAGE, "aws_lb_listener", {"load_balancer_arn": "arn:a", "port": 80, "protocol": "HTTP"}),
    *(
        (OUTAGE, "aws_route53_record", {**RECORD, **body})
        for body in (
            {"weighted_routing_policy": [{"weight": 255}], "records": ["203.0.113.9"], "allow_overwrite": True},
            {"type": "MX", "records": ["10 mail.example.net"]},
            {"type": "NS", "records": ["ns1.example.net"]},
            {"type": "CAA", "records": ['0 issue "other.example"']},
            {"alias": [{"name": "other.elb.amazonaws.com", "zone_id": "Z2"}]},
        )
    ),
    (OUTAGE, "aws_route53_records_exclusive", {"zone_id": "Z1", "name": "a"}),
    *((OFF, "aws_s3_account_public_access_block", dict.fromkeys(BLOCKS, True) | {each: False}) for each in BLOCKS),
    *(
        (OFF, "aws_s3_bucket_public_access_block", {"bucket": "a"} | dict.fromkeys(BLOCKS, True) | {each: False})
        for each in BLOCKS
    ),
    (OFF, "aws_s3_bucket_ownership_controls", {"bucket": "a", "rule": [{"object_ownership": "ObjectWriter"}]}),
    (OFF, "aws_ebs_encryption_by_default", {"enabled": False}),
    (OFF, "aws_guardduty_detector", {"enable": False}),
    (OFF, "aws_guardduty_detector_feature", {"detector_id": "a", "name": "S3_DATA_EVENTS", "status": "DISABLED"}),
    (OFF, "aws_config_configuration_recorder_status", {"name": "a", "is_enabled": False}),
    (OFF, "aws_config_configuration_recorder", {"name": "a", "recording_group": [{"all_supported": False}]}),
    (OFF, "aws_iam_account_password_policy", {"minimum_password_length": 6}),
    (OFF, "aws_ebs_snapshot_block_public_access", {"state": "unblocked"}),
    (OFF, "aws_ec2_image_block_public_access", {"state": "unblocked"}),
    (OFF, "aws_ec2_instance_metadata_defaults", {"http_tokens": "optional"}),
    (OFF, "aws_vpc_block_public_access_options", {"internet_gateway_block_mode": "off"}),
    (OFF, "aws_ecr_registry_scanning_configuration", {"scan_type": "BASIC", "rule": []}),
    (OFF, "aws_ecr_registry_scanning_configuration", {"scan_type": "BASIC", "rule": [{"scan_frequency": "MANUAL"}]}),
    (OFF, "aws_macie2_account", {"status": "PAUSED"}),
    (OFF, "aws_route53_hosted_zone_dnssec", {"hosted_zone_id": "Z1", "signing_status": "NOT_SIGNING"}),
    (OFF, "aws_kms_key", {"description": "a"}),
    (OFF, "aws_kms_key", {"enable_key_rotation": True, "bypass_policy_lockout_safety_check": True}),
    (OFF, "aws_account_region", {"region_name": "us-west-2", "enabled": False}),
    (OFF, "aws_cloudtrail", {"name": "a", "is_multi_region_trail": False}),
    (OFF, "aws_wafv2_web_acl_association", {"resource_arn": "arn:lb", "web_acl_arn": "arn:acl"}),
    (OFF, "aws_db_instance", {"publicly_accessible": True}),
    (OFF, "aws_subnet", {"map_public_ip_on_launch": True}),
    (OFF, "aws_ecs_service", {"network_configuration": [{"assign_public_ip": True}]}),
    (LOSS, "aws_secretsmanager_secret_version", {"secret_id": "arn:a"}),
    (LOSS, "aws_s3_object", {"bucket": "data", "key": "a"}),
    (LOSS, "aws_dynamodb_table_item", {"table_name": "a", "item": "{}"}),
    (LOSS, "aws_ssm_parameter", {"name": "/a", "overwrite": True}),
    (LOSS, "aws_s3_bucket_versioning", {"bucket": "a", "versioning_configuration": [{"status": "Suspended"}]}),
    (LOSS, "aws_efs_backup_policy", {"file_system_id": "a", "backup_policy": [{"status": "DISABLED"}]}),
    (
        LOSS,
        "aws_s3_bucket_server_side_encryption_configuration",
        {"bucket": "a", "rule": [{"apply_server_side_encryption_by_default": [{"kms_master_key_id": "arn:theirs"}]}]},
    ),
    (LOSS, "aws_ebs_default_kms_key", {"key_arn": "arn:theirs"}),
    (LOSS, "aws_kms_alias", {"name": "alias/a", "target_key_id": "key-1"}),
    (LOSS, "aws_dlm_lifecycle_policy", {"policy_details": [{}]}),
    (LOSS, "aws_backup_plan", {"rule": [{"copy_action": [{"destination_vault_arn": "arn:theirs"}]}]}),
    (LOSS, "aws_backup_vault_lock_configuration", {"backup_vault_name": "a"}),
    (OUTAGE, "aws_appautoscaling_target", {"resource_id": "service/a/b", "min_capacity": 0, "max_capacity": 0}),
    (OUTAGE, "aws_appautoscaling_scheduled_action", {"scalable_target_action": [{"max_capacity": 0}]}),
    (
        OUTAGE,
        "aws_appautoscaling_policy",
        {"step_scaling_policy_configuration": [{"adjustment_type": "ExactCapacity"}]},
    ),
    (OUTAGE, "aws_network_acl_rule", {"network_acl_id": "acl-1", "rule_action": "deny"}),
    (OUTAGE, "aws_network_acl_association", {"network_acl_id": "acl-1", "subnet_id": "subnet-1"}),
    (OUTAGE, "aws_route", {"route_table_id": "rtb-1", "destination_cidr_block": "0.0.0.0/0"}),
    (OUTAGE, "aws_route_table_association", {"route_table_id": "rtb-1", "subnet_id": "subnet-1"}),
    (OUTAGE, "aws_main_route_table_association", {"route_table_id": "rtb-1", "vpc_id": "vpc-9"}),
    (OUTAGE, "aws_vpc_dhcp_options_association", {"dhcp_options_id": "dopt-1", "vpc_id": "vpc-9"}),
    (OUTAGE, "aws_vpc_endpoint", {"vpc_id": "vpc-9", "private_dns_enabled": True}),
    (OUTAGE, "aws_ecs_cluster_capacity_providers", {"cluster_name": "a", "capacity_providers": []}),
    (OUTAGE, "aws_default_network_acl", {"default_network_acl_id": "acl-1"}),
    (OUTAGE, "aws_default_security_group", {"vpc_id": "vpc-9"}),
    (WIDER, "aws_lb", {"name": "a", "internal": False}),
    (WIDER, "aws_s3_bucket", {"bucket": "a", "acl": "public-read"}),
    (WIDER, "aws_s3_bucket_acl", {"bucket": "a", "acl": "public-read"}),
    (
        WIDER,
        "aws_s3_bucket_acl",
        {
            "access_control_policy": [
                {"grant": [{"grantee": [{"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}]}]}
            ]
        },
    ),
    (WIDER, "aws_ecs_task_definition", {"family": "a", "container_definitions": containers(privileged=True)}),
    (WIDER, "aws_ecs_task_definition", {"family": "a", "network_mode": "host"}),
    (WIDER, "aws_ecs_task_definition", {"family": "a", "pid_mode": "host"}),
    (WIDER, "aws_ecs_task_definition", {"family": "a", "volume": [{"name": "a", "host_path": "/"}]}),
    (WIDER, "aws_ecs_service", {"name": "a", "enable_execute_command": True}),
    (WIDER, "aws_elasticache_user", {"user_id": "a", "access_string": "on ~* +@all"}),
    (WIDER, "aws_memorydb_user", {"user_name": "a", "access_string": "on ~* +@all"}),
    (WIDER, "aws_flow_log", {"log_destination": "arn:aws:s3:::theirs", "vpc_id": "vpc-9"}),
    (WIDER, "aws_s3_bucket_logging", {"bucket": "a", "target_bucket": "theirs"}),
    (WIDER, "aws_cloudtrail", {"name": "a", "is_multi_region_trail": True, "s3_bucket_name": "theirs"}),
    (WIDER, "aws_config_delivery_channel", {"name": "a", "s3_bucket_name": "theirs"}),
    (WIDER, "aws_wafv2_web_acl_logging_configuration", {"log_destination_configs": ["arn:theirs"]}),
    (WIDER, "aws_cur_report_definition", {"s3_bucket": "theirs"}),
]
"""Kind, type, values: a new resource of each kind that acts on what exists, or is in a bad state."""


@pytest.mark.slow
@every_case(("kind", "type_", "values"), CREATED, ids=[f"{each[1]}-{min(each[2])}" for each in CREATED])
def test_a_new_resource_needs_the_approval_of_its_class(kind: FindingKind, type_: str, values: Body) -> None:
    document = json.dumps(plan(change(f"{type_}.a", None, values))).encode()
    assert [each for each in run(document, name="demo").findings if each.kind is kind and each.refused]
    assert run(document, name="demo", approved=frozenset(APPROVABLE) - {kind}).outcome is Outcome.FINDINGS
    assert run(document, name="demo", approved=frozenset(APPROVABLE)).outcome is Outcome.CLEAN


@pytest.mark.requirement("R2.4", "R11.1", "R11.4")
@pytest.mark.parametrize("grows", [True, False], ids=["starter to prod", "prod to starter"])
def test_a_profile_with_other_endpoints_needs_the_approval_of_an_outage(stacks: dict[str, Stack], grows: bool) -> None:
    """Running tasks then reach these APIs another way: through the endpoint instead of NAT, or the reverse."""
    few, all_ = (stacks[f"{name}-network"].resources("aws_vpc_endpoint") for name in ("prod-starter", "prod"))
    more = {f"aws_vpc_endpoint.{name}": {**body, "vpc_id": "vpc-1"} for name, body in all_.items() if name not in few}
    services = ("kms", "monitoring", "ssmmessages", "sts")
    assert more.keys() == {f"aws_vpc_endpoint.endpoint_{each}" for each in services}
    changes = [change(name, *((None, body) if grows else (body, None))) for name, body in more.items()]
    document = json.dumps(plan(*changes)).encode()
    refused = [each for each in run(document, name="demo").findings if each.refused]
    assert {(each.kind, each.where) for each in refused} == {(OUTAGE, name) for name in more}
    assert run(document, name="demo", approved=GROWING).outcome is Outcome.CLEAN


GOOD: list[tuple[str, Body]] = [
    ("aws_s3_account_public_access_block", dict.fromkeys(BLOCKS, True)),
    ("aws_ebs_encryption_by_default", {"enabled": True}),
    ("aws_guardduty_detector_feature", {"detector_id": "a", "name": "S3_DATA_EVENTS", "status": "ENABLED"}),
    (
        "aws_iam_account_password_policy",
        {"minimum_password_length": 20, "password_reuse_prevention": 24}
        | {f"require_{each}": True for each in ("lowercase_characters", "numbers", "symbols", "uppercase_characters")},
    ),
    ("aws_ec2_instance_metadata_defaults", {"http_tokens": "required"}),
    ("aws_ec2_image_block_public_access", {"state": "block-new-sharing"}),
    ("aws_kms_key", {"enable_key_rotation": True}),
    ("aws_s3_bucket_versioning", {"bucket": "a", "versioning_configuration": [{"status": "Enabled"}]}),
    ("aws_appautoscaling_target", {"resource_id": "service/a/b", "min_capacity": 2, "max_capacity": 6}),
    ("aws_appautoscaling_policy", {"target_tracking_scaling_policy_configuration": [{"target_value": 60}]}),
    ("aws_s3_bucket", {"bucket": "a", "acl": None}),
    ("aws_subnet", {"vpc_id": "vpc-9", "map_public_ip_on_launch": False}),
    ("aws_cloudwatch_metric_alarm", {"alarm_name": "a", "alarm_actions": ["topic"]}),
]


@every_case(("type_", "values"), GOOD, ids=[each[0] for each in GOOD])
def test_a_new_resource_in_a_good_state_is_clean(type_: str, values: Body) -> None:
    assert judge(plan(change(f"{type_}.a", None, values))).outcome is Outcome.CLEAN


ON_NEW: list[tuple[Body, ...]] = [
    (
        change("aws_lb_listener.a", None, {"port": 443}, unknown={"load_balancer_arn": True, "arn": True}),
        change("aws_lb_listener_rule.a", None, {"priority": 1}, unknown={"listener_arn": True}),
    ),
    (change("aws_route53_record.a", None, {**RECORD, "name": None}, unknown={"name": True}),),
    (
        change("aws_ecs_cluster.a", None, {"name": "a"}),
        change("aws_ecs_cluster_capacity_providers.a", None, {"cluster_name": "a"}),
    ),
    (change("aws_wafv2_web_acl_association.a", None, {"resource_arn": "arn:lb"}, unknown={"web_acl_arn": True}),),
    (
        change("aws_sns_topic.a", {"arn": "arn:topic"}, {"arn": "arn:topic"}),
        change("aws_cloudwatch_event_target.a", None, {"rule": "a", "arn": "arn:topic"}),
    ),
]


@every_case("changes", ON_NEW, ids=[each[-1]["address"] for each in ON_NEW])
def test_what_acts_on_the_plans_own_resources_is_clean(changes: tuple[Body, ...]) -> None:
    assert judge(plan(*changes)).outcome is Outcome.CLEAN


def test_two_new_resources_do_not_make_what_they_name_new() -> None:
    rules = [change(f"aws_lb_listener_rule.{name}", None, {"listener_arn": LISTENER, "name": "a"}) for name in "ab"]
    assert len(judge(plan(*rules)).of(OUTAGE)) == 2
    records = [change(f"aws_route53_record.{name}", None, {**RECORD, "set_identifier": name}) for name in "ab"]
    assert len(judge(plan(*records)).of(OUTAGE)) == 2


def test_a_write_only_value_that_is_made_of_a_new_resource_is_its_first() -> None:
    version = change("aws_secretsmanager_secret_version.a", None, {"secret_id": "arn:a", "secret_string_wo": None})
    document = plan(change("aws_db_instance.a", None, {"identifier": "a"}), version)
    assert judge(document).of(LOSS)
    expressions = document["configuration"]["root_module"]["resources"][-1]["expressions"]
    expressions["secret_string_wo"] = {"references": ["aws_db_instance.a.address", "aws_db_instance.a"]}
    assert judge(document).outcome is Outcome.CLEAN


@pytest.mark.slow
@pytest.mark.parametrize("folder", sorted({each.folder for each in SUBJECTS}), ids=lambda path: path.name)
def test_a_first_plan_needs_only_the_approval_of_widening(
    stacks_of: Callable[[Path], dict[str, Stack]], folder: Path
) -> None:
    for name, stack in stacks_of(folder).items():
        verdict = judge(first_plan(stack))
        assert not verdict.error, (name, verdict.error)
        assert [each for each in verdict.findings if each.kind is not WIDER] == [], name
