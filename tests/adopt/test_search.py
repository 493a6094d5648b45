"""What is found for an address, with canned responses of AWS."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

import environments
from ops.adopt.search import Found, Outcome, Search
from tests.cases import every_case

VPC = {"aws_vpc": {"vpc": {"cidr_block": "10.30.0.0/16"}}}
Responses = Mapping[str, Any]


@dataclass
class Canned:
    """AWS with one response for each call: a dictionary, a function of the arguments, or the code of an error."""

    responses: Responses
    calls: list[tuple[str, str, Any]] = field(default_factory=list)

    def client(self, service: Any, region_name: str | None = None) -> Any:
        return _Client(self, service, region_name or "home")


@dataclass
class _Client:
    aws: Canned
    service: str
    region: str

    def can_paginate(self, operation: str) -> bool:
        return operation.endswith("_pages")

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.aws.calls.append((self.region, operation, arguments))
            response = self.aws.responses.get(operation, {})
            if callable(response):
                response = response(**arguments)
            if isinstance(response, str):
                raise ClientError({"Error": {"Code": response, "Message": "no"}}, operation)
            return response

        return call


def looking(
    resources: Mapping[str, Any],
    responses: Responses,
    *,
    others: Mapping[str, Any] | None = None,
    managed: Collection[str] = (),
) -> tuple[Search, Canned]:
    aws = Canned(responses)
    stacks = {"network": {"resource": resources}, **(others or {})}
    return Search(aws, environments.load("prod"), stacks, {"network": managed}), aws


def found(resources: Mapping[str, Any], responses: Responses, **more: Any) -> dict[str, Found]:
    search, _ = looking(resources, responses, **more)
    return {each.address: each for each in search.of(["network"])}


def vpcs(*ids: str) -> Responses:
    return {"describe_vpcs": {"Vpcs": [{"VpcId": each} for each in ids]}}


def test_a_resource_is_found_by_what_identifies_it() -> None:
    search, aws = looking(VPC, vpcs("vpc-1"))
    (vpc,) = search.of(["network"])
    assert (vpc.outcome, vpc.id) == (Outcome.ADOPT, "vpc-1")
    assert aws.calls == [("home", "describe_vpcs", {"Filters": [{"Name": "cidr", "Values": ["10.30.0.0/16"]}]})]


@every_case(
    ("responses", "outcome"),
    [
        (vpcs(), Outcome.CREATE),
        (vpcs("vpc-1", "vpc-2"), Outcome.AMBIGUOUS),
        ({"describe_vpcs": "InvalidVpcID.NotFound"}, Outcome.CREATE),
        ({"describe_vpcs": "UnauthorizedOperation"}, Outcome.UNKNOWN),
    ],
)
def test_none_several_and_no_answer(responses: Responses, outcome: Outcome) -> None:
    assert found(VPC, responses)["aws_vpc.vpc"].outcome is outcome


def test_what_a_state_has_is_managed_and_still_leads_to_others() -> None:
    resources = {**VPC, "aws_internet_gateway": {"gateway": {"vpc_id": "${aws_vpc.vpc.id}"}}}
    gateways = {"describe_internet_gateways": {"InternetGateways": [{"InternetGatewayId": "igw-1"}]}}
    result = found(resources, {**vpcs("vpc-1"), **gateways}, managed=["aws_vpc.vpc"])
    assert result["aws_vpc.vpc"].outcome is Outcome.MANAGED
    assert result["aws_internet_gateway.gateway"].id == "igw-1"


def test_what_belongs_to_a_new_resource_is_new_and_not_asked_about() -> None:
    resources = {**VPC, "aws_internet_gateway": {"gateway": {"vpc_id": "${aws_vpc.vpc.id}"}}}
    search, aws = looking(resources, vpcs())
    assert {each.outcome for each in search.of(["network"])} == {Outcome.CREATE}
    assert [operation for _, operation, _ in aws.calls] == ["describe_vpcs"]


SUBNET = {"vpc_id": "${aws_vpc.vpc.id}", "cidr_block": "10.30.0.0/24", "availability_zone": "us-east-1a"}


def subnets(*ranges: tuple[str, str]) -> Responses:
    listed = [
        {"SubnetId": f"subnet-{number}", "CidrBlock": cidr, "AvailabilityZone": zone}
        for number, (cidr, zone) in enumerate(ranges)
    ]
    return {**vpcs("vpc-1"), "describe_subnets": {"Subnets": listed}}


@every_case(
    ("ranges", "outcome", "obstacles"),
    [
        ([("10.30.0.0/24", "us-east-1a"), ("10.30.1.0/24", "us-east-1a")], Outcome.ADOPT, []),
        ([("10.30.1.0/24", "us-east-1a")], Outcome.CREATE, []),
        (
            [("10.30.0.0/20", "us-east-1a")],
            Outcome.BLOCKED,
            ["cidr_block is 10.30.0.0/20, must be 10.30.0.0/24"],
        ),
        (
            [("10.30.0.0/24", "us-east-1b")],
            Outcome.BLOCKED,
            ["availability_zone is us-east-1b, must be us-east-1a"],
        ),
        ([("10.30.0.0/25", "us-east-1a"), ("10.30.0.128/25", "us-east-1a")], Outcome.AMBIGUOUS, []),
    ],
)
def test_a_range_that_overlaps_is_in_the_way(
    ranges: list[tuple[str, str]], outcome: Outcome, obstacles: list[str]
) -> None:
    subnet = found({**VPC, "aws_subnet": {"public_a": SUBNET}}, subnets(*ranges))["aws_subnet.public_a"]
    assert (subnet.outcome, [str(each) for each in subnet.obstacles]) == (outcome, obstacles)
    assert all("network.cidr" in each.way_out for each in subnet.obstacles)


def test_an_id_of_two_addresses_is_none_of_theirs() -> None:
    """One route table of two subnets, where the stack has two."""
    resources: dict[str, Any] = {
        **VPC,
        "aws_subnet": {"private_a": SUBNET, "private_b": {**SUBNET, "cidr_block": "10.30.1.0/24"}},
        "aws_route_table": {"a": {"vpc_id": "${aws_vpc.vpc.id}"}, "b": {"vpc_id": "${aws_vpc.vpc.id}"}},
        "aws_route_table_association": {
            each: {
                "subnet_id": f"${{aws_subnet.private_{each}.id}}",
                "route_table_id": f"${{aws_route_table.{each}.id}}",
            }
            for each in "ab"
        },
    }
    tables = {"describe_route_tables": {"RouteTables": [{"RouteTableId": "rtb-1"}]}}
    result = found(resources, {**subnets(("10.30.0.0/24", "us-east-1a"), ("10.30.1.0/24", "us-east-1a")), **tables})
    assert {result[f"aws_route_table.{each}"].outcome for each in "ab"} == {Outcome.AMBIGUOUS}
    assert result["aws_route_table_association.a"].id == "subnet-0/rtb-1"


REPOSITORY = {
    "aws_kms_key": {"key": {}},
    "aws_kms_alias": {"alias": {"name": "alias/shop", "target_key_id": "${aws_kms_key.key.key_id}"}},
    "aws_ecr_repository": {
        "shop": {
            "name": "shop",
            "encryption_configuration": [{"encryption_type": "KMS", "kms_key": "${aws_kms_key.key.arn}"}],
        }
    },
}
KEY = "arn:aws:kms:us-east-1:111122223333:key/key-1"


def repository(**encryption: str) -> Responses:
    return {
        "list_aliases": {"Aliases": [{"AliasName": "alias/shop", "TargetKeyId": "key-1"}]},
        "describe_key": {"KeyMetadata": {"KeyId": "key-1", "Arn": KEY, "KeyState": "Enabled"}},
        "describe_repositories": {"repositories": [{"repositoryName": "shop", "encryptionConfiguration": encryption}]},
    }


def test_a_key_is_found_by_its_alias_and_what_it_encrypts_is_taken_over() -> None:
    result = found(REPOSITORY, repository(encryptionType="KMS", kmsKey=KEY))
    assert {each.address: each.id for each in result.values() if each.outcome is Outcome.ADOPT} == {
        "aws_kms_key.key": "key-1",
        "aws_kms_alias.alias": "alias/shop",
        "aws_ecr_repository.shop": "shop",
    }


@pytest.mark.parametrize("state", ["PendingDeletion", "PendingReplicaDeletion"])
def test_a_key_that_will_be_deleted_is_not_taken_over(state: str) -> None:
    """Terraform can't import it: https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html."""
    key = {"describe_key": {"KeyMetadata": {"KeyId": "key-1", "Arn": KEY, "KeyState": state}}}
    result = found(REPOSITORY, {**repository(encryptionType="KMS", kmsKey=KEY), **key})
    (obstacle,) = result["aws_kms_key.key"].obstacles
    assert str(obstacle) == "deletion is scheduled, must be cancelled"
    assert "cancel-key-deletion" in obstacle.way_out
    assert result["aws_ecr_repository.shop"].outcome is Outcome.BLOCKED


