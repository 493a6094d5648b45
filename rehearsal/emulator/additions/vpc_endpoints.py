"""EC2: VPC endpoints as the service returns them, and their interfaces and names in the VPC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.vpcs import VPCEndPoint

from rehearsal.emulator.additions.registry import AwsError, corrects


def _is_interface(endpoint_type: str | None) -> bool:
    return str(endpoint_type).lower() == "interface"


def endpoints(backend: EC2Backend, vpc_id: str, service_name: str) -> Iterator[VPCEndPoint]:
    """The interface endpoints of a service that a VPC has."""
    for each in backend.vpc_end_points.values():
        of_service = (each.vpc_id, each.service_name) == (vpc_id, service_name)
        if of_service and each.state != "deleted" and _is_interface(each.vpc_endpoint_type):
            yield each


def _connect(backend: EC2Backend, endpoint: VPCEndPoint) -> None:
    """Give an interface endpoint an interface in each of its subnets, with its security groups."""
    if not _is_interface(endpoint.vpc_endpoint_type):
        return
    of_subnet = {backend.enis[each].subnet.id: each for each in endpoint.network_interface_ids}
    for subnet_id in of_subnet.keys() - set(endpoint.subnet_ids or ()):
        backend.delete_network_interface(of_subnet.pop(subnet_id))
    for subnet_id in endpoint.subnet_ids or ():
        if subnet_id not in of_subnet:
            subnet = backend.get_subnet(subnet_id)
            holder: Any = endpoint
            of_subnet[subnet_id] = backend.create_network_interface(subnet, subnet.get_available_subnet_ip(holder)).id
        backend.modify_network_interface_attribute(of_subnet[subnet_id], endpoint.security_group_ids)
    endpoint.network_interface_ids = list(of_subnet.values())


@corrects(
    EC2Backend,
    "create_vpc_endpoint",
    "ec2",
    "CreateVpcEndpoint",
    why=(
        "moto creates two interface endpoints with the same private names in a VPC, doesn't return which records the "
        "names have, and gives the interfaces the VPC's default security group"
    ),
    source="https://github.com/hashicorp/terraform-provider-aws/issues/17535",
)
def create_vpc_endpoint(
    original: Callable[..., VPCEndPoint],
    backend: EC2Backend,
    vpc_id: str,
    service_name: str,
    endpoint_type: str | None,
    *given: object,
    private_dns_enabled: bool | None = None,
    **named: object,
) -> VPCEndPoint:
    """Refuse the second one; return the records; set the security groups.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html
    """
    private = _is_interface(endpoint_type) and private_dns_enabled is not False
    if private and any(each.private_dns_enabled for each in endpoints(backend, vpc_id, service_name)):
        domain = ".".join(reversed(service_name.split(".")))
        raise AwsError(
            "InvalidParameter",
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
            f"{domain} in the VPC {vpc_id}",
        )
    endpoint = original(
        backend, vpc_id, service_name, endpoint_type, *given, private_dns_enabled=private_dns_enabled, **named
    )
    if _is_interface(endpoint_type):
        vars(endpoint).update(dns_options={"DnsRecordIpType": "ipv4"}, ip_address_type="ipv4")
    _connect(backend, endpoint)
    return endpoint


@corrects(
    EC2Backend,
    "modify_vpc_endpoint",
    "ec2",
    "ModifyVpcEndpoint",
    why="moto doesn't move an interface endpoint's network interfaces",
)
def modify_vpc_endpoint(original: Callable[..., None], backend: EC2Backend, vpc_id: str, **given: object) -> None:
    """Change them too. moto calls the endpoint's id `vpc_id`."""
    original(backend, vpc_id, **given)
    _connect(backend, backend.vpc_end_points[vpc_id])
