"""What AWS answers when everything of an environment is as it should be, by (service, operation)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from environments.endpoints import interface_endpoints
from environments.names import Names
from environments.schema import Environment
from environments.subnets import Tier, subnet
from modules.alarms import expected
from ops.aws.errors import AwsError
from ops.aws.session import Aws, Caller
from ops.verify.context import Context
from ops.verify.http import Http

Answer = dict[str, Any]
Answers = dict[tuple[str, str], Any]
AGENT: Answer = {"name": "aws-guardduty-agent-nm40lC", "lastStatus": "RUNNING", "imageDigest": f"sha256:{'bf' * 32}"}
"""As AWS lists it: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html."""
TIERS: dict[Tier, str] = {"public": "igw-1", "private": "nat-1", "isolated": ""}
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Canned(Context):
    """A context without AWS. A response may be a function of the call's arguments."""

    def __init__(self, environment: Environment, http: Http | None = None) -> None:
        caller = Caller(environment.account_id, f"arn:aws:iam::{environment.account_id}:role/aep-prod-planner")
        super().__init__(cast("Aws", FakeAws(caller, self)), environment, http)
        self.answers = answers(environment)
        self.endpoint = "aws"
        self.regions: dict[str, str | None] = {}
        moved = environment.moved_hosts
        self.records = []
        for host in environment.edge.names:
            weight = environment.cutover.weight if host in moved else 100
            self.records += records(host, [(weight, LOAD_BALANCER), (100 - weight, PREVIOUS)])


class FakeAws:
    """Credentials, and clients that give the canned answers of a context."""

    def __init__(self, caller: Caller, canned: Canned) -> None:
        self.caller, self._canned = caller, canned

    def assuming(self, *_: str) -> FakeAws:
        return self

    def endpoint(self) -> str:
        return self._canned.endpoint

    def quick_s3(self) -> Any:
        return self.client("s3")

    def client(self, service: str, region_name: str | None = None) -> Any:
        self._canned.regions[service] = region_name
        if service == "route53":
            return FakeZone(self._canned.environment.edge.zone.name, self._canned.records)
        return FakeClient(service, self._canned)


class FakeClient:
    """A client of one service; each answer is one page."""

    def __init__(self, service: str, canned: Canned) -> None:
        self._service, self._canned = service, canned

    def can_paginate(self, _: str) -> bool:
        return False

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **given: iter([getattr(self, operation)(**given)]))

    def __getattr__(self, operation: str) -> Callable[..., Answer]:
        def call(**given: object) -> Answer:
            if (self._service, operation) not in self._canned.answers:
                raise AwsError(f"{self._service} {operation}: no response")
            answer = self._canned.answers[self._service, operation]
            if isinstance(answer, Exception):
                raise answer
            found: Answer = answer(**given) if callable(answer) else answer
            return found

        return call


class FakeZone:
    """Route 53 with one zone."""

    def __init__(self, name: str, records: list[Answer]) -> None:
        self._name, self._records = name, records

    def list_hosted_zones_by_name(self, **_: object) -> Answer:
        return {"HostedZones": [{"Id": "/hostedzone/Z1", "Name": f"{self._name}."}]}

    def list_resource_record_sets(self, **_: object) -> Answer:
        return {"ResourceRecordSets": self._records, "IsTruncated": False}


LOAD_BALANCER = "aep-1.us-east-1.elb.amazonaws.com"
PREVIOUS = "aep-staging-1234567890.us-east-1.elb.amazonaws.com"
# The hosted zone of load balancers in us-east-1: https://docs.aws.amazon.com/general/latest/gr/elb.html
LOAD_BALANCERS_ZONE = "Z35SXDOTRQ7X7K"


def records(host: str, shares: list[tuple[int, str]]) -> list[Answer]:
    """Weighted alias records; the next name of the zone comes after them, as AWS lists it."""
    own = [
        {
            "Name": f"{host}.",
            "Type": "A",
            "SetIdentifier": target,
            "Weight": share,
            "AliasTarget": {
                "DNSName": f"dualstack.{target}.",
                "HostedZoneId": LOAD_BALANCERS_ZONE,
                "EvaluateTargetHealth": False,
            },
        }
        for share, target in shares
    ]
    return [*own, {"Name": "zzz.navralabs.com.", "Type": "A", "ResourceRecords": [{"Value": "192.0.2.1"}]}]