@pytest.mark.parametrize(
    ("responses", "obstacle"),
    [
        (
            {**repository(encryptionType="AES256"), "list_aliases": {"Aliases": []}},
            "encryption_configuration is AES256, must be KMS, a resource that the stack creates",
        ),
        (
            repository(encryptionType="KMS", kmsKey=KEY.replace("key-1", "key-2")),
            f"encryption_configuration is KMS, {KEY.replace('key-1', 'key-2')}, must be KMS, {KEY}",
        ),
    ],
    ids=["AWS's key", "another key"],
)
def test_another_encryption_is_named_with_its_way_out(responses: Responses, obstacle: str) -> None:
    blocked = found(REPOSITORY, responses)["aws_ecr_repository.shop"]
    assert blocked.outcome is Outcome.BLOCKED
    assert [(str(each), each.kind) for each in blocked.obstacles] == [(obstacle, "encryption")]
    assert blocked.obstacles[0].way_out.startswith("copy the images")


def test_references_lead_through_outputs_of_other_phases() -> None:
    outputs = {
        "output": {"subnets": {"value": {"a": "${aws_subnet.public_a.id}"}}, "vpc": {"value": "${aws_vpc.vpc.id}"}}
    }
    others = {
        "base": {"resource": {**VPC, "aws_subnet": {"public_a": SUBNET}}, **outputs},
    }
    resources = {
        "aws_nat_gateway": {
            "nat": {
                "subnet_id": '${data.terraform_remote_state.base.outputs.subnets["a"]}',
                "allocation_id": "${aws_eip.address.id}",
            }
        },
        "aws_eip": {"address": {"domain": "vpc"}},
        "aws_internet_gateway": {"gateway": {"vpc_id": "${data.terraform_remote_state.base.outputs.vpc}"}},
    }
    gateways = {
        "describe_nat_gateways": {
            "NatGateways": [{"NatGatewayId": "nat-1", "NatGatewayAddresses": [{"AllocationId": "eipalloc-1"}]}]
        },
        "describe_internet_gateways": {"InternetGateways": [{"InternetGatewayId": "igw-1"}]},
    }
    result = found(resources, {**subnets(("10.30.0.0/24", "us-east-1a")), **gateways}, others=others)
    assert {each.address: each.id for each in result.values()} == {
        "aws_nat_gateway.nat": "nat-1",
        "aws_eip.address": "eipalloc-1",
        "aws_internet_gateway.gateway": "igw-1",
    }


