"""What AWS adds to what was sent, or puts in an order of its own, as the calls that show it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.aws import Aws
from tests.emulator.examples import example
from tests.emulator.examples_of_operations import EXAMPLES

RUNTIME = "RUNTIME_MONITORING"
AGENTS = ["EKS_ADDON_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EC2_AGENT_MANAGEMENT"]

__all__ = ["EXAMPLES"]


# GuardDuty


def _features(aws: Aws, detector: str) -> dict[str, dict[str, Any]]:
    return {each["Name"]: each for each in aws("guardduty").get_detector(DetectorId=detector)["Features"]}


@example("guardduty", "UpdateDetector")
def features(aws: Aws) -> None:
    client = aws("guardduty")
    detector = client.create_detector(Enable=True)["DetectorId"]
    new = _features(aws, detector)
    off = {name for name, feature in new.items() if feature["Status"] == "DISABLED"}
    assert off == {RUNTIME, f"EKS_{RUNTIME}"}
    assert {"CLOUD_TRAIL", "S3_DATA_EVENTS", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS"} <= new.keys()
    sent = [{"Name": name, "Status": "ENABLED"} for name in reversed(AGENTS[1:])]
    runtime = {"Name": RUNTIME, "Status": "ENABLED", "AdditionalConfiguration": sent}
    client.update_detector(DetectorId=detector, Features=[runtime])
    found = _features(aws, detector)
    assert [*found] == [*new]
    assert [(each["Name"], each["Status"]) for each in found[RUNTIME]["AdditionalConfiguration"]] == [
        *zip(AGENTS, ("DISABLED", "ENABLED", "ENABLED"), strict=True)
    ]
    for refused in ({"Name": "CLOUD_TRAIL", "Status": "DISABLED"}, {"Name": f"EKS_{RUNTIME}", "Status": "ENABLED"}):
        with pytest.raises(client.exceptions.BadRequestException):
            client.update_detector(DetectorId=detector, Features=[refused])
    client.update_detector(DetectorId=detector, Features=[{"Name": RUNTIME, "Status": "DISABLED"}])
    again = _features(aws, detector)[RUNTIME]
    assert (again["Status"], again["AdditionalConfiguration"][1]["Status"]) == ("DISABLED", "ENABLED")


@example("guardduty", "TagResource", "UntagResource")
def tags_of_a_detector(aws: Aws) -> None:
    client = aws("guardduty")
    detector = client.create_detector(Enable=True, Tags={"a": "1"})["DetectorId"]
    arn = f"arn:aws:guardduty:{client.meta.region_name}:{aws.account}:detector/{detector}"
    client.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    client.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert client.get_detector(DetectorId=detector)["Tags"] == {"b": "2"}


# RDS


def _parameter_group(aws: Aws, family: str) -> dict[str, str]:
    group = {"DBParameterGroupName": family}
    aws("rds").create_db_parameter_group(**group, DBParameterGroupFamily=family, Description="one")
    return group


def _parameters(aws: Aws, group: dict[str, str], **asked: str) -> dict[str, dict[str, Any]]:
    pages = aws("rds").get_paginator("describe_db_parameters").paginate(**group, **asked)
    return {each["ParameterName"]: each for page in pages for each in page["Parameters"]}


def _set(aws: Aws, group: dict[str, str], name: str, value: str, method: str) -> None:
    parameter = {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}
    aws("rds").modify_db_parameter_group(**group, Parameters=[parameter])


@example("rds", "DescribeDBParameters")
def defaults_of_family(aws: Aws) -> None:
    for family, forced in (("postgres14", "0"), ("postgres15", "1"), ("postgres17", "1")):
        found = _parameters(aws, _parameter_group(aws, family))
        tls = found["rds.force_ssl"]
        assert (tls["ParameterValue"], tls["Source"], tls["ApplyMethod"]) == (forced, "system", "pending-reboot")
        assert found["max_connections"]["ApplyType"] == "static"
        assert found["log_connections"]["Source"] == "engine-default"
        assert "ParameterValue" not in found["log_connections"]
        assert not found["logging_collector"]["IsModifiable"]


@example("rds", "ModifyDBParameterGroup", "ResetDBParameterGroup")
def parameters_of_database(aws: Aws) -> None:
    client, group = aws("rds"), _parameter_group(aws, "postgres16")
    # What stays the same stays the same, however it is asked to be applied.
    for name in ("rds.force_ssl", "ssl_min_protocol_version"):
        value = _parameters(aws, group)[name]["ParameterValue"]
        _set(aws, group, name, value, "immediate")
        assert _parameters(aws, group)[name]["Source"] != "user"
        assert _parameters(aws, group)[name]["ApplyMethod"] == "pending-reboot"
    _set(aws, group, "log_statement", "ddl", "immediate")
    _set(aws, group, "log_statement", "ddl", "pending-reboot")
    (found,) = _parameters(aws, group, Source="user").values()
    assert (found["ParameterName"], found["ParameterValue"]) == ("log_statement", "ddl")
    assert (found["Source"], found["ApplyMethod"]) == ("user", "immediate")
    with pytest.raises(client.exceptions.ClientError, match="static parameter"):
        _set(aws, group, "max_connections", "100", "immediate")
    with pytest.raises(client.exceptions.ClientError, match="cannot be modified"):
        _set(aws, group, "logging_collector", "0", "pending-reboot")
    client.reset_db_parameter_group(**group, Parameters=[{"ParameterName": "log_statement"}])
    assert _parameters(aws, group, Source="user") == {}


# ElastiCache


def _set_in_cache(aws: Aws, group: dict[str, str], **values: str) -> None:
    given = [{"ParameterName": name.replace("_", "-"), "ParameterValue": value} for name, value in values.items()]
    aws("elasticache").modify_cache_parameter_group(**group, ParameterNameValues=given)


@example("elasticache", "CreateCacheParameterGroup", "DescribeCacheParameterGroups", "DescribeCacheParameters")
@example("elasticache", "ModifyCacheParameterGroup", "ResetCacheParameterGroup", "DeleteCacheParameterGroup")
def parameters_of_cache(aws: Aws) -> None:
    client, group = aws("elasticache"), {"CacheParameterGroupName": "redis7"}
    client.create_cache_parameter_group(**group, CacheParameterGroupFamily="redis7", Description="one")
    assert len(client.describe_cache_parameter_groups(**group)["CacheParameterGroups"]) == 1

    def by_source(source: str) -> dict[str, str]:
        found = client.describe_cache_parameters(**group, Source=source)["Parameters"]
        return {each["ParameterName"]: each["ParameterValue"] for each in found}

    assert by_source("system")["maxmemory-policy"] == "volatile-lru"
    _set_in_cache(aws, group, maxmemory_policy="volatile-lru", timeout="60")
    assert by_source("user") == {"timeout": "60"}
    _set_in_cache(aws, group, maxmemory_policy="allkeys-lru")
    assert by_source("user") == {"timeout": "60", "maxmemory-policy": "allkeys-lru"}
    client.reset_cache_parameter_group(**group, ParameterNameValues=[{"ParameterName": "timeout"}])
    assert by_source("user") == {"maxmemory-policy": "allkeys-lru"}
    assert by_source("system")["timeout"] == "0"
    client.delete_cache_parameter_group(**group)
    with pytest.raises(client.exceptions.CacheParameterGroupNotFoundFault):
        client.describe_cache_parameter_groups(**group)


# Elastic Load Balancing


def _attributes(answer: dict[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in answer["Attributes"]}


def _balancer(aws: Aws) -> tuple[str, str]:
    """ARNs of a load balancer and of a target group."""
    client, subnets = aws("elbv2"), aws("ec2").describe_subnets()["Subnets"][:2]
    ids = [subnet["SubnetId"] for subnet in subnets]
    balancer = client.create_load_balancer(Name="one", Subnets=ids)["LoadBalancers"][0]
    inner = client.create_load_balancer(Name="inner", Subnets=ids, Scheme="internal")["LoadBalancers"][0]
    assert (balancer["Scheme"], inner["Scheme"]) == ("internet-facing", "internal")
    group = client.create_target_group(
        Name="one", Protocol="HTTP", Port=80, VpcId=subnets[0]["VpcId"], TargetType="ip"
    )["TargetGroups"][0]
    return balancer["LoadBalancerArn"], group["TargetGroupArn"]


@example("elbv2", "CreateLoadBalancer")
def load_balancer(aws: Aws) -> None:
    """With the hosted zone of its name: https://docs.aws.amazon.com/general/latest/gr/elb.html."""
    arn, _ = _balancer(aws)
    found = _attributes(aws("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn))
    assert (found["idle_timeout.timeout_seconds"], found["client_keep_alive.seconds"]) == ("60", "3600")
    assert (found["load_balancing.cross_zone.enabled"], found["connection_logs.s3.enabled"]) == ("true", "false")
    ids = [subnet["SubnetId"] for subnet in aws("ec2").describe_subnets()["Subnets"][:2]]
    aws("elbv2").create_load_balancer(Name="two", Subnets=ids, Type="network")
    names = {
        each["DNSName"]: each["CanonicalHostedZoneId"]
        for each in aws("elbv2").describe_load_balancers()["LoadBalancers"]
    }
    assert names["one-1.us-east-1.elb.amazonaws.com"] == "Z35SXDOTRQ7X7K"
    assert names["two-1.elb.us-east-1.amazonaws.com"] == "Z26RNL4JYFTOTI"


@example("elbv2", "CreateTargetGroup")
def target_group(aws: Aws) -> None:
    _, arn = _balancer(aws)
    found = _attributes(aws("elbv2").describe_target_group_attributes(TargetGroupArn=arn))
    assert found["load_balancing.algorithm.anomaly_mitigation"] == "off"
    assert found["target_group_health.dns_failover.minimum_healthy_targets.percentage"] == "off"
    assert "waf.fail_open.enabled" not in found


@example("elbv2", "DescribeTargetGroups")
def target_groups_that_requests_go_to(aws: Aws) -> None:
    client, (balancer, first) = aws("elbv2"), _balancer(aws)
    vpc = client.describe_target_groups(TargetGroupArns=[first])["TargetGroups"][0]["VpcId"]
    second = client.create_target_group(Name="two", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    arns = [first, second["TargetGroups"][0]["TargetGroupArn"]]
    forward = [{"Type": "forward", "TargetGroupArn": arn} for arn in arns]
    made = client.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward[:1])
    client.modify_listener(ListenerArn=made["Listeners"][0]["ListenerArn"], DefaultActions=forward[1:])
    found = client.describe_target_groups(LoadBalancerArn=balancer)["TargetGroups"]
    assert [each["TargetGroupArn"] for each in found] == arns[1:]


@example("elbv2", "CreateListener", "DescribeListenerAttributes", "CreateRule")
def listener(aws: Aws) -> None:
    client, (balancer, group) = aws("elbv2"), _balancer(aws)
    forward = {"Type": "forward", "TargetGroupArn": group}
    (made,) = client.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[forward])[
        "Listeners"
    ]
    assert "SslPolicy" not in made
    (action,) = made["DefaultActions"]
    assert action["ForwardConfig"]["TargetGroups"] == [{"TargetGroupArn": group, "Weight": 1}]
    assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": False}
    found = _attributes(client.describe_listener_attributes(ListenerArn=made["ListenerArn"]))
    assert found["routing.http.response.server.enabled"] == "true"
    assert found["routing.http.response.x_frame_options.header_value"] == ""
    assert "tcp.idle_timeout.seconds" not in found
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    (other,) = client.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=81, DefaultActions=[redirect])[
        "Listeners"
    ]
    assert other["DefaultActions"][0]["RedirectConfig"]["Path"] == "/#{path}"
    (rule,) = client.create_rule(
        ListenerArn=made["ListenerArn"],
        Priority=1,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}}],
        Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": group}]}}],
    )["Rules"]
    (condition,) = rule["Conditions"]
    assert condition["Values"] == condition["PathPatternConfig"]["Values"] == ["/api/*"]
    assert rule["Actions"][0]["TargetGroupArn"] == group


