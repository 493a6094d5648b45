"""Rules of security groups, in whichever of the provider's three forms they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from ops.plan_gate.model import Values
from ops.plan_gate.values import UNKNOWN, leaves

_PEERS = (
    "cidr_ipv4",
    "cidr_ipv6",
    "cidr_blocks",
    "ipv6_cidr_blocks",
    "prefix_list_id",
    "prefix_list_ids",
    "referenced_security_group_id",
    "source_security_group_id",
    "security_groups",
)
_ALL = "-1"
_PORTS = {"tcp": (0, 65535), "udp": (0, 65535)}
_NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": _ALL}
_DIRECTIONS = {
    "aws_vpc_security_group_ingress_rule": "ingress",
    "aws_vpc_security_group_egress_rule": "egress",
}


@dataclass(frozen=True)
class Rule:
    """One direction, protocol, range of ports and peer of a security group."""

    group: str
    direction: str
    protocol: str
    ports: tuple[int, int] | None
    """None where the protocol has none, or all."""
    peer: str

    def covers(self, other: Rule) -> bool:
        """Whether all that the other one lets through comes through this one too."""
        if (self.group, self.direction) != (other.group, other.direction) or UNKNOWN in (other.peer, other.group):
            return False
        if self.protocol != _ALL:
            if self.protocol != other.protocol:
                return False
            if self.ports != other.ports and not _within(other.ports, self.ports):
                return False
        mine, theirs = _network(self.peer), _network(other.peer)
        if isinstance(mine, IPv4Network) and isinstance(theirs, IPv4Network):
            return theirs.subnet_of(mine)
        if isinstance(mine, IPv6Network) and isinstance(theirs, IPv6Network):
            return theirs.subnet_of(mine)
        return self.peer == other.peer

    def __str__(self) -> str:
        ports = "" if self.ports is None else f" {self.ports[0]}-{self.ports[1]}"
        if self.ports and self.ports[0] == self.ports[1]:
            ports = f" {self.ports[0]}"
        protocol = "everything" if self.protocol == _ALL else self.protocol
        return f"{protocol}{ports} {'from' if self.direction == 'ingress' else 'to'} {self.peer}"


def rules_of(kind: str, values: Values, unknown: Values) -> Iterator[Rule]:
    """The rules that a resource holds; none if it is of another type."""
    if kind in _DIRECTIONS or kind == "aws_security_group_rule":
        direction = _DIRECTIONS.get(kind) or str(values.get("type"))
        group = next(leaves(values, unknown, "security_group_id"), UNKNOWN)
        yield from _rules(values, unknown, group, direction)
    elif kind in {"aws_security_group", "aws_default_security_group"}:
        group = next(leaves(values, unknown, "id"), UNKNOWN)
        for direction in ("ingress", "egress"):
            blocks = values.get(direction) or []
            masks = unknown.get(direction)
            for index, block in enumerate(blocks):
                mask = masks[index] if isinstance(masks, list) and index < len(masks) else {}
                yield from _rules(block, mask if isinstance(mask, dict) else {}, group, direction)


def _rules(body: Values, unknown: Values, group: str, direction: str) -> Iterator[Rule]:
    named = str(next(leaves(body, unknown, "ip_protocol"), None) or next(leaves(body, unknown, "protocol"), UNKNOWN))
    protocol = _NUMBERS.get(named.lower(), named.lower())
    ports = _ports(protocol, body)
    peers = [peer for name in _PEERS for peer in leaves(body, unknown, name)]
    if body.get("self") is True:
        peers.append(group)
    for peer in peers:
        yield Rule(group, direction, protocol, ports, peer)


def _ports(protocol: str, body: Values) -> tuple[int, int] | None:
    low, high = body.get("from_port"), body.get("to_port")
    if protocol == _ALL:
        return None
    if not isinstance(low, int) or not isinstance(high, int):
        return _PORTS.get(protocol, (-1, -1))
    return low, high


def _within(inner: tuple[int, int] | None, outer: tuple[int, int] | None) -> bool:
    if inner is None or outer is None:
        return False
    # In ICMP, -1 means every type.
    return outer == (-1, -1) or (outer[0] <= inner[0] and inner[1] <= outer[1] and inner[0] >= 0)


def _network(peer: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(peer, strict=False)
    except ValueError:
        return None