def rules(*listed: Mapping[str, Any]) -> Responses:
    groups = {"describe_security_groups": {"SecurityGroups": [{"GroupId": "sg-1", "Description": "app"}]}}
    return {**vpcs("vpc-1"), **groups, "describe_security_group_rules": {"SecurityGroupRules": list(listed)}}


GROUP: Mapping[str, Any] = {
    **VPC,
    "aws_security_group": {"app": {"name": "app", "description": "app", "vpc_id": "${aws_vpc.vpc.id}"}},
    "aws_vpc_security_group_ingress_rule": {
        "http": {
            "security_group_id": "${aws_security_group.app.id}",
            "ip_protocol": "tcp",
            "from_port": 80,
            "to_port": 80,
            "cidr_ipv4": "0.0.0.0/0",
        }
    },
}
HTTP = {
    "SecurityGroupRuleId": "sgr-1",
    "IsEgress": False,
    "IpProtocol": "tcp",
    "FromPort": 80,
    "ToPort": 80,
    "CidrIpv4": "0.0.0.0/0",
}
ANY_EGRESS = {"SecurityGroupRuleId": "sgr-2", "IsEgress": True, "IpProtocol": "-1", "FromPort": -1, "ToPort": -1}


def test_a_rule_that_no_address_has_is_listed_beside() -> None:
    search, _ = looking(GROUP, rules(HTTP, {**HTTP, "SecurityGroupRuleId": "sgr-3", "ToPort": 90}, ANY_EGRESS))
    result = search.of(["network"])
    assert {each.id for each in result} == {"vpc-1", "sg-1", "sgr-1"}
    assert [each.split(":")[0] for each in search.beside(result)] == [
        "sg-1 keeps the rule sgr-3, in",
        "sg-1 keeps the rule sgr-2, out",
    ]


def test_a_rule_from_another_source_is_another_rule() -> None:
    result = found(GROUP, rules({**HTTP, "CidrIpv4": "10.0.0.0/8"}))
    assert result["aws_vpc_security_group_ingress_rule.http"].outcome is Outcome.CREATE


