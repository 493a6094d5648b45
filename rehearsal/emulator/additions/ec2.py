"""EC2: ranges of VPCs, an account's defaults, descriptions of rules, and what a NAT gateway leaves behind."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidVPCRangeError
from moto.ec2.models import EC2Backend
from moto.ec2.models.nat_gateways import NatGateway
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.models.vpcs import VPC
from moto.ec2.responses import EC2Response

from rehearsal.emulator.additions.registry import adds, corrects, kept, parameters

_UNSET = (-1, "no-preference")
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html, and for what hosts can't use as an address:
# https://www.rfc-editor.org/rfc/rfc6890
_RESERVED = [
    ipaddress.IPv4Network(each) for each in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")
]


@corrects(
    EC2Backend,
    "create_vpc",
    "ec2",
    "CreateVpc",
    why="moto accepts reserved ranges, and keeps host bits",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html",
)
def create_vpc(
    original: Callable[..., VPC], backend: EC2Backend, cidr_block: str, *given: object, **named: object
) -> VPC:
    """Refuse a reserved range, and clear host bits as AWS does: 100.68.0.18/18 is 100.68.0.0/18."""
    try:
        network = ipaddress.IPv4Network(cidr_block, strict=False)
    except ValueError:
        return original(backend, cidr_block, *given, **named)  # moto's own refusal.
    if any(network.overlaps(reserved) for reserved in _RESERVED):
        raise InvalidVPCRangeError(cidr_block)
    return original(backend, str(network), *given, **named)


def _metadata_defaults(self: EC2Response) -> dict[str, Any]:
    return kept(self.ec2_backend, "metadata_defaults", dict[str, Any])


@adds(EC2Response, "ec2", "ModifyInstanceMetadataDefaults", why="moto has no defaults for instance metadata")
def modify_instance_metadata_defaults(self: EC2Response) -> ActionResult:
    """Set defaults, or reset them."""
    for name, value in parameters(self).items():
        if value in _UNSET:
            _metadata_defaults(self).pop(name, None)
        else:
            _metadata_defaults(self)[name] = value
    return ActionResult({"Return": True})


@adds(EC2Response, "ec2", "GetInstanceMetadataDefaults", why="moto has no defaults for instance metadata")
def get_instance_metadata_defaults(self: EC2Response) -> ActionResult:
    """Return the account's defaults."""
    return ActionResult({"AccountLevel": _metadata_defaults(self)})


@corrects(
    SecurityGroupRule,
    "__init__",
    "ec2",
    "AuthorizeSecurityGroupIngress",
    why="moto loses the description of a rule that references a group or a prefix list",
)
def describe_rule(original: Callable[..., None], rule: SecurityGroupRule, *given: object, **named: object) -> None:
    """Keep the description where moto looks for it."""
    original(rule, *given, **named)
    for end in given:
        if isinstance(end, dict) and "Description" in end:
            rule.ip_range = {"Description": end["Description"], **rule.ip_range}


@corrects(
    EC2Backend,
    "delete_nat_gateway",
    "ec2",
    "DeleteNatGateway",
    why="moto leaves the network interface of a deleted gateway in its subnet",
)
def delete_nat_gateway(original: Callable[..., NatGateway], backend: EC2Backend, nat_gateway_id: str) -> NatGateway:
    """Delete the interface too."""
    gateway = original(backend, nat_gateway_id)
    backend.delete_network_interface(gateway._eni.id)
    return gateway
