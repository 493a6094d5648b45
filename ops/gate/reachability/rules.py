"""Security group rules with resolved groups and peers; ports; and what the table of flows allows."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from environments.flows import INTERNET, S3, Flow
from ops.gate.index import Index, not_understood
from ops.gate.model import ScannedBlock
from policies.security_group_rules import ALL, KINDS, SELF, Direction, Network, SecurityGroupRule, read_rules

_LAST = 65535
_WITH_PORTS = frozenset({"tcp", "udp"})
_PRIVATE = [
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7")
]
"""Ranges without public addresses."""


@dataclass(frozen=True, order=True)
class Ports:
    """Ports of one protocol, or of all. A protocol without ports has one value: everything."""

    protocol: str
    first: int = 0
    last: int = _LAST

    @classmethod
    def of(cls, rule: SecurityGroupRule) -> Ports:
        """The ports of a security group rule."""
        return cls(rule.protocol, *rule.span) if rule.protocol in _WITH_PORTS else cls(rule.protocol)

    def __and__(self, other: Ports) -> Ports | None:
        """Ports that both include."""
        if ALL in (self.protocol, other.protocol):
            return other if self.protocol == ALL else self
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Ports(self.protocol, first, last) if self.protocol == other.protocol and first <= last else None

    def has(self, port: int) -> bool:
        """Whether a TCP port is included."""
        return self.protocol in {"tcp", ALL} and self.first <= port <= self.last

    def beyond(self, allowed: Iterable[int]) -> tuple[Ports, ...]:
        """Ports other than the allowed TCP ports."""
        if self.protocol == ALL:
            return (*Ports("tcp").beyond(allowed), Ports("every other protocol"))
        return tuple(self._gaps(sorted(allowed))) if self.protocol == "tcp" else (self,)

    def _gaps(self, allowed: list[int]) -> Iterator[Ports]:
        first = self.first
        for port in (port for port in allowed if self.has(port)):
            if first < port:
                yield Ports(self.protocol, first, port - 1)
            first = port + 1
        if first <= self.last:
            yield Ports(self.protocol, first, self.last)

    def __str__(self) -> str:
        if self.protocol not in _WITH_PORTS:
            return self.protocol
        return f"{self.protocol} {self.first}" + (f"-{self.last}" if self.first < self.last else "")


def in_words(ports: Iterable[Ports]) -> str:
    """Several ranges as one text."""
    return ", ".join(map(str, ports))


@dataclass(frozen=True)
class Rule:
    """A rule of a security group for one peer."""

    block: ScannedBlock
    group: str
    direction: Direction
    ports: Ports
    peer: Network | str
    """A range, or the key of a group or of a prefix list's endpoint."""

    @property
    def everywhere(self) -> bool:
        """Whether the peer has public addresses."""
        return isinstance(self.peer, Network) and not any(inside(self.peer, private) for private in _PRIVATE)


def inside(one: Network, other: Network) -> bool:
    """Whether a range is part of the other one."""
    return (
        one.version == other.version
        and int(other.network_address) <= int(one.network_address)
        and int(one.broadcast_address) <= int(other.broadcast_address)
    )


def all_rules(index: Index) -> Iterator[Rule]:
    """All rules of all groups.

    Raises:
        ScanFailedError: Only Terraform can evaluate a rule's values.
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


class Table:
    """TCP ports that the table allows between two parties."""

    def __init__(self, flows: Iterable[Flow]) -> None:
        """Take the rows."""
        self.flows = tuple(flows)
        self._ports: dict[tuple[str, str], set[int]] = defaultdict(set)
        for flow in self.flows:
            self._ports[flow.source, flow.target].add(flow.port)

    def ports(self, source: str, target: str) -> frozenset[int]:
        """The ports that the source may open to the target.

        A party that may call the internet may also call S3, and the parties that the internet may call.
        """
        direct = self._ports.get((source, target), set())
        out = self._ports.get((source, INTERNET), set())
        onward = out if target == S3 else out & self._ports.get((INTERNET, target), set())
        return frozenset(direct | onward)
