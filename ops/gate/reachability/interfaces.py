"""Resources with an address in the VPC: the parties of the table of flows, and others with a security group."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from environments.flows import CACHE, DATABASE, ENDPOINTS, LOAD_BALANCER
from environments.names import Names
from ops.gate.index import Index, is_true, not_understood
from ops.gate.model import ScannedBlock
from ops.iam.policy import listed, nested
from policies.security_group_rules import KINDS, Network

_GROUPS = (
    "security_groups",
    "security_group_ids",
    "vpc_security_group_ids",
    "security_group_id",
    "security_group_names",
)
_SUBNETS = ("subnets", "subnet_ids", "subnet_id")
_SUBNET_GROUPS = ("db_subnet_group_name", "subnet_group_name", "cache_subnet_group_name")
_PUBLIC = ("assign_public_ip", "publicly_accessible", "associate_public_ip_address")
_IPV6 = frozenset({"ipv6_cidr_block", "assign_generated_ipv6_cidr_block"})
_BALANCERS = frozenset({"aws_lb", "aws_alb", "aws_elb"})
_ENDPOINT = "aws_vpc_endpoint"
_JOINED = {
    "aws_vpc_endpoint_security_group_association": "security_group_id",
    "aws_vpc_endpoint_subnet_association": "subnet_id",
}
_NO_INTERFACE = frozenset(
    {
        *KINDS,
        *_JOINED,
        "aws_db_subnet_group",
        "aws_elasticache_subnet_group",
        "aws_flow_log",
        "aws_nat_gateway",
        "aws_network_acl_association",
        "aws_route_table_association",
    }
)


@dataclass(frozen=True)
class Interface:
    """The subnets and security groups of one resource."""

    party: str
    """Its name in the table of flows, or its address if the table doesn't have it."""
    block: ScannedBlock
    groups: frozenset[str]
    subnets: tuple[str, ...]
    public: bool
    """Whether it has, or may get, a public address."""
    vpc: str
    ranges: tuple[Network, ...]
    """CIDR ranges of its subnets."""


class Interfaces:
    """All interfaces of an environment."""

    def __init__(self, index: Index, names: Names) -> None:
        """Read every resource that has subnets or security groups."""
        self._index = index
        self._parties = _parties(names)
        self._subnets = {block.name: block for block in index.all("aws_subnet", "aws_default_subnet")}
        for block in index.all("aws_vpc", "aws_subnet", "aws_default_subnet"):
            if any(is_true(value) or ":" in str(value) for name, value in block.settings.items() if name in _IPV6):
                raise not_understood(block, "has IPv6 addresses, which are all public")
        self._joined: dict[str, list[tuple[str, object, ScannedBlock]]] = {}
        for block in index.all(*_JOINED):
            endpoint = index.key(block.settings.get("vpc_endpoint_id"), block)
            setting = _JOINED[block.kind]
            self._joined.setdefault(endpoint, []).append((setting, block.settings.get(setting), block))
        self.all = [interface for block in index.resources() for interface in self._of(block)]

    def of(self, party: str) -> list[Interface]:
        """The interfaces of one party."""
        return [each for each in self.all if each.party == party]

    def holding(self, group: str) -> list[Interface]:
        """The interfaces that have a group."""
        return [each for each in self.all if group in each.groups]

    def _of(self, block: ScannedBlock) -> Iterator[Interface]:
        if block.kind in _NO_INTERFACE or not block.kind.startswith("aws_"):
            return
        if block.kind == _ENDPOINT and block.settings.get("vpc_endpoint_type", "Gateway") == "Gateway":
            return
        for level in _levels(block.settings):
            if any(level.get(name) for name in (*_GROUPS, *_SUBNETS, *_SUBNET_GROUPS, "subnet_mapping")):
                list(self._index.all(block.kind))  # Refuses count and for_each.
                yield self._interface(block, level)

    def _interface(self, block: ScannedBlock, level: Mapping[str, Any]) -> Interface:
        groups = {key for name in _GROUPS for key in self._index.keys(level.get(name), block)}
        subnets = [key for name in _SUBNETS for key in sorted(self._index.keys(level.get(name), block))]
        subnets += [self._index.key(each.get("subnet_id"), block) for each in nested(level, "subnet_mapping")]
        for name in _SUBNET_GROUPS:
            group = self._index.follow(level.get(name))
            if group is not None:
                subnets += sorted(self._index.keys(group.settings.get("subnet_ids"), group))
        for setting, value, joint in self._joined.get(block.name, ()):
            (groups.update if setting == "security_group_id" else subnets.extend)([self._index.key(value, joint)])
        found = [self._subnets[key] for key in subnets if key in self._subnets]
        vpcs = {self._index.key(subnet.settings.get("vpc_id"), subnet) for subnet in found}
        vpc = next(iter(sorted(vpcs)), "")
        return Interface(
            self._parties.get((block.kind, _name(block)), block.block.address),
            block,
            frozenset(groups or {vpc}),
            tuple(subnets),
            self._public(block, level, found),
            vpc,
            tuple(_range(subnet) for subnet in found),
        )

    def _public(self, block: ScannedBlock, level: Mapping[str, Any], subnets: list[ScannedBlock]) -> bool:
        if block.kind in _BALANCERS:
            return not is_true(level.get("internal"))
        settings = [level[name] for name in _PUBLIC if name in level]
        if settings or block.kind.startswith(("aws_ecs_", "aws_scheduler_", "aws_db_", "aws_rds_", "aws_elasticache_")):
            return any(map(is_true, settings))
        return block.kind != _ENDPOINT and any(
            is_true(each.settings.get("map_public_ip_on_launch")) for each in subnets
        )


def _parties(names: Names) -> dict[tuple[str, str], str]:
    """The table's name for a resource, by its type and AWS name."""
    product = names.environment.product
    return {
        ("aws_lb", names.prefix): LOAD_BALANCER,
        ("aws_db_instance", names.database): DATABASE,
        ("aws_elasticache_replication_group", names.cache): CACHE,
        (_ENDPOINT, ""): ENDPOINTS,
        **{("aws_ecs_service", names.service(each.name)): each.name for each in product.services},
        **{("aws_scheduler_schedule", names.resource(each.name)): each.service for each in product.scheduled_tasks},
    }


def _name(block: ScannedBlock) -> str:
    named = (block.settings.get(each) for each in ("name", "identifier", "replication_group_id"))
    return next((str(each) for each in named if each), "")


def _levels(settings: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The settings, and all blocks in them."""
    yield settings
    for value in settings.values():
        for each in listed(value):
            if isinstance(each, Mapping):
                yield from _levels(each)


def _range(subnet: ScannedBlock) -> Network:
    try:
        return ipaddress.ip_network(str(subnet.settings.get("cidr_block")))
    except ValueError as error:
        raise not_understood(subnet, f"has a range that isn't one ({error})") from error
