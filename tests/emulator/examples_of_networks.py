"""What additions for the order of a network are for: what needs an internet gateway, what something still uses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.aws import Aws
from tests.emulator.examples import example


def _network(aws: Aws, *, attached: bool = False) -> dict[str, Any]:
    """Ids of a VPC, of two subnets in it, and of an internet gateway."""
    client = aws("ec2")
    vpc = client.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        client.create_subnet(VpcId=vpc, CidrBlock=f"10.8.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")
        for number, zone in enumerate("ab")
    ]
    gateway = client.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    if attached:
        client.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    return {"vpc": vpc, "subnets": [each["Subnet"]["SubnetId"] for each in subnets], "gateway": gateway}


def _address(aws: Aws) -> str:
    return str(aws("ec2").allocate_address(Domain="vpc")["AllocationId"])


def _gateway(aws: Aws, subnet: str, address: str) -> dict[str, Any]:
    """A NAT gateway, as AWS lists it."""
    client = aws("ec2")
    made = client.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    (found,) = client.describe_nat_gateways(NatGatewayIds=[made])["NatGateways"]
    return dict(found)


def _group(aws: Aws, network: dict[str, Any], name: str) -> str:
    return str(aws("ec2").create_security_group(GroupName=name, Description=name, VpcId=network["vpc"])["GroupId"])


@example("ec2", "DescribeInternetGateways")
def gateway_of_the_default_vpc(aws: Aws) -> None:
    client = aws("ec2")
    (vpc,) = client.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    found = client.describe_internet_gateways()["InternetGateways"]
    assert [each["Attachments"] for each in found] == [[{"State": "available", "VpcId": vpc["VpcId"]}]]


@example("ec2", "CreateNatGateway")
def nat_gateway_without_a_way_out(aws: Aws) -> None:
    network, address = _network(aws), _address(aws)
    failed = _gateway(aws, network["subnets"][0], address)
    assert (failed["State"], failed["FailureCode"]) == ("failed", "Gateway.NotAttached")
    assert failed["FailureMessage"] == f"Network {network['vpc']} has no Internet gateway attached"
    assert "AssociationId" not in aws("ec2").describe_addresses(AllocationIds=[address])["Addresses"][0]
    aws("ec2").attach_internet_gateway(InternetGatewayId=network["gateway"], VpcId=network["vpc"])
    made = _gateway(aws, network["subnets"][0], address)
    assert made["State"] == "available"
    assert made["NatGatewayAddresses"][0]["AllocationId"] == address


@example("ec2", "AssociateAddress")
def address_without_a_way_out(aws: Aws) -> None:
    client, network, address = aws("ec2"), _network(aws), _address(aws)
    interface = client.create_network_interface(SubnetId=network["subnets"][0])["NetworkInterface"]
    ids = {"AllocationId": address, "NetworkInterfaceId": interface["NetworkInterfaceId"]}
    with pytest.raises(ClientError, match=r"Gateway\.NotAttached.*is not attached to any internet gateway"):
        client.associate_address(**ids)
    client.attach_internet_gateway(InternetGatewayId=network["gateway"], VpcId=network["vpc"])
    assert client.associate_address(**ids)["AssociationId"]


@example("ec2", "DetachInternetGateway")
def gateway_that_addresses_need(aws: Aws) -> None:
    client, network = aws("ec2"), _network(aws, attached=True)
    nat = _gateway(aws, network["subnets"][0], _address(aws))["NatGatewayId"]
    ids = {"InternetGatewayId": network["gateway"], "VpcId": network["vpc"]}
    with pytest.raises(ClientError, match=r"DependencyViolation.*mapped public address"):
        client.detach_internet_gateway(**ids)
    client.delete_nat_gateway(NatGatewayId=nat)
    balancer = aws("elbv2").create_load_balancer(Name="main", Subnets=network["subnets"])["LoadBalancers"][0]
    with pytest.raises(ClientError, match=r"DependencyViolation.*mapped public address"):
        client.detach_internet_gateway(**ids)
    aws("elbv2").delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    client.detach_internet_gateway(**ids)


@example("ec2", "DeleteSubnet")
def subnet_in_use(aws: Aws) -> None:
    client, network = aws("ec2"), _network(aws)
    first, second = network["subnets"]
    interface = client.create_network_interface(SubnetId=first)["NetworkInterface"]["NetworkInterfaceId"]
    with pytest.raises(ClientError, match="DependencyViolation"):
        client.delete_subnet(SubnetId=first)
    client.delete_network_interface(NetworkInterfaceId=interface)
    client.delete_subnet(SubnetId=first)
    client.delete_subnet(SubnetId=second)


@example("ec2", "DeleteSecurityGroup")
def security_group_in_use(aws: Aws) -> None:
    client, network = aws("ec2"), _network(aws)
    used, other = (_group(aws, network, each) for each in ("used", "other"))
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": used}]}
    client.authorize_security_group_ingress(GroupId=other, IpPermissions=[rule])
    with pytest.raises(ClientError, match=r"DependencyViolation.*dependent object"):
        client.delete_security_group(GroupId=used)
    client.revoke_security_group_ingress(GroupId=other, IpPermissions=[rule])
    interface = client.create_network_interface(SubnetId=network["subnets"][0], Groups=[used])["NetworkInterface"]
    with pytest.raises(ClientError, match=r"DependencyViolation.*dependent object"):
        client.delete_security_group(GroupId=used)
    client.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    client.delete_security_group(GroupId=used)


@example("ec2", "DeleteVpc")
def vpc_in_use(aws: Aws) -> None:
    client, network = aws("ec2"), _network(aws, attached=True)
    for subnet in network["subnets"]:
        client.delete_subnet(SubnetId=subnet)
    with pytest.raises(ClientError, match="DependencyViolation"):
        client.delete_vpc(VpcId=network["vpc"])
    client.detach_internet_gateway(InternetGatewayId=network["gateway"], VpcId=network["vpc"])
    client.delete_vpc(VpcId=network["vpc"])


def _endpoint(aws: Aws, network: dict[str, Any], subnets: list[str], *groups: str) -> dict[str, Any]:
    """An interface endpoint."""
    return dict(
        aws("ec2").create_vpc_endpoint(
            VpcId=network["vpc"],
            ServiceName="com.amazonaws.us-east-1.ecr.api",
            VpcEndpointType="Interface",
            SubnetIds=subnets,
            SecurityGroupIds=groups,
        )["VpcEndpoint"]
    )


def _interfaces(aws: Aws, network: dict[str, Any]) -> dict[str, list[str]]:
    """Security groups of the VPC's interfaces by their subnets."""
    in_vpc = [{"Name": "vpc-id", "Values": [network["vpc"]]}]
    found = aws("ec2").describe_network_interfaces(Filters=in_vpc)["NetworkInterfaces"]
    return {each["SubnetId"]: [group["GroupId"] for group in each["Groups"]] for each in found}