def test_an_existing_group_whose_description_differs_is_no_group_of_rules() -> None:
    resources = {**GROUP, "aws_security_group": {"app": {**GROUP["aws_security_group"]["app"], "description": "other"}}}
    result = found(resources, rules(HTTP))
    assert result["aws_security_group.app"].outcome is Outcome.BLOCKED
    assert result["aws_vpc_security_group_ingress_rule.http"].outcome is Outcome.CREATE


def test_what_depends_on_an_unknown_resource_is_unknown() -> None:
    result = found(GROUP, {**rules(HTTP), "describe_security_groups": "UnauthorizedOperation"})
    rule = result["aws_vpc_security_group_ingress_rule.http"]
    assert (rule.outcome, rule.why) == (Outcome.UNKNOWN, "it depends on aws_security_group.app, which is unknown")


def test_a_refused_question_about_what_is_beside_stops_no_other() -> None:
    roles = {"aws_iam_role": {"a": {"name": "a"}, "b": {"name": "b"}}}
    policies = {"list_attached_role_policies": lambda **its: "AccessDenied" if its["RoleName"] == "a" else ATTACHED}
    search, _ = looking(roles, {"get_role": {"Role": {"Path": "/"}}, **policies})
    result = search.of(["network"])
    assert [*search.beside(result)] == ["b keeps the policy arn:x"]
    (unread,) = search.unread
    assert "what a keeps: can't ask iam with list_attached_role_policies: AccessDenied" in unread


ATTACHED = {"AttachedPolicies": [{"PolicyArn": "arn:x"}]}


def test_a_rule_to_a_list_of_aws_whose_id_is_unknown_is_found_by_the_rest() -> None:
    """AWS refuses a second rule that is equal.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupEgress.html
    """
    rule = {
        "security_group_id": "${aws_security_group.app.id}",
        **{"ip_protocol": "tcp", "from_port": 443, "to_port": 443},
        "prefix_list_id": "${aws_vpc_endpoint.s3.prefix_list_id}",
    }
    resources = {**GROUP, "aws_vpc_security_group_egress_rule": {"s3": rule}}
    listed = {**HTTP, "IsEgress": True, "FromPort": 443, "ToPort": 443}
    others = {**listed, "SecurityGroupRuleId": "sgr-8"}
    s3 = {**listed, "CidrIpv4": None, "PrefixListId": "pl-1", "SecurityGroupRuleId": "sgr-9"}
    assert found(resources, rules(others, s3))["aws_vpc_security_group_egress_rule.s3"].id == "sgr-9"


def test_a_value_of_existing_decides_between_several() -> None:
    environment = replace(environments.load("prod"), existing={"aws_vpc.vpc": "vpc-2"})
    resources = {**VPC, "aws_internet_gateway": {"gateway": {"vpc_id": "${aws_vpc.vpc.id}"}}}
    aws = Canned(vpcs("vpc-1", "vpc-2"))
    vpc, _ = Search(aws, environment, {"network": {"resource": resources}}, {}).of(["network"])
    assert (vpc.outcome, vpc.id) == (Outcome.ADOPT, "vpc-2")
    assert aws.calls[-1][2] == {"Filters": [{"Name": "attachment.vpc-id", "Values": ["vpc-2"]}]}


@pytest.mark.parametrize(("decided", "outcome"), [("vpc-1", Outcome.ADOPT), ("vpc-9", Outcome.AMBIGUOUS)])
def test_a_value_of_existing_decides_between_addresses(decided: str, outcome: Outcome) -> None:
    environment = replace(environments.load("prod"), existing={"aws_vpc.a": decided})
    both = {"aws_vpc": {each: {"cidr_block": "10.30.0.0/16"} for each in "ab"}}
    one, other = Search(Canned(vpcs("vpc-1")), environment, {"network": {"resource": both}}, {}).of(["network"])
    assert (one.outcome, other.outcome) == (outcome, Outcome.AMBIGUOUS)


def test_an_id_of_a_managed_address_is_not_taken_over_under_another() -> None:
    both = {"aws_vpc": {each: {"cidr_block": "10.30.0.0/16"} for each in "ab"}}
    result = found(both, vpcs("vpc-1"), managed=["aws_vpc.a"])
    assert [each.outcome for each in result.values()] == [Outcome.MANAGED, Outcome.AMBIGUOUS]


