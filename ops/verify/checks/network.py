"""The network, the database and the cache."""

from __future__ import annotations

from collections import Counter
from typing import NoReturn

from environments.flows import needed_endpoints
from environments.subnets import Tier, subnet
from ops.aws.errors import only
from ops.conditions import SkippedError, holds
from ops.verify.context import AwsObject, Context

_WAYS_OUT: dict[Tier, str] = {"public": "igw-", "private": "nat-", "isolated": ""}


def vpc_is_its_own(context: Context) -> str:
    """The VPC is the environment's own, not the default VPC."""
    vpc, wanted = context.vpc, context.environment.network.cidr
    problems = [f"{vpc['VpcId']} is the default VPC"] if vpc["IsDefault"] else []
    problems += [f"{vpc['VpcId']} has {vpc['CidrBlock']}, not {wanted}"] if vpc["CidrBlock"] != wanted else []
    return holds(problems, f"{vpc['VpcId']}, {wanted}")


def subnets_are_in_three_tiers(context: Context) -> str:
    """Public subnets route to the internet gateway, private ones to NAT if there is one, isolated ones nowhere."""
    environment, problems = context.environment, []
    ways: dict[Tier, str] = {**_WAYS_OUT, "private": _WAYS_OUT["private"] if environment.nat_zones else ""}
    by_range = {each["CidrBlock"]: each for each in context.subnets.values()}
    for tier, way in ways.items():
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
    return holds(problems, f"{len(context.subnets)} subnets in zones {', '.join(environment.zones)}")


def nat_gateways_are_there(context: Context) -> str:
    """The number of NAT gateways is that of the profile."""
    gateways = context.ask("ec2", "describe_nat_gateways", Filters=context.in_vpc)["NatGateways"]
    available = [gateway["NatGatewayId"] for gateway in gateways if gateway["State"] == "available"]
    wanted = len(context.environment.nat_zones)
    problems = [f"{len(available)} available, {wanted} wanted"] if len(available) != wanted else []
    return holds(problems, ", ".join(available) or 'none, as nat="none" of the profile says')


def endpoints_are_available(context: Context) -> str:
    """The VPC's endpoints are available: registry, logs, secrets, S3 and others of the design."""
    endpoints = context.ask("ec2", "describe_vpc_endpoints", Filters=context.in_vpc)["VpcEndpoints"]
    prefix = context.names.endpoint_service("")
    needed = ("s3", *needed_endpoints(context.environment))
    # A service may have several: AWS lists deleted endpoints for a while.
    states: dict[str, set[str]] = {}
    for endpoint in endpoints:
        states.setdefault(endpoint["ServiceName"].removeprefix(prefix), set()).add(endpoint["State"].lower())
    problems = [f"no endpoint of {service}" for service in needed if service not in states]
    problems += [
        f"{service} is {', '.join(sorted(found))}" for service, found in states.items() if "available" not in found
    ]
    return holds(problems, ", ".join(sorted(states)))


def flow_log_is_on(context: Context) -> str:
    """The VPC's flow log records all traffic."""
    filters = [{"Name": "resource-id", "Values": [context.vpc["VpcId"]]}]
    logs = context.ask("ec2", "describe_flow_logs", Filters=filters)["FlowLogs"]
    kinds = Counter(log["TrafficType"] for log in logs if log["FlowLogStatus"] == "ACTIVE")
    problems = [] if kinds["ALL"] else [f"no active flow log of all traffic of {context.vpc['VpcId']}"]
    return holds(problems, f"{kinds['ALL']} active flow log")


def database_is_as_its_values_say(context: Context) -> str:
    """The database is available, encrypted, private and backed up, and in two zones if the profile says so."""
    environment = context.environment
    if environment.database is None:
        _absent(context, "database")
    return _held(
        context.names.database,
        _database(context),
        {
            "DBInstanceStatus": "available",
            "DBInstanceClass": environment.profile.database_class,
            "MultiAZ": environment.profile.database_multi_az,
            "StorageEncrypted": True,
            "PubliclyAccessible": False,
            "BackupRetentionPeriod": environment.database.backup_days,
            "DeletionProtection": environment.protected,
        },
    )


def database_takes_tls_only(context: Context) -> str:
    """The parameter group of the running database forces TLS."""
    if context.environment.database is None:
        _absent(context, "database")
    group = only(_database(context)["DBParameterGroups"], f"parameter groups of {context.names.database}")
    name = group["DBParameterGroupName"]
    parameters = context.ask("rds", "describe_db_parameters", DBParameterGroupName=name)["Parameters"]
    forced = {each["ParameterName"]: each.get("ParameterValue") for each in parameters}.get("rds.force_ssl")
    problems = [f"rds.force_ssl of {name} is {forced}, not 1"] if forced != "1" else []
    status = group["ParameterApplyStatus"]
    problems += [f"{name} is {status}: the database runs with other values"] if status != "in-sync" else []
    return holds(problems, f"rds.force_ssl is 1 in {name}, which is in-sync")


def cache_is_as_its_values_say(context: Context) -> str:
    """The cache is available, encrypted in transit and at rest, and fails over if the profile says so."""
    if context.environment.cache is None:
        _absent(context, "cache")
    nodes = context.environment.profile.cache_nodes
    groups = context.ask("elasticache", "describe_replication_groups", ReplicationGroupId=context.names.cache)
    group = only(groups["ReplicationGroups"], f"caches {context.names.cache}")
    wanted = {
        "Status": "available",
        "TransitEncryptionEnabled": True,
        "AtRestEncryptionEnabled": True,
        "AutomaticFailover": "enabled" if nodes > 1 else "disabled",
        "MultiAZ": "enabled" if nodes > 1 else "disabled",
        "nodes": nodes,
    }
    return _held(context.names.cache, {**group, "nodes": len(group["MemberClusters"])}, wanted)


def _absent(context: Context, store: str) -> NoReturn:
    raise SkippedError(f"{context.environment.name} has no {store}: its values have {store}=None")


def _database(context: Context) -> AwsObject:
    response = context.ask("rds", "describe_db_instances", DBInstanceIdentifier=context.names.database)
    database: AwsObject = only(response["DBInstances"], f"databases {context.names.database}")
    return database


def _held(name: str, found: AwsObject, wanted: AwsObject) -> str:
    """Compare wanted attributes with those that AWS returns."""
    problems = [
        f"{key} of {name} is {found.get(key)}, not {value}" for key, value in wanted.items() if found.get(key) != value
    ]
    return holds(problems, ", ".join(f"{key} {value}" for key, value in wanted.items()))
