"""What security groups let in and out, in all three forms that the provider has for rules."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import NamedTuple

from policies.rule import Resource, Settings, rule, texts

_RULES = "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html"
_FSBP = "https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html"
_PUBLIC_PORTS = (80, 443)
_INGRESS = ("aws_security_group", "aws_security_group_rule", "aws_vpc_security_group_ingress_rule")
_EGRESS = ("aws_security_group", "aws_security_group_rule", "aws_vpc_security_group_egress_rule")


class _Flow(NamedTuple):
    ranges: list[str]
    protocol: str
    first: int
    last: int

    @property
    def everything(self) -> bool:
        """All protocols, or all ports of one."""
        return self.protocol in {"-1", "all"} or (self.first <= 1 and self.last >= 65535)

    @property
    def ports(self) -> str:
        return (
            f"{self.protocol} {self.first}-{self.last}" if self.first != self.last else f"{self.protocol} {self.first}"
        )


def _flows(resource: Resource, direction: str) -> Iterator[_Flow]:
    if resource.kind == "aws_security_group":
        yield from (_flow(each) for each in resource.blocks(direction))
    elif resource.kind == "aws_security_group_rule":
        if resource.get("type") == direction:
            yield _flow(resource)
    else:
        yield _flow(resource)


def _flow(settings: Settings) -> _Flow:
    names = ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6")
    ranges = [each for name in names for each in texts(settings.get(name))]
    protocol = str(settings.get("ip_protocol", settings.get("protocol", "-1"))).lower()
    return _Flow(ranges, protocol, _port(settings, "from_port", 0), _port(settings, "to_port", 65535))


def _port(settings: Settings, name: str, unknown: int) -> int:
    try:
        return int(settings.get(name, unknown))
    except (TypeError, ValueError):
        return unknown


def _public(range_: str) -> bool:
    """Whether a range is the internet or a large part of it: two halves are as open as the whole."""
    try:
        network = ipaddress.ip_network(range_, strict=False)
    except ValueError:
        return False
    return not network.is_private and network.prefixlen < (16 if network.version == 4 else 48)


@rule("CKV_ROLLOUT_1", source=_RULES, on=_INGRESS)
def internet_reaches_web_only(resource: Resource) -> Iterator[str]:
    """The internet reaches the ports 80 and 443 only."""
    for flow in _flows(resource, "ingress"):
        web = flow.protocol in {"tcp", "6"} and flow.first == flow.last and flow.first in _PUBLIC_PORTS
        for range_ in filter(_public, flow.ranges):
            if not web:
                yield f"lets {range_} in on {flow.ports}; allowed from the internet: tcp 80, tcp 443"


@rule("CKV_ROLLOUT_2", source=_FSBP, on=_INGRESS)
def ingress_names_ports(resource: Resource) -> Iterator[str]:
    """A rule that lets traffic in names its protocol and port."""
    for flow in _flows(resource, "ingress"):
        if flow.everything:
            yield f"lets {flow.ports} in; name one protocol and the ports"


@rule("CKV_ROLLOUT_3", source=_FSBP, on=_EGRESS)
def egress_names_ports(resource: Resource) -> Iterator[str]:
    """A rule that lets traffic out names its protocol and port."""
    for flow in _flows(resource, "egress"):
        if flow.everything:
            yield f"lets {flow.ports} out; name one protocol and the ports"


@rule("CKV_ROLLOUT_4", source=_RULES, on=_EGRESS)
def egress_names_target(resource: Resource) -> Iterator[str]:
    """No rule lets traffic out to everywhere."""
    for flow in _flows(resource, "egress"):
        for range_ in filter(_public, flow.ranges):
            yield f"lets traffic out to {range_} on {flow.ports}; name a security group, a prefix list or a small range"