def answers(environment: Environment) -> Answers:
    """Everything green."""
    names = Names(environment)
    return {
        **_account(names),
        **_network(names),
        **_stores(names),
        **_edge(names),
        **_services(names),
        **_alarms(names),
    }


def _account(names: Names) -> Answers:
    environment = names.environment
    arn = names.arn("sns", names.resource("alerts"))
    subscriptions = [
        {"Endpoint": email, "SubscriptionArn": f"{arn}:{index}", "Protocol": "email", "TopicArn": arn}
        for index, email in enumerate(environment.alerts.email)
    ]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    repositories = [
        {
            "repositoryName": service.repository,
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
        }
        for service in environment.product.services
    ]
    return {
        ("sts", "get_caller_identity"): {"Account": environment.account_id, "Arn": names.role_arn("planner")},
        ("s3", "get_bucket_versioning"): {"Status": "Enabled"},
        ("s3", "get_bucket_encryption"): {"ServerSideEncryptionConfiguration": {"Rules": [rule]}},
        ("sns", "list_subscriptions_by_topic"): {"Subscriptions": subscriptions},
        ("ecr", "describe_repositories"): {"repositories": repositories},
        ("ecr", "get_lifecycle_policy"): {"lifecyclePolicyText": "{}".ljust(100)},
        ("secretsmanager", "describe_secret"): {"VersionIdsToStages": {"0" * 32: ["AWSCURRENT"]}},
    }


def _network(names: Names) -> Answers:
    environment = names.environment
    places = [(tier, zone) for tier in TIERS for zone in environment.zones]
    endpoints = ("s3", *interface_endpoints(environment))
    gateways = environment.nat_zones
    return {
        ("ec2", "describe_vpcs"): {
            "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": environment.network.cidr, "IsDefault": False}]
        },
        ("ec2", "describe_subnets"): {
            "Subnets": [
                {
                    "SubnetId": f"subnet-{tier}-{zone}",
                    "CidrBlock": subnet(environment.network.cidr, tier, zone),
                    "MapPublicIpOnLaunch": False,
                }
                for tier, zone in places
            ]
        },
        ("ec2", "describe_route_tables"): {
            "RouteTables": [
                {"Associations": [{"Main": True}], "Routes": []},
                *(
                    {
                        "Associations": [{"SubnetId": f"subnet-{tier}-{zone}"}],
                        "Routes": [
                            {"DestinationCidrBlock": environment.network.cidr, "GatewayId": "local"},
                            *(_way(tier) if tier != "private" or gateways else []),
                        ],
                    }
                    for tier, zone in places
                ),
            ]
        },
        ("ec2", "describe_nat_gateways"): {
            "NatGateways": [{"NatGatewayId": f"nat-{zone}", "State": "available"} for zone in gateways]
        },
        ("ec2", "describe_vpc_endpoints"): {
            "VpcEndpoints": [
                {"ServiceName": f"com.amazonaws.{environment.region}.{name}", "State": "available"}
                for name in endpoints
            ]
        },
        ("ec2", "describe_flow_logs"): {"FlowLogs": [{"TrafficType": "ALL", "FlowLogStatus": "ACTIVE"}]},
        ("ec2", "describe_network_interfaces"): {"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1"}]},
    }


def _way(tier: Tier) -> list[Answer]:
    keys = {"public": "GatewayId", "private": "NatGatewayId"}
    return [{"DestinationCidrBlock": "0.0.0.0/0", keys[tier]: TIERS[tier]}] if TIERS[tier] else []


