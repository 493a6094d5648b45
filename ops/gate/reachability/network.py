"""The three barriers between a source and a target: the network, the source's egress, the target's ingress.

A party is an interface, the internet or S3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from environments.flows import S3
from environments.names import Names
from ops.gate.index import Index
from ops.gate.model import ScannedBlock
from ops.gate.reachability.interfaces import Interface, Interfaces
from ops.gate.reachability.routes import ANYWHERE, Route, Routes, Way
from ops.gate.reachability.rules import Ports, Rule, all_rules, inside
from policies.security_group_rules import Network

Party = Interface | str
"""An interface, or the name of the internet or S3."""
Path = tuple[ScannedBlock, ...]


@dataclass(frozen=True)
class Connection:
    """A connection that a source can open to a target, with the rules and routes that allow it."""

    source: Party
    target: Party
    ports: Ports
    egress: Rule | None
    ingress: Rule | None
    path: Path

    @property
    def opener(self) -> ScannedBlock:
        """The block that the finding is reported on: the rule nearest to the target."""
        rule = self.ingress or self.egress
        return rule.block if rule else self.path[-1]


class Reach:
    """The connections that one environment's network allows."""

    def __init__(self, index: Index, names: Names) -> None:
        """Read rules, routes and interfaces."""
        self.index = index
        self.rules = list(all_rules(index))
        self.routes = Routes(index)
        self.interfaces = Interfaces(index, names)
        self._by_group: dict[tuple[str, str], list[Rule]] = {}
        for rule in self.rules:
            self._by_group.setdefault((rule.group, rule.direction), []).append(rule)
        self._s3 = {block.name for block in index.all("aws_vpc_endpoint") if _is_s3(block)}

    def connections(self, source: Party, target: Party) -> Iterator[Connection]:
        """All connections from any address of the source to any address of the target."""
        ways = self.ways(source, target)
        way = next((way for way in ways if way is not None), None)
        if way is None:
            return
        for out in self.admitting(source, "egress", target):
            for into in self.admitting(target, "ingress", source):
                ports = _both(out, into)
                if ports is not None:
                    first, last = (each.block if isinstance(each, Interface) else None for each in (source, target))
                    opens, admits = (rule.block if rule else None for rule in (out, into))
                    path = tuple(step for step in (first, opens, *way, admits, last) if step)
                    yield Connection(source, target, ports, out, into, path)

    def admitting(self, party: Party, direction: str, other: Party) -> list[Rule | None]:
        """The rules of a party that allow the other party; [None] for the internet and S3, which have no groups."""
        if not isinstance(party, Interface):
            return [None]
        rules = [rule for group in sorted(party.groups) for rule in self._by_group.get((group, direction), ())]
        return [rule for rule in rules if self.means(rule, other)]

    def means(self, rule: Rule, other: Party, *, wholly: bool = False) -> bool:
        """Whether a rule's peer includes an address of the party; with `wholly`, all of its addresses."""
        if not isinstance(rule.peer, Network):
            return other == S3 and rule.peer in self._s3 if isinstance(other, str) else rule.peer in other.groups
        if isinstance(other, str):
            return rule.peer.prefixlen == 0 if wholly else rule.everywhere
        check: Callable[[Network, Network], bool] = inside if wholly else lambda one, two: one.overlaps(two)
        hits = [check(each, rule.peer) for each in other.ranges]
        return bool(hits) and (all(hits) if wholly else any(hits))

    def is_s3(self, key: str) -> bool:
        """Whether a rule's peer is S3's prefix list."""
        return key in self._s3

    def ways(self, source: Party, target: Party, *, wholly: bool = False) -> list[Path | None]:
        """The path through the network for each subnet of the parties; None for a subnet without one.

        Args:
            source: The party that opens the connection.
            target: The party that accepts it.
            wholly: Whether a path must reach the whole internet.
        """
        if isinstance(source, Interface) and isinstance(target, Interface):
            local = source.vpc == target.vpc and bool(source.subnets and target.subnets)
            return [() if local else None]
        if isinstance(source, Interface):
            return [self._out(source, subnet, s3=target == S3, wholly=wholly) for subnet in source.subnets] or [None]
        if isinstance(target, Interface):
            return [self._in(target, subnet, wholly=wholly) for subnet in target.subnets] or [None]
        return [None]

    def _out(self, interface: Interface, subnet: str, *, s3: bool, wholly: bool) -> Path | None:
        if s3 and (found := self.routes.of(subnet, "S3")):
            return self._steps(subnet, found[0])
        if found := self._to_internet(subnet, "NAT", wholly=wholly):
            return (*self._steps(subnet, found[0]), *(route.block for route in self.routes.onward(found[0])[:1]))
        return self._in(interface, subnet, wholly=wholly)

    def _in(self, interface: Interface, subnet: str, *, wholly: bool) -> Path | None:
        found = self._to_internet(subnet, "internet gateway", wholly=wholly)
        return self._steps(subnet, found[0]) if found and interface.public else None

    def _to_internet(self, subnet: str, way: Way, *, wholly: bool) -> list[Route]:
        return [each for each in self.routes.of(subnet, way) if not wholly or each.destination in ANYWHERE]

    def _steps(self, subnet: str, route: Route) -> Path:
        _, association = self.routes.table(subnet)
        return tuple(filter(None, (association, route.block)))


def _both(out: Rule | None, into: Rule | None) -> Ports | None:
    if out and into:
        return out.ports & into.ports
    rule = out or into
    return rule.ports if rule else None


def _is_s3(block: ScannedBlock) -> bool:
    return str(block.settings.get("service_name", "")).endswith(".s3")


def party_name(party: Party) -> str:
    """A party's name."""
    return party.party if isinstance(party, Interface) else party
