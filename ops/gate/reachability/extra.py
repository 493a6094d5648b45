"""What is reachable, or would be if another barrier fell, and isn't in the table of flows."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from environments.flows import INTERNET, S3
from ops.gate.index import shown
from ops.gate.model import Block, Ledger, ScannedBlock
from ops.gate.reachability.interfaces import Interface
from ops.gate.reachability.network import Party, Reach, party_name
from ops.gate.reachability.routes import Route
from ops.gate.reachability.rules import Rule, Table, in_words, inside
from policies.security_group_rules import Network

EXTRA = "ROLLOUT_REACH_EXTRA"
WIDER = "ROLLOUT_REACH_WIDER"

Pair = tuple[Block, str, str]
"""A rule with the two parties that it connects."""


def judge_extra(reach: Reach, table: Table, ledger: Ledger) -> set[Pair]:
    """Connections that the table doesn't have; answers what of them is already said."""
    said: set[Pair] = set()
    sources: list[Party] = [*reach.interfaces.all, INTERNET]
    ledger.examine(EXTRA, (rule.block.block for rule in reach.rules))
    for source in sources:
        for target in (*sources, S3):
            if source is target:
                continue
            names = (party_name(source), party_name(target))
            for found in reach.connections(source, target):
                beyond = found.ports.beyond(table.ports(*names))
                if beyond:
                    path = " > ".join(map(shown, found.path))
                    what = f"{names[0]} reaches {names[1]} on {in_words(beyond)} by {path}"
                    ledger.wrong(EXTRA, found.opener.block, what)
                    said |= {(rule.block.block, *names) for rule in (found.egress, found.ingress) if rule}
    return said


def judge_wider(reach: Reach, table: Table, ledger: Ledger, said: set[Pair]) -> None:
    """Barriers that are wider than the table by themselves, although another one holds."""
    ledger.examine(WIDER, (rule.block.block for rule in reach.rules))
    ledger.examine(WIDER, (route.block.block for route in reach.routes.all))
    ledger.examine(WIDER, (interface.block.block for interface in reach.interfaces.all))
    for rule in reach.rules:
        for holder in reach.interfaces.holding(rule.group):
            for peer in _peers(reach, rule):
                source, target = (holder.party, peer) if rule.direction == "egress" else (peer, holder.party)
                beyond = rule.ports.beyond(table.ports(source, target))
                if beyond and (rule.block.block, source, target) not in said:
                    verb = (
                        f"lets {source} out to {target}"
                        if rule.direction == "egress"
                        else f"lets {source} in to {target}"
                    )
                    what = f"{verb} on {in_words(beyond)}, held by {shown(holder.block)}"
                    ledger.wrong(WIDER, rule.block.block, what)
    for block, what in (*_routes(reach, table), *_places(reach, table), *_addresses(reach)):
        ledger.wrong(WIDER, block.block, what)


def _peers(reach: Reach, rule: Rule) -> set[str]:
    """Whom a rule's peer stands for; a peer that is none of the parties stands for itself."""
    if rule.everywhere:
        return {INTERNET}
    if isinstance(rule.peer, Network):
        found = [each for each in reach.interfaces.all if reach.means(rule, each)]
        known = ipaddress.collapse_addresses(  # type: ignore[type-var]
            range_ for each in found for range_ in each.ranges if range_.version == rule.peer.version
        )
        covered = any(inside(rule.peer, each) for each in known)
        return {each.party for each in found} | (set() if covered else {f"addresses of {rule.peer}"})
    if reach.is_s3(rule.peer):
        return {S3}
    return {each.party for each in reach.interfaces.holding(rule.peer)} or {f"any principal with {rule.peer}"}


def _routes(reach: Reach, table: Table) -> Iterator[tuple[ScannedBlock, str]]:
    """Routes out of subnets in which no party may use them."""
    for route in reach.routes.all:
        there = [each for each in reach.interfaces.all if any(_leaves_by(reach, each, route))]
        names = sorted({each.party for each in there})
        target = S3 if route.way == "S3" else INTERNET
        if route.way == "internet gateway" or not there:
            continue  # who stands in a public subnet is judged one by one
        if route.way == "elsewhere":
            yield route.block, f"leads {', '.join(names)} to {route.gateway}, which no row of the table is about"
        elif not any(table.ports(name, target) for name in names):
            yield route.block, f"leads to {target} by {route.way}; none of {', '.join(names)} may go there"


def _leaves_by(reach: Reach, interface: Interface, route: Route) -> Iterator[bool]:
    for subnet in interface.subnets:
        yield reach.routes.table(subnet)[0] == route.table


def _places(reach: Reach, table: Table) -> Iterator[tuple[ScannedBlock, str]]:
    """Who stands where the internet could come in, or has an address for it, and isn't there for it."""
    for each in reach.interfaces.all:
        if not each.subnets:
            yield each.block, f"{each.party} stands in no subnet that the gate knows"
        if table.ports(INTERNET, each.party):
            continue
        if each.public:
            yield each.block, f"{each.party} has an address of the internet, and nothing there may call it"
        for subnet in each.subnets:
            for route in reach.routes.of(subnet, "internet gateway"):
                _, association = reach.routes.table(subnet)
                by = " > ".join(shown(step) for step in (association, route.block) if step)
                yield each.block, f"{each.party} stands in the public subnet {subnet}, public by {by}"


def _addresses(reach: Reach) -> Iterator[tuple[ScannedBlock, str]]:
    """Public addresses of something else than NAT and load balancer."""
    users = [*reach.index.all("aws_nat_gateway", "aws_lb", "aws_alb")]
    used = {
        key
        for user in users
        for level in (user.settings, *_mappings(user))
        for key in reach.index.keys(level.get("allocation_id"), user)
    }
    for address in reach.index.all("aws_eip"):
        if address.name not in used:
            yield address, "is a public address of neither NAT nor load balancer"


def _mappings(block: ScannedBlock) -> list[dict[str, object]]:
    mappings = block.settings.get("subnet_mapping") or []
    return [each for each in mappings if isinstance(each, dict)]
