"""How a VPC's range is divided. Every zone has a fixed place, so adding a third one changes no other."""

from __future__ import annotations

import ipaddress
from typing import Literal

Tier = Literal["private", "public", "isolated"]

ZONE_LETTERS = "abcdef"
# Parts of a /16: six /20 for tasks (4,091 addresses each), then /24 for load balancer and NAT, then /24 for data.
_LAYOUT: dict[Tier, tuple[int, int]] = {"private": (4, 0), "public": (8, 96), "isolated": (8, 112)}


def subnet(cidr: str, tier: Tier, zone: str) -> str:
    """The range of one tier's subnet in one zone of a VPC."""
    extra_bits, first = _LAYOUT[tier]
    network = ipaddress.IPv4Network(cidr)
    prefix = network.prefixlen + extra_bits
    offset = (first + ZONE_LETTERS.index(zone)) << (32 - prefix)
    return str(ipaddress.IPv4Network((int(network.network_address) + offset, prefix)))
