"""A VPC with three tiers: public for load balancer and NAT, private for tasks, isolated for data."""

from __future__ import annotations

from collections.abc import Sequence

from environments import schema
from environments.names import Names
from environments.subnets import Tier, subnet
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.ids import address, depend, reference

ANYWHERE = "0.0.0.0/0"


class Vpc:
    """The VPC. Each zone has its own private route table, so that adding NAT gateways changes routes in place."""

    def __init__(self, scope: Construct, id_: str, *, spec: schema.Network, names: Names) -> None:
        environment, name = names.environment, names.prefix
        zones = environment.zones
        self._scope, self._name, self._cidr, self._region = scope, name, spec.cidr, environment.region
        aws.Vpc(
            scope, id_, cidr_block=spec.cidr, enable_dns_support=True, enable_dns_hostnames=True, tags={"Name": name}
        )
        self.id = reference("aws_vpc", id_, "id")
        # AWS creates these two with every VPC. They have no rules and routes, so nothing can use them by mistake.
        locked = {"Name": f"{name}-default-locked"}
        aws.DefaultSecurityGroup(scope, "default_security_group", vpc_id=self.id, tags=locked)
        aws.DefaultRouteTable(
            scope,
            "default_route_table",
            default_route_table_id=reference("aws_vpc", id_, "default_route_table_id"),
            route=[],
            tags={"Name": f"{name}-default-unused"},
        )
        aws.InternetGateway(scope, "internet_gateway", vpc_id=self.id, tags={"Name": name})
        self.public_subnets = self._tier("public", zones)
        self.private_subnets = self._tier("private", zones)
        self.isolated_subnets = self._tier("isolated", zones)
        self.private_route_tables = [reference("aws_route_table", f"routes_private_{zone}", "id") for zone in zones]
        self._routes(zones, environment.nat_zones)

    def _tier(self, tier: Tier, zones: Sequence[str]) -> dict[str, str]:
        for zone in zones:
            aws.Subnet(
                self._scope,
                f"{tier}_{zone}",
                vpc_id=self.id,
                availability_zone=f"{self._region}{zone}",
                cidr_block=subnet(self._cidr, tier, zone),
                map_public_ip_on_launch=False,
                tags={"Name": f"{self._name}-{tier}-{zone}", "Tier": tier},
            )
        return {zone: reference("aws_subnet", f"{tier}_{zone}", "id") for zone in zones}

    def _routes(self, zones: Sequence[str], nat_zones: Sequence[str]) -> None:
        self._route_table("public", self.public_subnets)
        aws.Route(
            self._scope,
            "route_public_internet",
            route_table_id=reference("aws_route_table", "routes_public", "id"),
            destination_cidr_block=ANYWHERE,
            gateway_id=reference("aws_internet_gateway", "internet_gateway", "id"),
        )
        self._route_table("isolated", self.isolated_subnets)
        for zone in nat_zones:
            tags = {"Name": f"{self._name}-nat-{zone}"}
            elastic_ip = aws.Eip(self._scope, f"nat_address_{zone}", domain="vpc", tags=tags)
            gateway = aws.NatGateway(
                self._scope,
                f"nat_{zone}",
                allocation_id=reference("aws_eip", f"nat_address_{zone}", "id"),
                subnet_id=self.public_subnets[zone],
                tags=tags,
            )
            # Both need the internet gateway without a reference to it, and it has to be destroyed last.
            # https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html#nat-gateway-troubleshooting-failed
            for resource in (elastic_ip, gateway):
                depend(resource, [address("aws_internet_gateway", "internet_gateway")])
        for zone in zones:
            self._route_table(f"private_{zone}", {zone: self.private_subnets[zone]})
            if not nat_zones:
                continue
            nat = zone if zone in nat_zones else nat_zones[0]
            aws.Route(
                self._scope,
                f"route_private_{zone}_internet",
                route_table_id=reference("aws_route_table", f"routes_private_{zone}", "id"),
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=reference("aws_nat_gateway", f"nat_{nat}", "id"),
            )

    def _route_table(self, id_: str, subnets: dict[str, str]) -> None:
        aws.RouteTable(
            self._scope, f"routes_{id_}", vpc_id=self.id, tags={"Name": f"{self._name}-{id_.replace('_', '-')}"}
        )
        for zone, subnet_id in subnets.items():
            aws.RouteTableAssociation(
                self._scope,
                f"routes_of_{id_}" if id_.endswith(f"_{zone}") else f"routes_of_{id_}_{zone}",
                subnet_id=subnet_id,
                route_table_id=reference("aws_route_table", f"routes_{id_}", "id"),
            )
