"""Account: the audit baseline, keys, logs, and the zone that another account writes in."""

from __future__ import annotations

from dataclasses import fields

import pytest

import environments
from environments.names import Names
from environments.schema import Audit, Environment
from tests.conftest import Stack, of_aep
from tests.iam.blocks import allowed

SWITCHES = {
    "public_access_block": {"aws_s3_account_public_access_block"},
    "ebs_encryption": {"aws_ebs_encryption_by_default"},
    "imdsv2": {"aws_ec2_instance_metadata_defaults"},
    "password_policy": {"aws_iam_account_password_policy"},
    "cloudtrail": {"aws_cloudtrail"},
    "guardduty": {"aws_guardduty_detector", "aws_guardduty_detector_feature"},
    "config": {
        "aws_config_configuration_recorder",
        "aws_config_configuration_recorder_status",
        "aws_config_delivery_channel",
    },
    "access_analyzer": {"aws_accessanalyzer_analyzer"},
    "security_hub": {"aws_securityhub_account", "aws_securityhub_standards_subscription"},
}


@pytest.fixture
def account(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-account"]


@of_aep
@pytest.mark.requirement("R1.7")
def test_the_baseline_is_whole_by_default_and_each_part_has_a_switch(
    account: Stack, elsewhere: tuple[Environment, dict[str, Stack]]
) -> None:
    every = {kind for kinds in SWITCHES.values() for kind in kinds}
    assert every <= set(account.document["resource"])
    assert not every & set(elsewhere[1]["account"].document["resource"])
    assert set(SWITCHES) == {field.name for field in fields(Audit) if field.default is True}


@pytest.mark.requirement("R1.7")
def test_the_trail_sees_every_region_and_cannot_be_altered_unseen(account: Stack, env: Environment) -> None:
    if not env.audit.cloudtrail:
        assert account.resources("aws_cloudtrail") == {}
        return
    (trail,) = account.resources("aws_cloudtrail").values()
    assert trail["is_multi_region_trail"] and trail["enable_log_file_validation"]
    assert trail["include_global_service_events"] and trail["kms_key_id"] and trail["cloud_watch_logs_group_arn"]
    (selector,) = trail["event_selector"]
    assert (selector["include_management_events"], selector["read_write_type"]) == (True, "All")
    (watched,) = selector["data_resource"]
    assert watched == {
        "type": "AWS::S3::Object",
        "values": ["${data.terraform_remote_state.state.outputs.bucket_arn}/"],
    }


@of_aep
@pytest.mark.requirement("R1.7")
def test_what_the_baseline_switches_on_is_strict(account: Stack) -> None:
    (block,) = account.resources("aws_s3_account_public_access_block").values()
    assert all(value for name, value in block.items() if name != "//")
    assert account.resources("aws_ec2_instance_metadata_defaults")["imdsv2"]["http_tokens"] == "required"
    assert account.resources("aws_iam_account_password_policy")["password_policy"]["minimum_password_length"] >= 14
    (recorder,) = account.resources("aws_config_configuration_recorder").values()
    assert recorder["recording_group"] == {"all_supported": True, "include_global_resource_types": True}
    features = {each["name"] for each in account.resources("aws_guardduty_detector_feature").values()}
    assert features >= {"RUNTIME_MONITORING", "S3_DATA_EVENTS"}
    runtime = account.resources("aws_guardduty_detector_feature")["guardduty_runtime_monitoring"]
    assert [each["name"] for each in runtime["additional_configuration"]] == [
        "EKS_ADDON_MANAGEMENT",
        "ECS_FARGATE_AGENT_MANAGEMENT",
        "EC2_AGENT_MANAGEMENT",
    ], "GuardDuty returns all of them, in this order, and another list replaces the feature on every plan"
    standards = [each["standards_arn"] for each in account.resources("aws_securityhub_standards_subscription").values()]
    assert {arn.split("/")[1] for arn in standards} == {
        "cis-aws-foundations-benchmark",
        "aws-foundational-security-best-practices",
    }


@pytest.mark.requirement("R1.7", "R11.1")
def test_guardduty_manages_the_agent_of_tasks_where_the_profile_says_so(account: Stack, env: Environment) -> None:
    runtime = account.resources("aws_guardduty_detector_feature").get("guardduty_runtime_monitoring", {})
    assert bool(runtime) is (env.audit.guardduty and env.creates_account_resources)
    managed = {each["name"] for each in runtime.get("additional_configuration", ()) if each["status"] == "ENABLED"}
    assert managed == ({"ECS_FARGATE_AGENT_MANAGEMENT"} if runtime and env.profile.guardduty_agent else set())


@pytest.mark.requirement("R8.1")
def test_load_balancers_of_this_account_log_for_a_while(account: Stack, env: Environment) -> None:
    bucket, names = f"arn:aws:s3:::{Names(env).bucket('access-logs')}", Names(env)
    lifecycle = account.resources("aws_s3_bucket_lifecycle_configuration")["access_logs_lifecycle"]
    assert lifecycle["rule"][0]["expiration"] == [{"days": env.edge.access_log_days}]
    encryption = account.resources("aws_s3_bucket_server_side_encryption_configuration")["access_logs_encryption"]
    assert encryption["rule"][0]["apply_server_side_encryption_by_default"] == {"sse_algorithm": "AES256"}
    (statement,) = (s for s in account.policy("access_logs") if s["sid"] == "LoadBalancers")
    assert statement["principals"][0]["identifiers"] == ["logdelivery.elasticloadbalancing.amazonaws.com"]
    source = {"aws:SourceArn": names.arn("elasticloadbalancing", "loadbalancer/app/aep/1")}
    assert allowed([statement], "s3:PutObject", f"{bucket}/AWSLogs/{env.account_id}/x", source)
    assert not allowed([statement], "s3:PutObject", f"{bucket}/AWSLogs/999999999999/x", source)
    assert not allowed([statement], "s3:PutObject", f"{bucket}/AWSLogs/{env.account_id}/x")


@pytest.mark.requirement("R8.5")
def test_log_groups_of_this_account_may_use_the_log_key(account: Stack, env: Environment) -> None:
    (_, use) = account.policy("log_key")
    assert use["principals"][0]["identifiers"] == [f"logs.{env.region}.amazonaws.com"]
    context = "kms:EncryptionContext:aws:logs:arn"
    group = Names(env).log_group_arn("backend")
    assert allowed([use], "kms:GenerateDataKey", "*", {context: group})
    assert not allowed([use], "kms:GenerateDataKey", "*", {context: group.replace(env.account_id, "999999999999")})


def test_another_account_writes_its_own_records_only(stacks: dict[str, Stack]) -> None:
    prod, staging = environments.load("prod"), stacks["staging-account"]
    assert Names(environments.load("staging")).role_arn("dns") == prod.edge.zone.role
    statements, zone = staging.policy("dns"), f"arn:aws:route53:::hostedzone/{prod.edge.zone.id}"
    for name, own in ((prod.edge.host, True), (f"_x1.{prod.edge.host}", True), ("mail.navralabs.com", False)):
        change = {
            "route53:ChangeResourceRecordSetsNormalizedRecordNames": [name],
            "route53:ChangeResourceRecordSetsRecordTypes": ["CNAME"],
        }
        assert allowed(statements, "route53:ChangeResourceRecordSets", zone, change) is own, name
    (trust,) = staging.policy("dns_trust")
    for role in ("deployer", "break-glass"):
        assert allowed([trust], "sts:AssumeRole", context={"aws:PrincipalArn": Names(prod).role_arn(role)})
    assert not allowed([trust], "sts:AssumeRole", context={"aws:PrincipalArn": Names(prod).role_arn("planner")})


@pytest.mark.requirement("R1.2")
def test_another_accounts_planner_reads_its_records_and_writes_none(stacks: dict[str, Stack]) -> None:
    prod, staging = environments.load("prod"), stacks["staging-account"]
    reader = Names(environments.load("staging")).role_arn("dns-reader")
    assert reader == prod.edge.zone.read_role
    statements, zone = staging.policy("dns_reader"), f"arn:aws:route53:::hostedzone/{prod.edge.zone.id}"
    assert allowed(statements, "route53:ListResourceRecordSets", zone)
    assert allowed(statements, "cloudtrail:LookupEvents", "*", {"aws:RequestedRegion": "us-east-1"})
    assert not allowed(statements, "route53:ChangeResourceRecordSets", zone)
    (trust,) = staging.policy("dns_reader_trust")
    for role in ("deployer", "break-glass", "planner"):
        assert allowed([trust], "sts:AssumeRole", context={"aws:PrincipalArn": Names(prod).role_arn(role)})
    planner = stacks["prod-account"].policy("planner")
    assert allowed(planner, "sts:AssumeRole", reader)
    assert not allowed(planner, "sts:AssumeRole", str(prod.edge.zone.role))
