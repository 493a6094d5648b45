"""Ranges of ports, with their protocol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LAST = 65535
_ALL = "all"
_NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "-1": _ALL, "any": _ALL}
_WITH_PORTS = frozenset({"tcp", "udp"})


@dataclass(frozen=True, order=True)
class Ports:
    """Ports of one protocol, or of all. Of protocols without ports there is only everything."""

    protocol: str
    first: int = 0
    last: int = _LAST

    @classmethod
    def of(cls, protocol: object, first: object, last: object) -> Ports:
        """Read a rule's attributes, which may be numbers or texts.

        Raises:
            ValueError: A port is no number.
        """
        name = str(protocol).lower()
        name = _NUMBERS.get(name, name)
        if name not in _WITH_PORTS:
            return cls(name)
        numbers = [int(str(each)) if each is not None else -1 for each in (first, last)]
        return cls(name) if -1 in numbers else cls(name, *numbers)

    def __and__(self, other: Ports) -> Ports | None:
        """What both let through."""
        if _ALL in (self.protocol, other.protocol):
            return other if self.protocol == _ALL else self
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Ports(self.protocol, first, last) if self.protocol == other.protocol and first <= last else None

    def has(self, port: int) -> bool:
        """Whether a TCP port is among them."""
        return self.protocol in {"tcp", _ALL} and self.first <= port <= self.last

    def beyond(self, allowed: Iterable[int]) -> tuple[Ports, ...]:
        """What there is beside the allowed TCP ports."""
        if self.protocol == _ALL:
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
