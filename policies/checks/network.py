"""Subnets, routes to the internet, public addresses, VPC endpoints and the flow log."""

from __future__ import annotations

from collections.abc import Iterator

from ops.iam.policy import listed, nested
from policies.rule import Resource, is_true, rule
from policies.statements import of_policy

_VPC = "https://docs.aws.amazon.com/vpc/latest/userguide/"
_EVERYWHERE = frozenset({"0.0.0.0/0", "::/0"})


def _tier(subnet: Resource) -> object:
    return next((tags.get("Tier") for tags in subnet.blocks("tags")), None)


def _ways_out(table: Resource) -> Iterator[Resource]:
    """Routes of a route table to everywhere."""
    for route in table.users("aws_route"):
        if _EVERYWHERE & {route.get("destination_cidr_block"), route.get("destination_ipv6_cidr_block")}:
            yield route


@rule("CKV_ROLLOUT_51", source=_VPC + "configure-subnets.html", on="aws_subnet")
def zone_of_its_own(subnet: Resource) -> Iterator[str]:
    """Subnets of a tier are in different zones."""
    for other in subnet.beside("aws_subnet"):
        same = _tier(other) == _tier(subnet) and other.get("vpc_id") == subnet.get("vpc_id")
        zone = subnet.get("availability_zone")
        if other.name > subnet.name and same and zone and other.get("availability_zone") == zone:
            yield f"is in {zone} like {other.text('cidr_block')} of the same tier; use different zones"


@rule(
    "CKV_ROLLOUT_52",
    source="https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html",
    on=("aws_db_subnet_group", "aws_elasticache_subnet_group"),
)
def data_is_isolated(group: Resource) -> Iterator[str]:
    """Data is in subnets without a route to the internet."""
    for reference in listed(group.get("subnet_ids")):
        subnet = group.follow(reference)
        for association in subnet.users("aws_route_table_association") if subnet else ():
            table = association.follow(association.get("route_table_id"))
            if table and any(_ways_out(table)):
                yield f"{reference} has a route to the internet; use the isolated subnets"


@rule("CKV_ROLLOUT_53", source=_VPC + "nat-gateway-basics.html", on="aws_nat_gateway")
def nat_serves_its_zone(gateway: Resource) -> Iterator[str]:
    """Each NAT gateway serves its own zone."""
    for other in gateway.beside("aws_nat_gateway"):
        if other.name > gateway.name and other.get("subnet_id") == gateway.get("subnet_id"):
            yield "shares its subnet with another NAT gateway, so both fail with one zone; put each in its own zone"
    if not any(gateway.users("aws_route")):
        yield "has no route to it, so its zone's traffic uses another gateway; route the zone's private subnets to it"


@rule("CKV_ROLLOUT_54", source=_VPC + "flow-logs.html", on="aws_flow_log")
def flow_log_is_complete(log: Resource) -> Iterator[str]:
    """A flow log records accepted and rejected traffic."""
    if log.get("traffic_type") != "ALL":
        yield f"traffic_type is {log.get('traffic_type')!r}, must be 'ALL'"


@rule(
    "CKV_ROLLOUT_55",
    source="https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html",
    on="aws_vpc_endpoint",
)
def gateway_endpoint_is_used(endpoint: Resource) -> Iterator[str]:
    """Private subnets use the gateway endpoint, not NAT."""
    if endpoint.get("vpc_endpoint_type") != "Gateway":
        return
    served = {each.name for each in map(endpoint.follow, listed(endpoint.get("route_table_ids"))) if each}
    for table in endpoint.beside("aws_route_table"):
        if table.name not in served and any("nat_gateway_id" in route for route in _ways_out(table)):
            name = next((tags.get("Name") for tags in nested(table, "tags")), table.name)
            yield f"route_table_ids lacks {name}, whose subnets go through NAT instead"


_SWITCHES = frozenset(
    {"assign_public_ip", "associate_public_ip_address", "map_public_ip_on_launch", "publicly_accessible"}
)


@rule("CKV_ROLLOUT_19", source="https://docs.aws.amazon.com/securityhub/latest/userguide/ecs-controls.html", on="aws_*")
def no_public_address(resource: Resource) -> Iterator[str]:
    """No resource gets its own public address."""
    for path in _switched_on(dict(resource), ""):
        yield f"{path} gives it a public address; set it to false"


def _switched_on(value: object, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            here = f"{path}.{name}" if path else str(name)
            if name in _SWITCHES and (is_true(each) or each == "ENABLED"):
                yield here
            else:
                yield from _switched_on(each, here)
    elif isinstance(value, list):
        for each in value:
            yield from _switched_on(each, path)


@rule(
    "CKV_ROLLOUT_5",
    source="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
    on=("aws_vpc_endpoint", "aws_vpc_endpoint_policy"),
)
def endpoint_policy_is_narrow(endpoint: Resource) -> Iterator[str]:
    """A VPC endpoint has a policy that doesn't allow everything."""
    if "policy" not in endpoint:
        yield "has no policy, so AWS's default allows everything to every principal; add a policy"
        return
    statements = of_policy(endpoint)
    if statements is None:
        yield "has a policy that can't be read; write it as an aws_iam_policy_document"
        return
    for each in statements:
        wide = each.all_resources or not each.resources
        if each.allows and wide and each.all_services and not each.conditions:
            yield f"{each.label} of its policy allows '*' on '*'; name actions or resources, or add a condition"
