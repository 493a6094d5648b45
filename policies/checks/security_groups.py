"""Rules of security groups."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rule import Resource, rule
from policies.security_group_rules import EGRESS, INGRESS, Direction, SecurityGroupRule, read_rules

_RULES = "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html"
_FSBP = "https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html"
_PUBLIC_PORTS = (80, 443)


def _read(resource: Resource, direction: Direction) -> list[SecurityGroupRule]:
    """The rules of one direction; none if a port isn't a number, which the checks of ports report."""
    try:
        return [each for each in read_rules(resource.kind, resource) if each.direction == direction]
    except ValueError:
        return []


def _public(rules: list[SecurityGroupRule]) -> Iterator[SecurityGroupRule]:
    """Rules whose peer is the internet or a large part of it: two halves are as open as all of it."""
    for each in rules:
        network = each.network
        if network and not network.is_private and network.prefixlen < (16 if network.version == 4 else 48):
            yield each


def _wide(resource: Resource, direction: Direction) -> Iterator[str]:
    try:
        rules = list(read_rules(resource.kind, resource))
    except ValueError:
        yield "has a port that isn't a number; name one protocol and the ports"
        return
    verb = "in" if direction == "ingress" else "out"
    for each in rules:
        if each.direction == direction and each.everything:
            yield f"lets {each.ports} {verb}; name one protocol and the ports"


@rule("CKV_ROLLOUT_1", source=_RULES, on=INGRESS)
def internet_reaches_web_only(resource: Resource) -> Iterator[str]:
    """The internet reaches the ports 80 and 443 only."""
    for each in _public(_read(resource, "ingress")):
        if each.protocol != "tcp" or each.span not in {(port, port) for port in _PUBLIC_PORTS}:
            yield f"lets {each.peer} in on {each.ports}; allowed from the internet: tcp 80, tcp 443"


@rule("CKV_ROLLOUT_2", source=_FSBP, on=INGRESS)
def ingress_names_ports(resource: Resource) -> Iterator[str]:
    """A rule that lets traffic in names its protocol and port."""
    yield from _wide(resource, "ingress")


@rule("CKV_ROLLOUT_3", source=_FSBP, on=EGRESS)
def egress_names_ports(resource: Resource) -> Iterator[str]:
    """A rule that lets traffic out names its protocol and port."""
    yield from _wide(resource, "egress")


@rule("CKV_ROLLOUT_4", source=_RULES, on=EGRESS)
def egress_names_target(resource: Resource) -> Iterator[str]:
    """No rule lets traffic out to everywhere."""
    for each in _public(_read(resource, "egress")):
        yield f"lets traffic out to {each.peer} on {each.ports}; name a security group, a prefix list or a small range"
