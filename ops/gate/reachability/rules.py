"""Security group rules in all the forms that the provider has: resources of both generations, and inline."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ops.gate.index import Index, is_true, listed, nested, not_understood
from ops.gate.model import ScannedBlock
from ops.gate.reachability.ports import Ports

Direction = Literal["ingress", "egress"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_GROUPS = ("aws_security_group", "aws_default_security_group")
_OLD = "aws_security_group_rule"
_NEW: dict[str, Direction] = {
    "aws_vpc_security_group_ingress_rule": "ingress",
    "aws_vpc_security_group_egress_rule": "egress",
}
RULES = (*_GROUPS, _OLD, *_NEW)
_RANGES = ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6")
_PREFIX_LISTS = ("prefix_list_ids", "prefix_list_id")
_PEERS = ("security_groups", "source_security_group_id", "referenced_security_group_id")
_PRIVATE = [
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7")
]
"""Ranges in which no address is the internet's."""


@dataclass(frozen=True)
class Rule:
    """One thing that a group lets in or out, to or from one peer."""

    block: ScannedBlock
    group: str
    direction: Direction
    ports: Ports
    peer: Network | str
    """A range, or the key of a group or of a prefix list's endpoint."""

    @property
    def everywhere(self) -> bool:
        """Whether the peer has addresses of the internet."""
        return isinstance(self.peer, Network) and not any(inside(self.peer, private) for private in _PRIVATE)


def inside(one: Network, other: Network) -> bool:
    """Whether a range is part of another."""
    return (
        one.version == other.version
        and int(other.network_address) <= int(one.network_address)
        and int(one.broadcast_address) <= int(other.broadcast_address)
    )


def read_rules(index: Index) -> list[Rule]:
    """All rules of all groups.

    Raises:
        UntrustedError: A rule has values that only Terraform can evaluate.
    """
    return list(_rules(index))


def _rules(index: Index) -> Iterator[Rule]:
    for block in index.all(*RULES):
        settings = block.settings
        if block.kind in _GROUPS:
            for direction in ("ingress", "egress"):
                for inline in nested(settings, direction):
                    yield from _rule(index, block, index.name(block), direction, inline)
        else:
            direction = _NEW.get(block.kind) or ("egress" if settings.get("type") == "egress" else "ingress")
            yield from _rule(index, block, index.key(settings.get("security_group_id"), block), direction, settings)


def _rule(
    index: Index, block: ScannedBlock, group: str, direction: Direction, settings: Mapping[str, Any]
) -> Iterator[Rule]:
    protocol = settings.get("ip_protocol", settings.get("protocol", "-1"))
    try:
        ports = Ports.of(protocol, settings.get("from_port"), settings.get("to_port"))
        ranges = [ipaddress.ip_network(text, strict=False) for text in _values(settings, _RANGES)]
    except ValueError as error:
        raise not_understood(block, f"has a port or range that isn't one ({error})") from error
    own = [group] if is_true(settings.get("self")) else []
    keys = [index.key(value, block) for value in _values(settings, (*_PREFIX_LISTS, *_PEERS))]
    for peer in (*ranges, *keys, *own):
        yield Rule(block, group, direction, ports, peer)


def _values(settings: Mapping[str, Any], names: Iterable[str]) -> list[Any]:
    return [value for name in names for value in listed(settings.get(name))]
