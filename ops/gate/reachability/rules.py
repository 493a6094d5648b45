"""Security group rules of all stacks, their groups and peers resolved."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from ops.gate.index import Index, not_understood
from ops.gate.model import ScannedBlock
from ops.gate.reachability.ports import Ports
from policies.security_group_rules import KINDS, SELF, Direction, Network, read_rules

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


def all_rules(index: Index) -> Iterator[Rule]:
    """All rules of all groups.

    Raises:
        UntrustedError: A rule has values that only Terraform can evaluate.
    """
    for block in index.all(*KINDS):
        try:
            for rule in read_rules(block.kind, block.settings):
                group = index.key(rule.group, block) if rule.group else index.name(block)
                peer = ipaddress.ip_network(rule.peer, strict=False) if rule.is_range else index.key(rule.peer, block)
                if rule.peer:
                    yield Rule(block, group, rule.direction, Ports.of(rule), group if peer == SELF else peer)
        except ValueError as error:
            raise not_understood(block, f"has a port or range that isn't one ({error})") from error