@example("ec2", "CreateVpcEndpoint")
def interface_endpoint(aws: Aws) -> None:
    network = _network(aws)
    group, subnets = _group(aws, network, "endpoints"), network["subnets"]
    made = _endpoint(aws, network, subnets, group)
    assert (made["DnsOptions"]["DnsRecordIpType"], made["IpAddressType"]) == ("ipv4", "ipv4")
    assert _interfaces(aws, network) == {each: [group] for each in subnets}
    with pytest.raises(
        ClientError, match=rf"InvalidParameter.* api.ecr.us-east-1.amazonaws.com in .* {network['vpc']}"
    ):
        _endpoint(aws, network, subnets)
    aws("ec2").delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    assert not _interfaces(aws, network)
    _endpoint(aws, network, subnets)


@example("ec2", "ModifyVpcEndpoint")
def interfaces_of_an_endpoint(aws: Aws) -> None:
    network = _network(aws)
    (one, other), (first, second) = (_group(aws, network, each) for each in ("one", "other")), network["subnets"]
    made = _endpoint(aws, network, [first], one)["VpcEndpointId"]
    change = {"AddSubnetIds": [second], "AddSecurityGroupIds": [other]}
    aws("ec2").modify_vpc_endpoint(VpcEndpointId=made, **change)
    assert _interfaces(aws, network) == {each: [one, other] for each in (first, second)}
    change = {"RemoveSubnetIds": [first], "RemoveSecurityGroupIds": [one]}
    aws("ec2").modify_vpc_endpoint(VpcEndpointId=made, **change)
    assert _interfaces(aws, network) == {second: [other]}


@example("elbv2", "CreateLoadBalancer")
def load_balancer(aws: Aws) -> None:
    client, network = aws("elbv2"), _network(aws)
    subnets = network["subnets"]
    with pytest.raises(ClientError, match=rf"InvalidSubnet.*VPC {network['vpc']} has no internet gateway"):
        client.create_load_balancer(Name="main", Subnets=subnets)
    client.create_load_balancer(Name="inner", Subnets=subnets, Scheme="internal")
    aws("ec2").attach_internet_gateway(InternetGatewayId=network["gateway"], VpcId=network["vpc"])
    client.create_load_balancer(Name="main", Subnets=subnets)
    found = client.describe_load_balancers()["LoadBalancers"]
    assert {each["LoadBalancerName"]: each["Scheme"] for each in found} == {
        "main": "internet-facing",
        "inner": "internal",
    }
