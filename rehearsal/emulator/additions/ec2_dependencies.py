"""EC2: what needs an internet gateway, and what can't be deleted while something uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_ip_addresses import ElasticAddress
from moto.ec2.models.nat_gateways import NatGateway
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.models.vpcs import VPC
from moto.elasticache.models import elasticache_backends
from moto.elbv2.models import elbv2_backends
from moto.rds.models import rds_backends

from rehearsal.emulator.additions.registry import AwsError, corrects


def has_internet_gateway(backend: EC2Backend, vpc_id: str) -> bool:
    """Whether an internet gateway is attached to a VPC."""
    return any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in backend.internet_gateways.values())


class _Use(NamedTuple):
    """Something that has network interfaces."""

    subnets: frozenset[str]
    groups: frozenset[str]
    public: bool
    """Whether it has a public address."""


def _uses(backend: EC2Backend) -> Iterator[_Use]:
    """Everything that has network interfaces: moto gives load balancers, databases and caches none of their own."""
    account, region = backend.account_id, backend.region_name
    for interface in backend.enis.values():
        groups = frozenset(group.id for group in interface.group_set)
        yield _Use(frozenset({interface.subnet.id}), groups, bool(interface.public_ip))
    for balancer in elbv2_backends[account][region].load_balancers.values():
        subnets = frozenset(subnet.id for subnet in balancer.subnets)
        yield _Use(subnets, frozenset(balancer.security_groups or ()), balancer.scheme == "internet-facing")
    databases = rds_backends[account][region]
    for database in databases.databases.values():
        group = databases.subnet_groups.get(str(getattr(database, "db_subnet_group_name", "")))
        subnets = frozenset(subnet.id for subnet in group._subnets) if group else frozenset()
        yield _Use(subnets, frozenset(database.vpc_security_group_ids), bool(database.publicly_accessible))
    caches = elasticache_backends[account][region]
    for cache in caches.replication_groups.values():
        named = caches.cache_subnet_groups.get(str(cache.cache_subnet_group_name))
        yield _Use(frozenset(named.subnet_ids if named else ()), frozenset(cache.security_group_ids or ()), False)


def _in_vpc(backend: EC2Backend, vpc_id: str) -> Iterator[_Use]:
    subnets = {subnet.id for zone in backend.subnets.values() for subnet in zone.values() if subnet.vpc_id == vpc_id}
    return (use for use in _uses(backend) if use.subnets & subnets)


def _dependency(what: str) -> AwsError:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html."""
    return AwsError("DependencyViolation", what)


@corrects(
    EC2Backend,
    "create_default_vpc",
    "ec2",
    "DescribeInternetGateways",
    why="moto's default VPC has no internet gateway",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html#default-vpc-components",
)
def create_default_vpc(original: Callable[..., VPC], backend: EC2Backend) -> VPC:
    """Attach one."""
    vpc = original(backend)
    backend.attach_internet_gateway(backend.create_internet_gateway().id, vpc.id)
    return vpc


@corrects(
    EC2Backend,
    "create_nat_gateway",
    "ec2",
    "CreateNatGateway",
    why="in moto a public NAT gateway needs no internet gateway",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html#nat-gateway-troubleshooting-failed",
)
def create_nat_gateway(  # noqa: PLR0917  (moto's own parameters)
    original: Callable[..., NatGateway],
    backend: EC2Backend,
    subnet_id: str,
    allocation_id: str | None,
    tags: dict[str, str] | None = None,
    connectivity_type: str | None = None,
) -> NatGateway:
    """Let it fail where its VPC has no internet gateway attached; its address stays free."""
    kind = connectivity_type or "public"
    vpc_id = backend.get_subnet(subnet_id).vpc_id
    if kind == "private" or has_internet_gateway(backend, vpc_id):
        return original(backend, subnet_id, allocation_id, tags, kind)
    gateway = original(backend, subnet_id, None, tags, kind)
    backend.delete_network_interface(gateway._eni.id)
    vars(gateway).update(
        state="failed",
        failure_code="Gateway.NotAttached",
        failure_message=f"Network {vpc_id} has no Internet gateway attached",
    )
    return gateway


