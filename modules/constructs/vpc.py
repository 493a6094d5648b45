"""A VPC in three tiers: public for load balancer and NAT, private for tasks, isolated for data."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.default_route_table import DefaultRouteTable
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.eip import Eip
from cdktf_cdktf_provider_aws.internet_gateway import InternetGateway
from cdktf_cdktf_provider_aws.nat_gateway import NatGateway
from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc as AwsVpc
from constructs import Construct

from environments.subnets import Tier, subnet

ANYWHERE = "0.0.0.0/0"


class Vpc:
    """The network. Every zone has its own private route table, so that more NAT gateways change routes in place."""

    def __init__(
        self, scope: Construct, id_: str, *, name: str, cidr: str, region: str, zones: Sequence[str], nat_per_zone: bool
    ) -> None:
        """Make the VPC with its subnets and routes.

        Args:
            scope: The stack.
            id_: Id of the VPC and of its own parts.
            name: Name tag.
            cidr: IPv4 range.
            region: Region that the zones are in.
            zones: Letters of its zones.
            nat_per_zone: One NAT gateway a zone, or one in the first zone for all.
        """
        self._scope, self._name, self._cidr, self._region = scope, name, cidr, region
        AwsVpc(scope, id_, cidr_block=cidr, enable_dns_support=True, enable_dns_hostnames=True, tags={"Name": name})
        self.id = f"${{aws_vpc.{id_}.id}}"
        # AWS makes these two with every VPC; without rules and routes they serve nothing that forgets its own.
        DefaultSecurityGroup(scope, "default_security_group", vpc_id=self.id, tags={"Name": f"{name}-default-locked"})
        DefaultRouteTable(
            scope,
            "default_route_table",
            default_route_table_id=f"${{aws_vpc.{id_}.default_route_table_id}}",
            route=[],
            tags={"Name": f"{name}-default-unused"},
        )
        InternetGateway(scope, "internet_gateway", vpc_id=self.id, tags={"Name": name})
        self.public_subnets = self._tier("public", zones)
        self.private_subnets = self._tier("private", zones)
        self.isolated_subnets = self._tier("isolated", zones)
        self.private_route_tables = [f"${{aws_route_table.routes_private_{zone}.id}}" for zone in zones]

        nat_zones = zones if nat_per_zone else zones[:1]
        self._routes(zones, nat_zones, internet_gateway_id="${aws_internet_gateway.internet_gateway.id}")

    def _tier(self, tier: Tier, zones: Sequence[str]) -> dict[str, str]:
        for zone in zones:
            Subnet(
                self._scope,
                f"{tier}_{zone}",
                vpc_id=self.id,
                availability_zone=f"{self._region}{zone}",
                cidr_block=subnet(self._cidr, tier, zone),
                map_public_ip_on_launch=False,
                tags={"Name": f"{self._name}-{tier}-{zone}", "Tier": tier},
            )
        return {zone: f"${{aws_subnet.{tier}_{zone}.id}}" for zone in zones}

    def _routes(self, zones: Sequence[str], nat_zones: Sequence[str], *, internet_gateway_id: str) -> None:
        self._route_table("public", self.public_subnets)
        Route(
            self._scope,
            "route_public_internet",
            route_table_id="${aws_route_table.routes_public.id}",
            destination_cidr_block=ANYWHERE,
            gateway_id=internet_gateway_id,
        )
        self._route_table("isolated", self.isolated_subnets)
        for zone in nat_zones:
            tags = {"Name": f"{self._name}-nat-{zone}"}
            address = Eip(self._scope, f"nat_address_{zone}", domain="vpc", tags=tags)
            gateway = NatGateway(
                self._scope,
                f"nat_{zone}",
                allocation_id=f"${{aws_eip.nat_address_{zone}.id}}",
                subnet_id=self.public_subnets[zone],
                tags=tags,
            )
            # Nothing refers to the internet gateway, which both need, and which goes last.
            # https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html#nat-gateway-troubleshooting-failed
            for each in (address, gateway):
                each.add_override("depends_on", ["aws_internet_gateway.internet_gateway"])
        for zone in zones:
            self._route_table(f"private_{zone}", {zone: self.private_subnets[zone]})
            nat = zone if zone in nat_zones else nat_zones[0]
            Route(
                self._scope,
                f"route_private_{zone}_internet",
                route_table_id=f"${{aws_route_table.routes_private_{zone}.id}}",
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=f"${{aws_nat_gateway.nat_{nat}.id}}",
            )

    def _route_table(self, id_: str, subnets: dict[str, str]) -> None:
        RouteTable(self._scope, f"routes_{id_}", vpc_id=self.id, tags={"Name": f"{self._name}-{id_.replace('_', '-')}"})
        for zone, subnet_id in subnets.items():
            RouteTableAssociation(
                self._scope,
                f"routes_of_{id_}" if id_.endswith(f"_{zone}") else f"routes_of_{id_}_{zone}",
                subnet_id=subnet_id,
                route_table_id=f"${{aws_route_table.routes_{id_}.id}}",
            )
