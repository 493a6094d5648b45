"""EC2: VPC endpoints as the service returns them."""

from __future__ import annotations

from collections.abc import Callable

from moto.ec2.models.vpcs import VPCEndPoint

from ops.emulator.additions.registry import mends


@mends(
    VPCEndPoint,
    "__init__",
    "ec2",
    "CreateVpcEndpoint",
    why="moto doesn't say of an interface endpoint which records its names have",
    source="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html",
)
def make_endpoint(original: Callable[..., None], endpoint: VPCEndPoint, *given: object, **named: object) -> None:
    """Say it."""
    original(endpoint, *given, **named)
    if str(endpoint.vpc_endpoint_type).lower() == "interface":
        vars(endpoint).update(dns_options={"DnsRecordIpType": "ipv4"}, ip_address_type="ipv4")
