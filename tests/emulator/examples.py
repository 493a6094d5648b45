"""What each addition is for, as the calls that need it: it holds in the emulator, and not in moto as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.aws import Aws

Example = Callable[[Aws], None]
EXAMPLES: dict[tuple[str, str], Example] = {}
"""By service and call."""
TAG = {"Key": "Phase", "Value": "data"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]})


def example(service: str, *calls: str) -> Callable[[Example], Example]:
    def register(function: Example) -> Example:
        EXAMPLES.update({(service, call): function for call in calls})
        return function

    return register


def log_groups(aws: Aws) -> dict[str, int | None]:
    """Retention by name; none of them has a key."""
    found = aws("logs").describe_log_groups()["logGroups"]
    assert not any("kmsKeyId" in group for group in found)
    return {group["logGroupName"]: group.get("retentionInDays") for group in found}


@example("accessanalyzer", "CreateAnalyzer", "GetAnalyzer", "ListAnalyzers", "DeleteAnalyzer")
@example("accessanalyzer", "ListTagsForResource", "TagResource", "UntagResource")
def analyzer(aws: Aws) -> None:
    client = aws("accessanalyzer")
    arn = client.create_analyzer(analyzerName="one", type="ACCOUNT", tags={"a": "1"})["arn"]
    assert client.get_analyzer(analyzerName="one")["analyzer"]["status"] == "ACTIVE"
    assert [each["name"] for each in client.list_analyzers(type="ACCOUNT")["analyzers"]] == ["one"]
    assert client.list_analyzers(type="ORGANIZATION")["analyzers"] == []
    client.tag_resource(resourceArn=arn, tags={"b": "2"})
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    client.delete_analyzer(analyzerName="one")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_analyzer(analyzerName="one")


@example("chatbot", "CreateSlackChannelConfiguration", "DescribeSlackChannelConfigurations")
@example("chatbot", "UpdateSlackChannelConfiguration", "DeleteSlackChannelConfiguration")
@example("chatbot", "ListTagsForResource", "TagResource", "UntagResource")
def slack_channel(aws: Aws) -> None:
    client = aws("chatbot")
    role = f"arn:aws:iam::{aws.account}:role/slack"
    made = client.create_slack_channel_configuration(
        ConfigurationName="alerts", SlackTeamId="T0EXAMPLE00", SlackChannelId="C0EXAMPLE00", IamRoleArn=role
    )["ChannelConfiguration"]
    arn = made["ChatConfigurationArn"]
    client.tag_resource(ResourceARN=arn, Tags=[{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": "2"}])
    client.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"TagKey": "b", "TagValue": "2"}]
    assert log_groups(aws) == {}
    client.update_slack_channel_configuration(
        ChatConfigurationArn=arn, SlackChannelId="C0EXAMPLE00", LoggingLevel="ERROR"
    )
    (channel,) = client.describe_slack_channel_configurations(ChatConfigurationArn=arn)["SlackChannelConfigurations"]
    assert (channel["LoggingLevel"], channel["IamRoleArn"], channel["State"]) == ("ERROR", role, "ENABLED")
    assert log_groups(aws) == {"/aws/chatbot/alerts": None}
    client.delete_slack_channel_configuration(ChatConfigurationArn=arn)
    assert client.describe_slack_channel_configurations()["SlackChannelConfigurations"] == []


@example("iam", "CreateServiceLinkedRole")
def service_linked_role(aws: Aws) -> None:
    client, service = aws("iam"), "ecs.application-autoscaling.amazonaws.com"
    role = client.create_service_linked_role(AWSServiceName=service)["Role"]
    assert role["RoleName"] == "AWSServiceRoleForApplicationAutoScaling_ECSService"
    assert role["Arn"] == f"arn:aws:iam::{aws.account}:role/aws-service-role/{service}/{role['RoleName']}"
    with pytest.raises(ClientError, match=r"InvalidInput.*has been taken in this account"):
        client.create_service_linked_role(AWSServiceName=service)


def _hub(aws: Aws) -> None:
    aws("securityhub").enable_security_hub(EnableDefaultStandards=False)


@example("securityhub", "UpdateSecurityHubConfiguration")
def hub_configuration(aws: Aws) -> None:
    _hub(aws)
    aws("securityhub").update_security_hub_configuration(AutoEnableControls=False)
    assert aws("securityhub").describe_hub()["AutoEnableControls"] is False


@example("securityhub", "EnableSecurityHub", "DescribeHub")
def hub(aws: Aws) -> None:
    aws("securityhub").enable_security_hub(ControlFindingGenerator="STANDARD_CONTROL")
    assert aws("securityhub").describe_hub()["ControlFindingGenerator"] == "STANDARD_CONTROL"


@example("securityhub", "BatchEnableStandards", "GetEnabledStandards", "BatchDisableStandards")
def standards(aws: Aws) -> None:
    client = aws("securityhub")
    _hub(aws)
    standard = "arn:aws:securityhub:us-east-1::standards/cis-aws-foundations-benchmark/v/5.0.0"
    for recorded, outcome in ((False, "INCOMPLETE"), (True, "READY")):
        if recorded:
            _record(aws)
        client.batch_enable_standards(StandardsSubscriptionRequests=[{"StandardsArn": standard}])
        looks = [client.get_enabled_standards()["StandardsSubscriptions"][0] for _ in range(2)]
        assert [look["StandardsStatus"] for look in looks] == ["PENDING", outcome]
        reason = {"StatusReasonCode": "NO_AVAILABLE_CONFIGURATION_RECORDER"}
        assert looks[-1].get("StandardsStatusReason") == (None if recorded else reason)
        client.batch_disable_standards(StandardsSubscriptionArns=[looks[-1]["StandardsSubscriptionArn"]])
        assert client.get_enabled_standards()["StandardsSubscriptions"] == []


def _record(aws: Aws) -> None:
    """Let AWS Config record."""
    client, bucket = aws("config"), f"config-{aws.account}"
    aws("s3").create_bucket(Bucket=bucket)
    role = f"arn:aws:iam::{aws.account}:role/config"
    client.put_configuration_recorder(ConfigurationRecorder={"name": "one", "roleARN": role})
    client.put_delivery_channel(DeliveryChannel={"name": "one", "s3BucketName": bucket})
    client.start_configuration_recorder(ConfigurationRecorderName="one")


def _budget(aws: Aws) -> str:
    aws("budgets").create_budget(
        AccountId=aws.account,
        Budget={
            "BudgetName": "all",
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "100", "Unit": "USD"},
        },
        NotificationsWithSubscribers=[
            {
                "Notification": {
                    "NotificationType": "ACTUAL",
                    "ComparisonOperator": "GREATER_THAN",
                    "Threshold": 80,
                    "ThresholdType": "PERCENTAGE",
                },
                "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "alerts@example.com"}],
            }
        ],
        ResourceTags=[TAG],
    )
    return f"arn:aws:budgets::{aws.account}:budget/all"


@example("budgets", "DescribeSubscribersForNotification")
def subscribers(aws: Aws) -> None:
    _budget(aws)
    found = aws("budgets").describe_subscribers_for_notification(
        AccountId=aws.account,
        BudgetName="all",
        Notification={
            "NotificationType": "ACTUAL",
            "ComparisonOperator": "GREATER_THAN",
            "Threshold": 80.0,
            "ThresholdType": "PERCENTAGE",
        },
    )
    assert [each["Address"] for each in found["Subscribers"]] == ["alerts@example.com"]


@example("budgets", "UpdateBudget")
def changed_budget(aws: Aws) -> None:
    _budget(aws)
    limit = {"Amount": "200", "Unit": "USD"}
    aws("budgets").update_budget(
        AccountId=aws.account,
        NewBudget={"BudgetName": "all", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit},
    )
    budget = aws("budgets").describe_budget(AccountId=aws.account, BudgetName="all")["Budget"]
    assert budget["BudgetLimit"] == {"Amount": "200.0", "Unit": "USD"}


@example("budgets", "CreateBudget", "ListTagsForResource", "TagResource", "UntagResource")
def tags_of_budget(aws: Aws) -> None:
    client, arn = aws("budgets"), _budget(aws)
    budget = client.describe_budget(AccountId=aws.account, BudgetName="all")["Budget"]
    assert budget["BudgetLimit"] == {"Amount": "100.0", "Unit": "USD"}
    client.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "Owner", "Value": "platform"}])
    client.untag_resource(ResourceARN=arn, ResourceTagKeys=["Owner"])
    assert client.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [TAG]


@example("ec2", "ModifyInstanceMetadataDefaults", "GetInstanceMetadataDefaults")
def metadata_defaults(aws: Aws) -> None:
    client = aws("ec2")
    client.modify_instance_metadata_defaults(HttpTokens="required", HttpPutResponseHopLimit=1)
    client.modify_instance_metadata_defaults(HttpPutResponseHopLimit=-1)
    assert client.get_instance_metadata_defaults()["AccountLevel"] == {"HttpTokens": "required"}


@example("ec2", "AuthorizeSecurityGroupIngress")
def description_of_rule(aws: Aws) -> None:
    client = aws("ec2")
    group = client.create_security_group(GroupName="one", Description="one")["GroupId"]
    pair = {"GroupId": group, "Description": "Application data"}
    client.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6379, "UserIdGroupPairs": [pair]}],
    )
    rules = client.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    assert {"Application data"} <= {rule.get("Description") for rule in rules["SecurityGroupRules"]}


@example("ec2", "DeleteNatGateway")
def deleted_nat_gateway(aws: Aws) -> None:
    client = aws("ec2")
    subnet = client.describe_subnets()["Subnets"][0]["SubnetId"]
    gateway = client.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]
    client.delete_nat_gateway(NatGatewayId=gateway["NatGatewayId"])
    assert client.describe_network_interfaces()["NetworkInterfaces"] == []


@example("cloudtrail", "DeleteTrail")
def deleted_trail(aws: Aws) -> None:
    bucket = f"trail-{aws.account}"
    aws("s3").create_bucket(Bucket=bucket)
    arn = aws("cloudtrail").create_trail(Name="main", S3BucketName=bucket)["TrailARN"]
    aws("cloudtrail").delete_trail(Name=arn)
    assert aws("cloudtrail").list_trails()["Trails"] == []


@example("s3", "GetObject")
def conditions(aws: Aws) -> None:
    client, bucket = aws("s3"), f"state-{aws.account}"
    client.create_bucket(Bucket=bucket)
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}/*"}
    tls = deny | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [tls]}))
    client.put_object(Bucket=bucket, Key="prod/state.tfstate", Body=b"{}")
    client.get_object(Bucket=bucket, Key="prod/state.tfstate")
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    with pytest.raises(ClientError, match=r"Forbidden|AccessDenied"):
        client.get_object(Bucket=bucket, Key="prod/state.tfstate")


@example("s3", "PutObject")
def key_of_aws(aws: Aws) -> None:
    client, bucket = aws("s3"), f"organization-{aws.account}"
    client.create_bucket(Bucket=bucket)
    state = {"Bucket": bucket, "Key": "organization.tfstate", "Body": b"{}", "ServerSideEncryption": "aws:kms"}
    for alias in ("alias/aws/s3", "alias/nothing"):
        with pytest.raises(ClientError, match=rf"KMS\.NotFoundException.*{alias} is not found"):
            client.put_object(**state, SSEKMSKeyId=f"arn:aws:kms:us-east-1:{aws.account}:{alias}")
    client.put_object(Bucket=bucket, Key="first", ServerSideEncryption="aws:kms")
    client.put_object(**state, SSEKMSKeyId=f"arn:aws:kms:us-east-1:{aws.account}:alias/aws/s3")
    once = {
        "Sid": "Once",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/journal/*",
        "Condition": {"Null": {"s3:if-none-match": "true"}},
    }
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [once]}))
    with pytest.raises(ClientError, match="AccessDenied"):
        client.put_object(Bucket=bucket, Key="journal/1", Body=b"one")
    with pytest.raises(ClientError, match="AccessDenied"):
        client.copy_object(Bucket=bucket, Key="journal/1", CopySource=f"{bucket}/first")
    client.put_object(Bucket=bucket, Key="journal/1", Body=b"one", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket=bucket, Key="journal/1", Body=b"two", IfNoneMatch="*")
    assert client.get_object(Bucket=bucket, Key="journal/1")["Body"].read() == b"one"
    client.put_object(Bucket=bucket, Key="other", Body=b"one")


@example("cloudwatch", "PutCompositeAlarm")
def composite_alarm(aws: Aws) -> None:
    aws("cloudwatch").put_composite_alarm(AlarmName="any", AlarmRule='ALARM("one")')
    found = aws("cloudwatch").describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert [alarm["AlarmRule"] for alarm in found] == ['ALARM("one")']
    for rule in (" OR ".join(f'ALARM("{number}")' for number in range(101)), f'ALARM("{"x" * 10_240}")'):
        with pytest.raises(ClientError, match="ValidationError"):
            aws("cloudwatch").put_composite_alarm(AlarmName="many", AlarmRule=rule)


@example("cloudwatch", "DescribeAlarms")
def alarms_in_pages(aws: Aws) -> None:
    client = aws("cloudwatch")
    names = [f"number-{number:02}" for number in range(60)]
    for name in names:
        client.put_metric_alarm(
            AlarmName=name,
            Namespace="one",
            MetricName="two",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
    client.put_composite_alarm(AlarmName="number-any", AlarmRule='ALARM("number-00")')
    first = client.describe_alarms(AlarmNamePrefix="number-")
    assert (len(first["MetricAlarms"]), first["CompositeAlarms"]) == (50, [])
    both = client.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix="number-", AlarmTypes=["CompositeAlarm", "MetricAlarm"]
    )
    seen = [alarm["AlarmName"] for page in both for alarm in (*page["CompositeAlarms"], *page["MetricAlarms"])]
    assert sorted(seen) == sorted([*names, "number-any"])
    with pytest.raises(ClientError, match="ValidationError"):
        client.describe_alarms(AlarmNames=[str(number) for number in range(101)])


@example("application-autoscaling", "RegisterScalableTarget", "ListTagsForResource", "TagResource", "UntagResource")
def tags_of_target(aws: Aws) -> None:
    deploy(aws)
    client = aws("application-autoscaling")
    arn = client.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/main/web",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=2,
        Tags={"a": "1"},
    )["ScalableTargetARN"]
    client.tag_resource(ResourceARN=arn, Tags={"b": "2"})
    client.untag_resource(ResourceARN=arn, TagKeys=["b"])
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"a": "1"}
    (target,) = client.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert set(target["SuspendedState"].values()) == {False}


@example("route53", "ChangeResourceRecordSets")
def weighted_records(aws: Aws) -> None:
    client = aws("route53")
    zone = client.create_hosted_zone(Name="example.com", CallerReference="one")["HostedZone"]["Id"]
    records = [
        {
            "Name": name,
            "Type": "A",
            "SetIdentifier": "previous",
            "Weight": 100,
            "TTL": 60,
            "ResourceRecords": [{"Value": "192.0.2.1"}],
        }
        for name in ("app.example.com.", "example.com.")
    ]
    for action, chosen in (("CREATE", records), ("DELETE", records[:1])):
        changes = [{"Action": action, "ResourceRecordSet": record} for record in chosen]
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    left = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert [each["Name"] for each in left if each["Type"] == "A"] == ["example.com."]
    plain = {key: value for key, value in records[1].items() if key not in ("SetIdentifier", "Weight")}
    with pytest.raises(client.exceptions.InvalidChangeBatch):
        client.change_resource_record_sets(
            HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": plain}]}
        )
    check = client.create_health_check(
        CallerReference="one", HealthCheckConfig={"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 443}
    )["HealthCheck"]["Id"]
    watched = records[0] | {"HealthCheckId": check}
    for action in ("CREATE", "DELETE"):
        batch: Any = {"Changes": [{"Action": action, "ResourceRecordSet": watched}]}
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
        left = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        assert [each["HealthCheckId"] for each in left if "HealthCheckId" in each] == [check] * (action == "CREATE")
        if action == "CREATE":
            client.delete_health_check(HealthCheckId=check)  # AWS keeps it in the record.
    batch["Changes"][0]["Action"] = "CREATE"
    with pytest.raises(client.exceptions.NoSuchHealthCheck):
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


@example("route53", "CreateHostedZone")
def caller_reference(aws: Aws) -> None:
    """A reference is used once, and a zone's deletion doesn't free it."""
    client, given = aws("route53"), {"Name": "example.com", "CallerReference": "one"}
    zone = client.create_hosted_zone(**given)["HostedZone"]["Id"]
    for _ in range(2):
        with pytest.raises(client.exceptions.HostedZoneAlreadyExists) as raised:
            client.create_hosted_zone(**given)
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
        with suppress(client.exceptions.NoSuchHostedZone):
            client.delete_hosted_zone(Id=zone)
    client.create_hosted_zone(Name="example.com", CallerReference="two")


@example("route53", "ListHostedZonesByName")
def zones_by_name(aws: Aws) -> None:
    client = aws("route53")
    for name in ("example.com", "example.org"):
        client.create_hosted_zone(Name=name, CallerReference=name)
    page = client.list_hosted_zones_by_name(DNSName="example.com", MaxItems="1")
    assert (page["IsTruncated"], page["NextDNSName"]) == (True, "example.org.")


# RDS


def _instance(aws: Aws, name: str = "one") -> dict[str, Any]:
    aws.give_role_to("rds")
    made: dict[str, Any] = aws("rds").create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.m7g.large",
        Engine="postgres",
        EngineVersion="16",
        StorageType="gp3",
        AllocatedStorage=20,
        EnablePerformanceInsights=True,
        PerformanceInsightsRetentionPeriod=7,
    )["DBInstance"]
    return made


@example("rds", "CreateDBInstance")
def instance(aws: Aws) -> None:
    made, other = _instance(aws), _instance(aws, "two")
    assert made["DbiResourceId"] != other["DbiResourceId"]
    assert made["PerformanceInsightsEnabled"]
    assert made["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"
    assert made["EngineVersion"].partition(".")[::2] > ("16", "0")
    assert (made["Iops"], made["StorageThroughput"]) == (3000, 125)
    assert made["LicenseModel"] == "postgresql-license"
    role = aws("iam").create_role(RoleName="monitoring", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    given: dict[str, Any] = {"DBInstanceIdentifier": "watched", "DBInstanceClass": "db.m7g.large", "Engine": "postgres"}
    given |= {"MonitoringInterval": 60, "MonitoringRoleArn": role, "EnableCloudwatchLogsExports": ["postgresql"]}
    with pytest.raises(ClientError, match="does not include the required permissions for: ENHANCED_MONITORING"):
        aws("rds").create_db_instance(**given)
    aws("iam").put_role_policy(RoleName="monitoring", PolicyName="write", PolicyDocument=POLICY)
    aws("rds").create_db_instance(**given)
    assert log_groups(aws) == {"RDSOSMetrics": 30, "/aws/rds/instance/watched/postgresql": None}


@example("rds", "ModifyDBInstance")
def performance_insights(aws: Aws) -> None:
    _instance(aws)
    changed = aws("rds").modify_db_instance(DBInstanceIdentifier="one", EnablePerformanceInsights=False)["DBInstance"]
    assert changed["PerformanceInsightsEnabled"] is False


@example("rds", "ModifyDBSubnetGroup")
def subnet_group_of_database(aws: Aws) -> None:
    aws.give_role_to("rds")
    client, group = aws("rds"), {"DBSubnetGroupName": "one"}
    subnets = [subnet["SubnetId"] for subnet in aws("ec2").describe_subnets()["Subnets"][:3]]
    client.create_db_subnet_group(**group, DBSubnetGroupDescription="one", SubnetIds=subnets[:2])
    client.modify_db_subnet_group(**group, SubnetIds=subnets)
    (found,) = client.describe_db_subnet_groups(**group)["DBSubnetGroups"]
    assert len(found["Subnets"]) == 3


@example("rds", "ModifyEventSubscription")
def event_subscription(aws: Aws) -> None:
    client, topic = aws("rds"), f"arn:aws:sns:us-east-1:{aws.account}:alerts"
    client.create_event_subscription(SubscriptionName="one", SnsTopicArn=topic, EventCategories=["failure"])
    client.modify_event_subscription(SubscriptionName="one", EventCategories=["failover"], Enabled=True)
    (found,) = client.describe_event_subscriptions(SubscriptionName="one")["EventSubscriptionsList"]
    assert (found["EventCategoriesList"], found["SnsTopicArn"]) == (["failover"], topic)


# ElastiCache


@example("elasticache", "CreateUserGroup", "DescribeUserGroups", "ModifyUserGroup", "DeleteUserGroup")
@example("elasticache", "ListTagsForResource")
def user_group(aws: Aws) -> None:
    client = aws("elasticache")
    made = client.create_user_group(UserGroupId="all", Engine="redis", UserIds=["default"], Tags=[TAG])
    assert client.list_tags_for_resource(ResourceName=made["ARN"])["TagList"] == [TAG]
    client.modify_user_group(UserGroupId="all", UserIdsToAdd=["app"], UserIdsToRemove=["default"])
    (group,) = client.describe_user_groups(UserGroupId="all")["UserGroups"]
    assert (group["UserIds"], group["Status"]) == (["app"], "active")
    client.delete_user_group(UserGroupId="all")
    with pytest.raises(client.exceptions.UserGroupNotFoundFault):
        client.describe_user_groups(UserGroupId="all")


def _cache(aws: Aws) -> None:
    aws.give_role_to("elasticache")
    aws("elasticache").create_replication_group(
        ReplicationGroupId="one",
        ReplicationGroupDescription="one",
        NumCacheClusters=2,
        CacheNodeType="cache.m7g.large",
        EngineVersion="7.1",
    )


@example("elasticache", "CreateReplicationGroup")
def members(aws: Aws) -> None:
    _cache(aws)
    (group,) = aws("elasticache").describe_replication_groups(ReplicationGroupId="one")["ReplicationGroups"]
    assert group["MemberClusters"] == ["one-001", "one-002"]


@example("elasticache", "DescribeCacheClusters")
def member(aws: Aws) -> None:
    _cache(aws)
    (found,) = aws("elasticache").describe_cache_clusters(CacheClusterId="one-001")["CacheClusters"]
    assert (found["CacheNodeType"], found["EngineVersion"]) == ("cache.m7g.large", "7.1.0")
    listed = aws("elasticache").describe_cache_clusters()["CacheClusters"]
    assert [each["CacheClusterId"] for each in listed] == ["one-001", "one-002"]


@example("elasticache", "IncreaseReplicaCount", "DecreaseReplicaCount")
def replicas(aws: Aws) -> None:
    _cache(aws)
    for change, count in (("increase_replica_count", 2), ("decrease_replica_count", 1)):
        change_count = getattr(aws("elasticache"), change)
        group = change_count(ReplicationGroupId="one", NewReplicaCount=count, ApplyImmediately=True)["ReplicationGroup"]
        assert len(group["MemberClusters"]) == len(group["NodeGroups"][0]["NodeGroupMembers"]) == count + 1


@example("elasticache", "ModifyReplicationGroup")
def changed_cache(aws: Aws) -> None:
    _cache(aws)
    client = aws("elasticache")
    to = {"DestinationType": "cloudwatch-logs", "LogFormat": "json"}
    logs = [
        {"LogType": kind, "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": kind}}, **to}
        for kind in ("slow-log", "engine-log")
    ]
    change: Any = {"SnapshotWindow": "06:00-07:00", "LogDeliveryConfigurations": logs}
    client.modify_replication_group(ReplicationGroupId="one", **change)
    (group,) = client.describe_replication_groups(ReplicationGroupId="one")["ReplicationGroups"]
    assert group["SnapshotWindow"] == "06:00-07:00"
    assert [each["LogType"] for each in group["LogDeliveryConfigurations"]] == ["slow-log", "engine-log"]
    ended: Any = [{"LogType": "slow-log", "Enabled": False}]
    client.modify_replication_group(ReplicationGroupId="one", LogDeliveryConfigurations=ended)
    (group,) = client.describe_replication_groups(ReplicationGroupId="one")["ReplicationGroups"]
    assert [each["LogType"] for each in group["LogDeliveryConfigurations"]] == ["engine-log"]


@example("elasticache", "DeleteReplicationGroup")
def deleted_cache(aws: Aws) -> None:
    _cache(aws)
    aws("elasticache").delete_replication_group(ReplicationGroupId="one")
    assert aws("elasticache").describe_replication_groups()["ReplicationGroups"] == []


@example("elasticache", "ModifyCacheSubnetGroup", "DeleteCacheSubnetGroup")
def subnet_group_of_cache(aws: Aws) -> None:
    aws.give_role_to("elasticache")
    client, group = aws("elasticache"), {"CacheSubnetGroupName": "one"}
    subnets = [subnet["SubnetId"] for subnet in aws("ec2").describe_subnets()["Subnets"][:2]]
    client.create_cache_subnet_group(**group, CacheSubnetGroupDescription="one", SubnetIds=subnets[:1])
    client.modify_cache_subnet_group(**group, SubnetIds=subnets)
    (found,) = client.describe_cache_subnet_groups(**group)["CacheSubnetGroups"]
    assert [each["SubnetIdentifier"] for each in found["Subnets"]] == subnets
    client.delete_cache_subnet_group(**group)
    with pytest.raises(client.exceptions.CacheSubnetGroupNotFoundFault):
        client.describe_cache_subnet_groups(**group)


# ECS


def deploy(aws: Aws) -> str:
    """A service that runs; return its task definition."""
    aws("ecs").create_cluster(clusterName="main")
    definition = define(aws)
    aws("ecs").create_service(
        cluster="main",
        serviceName="web",
        taskDefinition=definition,
        desiredCount=2,
        launchType="FARGATE",
        healthCheckGracePeriodSeconds=60,
        enableExecuteCommand=True,
        enableECSManagedTags=True,
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )
    return definition


def define(aws: Aws, family: str = "web") -> str:
    """The next task definition of a family."""
    made = aws("ecs").register_task_definition(
        family=family, containerDefinitions=[{"name": "web", "image": "web", "memory": 256}]
    )
    return str(made["taskDefinition"]["taskDefinitionArn"])


def run(aws: Aws, family: str = "migration") -> list[dict[str, Any]]:
    """Every look at a task, to its end."""
    client = aws("ecs")
    client.create_cluster(clusterName="main")
    definition = define(aws, family)
    (task,) = client.run_task(cluster="main", taskDefinition=definition, launchType="FARGATE")["tasks"]
    looks = [task]
    while looks[-1]["lastStatus"] != "STOPPED" and len(looks) < 9:
        looks += client.describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"]
    return looks


def container(task: dict[str, Any], name: str = "web") -> dict[str, Any]:
    """The container of that name, wherever in the task it is listed."""
    (found,) = (each for each in task["containers"] if each["name"] == name)
    return dict(found)


def found_service(aws: Aws) -> dict[str, Any]:
    (service,) = aws("ecs").describe_services(cluster="main", services=["web"])["services"]
    return dict(service)


@example("ecs", "CreateCluster")
def insights(aws: Aws) -> None:
    client = aws("ecs")
    for name, value in (("plain", "disabled"), ("watched", "enhanced")):
        client.create_cluster(clusterName=name, settings=[{"name": "containerInsights", "value": value}])
    assert log_groups(aws) == {"/aws/ecs/containerinsights/watched/performance": None}


@example("ecs", "CreateService")
def service(aws: Aws) -> None:
    deploy(aws)
    found = found_service(aws)
    assert found["healthCheckGracePeriodSeconds"] == 60
    assert found["enableExecuteCommand"] is found["enableECSManagedTags"] is True
    assert found["availabilityZoneRebalancing"] == "ENABLED"
    configuration = found["deploymentConfiguration"]
    assert configuration["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert (configuration["maximumPercent"], configuration["minimumHealthyPercent"]) == (200, 100)
    assert configuration["alarms"] == {"alarmNames": [], "rollback": False, "enable": False}
    assert (found["runningCount"], found["pendingCount"]) == (2, 0)


@example("ecs", "UpdateService", "DescribeServices")
def deployment(aws: Aws) -> None:
    deploy(aws)
    following = define(aws)
    aws("ecs").update_service(cluster="main", service="web", taskDefinition=following)
    (made,) = found_service(aws)["deployments"]
    assert (made["taskDefinition"], made["rolloutState"]) == (following, "COMPLETED")


@example("ecs", "DescribeTasks")
def task(aws: Aws) -> None:
    looks = run(aws)
    assert [look["lastStatus"] for look in looks] == ["PENDING", "RUNNING", "STOPPED"]
    assert looks[-1]["stopCode"] == "EssentialContainerExited"
    assert container(looks[-1])["exitCode"] == 0
    unknown = f"{looks[0]['taskArn']}0"
    answer = aws("ecs").describe_tasks(cluster="main", tasks=[unknown])
    assert (answer["tasks"], answer["failures"]) == ([], [{"arn": unknown, "reason": "MISSING"}])
