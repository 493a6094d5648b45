"""Connections of the table of flows that the stacks don't allow, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from environments.endpoints import endpoint_zones
from environments.flows import CACHE, DATABASE, ENDPOINTS, INTERNET, LOAD_BALANCER, S3, Flow, needed_endpoints
from environments.schema import Environment
from ops.gate.index import Index, is_true, shown
from ops.gate.model import Block, Ledger, ScannedBlock
from ops.gate.reachability.interfaces import Interface
from ops.gate.reachability.network import Party, Reach, party_name
from ops.gate.reachability.rules import Table
from ops.iam.policy import listed, nested

MISSING = "ROLLOUT_REACH_MISSING"

_DEFAULT_PORTS = {DATABASE: 5432, CACHE: 6379}


def judge_missing(reach: Reach, table: Table, environment: Environment, ledger: Ledger, fallback: Block) -> None:
    """Check every row: all interfaces of the source must reach all interfaces of the target, in all zones."""
    ledger.examine(MISSING, (interface.block.block for interface in reach.interfaces.all))
    _judge_zones(reach, environment, ledger)
    for flow in table.flows:
        sources, targets = _parties(reach, flow.source), _parties(reach, flow.target)
        for name, found in ((flow.source, sources), (flow.target, targets)):
            if not found:
                ledger.wrong(MISSING, fallback, f"{_row(flow)}: {name} isn't in the stacks")
        for source in sources:
            for target in targets:
                for block, what in _gaps(reach, flow, source, target):
                    ledger.wrong(MISSING, block.block, f"{_row(flow)}: {what}")
        if flow.target == ENDPOINTS and targets:
            for block, what in _endpoints(reach, targets, needed_endpoints(environment)):
                ledger.wrong(MISSING, block.block, f"{_row(flow)}: {what}")


def _judge_zones(reach: Reach, environment: Environment, ledger: Ledger) -> None:
    """Each interface is in as many zones as the values say: one zone's failure then leaves what they promise."""
    names = {LOAD_BALANCER, DATABASE, CACHE, *(service.name for service in environment.product.services)}
    wanted = dict.fromkeys(names, len(environment.zones)) | {ENDPOINTS: len(endpoint_zones(environment))}
    for interface in reach.interfaces.all:
        have, want = len(set(interface.subnets)), wanted.get(interface.party, 0)
        if have < want:
            ledger.wrong(MISSING, interface.block.block, f"{interface.party} is in {have} of {want} zones")


def _row(flow: Flow) -> str:
    return f"{flow.source} should reach {flow.target} on tcp {flow.port}"


def _parties(reach: Reach, name: str) -> list[Party]:
    return [name] if name in {INTERNET, S3} else [*reach.interfaces.of(name)]


def _gaps(reach: Reach, flow: Flow, source: Party, target: Party) -> Iterator[tuple[ScannedBlock, str]]:
    for party, direction, other in ((source, "egress", target), (target, "ingress", source)):
        if isinstance(party, Interface):
            rules = reach.admitting(party, direction, other)
            if not any(rule and rule.ports.has(flow.port) and reach.means(rule, other, wholly=True) for rule in rules):
                verb = "out to" if direction == "egress" else "in from"
                where = ", ".join(sorted(party.groups))
                yield party.block, f"no {direction} rule of {where} lets it {verb} {party_name(other)}"
    interface = next((each for each in (source, target) if isinstance(each, Interface)), None)
    if interface and None in (ways := reach.ways(source, target, wholly=True)):
        subnets = [name for name, way in zip(interface.subnets, ways, strict=False) if way is None]
        yield (
            interface.block,
            f"no route between {flow.source} and {flow.target} in {', '.join(subnets) or 'any subnet'}",
        )
    if isinstance(target, Interface) and (what := _not_served(reach.index, flow, source, target)):
        yield target.block, what


def _not_served(index: Index, flow: Flow, source: Party, target: Interface) -> str:
    """Why the target wouldn't accept a connection that the network allows; empty if it would."""
    settings = target.block.settings
    if flow.target == LOAD_BALANCER:
        listeners = [
            each for each in index.all("aws_lb_listener") if index.follow(each.settings.get("load_balancer_arn"))
        ]
        if not any(str(each.settings.get("port")) == str(flow.port) for each in listeners):
            return f"the load balancer has no listener on port {flow.port}"
    elif flow.target in _DEFAULT_PORTS:
        port = settings.get("port", _DEFAULT_PORTS[flow.target])
        if str(port) != str(flow.port):
            return f"it listens on port {port}"
    elif flow.source == LOAD_BALANCER and target.block.kind == "aws_ecs_service":
        groups = _forwarded(index)
        blocks = nested(settings, "load_balancer")
        ports = {
            str(each.get("container_port"))
            for each in blocks
            if groups & index.keys(each.get("target_group_arn"), target.block)
        }
        if str(flow.port) not in ports:
            return f"no listener forwards to a target group of it on port {flow.port}"
    return ""


def _forwarded(index: Index) -> frozenset[str]:
    """Target groups that listeners forward to."""
    found: set[str] = set()
    for block in index.all("aws_lb_listener", "aws_lb_listener_rule"):
        for action in (*nested(block.settings, "default_action"), *nested(block.settings, "action")):
            found |= index.keys(action.get("target_group_arn"), block)
            for forward in nested(action, "forward"):
                for group in nested(forward, "target_group"):
                    found |= index.keys(group.get("arn"), block)
    return frozenset(found)


def _endpoints(reach: Reach, targets: list[Party], needed: Sequence[str]) -> Iterator[tuple[ScannedBlock, str]]:
    """Problems of endpoints: one that tasks need is missing, or AWS's DNS names don't resolve to it."""
    blocks = [each.block for each in targets if isinstance(each, Interface)]
    for service in needed:
        if not any(str(each.settings.get("service_name", "")).endswith(f".{service}") for each in blocks):
            yield blocks[0], f"no endpoint of {service} exists"
    for block in blocks:
        if not is_true(block.settings.get("private_dns_enabled")):
            yield block, "it has no private DNS, so AWS's name doesn't resolve to it"
        for vpc in (reach.index.follow(each) for each in listed(block.settings.get("vpc_id"))):
            if vpc and not all(_on(vpc, each) for each in ("enable_dns_support", "enable_dns_hostnames")):
                yield (
                    block,
                    f"{shown(vpc)} has DNS support or host names turned off, so AWS's name doesn't resolve to it",
                )


def _on(vpc: ScannedBlock, setting: str) -> bool:
    return is_true(vpc.settings.get(setting, setting == "enable_dns_support"))
