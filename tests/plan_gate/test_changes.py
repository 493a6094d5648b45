"""Losses in place, outages and protections off: the table, the cases, and variants of each kind."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from ops.gate.model import Outcome
from ops.plan_gate.changes import EVERY_TYPE, Direction, _directions, known, table
from ops.plan_gate.model import APPROVABLE, FindingKind
from ops.plan_gate.run import run
from ops.plan_gate.tables import STATEFUL
from tests.cases import every_case
from tests.conftest import Stack
from tests.plan_gate.plans import REPLACE, Body, change, first, judge, plan, policy

CASES = sorted((Path(__file__).parent / "cases").glob("*.plan.json"))
LOSS, OUTAGE, OFF, WIDER = (
    FindingKind.LOSS_IN_PLACE,
    FindingKind.OUTAGE,
    FindingKind.PROTECTION_OFF,
    FindingKind.WIDENING,
)
UNKNOWN = "unknown"


@every_case("case", CASES, ids=lambda path: path.name.removesuffix(".plan.json"))
def test_no_case_passes(case: Path) -> None:
    """Plans that were clean before this table existed."""
    assert run(case.read_bytes(), name="demo").outcome is not Outcome.CLEAN


def update(kind: str, before: Body, after: Body, **more: Any) -> Body:
    return plan(change(f"{kind}.a", {"id": "1", **before}, {"id": "1", **after}, **more))


def containers(**settings: Any) -> str:
    return json.dumps([{"name": "app", "image": "app@sha256:1", **settings}])


WAF: Body = {"name": "common", "override_action": [{"none": [{}], "count": []}]}
COUNTED: Body = {"name": "common", "override_action": [{"none": [], "count": [{}]}]}
COSTLY: list[tuple[FindingKind, str, Body, Body]] = [
    (LOSS, "aws_db_instance", {"backup_retention_period": 14}, {"backup_retention_period": 0}),
    (LOSS, "aws_db_instance", {"backup_retention_period": 14}, {"backup_retention_period": 7}),
    (LOSS, "aws_db_instance", {"skip_final_snapshot": False}, {"skip_final_snapshot": True}),
    (LOSS, "aws_db_instance", {"delete_automated_backups": False}, {"delete_automated_backups": True}),
    (LOSS, "aws_db_instance", {"engine_version": "16"}, {"engine_version": "17"}),
    (
        LOSS,
        "aws_db_instance",
        {"engine": "mysql", "engine_version": "8.0.40"},
        {"engine": "mysql", "engine_version": "8.4.3"},
    ),
    (LOSS, "aws_db_instance", {"allocated_storage": 100}, {"allocated_storage": 50}),
    (LOSS, "aws_rds_cluster", {"backup_retention_period": 14}, {"backup_retention_period": 1}),
    (
        LOSS,
        "aws_fsx_lustre_file_system",
        {"automatic_backup_retention_days": 14},
        {"automatic_backup_retention_days": 0},
    ),
    (LOSS, "aws_elasticache_replication_group", {"snapshot_retention_limit": 7}, {"snapshot_retention_limit": 0}),
    (LOSS, "aws_elasticache_replication_group", {"engine": "redis"}, {"engine": "valkey"}),
    (LOSS, "aws_cloudwatch_log_group", {"retention_in_days": 365}, {"retention_in_days": 1}),
    (LOSS, "aws_cloudwatch_log_group", {"retention_in_days": 0}, {"retention_in_days": 365}),
    (LOSS, "aws_cloudwatch_log_group", {"kms_key_id": "key-1"}, {"kms_key_id": "key-2"}),
    (
        LOSS,
        "aws_s3_bucket_versioning",
        {"versioning_configuration": [{"status": "Enabled"}]},
        {"versioning_configuration": [{"status": "Suspended"}]},
    ),
    (
        LOSS,
        "aws_s3_bucket_lifecycle_configuration",
        {"rule": [{"id": "a", "expiration": [{"days": 365}]}]},
        {"rule": [{"id": "a", "expiration": [{"days": 1}]}]},
    ),
    (LOSS, "aws_s3_bucket", {"force_destroy": False}, {"force_destroy": True}),
    (LOSS, "aws_s3_object", {"etag": "1"}, {"etag": "2"}),
    (LOSS, "aws_ecr_repository", {"force_delete": False}, {"force_delete": True}),
    (LOSS, "aws_ecr_lifecycle_policy", {"policy": '{"rules": []}'}, {"policy": '{"rules": [{"rulePriority": 1}]}'}),
    (LOSS, "aws_kms_key", {"is_enabled": True}, {"is_enabled": False}),
    (LOSS, "aws_kms_key", {"deletion_window_in_days": 30}, {"deletion_window_in_days": 7}),
    (LOSS, "aws_kms_alias", {"target_key_id": "1"}, {"target_key_id": "2"}),
    (LOSS, "aws_secretsmanager_secret", {"recovery_window_in_days": 30}, {"recovery_window_in_days": 0}),
    (
        LOSS,
        "aws_dynamodb_table",
        {"point_in_time_recovery": [{"enabled": True}]},
        {"point_in_time_recovery": [{"enabled": False}]},
    ),
    (
        LOSS,
        "aws_redshift_cluster",
        {"automated_snapshot_retention_period": 7},
        {"automated_snapshot_retention_period": 0},
    ),
    (OUTAGE, "aws_ecs_service", {"desired_count": 4}, {"desired_count": 0}),
    (
        OUTAGE,
        "aws_ecs_service",
        {"deployment_circuit_breaker": [{"rollback": True}]},
        {"deployment_circuit_breaker": [{"rollback": False}]},
    ),
    (OUTAGE, "aws_appautoscaling_target", {"min_capacity": 2}, {"min_capacity": 0}),
    (OUTAGE, "aws_autoscaling_group", {"max_size": 2}, {"max_size": 0}),
    (OUTAGE, "aws_elasticache_replication_group", {"num_cache_clusters": 2}, {"num_cache_clusters": 1}),
    (OUTAGE, "aws_db_instance", {"multi_az": True}, {"multi_az": False}),
    (OUTAGE, "aws_route53_record", {"alias": [{"name": "lb.example"}]}, {"alias": [{"name": "other.example"}]}),
    (OUTAGE, "aws_route53_record", {"records": ["192.0.2.1"]}, {"records": ["192.0.2.2"]}),
    (
        OUTAGE,
        "aws_route53_record",
        {"weighted_routing_policy": [{"weight": 100}]},
        {"weighted_routing_policy": [{"weight": 0}]},
    ),
    (
        OUTAGE,
        "aws_lb_listener",
        {"default_action": [{"type": "forward"}]},
        {"default_action": [{"type": "fixed-response"}]},
    ),
    (
        OUTAGE,
        "aws_lb_listener_rule",
        {"condition": [{"path_pattern": [{"values": ["/api/*"]}]}]},
        {"condition": [{"path_pattern": [{"values": ["/v2/*"]}]}]},
    ),
    (OUTAGE, "aws_lb_target_group", {"health_check": [{"path": "/health"}]}, {"health_check": [{"path": "/none"}]}),
    (OUTAGE, "aws_lb", {"subnets": ["a", "b"]}, {"subnets": ["a"]}),
    (OUTAGE, "aws_route", {"nat_gateway_id": "nat-1"}, {"nat_gateway_id": "nat-2"}),
    (OUTAGE, "aws_vpc", {"enable_dns_support": True}, {"enable_dns_support": False}),
    (OUTAGE, "aws_vpc_endpoint", {"subnet_ids": ["a", "b"]}, {"subnet_ids": ["b"]}),
    (OUTAGE, "aws_scheduler_schedule", {"state": "ENABLED"}, {"state": "DISABLED"}),
    (OFF, "aws_cloudtrail", {"enable_logging": True}, {"enable_logging": False}),
    (OFF, "aws_cloudtrail", {"is_multi_region_trail": True}, {"is_multi_region_trail": False}),
    (
        OFF,
        "aws_cloudtrail",
        {"event_selector": [{"read_write_type": "All"}]},
        {"event_selector": [{"read_write_type": "WriteOnly"}]},
    ),
    (OFF, "aws_guardduty_detector", {"enable": True}, {"enable": False}),
    (OFF, "aws_guardduty_detector_feature", {"status": "ENABLED"}, {"status": "DISABLED"}),
    (OFF, "aws_config_configuration_recorder_status", {"is_enabled": True}, {"is_enabled": False}),
    (
        OFF,
        "aws_config_configuration_recorder",
        {"recording_group": [{"all_supported": True}]},
        {"recording_group": [{"all_supported": False}]},
    ),
    (OFF, "aws_flow_log", {"traffic_type": "ALL"}, {"traffic_type": "ACCEPT"}),
    (OFF, "aws_wafv2_web_acl", {"rule": [WAF]}, {"rule": [COUNTED]}),
    (OFF, "aws_wafv2_web_acl", {"rule": [WAF]}, {"rule": []}),
    (OFF, "aws_wafv2_web_acl", {"rule": [WAF]}, {"rule": [{"name": "first", "action": [{"allow": [{}]}]}, WAF]}),
    (OFF, "aws_wafv2_web_acl_association", {"web_acl_arn": "a"}, {"web_acl_arn": "b"}),
    (OFF, "aws_cloudwatch_metric_alarm", {"alarm_actions": ["topic"]}, {"alarm_actions": []}),
    (OFF, "aws_cloudwatch_metric_alarm", {"actions_enabled": True}, {"actions_enabled": False}),
    (OFF, "aws_cloudwatch_metric_alarm", {"threshold": 1}, {"threshold": 1_000_000}),
    (OFF, "aws_cloudwatch_event_rule", {"state": "ENABLED"}, {"state": "DISABLED"}),
    (OFF, "aws_sns_topic_subscription", {"filter_policy": None}, {"filter_policy": '{"a": ["b"]}'}),
    (OFF, "aws_budgets_budget", {"limit_amount": "100"}, {"limit_amount": "100000"}),
    (
        OFF,
        "aws_lb_listener",
        {"ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
        {"ssl_policy": "ELBSecurityPolicy-2016-08"},
    ),
    (
        OFF,
        "aws_db_parameter_group",
        {"parameter": [{"name": "rds.force_ssl", "value": "1"}]},
        {"parameter": [{"name": "rds.force_ssl", "value": "0"}]},
    ),
    (OFF, "aws_db_parameter_group", {"parameter": []}, {"parameter": [{"name": "rds.force_ssl", "value": "0"}]}),
    (
        OFF,
        "aws_elasticache_replication_group",
        {"transit_encryption_mode": "required"},
        {"transit_encryption_mode": "preferred"},
    ),
    (OFF, "aws_elasticache_user", {"access_string": "on ~app:* +@read"}, {"access_string": "on ~* +@all"}),
    (
        OFF,
        "aws_ecs_service",
        {"network_configuration": [{"assign_public_ip": False}]},
        {"network_configuration": [{"assign_public_ip": True}]},
    ),
    (OFF, "aws_ecs_service", {"enable_execute_command": False}, {"enable_execute_command": True}),
    (
        OFF,
        "aws_ecs_task_definition",
        {"container_definitions": containers(readonlyRootFilesystem=True)},
        {"container_definitions": containers()},
    ),
    (
        OFF,
        "aws_ecs_task_definition",
        {"container_definitions": containers()},
        {"container_definitions": containers(privileged=True)},
    ),
    (OFF, "aws_iam_role", {"max_session_duration": 3600}, {"max_session_duration": 43200}),
    (OFF, "aws_lb", {"enable_deletion_protection": True}, {"enable_deletion_protection": False}),
    (OFF, "aws_ecr_repository", {"image_tag_mutability": "IMMUTABLE"}, {"image_tag_mutability": "MUTABLE"}),
    (OFF, "aws_instance", {"associate_public_ip_address": False}, {"associate_public_ip_address": True}),
    (
        OFF,
        "aws_cloudfront_distribution",
        {"viewer_certificate": [{"minimum_protocol_version": "TLSv1.2_2021"}]},
        {"viewer_certificate": [{"minimum_protocol_version": "TLSv1"}]},
    ),
    (
        OFF,
        "aws_opensearch_domain",
        {"node_to_node_encryption": [{"enabled": True}]},
        {"node_to_node_encryption": [{"enabled": False}]},
    ),
    (WIDER, "aws_lambda_function_url", {"authorization_type": "AWS_IAM"}, {"authorization_type": "NONE"}),
    (WIDER, "aws_db_snapshot", {"shared_accounts": []}, {"shared_accounts": ["all"]}),
    (WIDER, "aws_scheduler_schedule", {"target": [{"role_arn": "role/a"}]}, {"target": [{"role_arn": "role/admin"}]}),
    (WIDER, "aws_ec2_managed_prefix_list", {"entry": [{"cidr": "10.0.0.0/8"}]}, {"entry": [{"cidr": "0.0.0.0/0"}]}),
]
"""Kind, type, before, after: a change of each kind."""


@pytest.mark.slow
@every_case(("kind", "type_", "before", "after"), COSTLY, ids=[f"{each[1]}-{min(each[3])}" for each in COSTLY])
def test_a_costly_change_needs_the_approval_of_its_kind(
    kind: FindingKind, type_: str, before: Body, after: Body
) -> None:
    document = json.dumps(update(type_, before, after)).encode()
    assert [each for each in run(document, name="demo").findings if each.kind is kind and each.refused]
    assert run(document, name="demo", approved=frozenset(APPROVABLE) - {kind}).outcome is Outcome.FINDINGS
    approved = run(document, name="demo", approved=frozenset(APPROVABLE))
    assert approved.outcome is Outcome.CLEAN
    assert approved.of(kind), "what is approved is shown"
    assert judge(update(type_, before, before)).outcome is Outcome.CLEAN


@every_case(("kind", "type_", "before", "after"), COSTLY, ids=[f"{each[1]}-{min(each[3])}" for each in COSTLY])
def test_a_value_that_is_unknown_until_apply_counts_as_worse(
    kind: FindingKind, type_: str, before: Body, after: Body
) -> None:
    names = [name for name, value in before.items() if value not in (None, [], False, 0)]
    if not names or type_ == "aws_ecs_task_definition" or kind is WIDER or "weighted_routing_policy" in before:
        names = []
    for name in names:
        document = update(
            type_, before, {key: value for key, value in after.items() if key != name}, unknown={name: True}
        )
        assert judge(document).outcome is Outcome.FINDINGS


HARMLESS: list[tuple[str, Body, Body]] = [
    ("aws_db_instance", {"backup_retention_period": 7}, {"backup_retention_period": 14}),
    ("aws_db_instance", {"engine_version": "16.4"}, {"engine_version": "16.6"}),
    ("aws_db_instance", {"instance_class": "db.t4g.small"}, {"instance_class": "db.r7g.large"}),
    ("aws_db_instance", {"multi_az": False}, {"multi_az": True}),
    ("aws_cloudwatch_log_group", {"retention_in_days": 365}, {"retention_in_days": 0}),
    ("aws_guardduty_detector_feature", {"status": "DISABLED"}, {"status": "ENABLED"}),
    ("aws_ecs_service", {"desired_count": 2}, {"desired_count": 4}),
    ("aws_ecs_service", {"task_definition": "app:1"}, {"task_definition": "app:2"}),
    ("aws_appautoscaling_target", {"min_capacity": 4, "max_capacity": 8}, {"min_capacity": 2, "max_capacity": 8}),
    ("aws_route53_record", {"weighted_routing_policy": [{"weight": 0}]}, {"weighted_routing_policy": [{"weight": 10}]}),
    ("aws_vpc_endpoint", {"subnet_ids": ["a"]}, {"subnet_ids": ["a", "b"]}),
    ("aws_vpc", {"tags": {"Owner": "a"}}, {"tags": {"Owner": "b"}}),
    (
        "aws_scheduler_schedule",
        {"target": [{"ecs_parameters": [{"task_definition_arn": "app:1"}]}]},
        {"target": [{"ecs_parameters": [{"task_definition_arn": "app:2"}]}]},
    ),
    (
        "aws_ecs_task_definition",
        {"container_definitions": containers(environment=[{"name": "A", "value": "1"}])},
        {"container_definitions": containers(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])},
    ),
]


@every_case(("type_", "before", "after"), HARMLESS, ids=[f"{each[0]}-{min(each[1])}" for each in HARMLESS])
def test_a_change_that_costs_nothing_is_clean(type_: str, before: Body, after: Body) -> None:
    verdict = judge(update(type_, before, after))
    assert (verdict.outcome, verdict.findings, verdict.unchecked) == (Outcome.CLEAN, (), ())


def test_a_release_is_clean() -> None:
    revision = change(
        "aws_ecs_task_definition.app",
        {"family": "app", "container_definitions": containers()},
        {"family": "app", "container_definitions": json.dumps([{"name": "app", "image": "app@sha256:2"}])},
        actions=REPLACE,
        replace_paths=[["container_definitions"]],
    )
    service = change(
        "aws_ecs_service.app",
        {"name": "app", "task_definition": "app:1"},
        {"name": "app"},
        unknown={"task_definition": True},
    )
    assert judge(plan(revision, service)).outcome is Outcome.CLEAN


def test_weights_that_move_to_another_record_are_no_outage() -> None:
    def record(name: str, old: int, new: int) -> Body:
        common = {"zone_id": "Z", "name": "app.example.com", "type": "A", "set_identifier": name}
        before, after = ({**common, "weighted_routing_policy": [{"weight": weight}]} for weight in (old, new))
        return change(f"aws_route53_record.{name}", before, after)

    assert judge(plan(record("current", 0, 100), record("previous", 100, 0))).outcome is Outcome.CLEAN
    assert judge(plan(record("current", 255, 1))).of(OUTAGE)
    verdict = judge(plan(record("current", 0, 0), record("previous", 100, 0)))
    assert [each.where for each in verdict.of(OUTAGE)] == ["aws_route53_record.previous"]


@pytest.mark.slow
@every_case("remade", [False, True])
@every_case("kind", [LOSS, OUTAGE, OFF])
def test_a_deletion_or_replacement_is_of_the_class_of_its_type(kind: FindingKind, remade: bool) -> None:
    types = {type_ for entry in table().changes for type_ in entry.deleted if entry.kind is kind} - STATEFUL.keys()
    assert len(types) > 20
    after: Body | None = {} if remade else None
    actions = REPLACE if remade else ("delete",)
    gone = plan(*(change(f"{type_}.a", {"id": "1"}, after, actions=actions) for type_ in sorted(types)))
    found = {each.where for each in judge(gone).of(kind) if each.refused and each.remedy}
    assert {f"{type_}.a" for type_ in types} <= found
    assert judge(gone, approve=True).outcome is Outcome.CLEAN


def test_a_type_that_no_table_has_is_shown_and_not_deleted_without_approval() -> None:
    assert judge(plan(change("aws_xray_group.a", None, {"group_name": "a"}))).unchecked == ("aws_xray_group",)
    verdict = judge(plan(change("aws_dax_cluster.a", {"id": "1"})))
    assert (verdict.outcome, verdict.unchecked) == (Outcome.FINDINGS, ("aws_dax_cluster",))


@every_case(
    "type_",
    [
        *("aws_lambda_function_url", "aws_lambda_function", "aws_cloudformation_stack", "aws_cloudformation_stack_set"),
        *("aws_iam_user_login_profile", "aws_iam_service_specific_credential", "aws_vpc_peering_connection"),
        *(
            "aws_ec2_transit_gateway_vpc_attachment",
            "aws_vpn_gateway",
            "aws_instance",
            "aws_ecr_replication_configuration",
        ),
        *(
            "aws_s3_bucket_replication_configuration",
            "aws_snapshot_create_volume_permission",
            "aws_ami_launch_permission",
        ),
        *("aws_db_instance_role_association", "aws_glue_resource_policy", "aws_rolesanywhere_trust_anchor"),
        *(
            "aws_ram_resource_share",
            "aws_transfer_server",
            "aws_eks_access_entry",
            "aws_redshift_data_share_authorization",
        ),
        *(
            "aws_lightsail_instance_public_ports",
            "aws_ssm_document",
            "aws_api_gateway_rest_api",
            "aws_kinesis_firehose_delivery_stream",
        ),
        *("aws_cloudwatch_log_subscription_filter", "aws_route53_zone_association", "aws_key_pair", "aws_dms_endpoint"),
    ],
)
def test_creating_what_opens_access_or_runs_code_needs_approval(type_: str) -> None:
    verdict = judge(plan(change(f"{type_}.a", None, {"name": "a"})))
    assert [each.where for each in verdict.of(WIDER)] == [f"{type_}.a"]
    assert verdict.outcome is Outcome.FINDINGS


def test_a_public_address_counts_in_a_new_resource_too() -> None:
    service = {"name": "a", "network_configuration": [{"assign_public_ip": True}]}
    assert judge(plan(change("aws_ecs_service.a", None, service))).of(OFF)


def test_expiry_of_something_that_exists_is_a_loss() -> None:
    rules = {"rule": [{"id": "a", "expiration": [{"days": 1}]}]}
    lifecycle = change("aws_s3_bucket_lifecycle_configuration.a", None, {"bucket": "data", **rules})
    assert judge(plan(lifecycle)).of(LOSS)
    bucket = change("aws_s3_bucket.a", None, {"bucket": "data"})
    assert judge(plan(bucket, lifecycle)).outcome is Outcome.CLEAN
    fresh = change("aws_s3_bucket_lifecycle_configuration.a", None, rules, unknown={"bucket": True})
    assert judge(plan(fresh)).outcome is Outcome.CLEAN


def test_traffic_that_no_rule_lets_through_any_more_is_an_outage() -> None:
    rule = {
        "security_group_id": "sg-1",
        "ip_protocol": "tcp",
        "from_port": 443,
        "to_port": 443,
        "cidr_ipv4": "10.0.0.0/8",
    }
    gone = change("aws_vpc_security_group_ingress_rule.a", {"id": "1", **rule})
    assert [each.what for each in judge(plan(gone)).of(OUTAGE)] == [
        "ingress of sg-1: no longer tcp 443 from 10.0.0.0/8; connections that need it end"
    ]
    narrower = change(
        "aws_vpc_security_group_ingress_rule.a", {"id": "1", **rule}, {"id": "1", **rule, "cidr_ipv4": "10.1.0.0/16"}
    )
    assert judge(plan(narrower)).of(OUTAGE)
    reported = {"id": "sg-1", "name": "a", "ingress": [{**rule, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8"]}]}
    group = change("aws_security_group.a", reported, reported)
    document = plan(gone, group)
    document["configuration"]["root_module"]["resources"][-1]["expressions"] = {"name": {}}
    assert [each.where for each in judge(document).of(OUTAGE)] == ["aws_vpc_security_group_ingress_rule.a"]
    replaced = change("aws_vpc_security_group_ingress_rule.b", None, rule)
    assert judge(plan(gone, replaced)).outcome is Outcome.CLEAN


ADMIN = change(
    "aws_iam_role.a",
    None,
    {
        "name": "a",
        "assume_role_policy": policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}),
    },
)


def test_a_stacks_first_plan_is_checked_unless_its_account_has_no_other_stack() -> None:
    assert judge(first(ADMIN)).outcome is Outcome.FINDINGS
    alone = judge(first(ADMIN), alone=True)
    assert (alone.outcome, alone.first) == (Outcome.CLEAN, True)
    assert judge(plan(ADMIN), alone=True).outcome is Outcome.FINDINGS, "not its first plan"
    imported = change("aws_guardduty_detector.g", {"enable": True}, {"enable": False})
    assert judge(first(imported), alone=True).outcome is Outcome.FINDINGS, "something exists"


# The table --------------------------------------------------------------------------------------------------------


def test_the_table_has_every_synthesized_type(stacks: dict[str, Stack]) -> None:
    """A type without an entry: add what its deletion costs, and the directions of its attributes."""
    types = {kind for stack in stacks.values() for kind, _, _ in stack.all_resources()}
    deleted = (
        {type_ for each in table().changes for type_ in each.deleted} | STATEFUL.keys() | table().harmless_to_delete
    )
    assert types - known() == set()
    assert types - deleted == set()


def test_every_entry_has_a_reason_and_a_remedy() -> None:
    for entry in table().changes:
        assert entry.kind in APPROVABLE
        assert len(entry.why) > 20
        assert len(entry.remedy) > 20
        assert entry.deleted or entry.created or entry.attributes


def test_an_assumed_state_has_a_direction_for_each_attribute() -> None:
    """Without one, it would judge nothing."""
    for type_, state in table().assumed.items():
        for name, value in state.items():
            inner = value[0] if isinstance(value, list) else {}
            for path in [f"{name}.{each}" for each in inner] or [name]:
                assert _directions(type_, path), f"{type_}.{path}"


def test_no_type_is_both_costly_and_harmless_to_delete() -> None:
    costly = {type_ for each in table().changes for type_ in each.deleted}
    assert costly & table().harmless_to_delete == set()
    assert table().harmless_to_delete & STATEFUL.keys() == set()


def test_patterns_for_all_types_have_a_direction_that_counts() -> None:
    """`nothing` is for one type's attribute: for all types it would hide what has no entry."""
    for entry in table().changes:
        directions = entry.attributes.get(EVERY_TYPE, {})
        assert Direction.NOTHING not in directions.values()
        assert not any(fnmatchcase("anything", pattern) for pattern in directions)