@pytest.mark.parametrize("state", ["deleting", "deleted"])
def test_a_deleted_endpoint_is_none(state: str) -> None:
    resources = {**VPC, "aws_vpc_endpoint": {"s3": {"vpc_id": "${aws_vpc.vpc.id}", "service_name": "s3"}}}
    listed = {"describe_vpc_endpoints": {"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "State": state}]}}
    assert found(resources, {**vpcs("vpc-1"), **listed})["aws_vpc_endpoint.s3"].outcome is Outcome.CREATE


@pytest.mark.parametrize("word", ["PendingConfirmation", "Deleted"])
def test_a_subscription_without_an_arn_is_none(word: str) -> None:
    subscription = {"topic_arn": "arn:t", "protocol": "email", "endpoint": "a@b.test"}
    listed = {"Subscriptions": [{"SubscriptionArn": word, "Protocol": "email", "Endpoint": "a@b.test"}]}
    result = found({"aws_sns_topic_subscription": {"a": subscription}}, {"list_subscriptions_by_topic": listed})
    assert result["aws_sns_topic_subscription.a"].outcome is Outcome.CREATE


def test_a_subnet_without_an_ipv4_range_is_in_no_way() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html: `ipv6Native`."""
    responses = subnets(("", "us-east-1a"))
    subnet = found({**VPC, "aws_subnet": {"public_a": SUBNET}}, responses)["aws_subnet.public_a"]
    assert subnet.outcome is Outcome.CREATE


def providers() -> Iterator[Mapping[str, Any]]:
    yield {"region": "us-east-1"}
    yield {"region": "us-west-2", "alias": "global_events"}
    yield {"region": "us-east-1", "alias": "dns", "assume_role": [{}]}


def test_a_resource_is_asked_about_where_its_provider_is() -> None:
    rule = {"name": "used", "provider": "aws.global_events"}
    zone = {"name": "example.com", "provider": "aws.dns"}
    stack = {
        "resource": {"aws_cloudwatch_event_rule": {"used": rule}, "aws_route53_zone": {"zone": zone}},
        "provider": {"aws": list(providers())},
    }
    aws = Canned({"describe_rule": {"Name": "used"}})
    result = Search(aws, environments.load("prod"), {"network": stack}, {}).of(["network"])
    assert {each.address: each.outcome for each in result} == {
        "aws_cloudwatch_event_rule.used": Outcome.ADOPT,
        "aws_route53_zone.zone": Outcome.CREATE,
    }
    assert [(region, operation) for region, operation, _ in aws.calls] == [("us-west-2", "describe_rule")]


@every_case(
    ("kind", "block", "responses", "attribute"),
    [
        (
            "aws_config_configuration_recorder",
            {"name": "aep-prod"},
            {"describe_configuration_recorders": {"ConfigurationRecorders": [{"name": "default"}]}},
            "name is default, must be aep-prod",
        ),
        (
            "aws_db_instance",
            {"identifier": "aep-prod", "engine": "postgres", "storage_encrypted": True},
            {"describe_db_instances": {"DBInstances": [{"Engine": "mysql", "StorageEncrypted": True}]}},
            "engine is mysql, must be postgres",
        ),
        (
            "aws_elasticache_replication_group",
            {"replication_group_id": "aep-prod", "at_rest_encryption_enabled": "true"},
            {"describe_replication_groups": {"ReplicationGroups": [{"AtRestEncryptionEnabled": False}]}},
            "at_rest_encryption_enabled is false, must be true",
        ),
        (
            "aws_lb",
            {"name": "aep-prod", "internal": False},
            {"describe_load_balancers": {"LoadBalancers": [{"LoadBalancerArn": "arn", "Scheme": "internal"}]}},
            "internal is true, must be false",
        ),
        (
            "aws_iam_role",
            {"name": "aep-prod-task"},
            {"get_role": {"Role": {"Path": "/service-role/"}}},
            "path is /service-role/, must be /",
        ),
        (
            "aws_secretsmanager_secret",
            {"name": "aep/prod/key"},
            {"describe_secret": {"ARN": "arn", "DeletedDate": "2026-01-01"}},
            "deletion is scheduled, must be cancelled",
        ),
    ],
)
def test_what_can_not_be_changed_in_place(kind: str, block: Any, responses: Responses, attribute: str) -> None:
    (result,) = found({kind: {"one": block}}, responses).values()
    assert (result.outcome, [str(each) for each in result.obstacles]) == (Outcome.BLOCKED, [attribute])


def test_a_public_zone_is_found_beside_a_private_one() -> None:
    zones = [
        {"Id": f"/hostedzone/{id_}", "Name": name, "Config": {"PrivateZone": private}}
        for id_, name, private in (("Z1", "a.test.", True), ("Z2", "a.test.", False), ("Z3", "b.test.", False))
    ]
    result = found(
        {"aws_route53_zone": {"zone": {"name": "a.test"}}}, {"list_hosted_zones_by_name": {"HostedZones": zones}}
    )
    assert result["aws_route53_zone.zone"].id == "Z2"
