"""Ranges of ports, with their protocol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policies.security_group_rules import ALL, SecurityGroupRule

_LAST = 65535
_WITH_PORTS = frozenset({"tcp", "udp"})


@dataclass(frozen=True, order=True)
class Ports:
    """Ports of one protocol, or of all. Of protocols without ports there is only everything."""

    protocol: str
    first: int = 0
    last: int = _LAST

    @classmethod
    def of(cls, rule: SecurityGroupRule) -> Ports:
        """The ports of a security group rule."""
        return cls(rule.protocol, *rule.span) if rule.protocol in _WITH_PORTS else cls(rule.protocol)

    def __and__(self, other: Ports) -> Ports | None:
        """What both let through."""
        if ALL in (self.protocol, other.protocol):
            return other if self.protocol == ALL else self
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Ports(self.protocol, first, last) if self.protocol == other.protocol and first <= last else None

    def has(self, port: int) -> bool:
        """Whether a TCP port is among them."""
        return self.protocol in {"tcp", ALL} and self.first <= port <= self.last

    def beyond(self, allowed: Iterable[int]) -> tuple[Ports, ...]:
        """What there is beside the allowed TCP ports."""
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
    """Several ranges in one text."""
    return ", ".join(map(str, ports))
