"""Connections that the table of flows doesn't allow: possible ones, and those that only one barrier stops."""

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
"""A rule and the two parties that it connects."""


def judge_extra(reach: Reach, table: Table, ledger: Ledger) -> set[Pair]:
    """Report connections that the table doesn't have; return the rules and parties that were reported."""
    reported: set[Pair] = set()
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
                    reported |= {(rule.block.block, *names) for rule in (found.egress, found.ingress) if rule}
    return reported


def judge_wider(reach: Reach, table: Table, ledger: Ledger, reported: set[Pair]) -> None:
    """Report barriers that on their own allow more than the table, although another barrier stops the connection."""
    ledger.examine(WIDER, (rule.block.block for rule in reach.rules))
    ledger.examine(WIDER, (route.block.block for route in reach.routes.all))
    ledger.examine(WIDER, (interface.block.block for interface in reach.interfaces.all))
    for rule in reach.rules:
        for holder in reach.interfaces.holding(rule.group):
            for peer in _peers(reach, rule):
                source, target = (holder.party, peer) if rule.direction == "egress" else (peer, holder.party)
                beyond = rule.ports.beyond(table.ports(source, target))
                if beyond and (rule.block.block, source, target) not in reported:
                    verb = (
                        f"lets {source} out to {target}"
                        if rule.direction == "egress"
                        else f"lets {source} in to {target}"
                    )
                    what = f"{verb} on {in_words(beyond)}, held by {shown(holder.block)}"
                    ledger.wrong(WIDER, rule.block.block, what)
    for block, what in (*_routes(reach, table), *_in_public(reach, table), *_addresses(reach)):
        ledger.wrong(WIDER, block.block, what)


def _peers(reach: Reach, rule: Rule) -> set[str]:
    """The parties that a rule's peer includes; a peer that includes no party is returned itself."""
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
        inside_subnets = [each for each in reach.interfaces.all if any(_leaves_by(reach, each, route))]
        names = sorted({each.party for each in inside_subnets})
        target = S3 if route.way == "S3" else INTERNET
        if route.way == "internet gateway" or not inside_subnets:
            continue  # Resources in public subnets are judged one by one.
        if route.way == "elsewhere":
            yield route.block, f"leads {', '.join(names)} to {route.gateway}, which is in no row of the table"
        elif not any(table.ports(name, target) for name in names):
            yield (
                route.block,
                f"leads to {target} by {route.way}; the table allows none of {', '.join(names)} to reach it",
            )


def _leaves_by(reach: Reach, interface: Interface, route: Route) -> Iterator[bool]:
    for subnet in interface.subnets:
        yield reach.routes.table(subnet)[0] == route.table


def _in_public(reach: Reach, table: Table) -> Iterator[tuple[ScannedBlock, str]]:
    """Resources in public subnets or with public addresses that aren't the load balancer or NAT."""
    for each in reach.interfaces.all:
        if not each.subnets:
            yield each.block, f"{each.party} is in no subnet that the gate knows"
        if table.ports(INTERNET, each.party):
            continue
        if each.public:
            yield (
                each.block,
                f"{each.party} has a public address, although the table allows no connection from the internet",
            )
        for subnet in each.subnets:
            for route in reach.routes.of(subnet, "internet gateway"):
                _, association = reach.routes.table(subnet)
                by = " > ".join(shown(step) for step in (association, route.block) if step)
                yield each.block, f"{each.party} is in the public subnet {subnet}, made public by {by}"


def _addresses(reach: Reach) -> Iterator[tuple[ScannedBlock, str]]:
    """Public addresses that aren't the load balancer's or NAT's."""
    users = [*reach.index.all("aws_nat_gateway", "aws_lb", "aws_alb")]
    used = {
        key
        for user in users
        for level in (user.settings, *_mappings(user))
        for key in reach.index.keys(level.get("allocation_id"), user)
    }
    for address in reach.index.all("aws_eip"):
        if address.name not in used:
            yield address, "is a public address that isn't NAT's or the load balancer's"


def _mappings(block: ScannedBlock) -> list[dict[str, object]]:
    mappings = block.settings.get("subnet_mapping") or []
    return [each for each in mappings if isinstance(each, dict)]
