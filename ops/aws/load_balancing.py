"""The load balancer, its listeners and rules, its target groups, and the health of their targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.names import Names
from ops.aws.errors import AwsError, explained, only

if TYPE_CHECKING:
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client
    from types_boto3_elbv2.type_defs import ListenerTypeDef, LoadBalancerTypeDef, RuleTypeDef

    from environments.schema import Environment
    from ops.aws.session import Aws


@dataclass(frozen=True)
class LoadBalancer:
    """A load balancer.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancer.html
    """

    arn: str
    dns_name: str
    zone_id: str
    """The hosted zone for an alias."""
    state: str
    internal: bool
    subnets: tuple[str, ...]

    @classmethod
    def parse(cls, given: LoadBalancerTypeDef) -> LoadBalancer:
        """Read a load balancer of DescribeLoadBalancers."""
        return cls(
            arn=given.get("LoadBalancerArn", ""),
            dns_name=given.get("DNSName", ""),
            zone_id=given.get("CanonicalHostedZoneId", ""),
            state=given.get("State", {}).get("Code", ""),
            internal=given.get("Scheme") == "internal",
            subnets=tuple(zone.get("SubnetId", "") for zone in given.get("AvailabilityZones", ())),
        )

    @property
    def suffix(self) -> str:
        """Its name in CloudWatch."""
        return self.arn.partition(":loadbalancer/")[2]


@dataclass(frozen=True)
class ServiceTargets:
    """A target group with targets in it."""

    service: str
    suffix: str
    """Its name in CloudWatch."""
    states: Mapping[str, int]
    """Number of targets in each state, such as `healthy`."""


@dataclass(frozen=True)
class Targets:
    """The load balancer and the targets of each service."""

    balancer: LoadBalancer
    groups: tuple[ServiceTargets, ...]


def load_balancer(client: ElasticLoadBalancingv2Client, name: str) -> LoadBalancer:
    """The load balancer of a name.

    Raises:
        AwsError: AWS doesn't respond; with the code LoadBalancerNotFound if there is none.
    """
    try:
        with explained(f"find the load balancer {name}"):
            found = client.describe_load_balancers(Names=[name])["LoadBalancers"]
    except AwsError as error:
        if error.code != "LoadBalancerNotFound":
            raise
        raise AwsError(f"there is no load balancer {name}; apply the phase edge first", code=error.code) from None
    return LoadBalancer.parse(only(found, f"load balancers {name}"))


def target_groups(client: ElasticLoadBalancingv2Client, balancer: LoadBalancer) -> dict[str, str]:
    """ARNs of a load balancer's target groups by name.

    Raises:
        AwsError: AWS doesn't respond.
    """
    with explained(f"list the target groups of {balancer.dns_name}"):
        pages = client.get_paginator("describe_target_groups").paginate(LoadBalancerArn=balancer.arn)
        return {
            group.get("TargetGroupName", ""): group.get("TargetGroupArn", "")
            for page in pages
            for group in page["TargetGroups"]
        }


def health(client: ElasticLoadBalancingv2Client, target_group: str) -> Counter[str]:
    """Number of targets of a target group in each state, such as `healthy`; empty without targets.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html

    Raises:
        AwsError: AWS doesn't respond.
    """
    with explained(f"read the health of {target_group.rpartition('targetgroup/')[2]}"):
        response = client.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
    return Counter(sorted(each.get("TargetHealth", {}).get("State", "unknown") for each in response))


def listeners(client: ElasticLoadBalancingv2Client, balancer: LoadBalancer) -> dict[int, ListenerTypeDef]:
    """A load balancer's listeners by port.

    Raises:
        AwsError: AWS doesn't respond.
    """
    with explained(f"list the listeners of {balancer.dns_name}"):
        pages = client.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer.arn)
        return {listener.get("Port", 0): listener for page in pages for listener in page["Listeners"]}


def routes(client: ElasticLoadBalancingv2Client, listener: str) -> dict[str, str]:
    """Where each path pattern of a listener leads: the ARN of a target group, or the address of a redirect.

    A rule's hosts are in front of its patterns. Of a blue/green pair of target groups, the heavier one counts.

    Raises:
        AwsError: AWS doesn't respond.
    """
    with explained("list the rules of the listener"):
        pages = client.get_paginator("describe_rules").paginate(ListenerArn=listener)
        rules = [rule for page in pages for rule in page["Rules"]]
    # Of several rules for a path, the one with the lowest number decides, in any order.
    rules.sort(key=_priority, reverse=True)
    return {path: _leads_to(rule) for rule in rules for path in _paths(rule)}


def targets(aws: Aws, environment: Environment) -> Targets:
    """An environment's load balancer and the targets of its services, by the names that its values give.

    Raises:
        AwsError: AWS doesn't respond, or there is no load balancer.
    """
    names, client = Names(environment), aws.client("elbv2")
    balancer = load_balancer(client, names.prefix)
    services = {
        names.target_group(service.name, colour): service.name
        for service in environment.product.load_balanced
        for colour in ("", "green")
    }
    return Targets(
        balancer,
        tuple(
            ServiceTargets(services[name], arn.rpartition(":")[2], states)
            for name, arn in target_groups(client, balancer).items()
            # One group of a blue/green pair is empty.
            if name in services and (states := health(client, arn))
        ),
    )


def _paths(rule: RuleTypeDef) -> list[str]:
    found: dict[str, list[str]] = {"host-header": [], "path-pattern": []}
    for each in rule.get("Conditions", ()):
        config = each.get("PathPatternConfig") or each.get("HostHeaderConfig") or {}
        if each.get("Field") in found:
            found[each["Field"]] += config.get("Values") or each.get("Values", [])
    hosts, paths = found["host-header"] or [""], found["path-pattern"] or ["/*"]
    return [f"{host}{path}" for host in hosts for path in paths]


def _priority(rule: RuleTypeDef) -> float:
    """The default rule has no number, and comes after all others."""
    number = str(rule.get("Priority"))
    return int(number) if number.isdigit() else float("inf")


def _leads_to(rule: RuleTypeDef) -> str:
    """ARN of the target group that a rule forwards to (of several, the heaviest), or a redirect's address.

    A rule may authenticate before it forwards.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Rule.html
    """
    action = next((each for each in rule.get("Actions", ()) if each["Type"] == "forward"), None)
    if action is None:
        redirects = (each.get("RedirectConfig", {}) for each in rule.get("Actions", ()) if each["Type"] == "redirect")
        return next((f"https://{each.get('Host')}" for each in redirects if each.get("Protocol") == "HTTPS"), "")
    groups = action.get("ForwardConfig", {}).get("TargetGroups")
    if not groups:
        return action.get("TargetGroupArn", "")
    return max(groups, key=lambda group: group.get("Weight", 1)).get("TargetGroupArn", "")