@example("elasticache", "CreateUser")
def access_string(aws: Aws) -> None:
    client, none = aws("elasticache"), {"Engine": "redis", "NoPasswordRequired": True}
    for number, (sent, kept) in enumerate(
        {
            "~objects:* ~items:*": "off ~objects:* ~items:* -@all",
            "off +get ~keys*": "off ~keys* -@all +get",
            "off -@all": "off -@all",
            "on ~* &* +@all -@admin": "on ~* &* +@all -@admin",
        }.items()
    ):
        id_ = f"one-{number}"
        assert client.create_user(UserId=id_, UserName=id_, AccessString=sent, **none)["AccessString"] == kept
        assert client.modify_user(UserId=id_, AccessString=sent)["AccessString"] == kept


# ECS


@example("ecs", "RegisterTaskDefinition")
def task_definition(aws: Aws) -> None:
    container = {
        "name": "web",
        "image": "web",
        "environment": [{"name": name, "value": "1"} for name in ("A", "B")],
        "portMappings": [{"containerPort": 8080}],
    }
    made = aws("ecs").register_task_definition(
        family="web",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        volumes=[{"name": "tmp"}],
        containerDefinitions=[container],
    )["taskDefinition"]
    (found,) = made["containerDefinitions"]
    assert (found["cpu"], found["essential"], found["systemControls"]) == (0, True, [])
    assert [each["name"] for each in found["environment"]] != ["A", "B"]
    assert found["portMappings"] == [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}]
    assert made["volumes"] == [{"name": "tmp", "host": {}}]