@corrects(
    EC2Backend,
    "associate_address",
    "ec2",
    "AssociateAddress",
    why="moto associates an Elastic IP address in a VPC without an internet gateway",
    source="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
)
def associate_address(
    original: Callable[..., ElasticAddress],
    backend: EC2Backend,
    instance: Any = None,  # noqa: ANN401  (moto's own)
    eni: Any = None,  # noqa: ANN401
    **given: object,
) -> ElasticAddress:
    """Refuse it."""
    vpc_id = (eni.subnet if eni else backend.get_subnet(instance.subnet_id)).vpc_id
    if not has_internet_gateway(backend, vpc_id):
        raise AwsError("Gateway.NotAttached", f"Network {vpc_id} is not attached to any internet gateway")
    return original(backend, instance=instance, eni=eni, **given)


@corrects(
    EC2Backend,
    "detach_internet_gateway",
    "ec2",
    "DetachInternetGateway",
    why="moto detaches an internet gateway while public addresses need it",
    source="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachInternetGateway.html",
)
def detach_internet_gateway(
    original: Callable[..., None], backend: EC2Backend, internet_gateway_id: str, vpc_id: str
) -> None:
    """Refuse it."""
    attached = backend.get_internet_gateway(internet_gateway_id).vpc
    if attached and attached.id == vpc_id and any(use.public for use in _in_vpc(backend, vpc_id)):
        raise _dependency(
            f"Network {vpc_id} has some mapped public address(es). "
            "Please unmap those public address(es) before detaching the gateway."
        )
    original(backend, internet_gateway_id, vpc_id)


@corrects(
    EC2Backend,
    "delete_subnet",
    "ec2",
    "DeleteSubnet",
    why="moto deletes a subnet that is in use",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/subnet-deleting.html",
)
def delete_subnet(original: Callable[..., object], backend: EC2Backend, subnet_id: str) -> object:
    """Refuse it."""
    if any(subnet_id in use.subnets for use in _uses(backend)):
        raise _dependency(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
    return original(backend, subnet_id)


@corrects(
    EC2Backend,
    "delete_security_group",
    "ec2",
    "DeleteSecurityGroup",
    why="moto deletes a security group that an interface or another group's rule uses",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/deleting-security-groups.html",
)
def delete_security_group(
    original: Callable[..., None], backend: EC2Backend, name: str | None = None, group_id: str | None = None
) -> None:
    """Refuse it."""
    group = backend.get_security_group_by_name_or_id(group_id or name or "")
    if group is not None and (any(group.id in use.groups for use in _uses(backend)) or _is_named(backend, group)):
        raise _dependency(f"resource {group.id} has a dependent object")
    original(backend, name=name, group_id=group_id)


def _is_named(backend: EC2Backend, group: SecurityGroup) -> bool:
    """Whether a rule of another group of the VPC names the group."""
    return any(
        rule.source_group.get("GroupId") == group.id
        for other in backend.groups[group.vpc_id or backend.default_vpc.id].values()
        if other is not group
        for rule in [*other.ingress_rules, *other.egress_rules]
    )


@corrects(
    EC2Backend,
    "delete_vpc",
    "ec2",
    "DeleteVpc",
    why="moto deletes a VPC with an internet gateway, endpoints or security groups in it",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html",
)
def delete_vpc(original: Callable[..., VPC], backend: EC2Backend, vpc_id: str) -> VPC:
    """Refuse it."""
    endpoints = (each for each in backend.vpc_end_points.values() if each.vpc_id == vpc_id)
    groups = [group for group in backend.groups.get(vpc_id, {}).values() if group.name != "default"]
    if has_internet_gateway(backend, vpc_id) or groups or any(each.state != "deleted" for each in endpoints):
        raise _dependency(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
    return original(backend, vpc_id)
