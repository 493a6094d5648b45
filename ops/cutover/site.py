"""Where the traffic goes: the environment's load balancer and the targets behind it, as AWS knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from environments.names import Names
from environments.schema import Environment
from ops.aws import Aws, code, explained, only
from ops.cutover.records import Shares, Target
from ops.errors import OpsError

NOWHERE = Target("", "")
"""Until the records themselves tell."""


@dataclass(frozen=True)
class Group:
    """A target group with targets in it."""

    service: str
    suffix: str
    """What CloudWatch calls it."""
    states: Mapping[str, int]
    """How many targets there are in each state, such as `healthy`."""


@dataclass(frozen=True)
class Site:
    """The load balancer."""

    target: Target
    suffix: str
    """What CloudWatch calls it."""
    groups: tuple[Group, ...]


def find(aws: Aws, environment: Environment) -> Site:
    """Ask AWS, by the names that the environment's values make.

    Raises:
        AwsError: AWS doesn't say.
        OpsError: There is no load balancer.
    """
    names, client = Names(environment), aws.client("elbv2")
    with explained(f"find the load balancer {names.prefix}"):
        balancer = _load_balancer(client, names.prefix)
        groups = client.describe_target_groups(LoadBalancerArn=balancer["LoadBalancerArn"])["TargetGroups"]
        services = {
            names.target_group(service.name, colour): service.name
            for service in environment.product.load_balanced
            for colour in ("", "green")
        }
        found = tuple(
            Group(services[group["TargetGroupName"]], group["TargetGroupArn"].rpartition(":")[2], states)
            for group in groups
            # One of a blue/green pair is empty.
            if group["TargetGroupName"] in services and (states := _states(client, group["TargetGroupArn"]))
        )
    return Site(
        _target(balancer),
        balancer["LoadBalancerArn"].partition(":loadbalancer/")[2],
        found,
    )


def target(aws: Aws, environment: Environment) -> Target:
    """The load balancer alone.

    Raises:
        AwsError: AWS doesn't say.
        OpsError: There is none.
    """
    name = Names(environment).prefix
    with explained(f"find the load balancer {name}"):
        return _target(_load_balancer(aws.client("elbv2"), name))


def shares(environment: Environment, current: Target = NOWHERE) -> Shares:
    """The environment's weighted records.

    Raises:
        OpsError: Its values name no previous target, so that there is nothing to share with or to go back to.
    """
    previous = environment.cutover.previous
    if previous is None:
        raise OpsError(
            f"{environment.name} has no cutover.previous, so there is nothing to share traffic with and nothing to go "
            f"back to; name the load balancer that answered before, or apply the phase cutover with weight 100"
        )
    return Shares(
        environment.edge.host,
        Names(environment).prefix,
        current,
        Target(previous.dns_name, previous.zone_id),
        kinds=previous.record_types,
    )


def _load_balancer(client: Any, name: str) -> Any:  # noqa: ANN401  (boto3's answers are dictionaries)
    from botocore.exceptions import ClientError  # noqa: PLC0415  (loads slowly)

    try:
        return only(client.describe_load_balancers(Names=[name])["LoadBalancers"], f"load balancers {name}")
    except ClientError as error:
        if code(error) == "LoadBalancerNotFound":
            raise OpsError(f"there is no load balancer {name}; apply the phase edge first") from None
        raise


def _target(balancer: Any) -> Target:  # noqa: ANN401
    return Target(balancer["DNSName"], balancer["CanonicalHostedZoneId"])


def _states(client: Any, arn: str) -> dict[str, int]:  # noqa: ANN401
    states = [
        each["TargetHealth"]["State"]
        for each in client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    ]
    return {state: states.count(state) for state in sorted(set(states))}