# CodeDeploy


@example("codedeploy", "CreateDeploymentGroup", "GetDeploymentGroup", "UpdateDeploymentGroup")
@example("codedeploy", "DeleteDeploymentGroup", "DeleteApplication")
def deployment_group(aws: Aws) -> None:
    client, group = aws("codedeploy"), {"applicationName": "web", "deploymentGroupName": "web"}
    client.create_application(applicationName="web", computePlatform="ECS")
    client.create_deployment_group(
        **group,
        serviceRoleArn=f"arn:aws:iam::{aws.account}:role/codedeploy",
        alarmConfiguration={"enabled": True, "alarms": [{"name": "errors"}]},
        blueGreenDeploymentConfiguration={"deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"}},
    )

    def found() -> dict[str, Any]:
        info: dict[str, Any] = client.get_deployment_group(**group)["deploymentGroupInfo"]
        return info

    assert found()["alarmConfiguration"] == {
        "enabled": True,
        "ignorePollAlarmFailure": False,
        "alarms": [{"name": "errors"}],
    }
    assert found()["blueGreenDeploymentConfiguration"]["deploymentReadyOption"]["waitTimeInMinutes"] == 0
    assert (found()["outdatedInstancesStrategy"], found()["terminationHookEnabled"]) == ("UPDATE", False)
    client.update_deployment_group(
        applicationName="web", currentDeploymentGroupName="web", alarmConfiguration={"enabled": False}
    )
    assert found()["alarmConfiguration"] == {"enabled": False, "ignorePollAlarmFailure": False, "alarms": []}
    client.delete_deployment_group(**group)
    with pytest.raises(client.exceptions.DeploymentGroupDoesNotExistException):
        found()
    client.delete_application(applicationName="web")
    assert client.list_applications()["applications"] == []