def _stores(names: Names) -> Answers:
    environment, profile = names.environment, names.environment.profile
    failover = "enabled" if profile.cache_nodes > 1 else "disabled"
    database: Answers = {
        ("rds", "describe_db_instances"): {
            "DBInstances": [
                {
                    "DBInstanceStatus": "available",
                    "DBInstanceClass": profile.database_class,
                    "MultiAZ": profile.database_multi_az,
                    "StorageEncrypted": True,
                    "PubliclyAccessible": False,
                    "BackupRetentionPeriod": environment.database and environment.database.backup_days,
                    "DeletionProtection": environment.protected,
                    "DBParameterGroups": [{"DBParameterGroupName": "aep-16", "ParameterApplyStatus": "in-sync"}],
                }
            ]
        },
        ("rds", "describe_db_parameters"): {
            "Parameters": [{"ParameterName": "rds.force_ssl", "ParameterValue": "1"}, {"ParameterName": "autovacuum"}]
        },
    }
    cache: Answers = {
        ("elasticache", "describe_replication_groups"): {
            "ReplicationGroups": [
                {
                    "Status": "available",
                    "TransitEncryptionEnabled": True,
                    "AtRestEncryptionEnabled": True,
                    "AutomaticFailover": failover,
                    "MultiAZ": failover,
                    "MemberClusters": [f"aep-{number}" for number in range(profile.cache_nodes)],
                }
            ]
        },
    }
    return (database if environment.database else {}) | (cache if environment.cache else {})


def _edge(names: Names) -> Answers:
    environment, edge = names.environment, names.environment.edge
    arns = {service.name: f"arn:{names.target_group(service.name)}" for service in environment.product.load_balanced}
    rules = [
        {
            "IsDefault": service == environment.default_service,
            "Priority": str(service.priority or "default"),
            "Conditions": []
            if service == environment.default_service
            else [{"Field": "host-header", "HostHeaderConfig": {"Values": [edge.service_hosts[service.name]]}}]
            if service.name in edge.service_hosts
            else [{"Field": "path-pattern", "PathPatternConfig": {"Values": list(service.paths)}}],
            "Actions": [{"Type": "forward", "TargetGroupArn": arns[service.name]}],
        }
        for service in environment.product.load_balanced
    ]
    (default,) = (rule for rule in rules if rule["IsDefault"])
    if edge.redirects:
        to = {"Protocol": "HTTPS", "Port": "443", "Host": edge.host, "StatusCode": "HTTP_301"}
        rules.append(
            {
                "IsDefault": False,
                "Priority": str(edge.redirect_priority),
                "Conditions": [{"Field": "host-header", "HostHeaderConfig": {"Values": list(edge.redirects)}}],
                "Actions": [{"Type": "redirect", "RedirectConfig": to}],
            }
        )
    attributes = {
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": names.bucket("access-logs"),
        "deletion_protection.enabled": str(environment.protected).lower(),
    }
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    return {
        ("elbv2", "describe_load_balancers"): {
            "LoadBalancers": [
                {
                    "LoadBalancerArn": "arn:lb",
                    "DNSName": LOAD_BALANCER,
                    "Scheme": "internet-facing",
                    "State": {"Code": "active"},
                    "AvailabilityZones": [{"SubnetId": f"subnet-public-{zone}"} for zone in environment.zones],
                }
            ]
        },
        ("elbv2", "describe_load_balancer_attributes"): {
            "Attributes": [{"Key": key, "Value": value} for key, value in attributes.items()]
        },
        ("elbv2", "describe_listeners"): {
            "Listeners": [
                {
                    "Port": 443,
                    "ListenerArn": "arn:https",
                    "SslPolicy": edge.tls_policy,
                    "Certificates": [{"CertificateArn": "arn:certificate"}],
                    "DefaultActions": default["Actions"],
                },
                {"Port": 80, "ListenerArn": "arn:http", "DefaultActions": [redirect]},
            ]
        },
        ("elbv2", "describe_rules"): {"Rules": rules},
        ("elbv2", "describe_target_groups"): {
            "TargetGroups": [
                {"TargetGroupArn": arn, "TargetGroupName": names.target_group(name)} for name, arn in arns.items()
            ]
        },
        ("elbv2", "describe_target_health"): {"TargetHealthDescriptions": [{"TargetHealth": {"State": "healthy"}}]},
        ("acm", "describe_certificate"): {
            "Certificate": {
                "DomainName": edge.certificate_names[0],
                "SubjectAlternativeNames": list(edge.certificate_names),
                "Status": "ISSUED",
                "NotAfter": NOW,
            }
        },
        ("wafv2", "get_web_acl_for_resource"): {
            "WebACL": {
                "Name": names.prefix,
                "Id": "1",
                "ARN": "arn:aws:wafv2:us-east-1:1:web-acl",
                "DefaultAction": {},
                "VisibilityConfig": {
                    "SampledRequestsEnabled": True,
                    "CloudWatchMetricsEnabled": True,
                    "MetricName": "aep",
                },
            }
        }
        if environment.profile.waf
        else {},
    }


