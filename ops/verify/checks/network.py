"""The network, as route tables and AWS's own words have it."""

from __future__ import annotations

from collections import Counter

from environments.flows import needed_endpoints
from environments.subnets import Tier, subnet
from ops.verify.context import Context
from ops.verify.model import met

_WAYS_OUT: dict[Tier, str] = {"public": "igw-", "private": "nat-", "isolated": ""}


def vpc_is_its_own(context: Context) -> str:
    """The VPC is the environment's own, not the default one."""
    vpc, wanted = context.vpc, context.environment.network.cidr
    problems = [f"{vpc['VpcId']} is the default VPC"] if vpc["IsDefault"] else []
    problems += [f"{vpc['VpcId']} has {vpc['CidrBlock']}, not {wanted}"] if vpc["CidrBlock"] != wanted else []
    return met(problems, f"{vpc['VpcId']}, {wanted}")


def subnets_are_in_three_tiers(context: Context) -> str:
    """Public subnets lead to the internet gateway, private ones to NAT, isolated ones nowhere."""
    environment, problems = context.environment, []
    by_range = {each["CidrBlock"]: each for each in context.subnets.values()}
    for tier, way in _WAYS_OUT.items():
        for zone in environment.zones:
            wanted = subnet(environment.network.cidr, tier, zone)
            found = by_range.get(wanted)
            if found is None:
                problems.append(f"no {tier} subnet {wanted} in zone {zone}")
                continue
            leads = context.default_routes[found["SubnetId"]]
            if not leads.startswith(way) or (not way and leads):
                problems.append(f"{tier} subnet {found['SubnetId']} leads to {leads or 'nowhere'}")
            if found["MapPublicIpOnLaunch"]:
                problems.append(f"{tier} subnet {found['SubnetId']} gives out public addresses")
    return met(problems, f"{len(context.subnets)} subnets in zones {', '.join(environment.zones)}")


def nat_gateways_are_there(context: Context) -> str:
    """There are as many NAT gateways as the profile says."""
    gateways = context.ask("ec2", "describe_nat_gateways", Filters=context.in_vpc)["NatGateways"]
    available = [gateway["NatGatewayId"] for gateway in gateways if gateway["State"] == "available"]
    wanted = len(context.environment.zones) if context.environment.profile.nat_per_zone else 1
    problems = [f"{len(available)} available, {wanted} wanted"] if len(available) != wanted else []
    return met(problems, ", ".join(available))


def endpoints_are_available(context: Context) -> str:
    """The VPC's endpoints are available: registry, logs, secrets, S3 and what the design adds."""
    endpoints = context.ask("ec2", "describe_vpc_endpoints", Filters=context.in_vpc)["VpcEndpoints"]
    prefix = context.names.endpoint_service("")
    needed = ("s3", *needed_endpoints(context.environment))
    # A service may have several: those that are deleted are listed for a while.
    states: dict[str, set[str]] = {}
    for endpoint in endpoints:
        states.setdefault(endpoint["ServiceName"].removeprefix(prefix), set()).add(endpoint["State"].lower())
    problems = [f"no endpoint of {service}" for service in needed if service not in states]
    problems += [
        f"{service} is {', '.join(sorted(found))}" for service, found in states.items() if "available" not in found
    ]
    return met(problems, ", ".join(sorted(states)))


def flow_log_is_on(context: Context) -> str:
    """The VPC's flow log takes everything."""
    filters = [{"Name": "resource-id", "Values": [context.vpc["VpcId"]]}]
    logs = context.ask("ec2", "describe_flow_logs", Filters=filters)["FlowLogs"]
    kinds = Counter(log["TrafficType"] for log in logs if log["FlowLogStatus"] == "ACTIVE")
    problems = [] if kinds["ALL"] else [f"no active flow log of all traffic of {context.vpc['VpcId']}"]
    return met(problems, f"{kinds['ALL']} active flow log")
