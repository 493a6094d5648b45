"""Routes of subnets out of their VPC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ops.gate.index import Index
from ops.gate.model import ScannedBlock
from ops.iam.policy import nested

Way = Literal["internet gateway", "NAT", "S3", "elsewhere"]

_TABLES = ("aws_route_table", "aws_default_route_table")
_DEFAULT_SUBNET = "aws_default_subnet"
_LOCAL = "local"
ANYWHERE = frozenset({"0.0.0.0/0", "::/0"})


@dataclass(frozen=True)
class Route:
    """One route of a route table."""

    block: ScannedBlock
    table: str
    way: Way
    destination: str
    gateway: str
    """Key of its target."""


class Routes:
    """All routes, and the route tables of subnets."""

    def __init__(self, index: Index) -> None:
        """Read tables, associations, routes and gateway endpoints."""
        self._index = index
        self._of_subnet: dict[str, tuple[str, ScannedBlock | None]] = {}
        self._main: dict[str, tuple[str, ScannedBlock]] = {}
        self._vpcs = {
            block.name: index.key(block.settings.get("vpc_id"), block)
            for block in index.all("aws_subnet", _DEFAULT_SUBNET)
        }
        for block in index.all("aws_main_route_table_association"):
            vpc = index.key(block.settings.get("vpc_id"), block)
            self._main[vpc] = (index.key(block.settings.get("route_table_id"), block), block)
        for block in index.all("aws_route_table_association"):
            if "subnet_id" in block.settings:
                subnet = index.key(block.settings["subnet_id"], block)
                self._of_subnet[subnet] = (index.key(block.settings.get("route_table_id"), block), block)
        self.all = [*self._written(), *self._to_endpoints()]
        self._nat_subnets = {
            block.name: index.key(block.settings.get("subnet_id"), block)
            for block in index.all("aws_nat_gateway")
            if block.settings.get("connectivity_type", "public") == "public"
        }

    def of(self, subnet: str, way: Way) -> list[Route]:
        """A subnet's routes of one kind. A NAT gateway counts only if its own subnet has a route to the internet."""
        table, _ = self.table(subnet)
        found = [route for route in self.all if route.table == table and route.way == way]
        if way == "NAT":
            return [route for route in found if self.onward(route)]
        return found

    def table(self, subnet: str) -> tuple[str, ScannedBlock | None]:
        """A subnet's route table and the association; without an association, its VPC's main table."""
        vpc = self._vpcs.get(subnet, "")
        return self._of_subnet.get(subnet) or self._main.get(vpc) or (vpc, None)

    def onward(self, route: Route) -> list[Route]:
        """The route of a NAT gateway's own subnet to the internet."""
        subnet = self._nat_subnets.get(route.gateway)
        return self.of(subnet, "internet gateway") if subnet else []

    def _written(self) -> Iterator[Route]:
        for block in self._index.all("aws_route"):
            yield from self._route(block, self._index.key(block.settings.get("route_table_id"), block), block.settings)
        for block in self._index.all(*_TABLES):
            for inline in nested(block.settings, "route"):
                yield from self._route(block, self._index.name(block), inline)

    def _route(self, block: ScannedBlock, table: str, settings: Mapping[str, Any]) -> Iterator[Route]:
        destinations = [settings.get(name) for name in _DESTINATIONS if settings.get(name)]
        gateways = [(name, value) for name, value in settings.items() if name in _GATEWAYS and value]
        for name, value in gateways:
            target = self._index.follow(value)
            gateway = self._index.key(value, block)
            way: Way = "elsewhere"
            if name == "gateway_id" and target is not None and target.kind == "aws_internet_gateway":
                way = "internet gateway"
            elif name == "nat_gateway_id" and target is not None:
                way = "NAT"
            if gateway != _LOCAL:
                yield Route(block, table, way, str(destinations[0]) if destinations else "", gateway)

    def _to_endpoints(self) -> Iterator[Route]:
        for block in self._index.all("aws_vpc_endpoint"):
            if block.settings.get("vpc_endpoint_type", "Gateway") == "Gateway":
                for table in self._index.keys(block.settings.get("route_table_ids"), block):
                    yield Route(block, table, _service(block), "", block.name)
        for block in self._index.all("aws_vpc_endpoint_route_table_association"):
            endpoint = self._index.follow(block.settings.get("vpc_endpoint_id"))
            if endpoint is not None:
                table = self._index.key(block.settings.get("route_table_id"), block)
                yield Route(block, table, _service(endpoint), "", endpoint.name)


_DESTINATIONS = (
    "destination_cidr_block",
    "destination_ipv6_cidr_block",
    "destination_prefix_list_id",
    "cidr_block",
    "ipv6_cidr_block",
)
_GATEWAYS = frozenset(
    {
        "carrier_gateway_id",
        "core_network_arn",
        "egress_only_gateway_id",
        "gateway_id",
        "local_gateway_id",
        "nat_gateway_id",
        "network_interface_id",
        "transit_gateway_id",
        "vpc_endpoint_id",
        "vpc_peering_connection_id",
    }
)


def _service(endpoint: ScannedBlock) -> Way:
    return "S3" if str(endpoint.settings.get("service_name", "")).endswith(".s3") else "elsewhere"