def _services(names: Names) -> Answers:
    environment = names.environment
    by_service = {names.service(service.name): service.name for service in environment.product.services}
    subnets = [f"subnet-private-{zone}" for zone in environment.zones]
    network = {"awsvpcConfiguration": {"subnets": subnets, "assignPublicIp": "DISABLED"}}
    definitions = {
        f"arn:{service.name}:1": {
            "containerDefinitions": [
                {
                    "name": service.name,
                    "image": f"1.dkr.ecr/{service.repository}@{environment.releases[service.repository]}",
                    "environment": [{"name": "APP_ENV", "value": environment.stage}],
                    "secrets": [
                        {"name": each, "valueFrom": names.arn("secretsmanager", f"secret:{names.secret(each)}-AbCdEf")}
                        for each in service.secrets
                    ],
                }
            ]
        }
        for service in environment.product.services
    }
    count = environment.profile.tasks.minimum
    return {
        ("ecs", "describe_services"): {
            "services": [
                {
                    "serviceName": name,
                    "status": "ACTIVE",
                    "taskDefinition": f"arn:{short}:1",
                    "runningCount": count,
                    "desiredCount": count,
                    "deployments": [{"status": "PRIMARY", "rolloutState": "COMPLETED"}],
                    "networkConfiguration": network,
                }
                for name, short in by_service.items()
            ]
        },
        ("ecs", "describe_task_definition"): argument("taskDefinition", definitions, "taskDefinition"),
        ("ecs", "list_tasks"): argument(
            "serviceName", {name: [f"arn:aws:ecs:task/aep/{short}1"] for name, short in by_service.items()}, "taskArns"
        ),
        ("ecs", "describe_tasks"): lambda tasks, **_: {"tasks": [_task(arn, definitions) for arn in tasks]},
        ("logs", "describe_log_streams"): argument(
            "logGroupName",
            {names.log_group(short): [{"logStreamName": f"{short}/{short}/{short}1"}] for short in by_service.values()},
            "logStreams",
        ),
    }


def _task(arn: str, definitions: dict[str, Answer]) -> Answer:
    """A task whose id is its service's name and a number; GuardDuty's agent is its first container."""
    service = arn.rpartition("/")[2].rstrip("1")
    images = {each["name"]: each["image"] for each in definitions[f"arn:{service}:1"]["containerDefinitions"]}
    own = {"name": service, "lastStatus": "RUNNING", "image": images.get(service, "")}
    return {
        "taskArn": arn,
        "taskDefinitionArn": f"arn:{service}:1",
        "containers": [AGENT, own],
        "lastStatus": "RUNNING",
        "pullStoppedAt": NOW,
        "attachments": [{"details": [{"name": "networkInterfaceId", "value": "eni-1"}]}],
    }


def argument(name: str, values: dict[str, Any], key: str) -> Callable[..., Answer]:
    """An answer that depends on one argument."""
    return lambda **given: {key: values[given[name]]}


def _alarms(names: Names) -> Answers:
    topic = names.arn("sns", names.resource("alerts"))
    alarms = [
        {"AlarmName": name, "ActionsEnabled": True, "AlarmActions": [topic], "StateValue": "OK"}
        for name in expected(names)
    ]
    return {
        ("cloudwatch", "describe_alarms"): {"MetricAlarms": alarms, "CompositeAlarms": []},
        ("cloudwatch", "get_dashboard"): {"DashboardName": names.prefix},
    }


def asks(monkeypatch: pytest.MonkeyPatch, context: Canned) -> None:
    """Let a command about production, without options of the connection, ask this context."""

    def given(environment: Environment, connect_to: str | None, ca_file: Path | None) -> Canned:
        assert (environment.name, connect_to, ca_file) == ("prod", None, None)
        return context

    monkeypatch.setattr("ops.verify.command.context", given)