# The rest, by service


@example("kms", "CreateKey")
def usage_of_a_key(aws: Aws) -> None:
    assert aws("kms").create_key()["KeyMetadata"]["KeyUsage"] == "ENCRYPT_DECRYPT"


@example("config", "DescribeConfigurationRecorders")
def recorder(aws: Aws) -> None:
    role = f"arn:aws:iam::{aws.account}:role/config"
    group = {"allSupported": True, "includeGlobalResourceTypes": True}
    aws("config").put_configuration_recorder(
        ConfigurationRecorder={"name": "one", "roleARN": role, "recordingGroup": group}
    )
    (found,) = aws("config").describe_configuration_recorders()["ConfigurationRecorders"]
    assert found["recordingGroup"]["recordingStrategy"] == {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"}
    assert found["recordingMode"] == {"recordingFrequency": "CONTINUOUS", "recordingModeOverrides": []}


@example("iam", "CreateOpenIDConnectProvider")
def identity_provider(aws: Aws) -> None:
    client = aws("iam")
    arn = client.create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"]
    )["OpenIDConnectProviderArn"]
    found = client.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert [len(each) for each in found["ThumbprintList"]] == [40]


@example("logs", "DescribeLogGroups")
def log_group(aws: Aws) -> None:
    aws("logs").create_log_group(logGroupName="/aep/prod/one")
    (found,) = aws("logs").describe_log_groups()["logGroups"]
    assert found["logGroupClass"] == "STANDARD"


@example("s3", "CreateBucket")
def new_bucket(aws: Aws) -> None:
    client, bucket = aws("s3"), {"Bucket": f"new-{aws.account}"}
    client.create_bucket(**bucket)
    (rule,) = client.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    blocked = client.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    owner = client.get_bucket_ownership_controls(**bucket)["OwnershipControls"]["Rules"]
    assert owner == [{"ObjectOwnership": "BucketOwnerEnforced"}]
