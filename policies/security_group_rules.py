"""Security group rules: one type for the provider's three forms.

Inline blocks of `aws_security_group`, `aws_security_group_rule`, and `aws_vpc_security_group_ingress_rule` or
`…_egress_rule`. Doesn't import checkov, since both gates use it.
https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/vpc_security_group_ingress_rule
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ops.iam.policy import listed

Direction = Literal["ingress", "egress"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
ALL = "all"
"""Every protocol; the provider writes -1."""
SELF = "self"
"""A peer: resources with the same group."""
_LAST = 65535
_EVERY_TYPE = (-1, -1)
_GROUPS = ("aws_security_group", "aws_default_security_group")
_EITHER = "aws_security_group_rule"
_DIRECTIONS: dict[str, Direction] = {
    "aws_vpc_security_group_ingress_rule": "ingress",
    "aws_vpc_security_group_egress_rule": "egress",
}
KINDS = (*_GROUPS, _EITHER, *_DIRECTIONS)
"""Types of resources that hold rules."""
INLINE: tuple[Direction, Direction] = ("ingress", "egress")
INGRESS, EGRESS = (
    tuple(kind for kind in KINDS if _DIRECTIONS.get(kind, direction) == direction) for direction in INLINE
)
_RANGES = ("cidr_ipv4", "cidr_ipv6", "cidr_blocks", "ipv6_cidr_blocks")
_OTHERS = (
    *("prefix_list_id", "prefix_list_ids"),
    *("referenced_security_group_id", "source_security_group_id", "security_groups"),
)
_PROTOCOLS = {"-1": ALL, "any": ALL, "6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}


@dataclass(frozen=True)
class SecurityGroupRule:
    """Traffic that a group allows from, or to, one peer."""

    group: str
    """As written; empty for an inline rule, which belongs to the block's group."""
    direction: Direction
    protocol: str
    """`tcp`, `udp`, `icmp`, `icmpv6`, `all`, or another protocol's number."""
    span: tuple[int, int]
    """First and last port, or type and code of ICMP; (-1, -1) is every type, or a protocol without ports."""
    peer: str
    """A range, the id of a group or prefix list as written, or `self`; empty if the rule has none."""
    is_range: bool = False

    @property
    def everything(self) -> bool:
        """Whether it allows every protocol, or every port of a protocol."""
        return self.protocol == ALL or self.span == _EVERY_TYPE or (self.span[0] <= 1 and self.span[1] >= _LAST)

    @property
    def ports(self) -> str:
        """Protocol and ports as text."""
        if self.protocol == ALL:
            return "everything"
        first, last = self.span
        numbers = "" if self.span == _EVERY_TYPE else f" {first}" if first == last else f" {first}-{last}"
        return self.protocol + numbers

    @property
    def network(self) -> Network | None:
        """The range; None if the peer isn't a range, or is unknown."""
        try:
            return ipaddress.ip_network(self.peer, strict=False)
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.ports} {'from' if self.direction == 'ingress' else 'to'} {self.peer}"


def read_rules(kind: str, settings: Mapping[str, Any]) -> Iterator[SecurityGroupRule]:
    """The rules of a resource, one for each peer; none for other types.

    Args:
        kind: Type of the resource.
        settings: Its settings.

    Raises:
        ValueError: A port isn't a number.
    """
    if kind in _GROUPS:
        for direction in INLINE:
            for block in listed(settings.get(direction)):
                if isinstance(block, Mapping):
                    yield from _rules("", direction, block)
    elif kind in KINDS:
        direction = _DIRECTIONS.get(kind) or ("egress" if settings.get("type") == "egress" else "ingress")
        yield from _rules(str(settings.get("security_group_id", "")), direction, settings)


def _rules(group: str, direction: Direction, settings: Mapping[str, Any]) -> Iterator[SecurityGroupRule]:
    written = str(settings.get("ip_protocol") or settings.get("protocol") or ALL).lower()
    protocol = _PROTOCOLS.get(written, written)
    span = _span(protocol, settings)
    peers = [(str(peer), name in _RANGES) for name in (*_RANGES, *_OTHERS) for peer in listed(settings.get(name))]
    if str(settings.get("self")).lower() == "true":
        peers.append((SELF, False))
    for peer, is_range in peers or [("", False)]:
        yield SecurityGroupRule(group, direction, protocol, span, peer, is_range)


def _span(protocol: str, settings: Mapping[str, Any]) -> tuple[int, int]:
    first, last = (-1 if (port := settings.get(name)) is None else int(str(port)) for name in ("from_port", "to_port"))
    if protocol not in {"tcp", "udp"}:
        return _EVERY_TYPE if protocol == ALL or first == -1 else (first, last)
    return (0, _LAST) if -1 in {first, last} else (first, last)
