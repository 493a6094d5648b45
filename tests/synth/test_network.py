"""Network: what the subnets, routes, endpoints and security groups of every environment must be."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import replace

import pytest

import environments
from environments.endpoints import endpoint_zones, interface_endpoints
from environments.flows import flows
from environments.guardduty import agent_repository
from environments.schema import Environment
from tests.conftest import Body, Stack, of_aep

TIERS = ("public", "private", "isolated")


@pytest.fixture
def network(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-network"]


def default_routes(network: Stack) -> dict[str, Body]:
    """The route to the internet of each route table, by the table's id."""
    routes = network.resources("aws_route").values()
    return {
        route["route_table_id"].split(".")[1]: route
        for route in routes
        if route["destination_cidr_block"] == "0.0.0.0/0"
    }


def table_of_subnet(network: Stack) -> dict[str, str]:
    """Route table ids by subnet ids."""
    associations = network.resources("aws_route_table_association").values()
    return {each["subnet_id"].split(".")[1]: each["route_table_id"].split(".")[1] for each in associations}


@pytest.mark.requirement("R2.1")
def test_a_vpc_of_its_own_over_the_profiles_zones(network: Stack, env: Environment) -> None:
    (vpc,) = network.resources("aws_vpc").values()
    assert vpc["cidr_block"] == env.network.cidr
    assert not network.resources("aws_default_vpc")
    zones = {subnet["availability_zone"] for subnet in network.resources("aws_subnet").values()}
    assert zones == {f"{env.region}{zone}" for zone in env.zones}
    assert len(zones) in (2, 3)


@pytest.mark.requirement("R2.1")
def test_the_default_security_group_is_locked(network: Stack) -> None:
    (group,) = network.resources("aws_default_security_group").values()
    assert not group.get("ingress")
    assert not group.get("egress")


@pytest.mark.requirement("R2.2")
def test_each_tier_has_the_routes_that_make_it_one(network: Stack, env: Environment) -> None:
    tables, to_internet = table_of_subnet(network), default_routes(network)
    for zone in env.zones:
        assert "gateway_id" in to_internet[tables[f"public_{zone}"]]
        assert ("nat_gateway_id" in to_internet.get(tables[f"private_{zone}"], {})) is bool(env.nat_zones)
        assert tables[f"isolated_{zone}"] not in to_internet
    isolated = {tables[f"isolated_{zone}"] for zone in env.zones}
    assert not [
        route for route in network.resources("aws_route").values() if route["route_table_id"].split(".")[1] in isolated
    ]
    (endpoint,) = (e for e in network.resources("aws_vpc_endpoint").values() if e["vpc_endpoint_type"] == "Gateway")
    assert not isolated & {table.split(".")[1] for table in endpoint["route_table_ids"]}


@pytest.mark.requirement("R2.2")
def test_nat_stands_in_public_subnets(network: Stack) -> None:
    for nat in network.resources("aws_nat_gateway").values():
        assert nat["subnet_id"].startswith("${aws_subnet.public_")


@pytest.mark.requirement("R0.1")
def test_no_subnet_gives_public_addresses(network: Stack) -> None:
    for subnet in network.resources("aws_subnet").values():
        assert subnet["map_public_ip_on_launch"] is False


@pytest.mark.requirement("R2.2")
def test_subnets_lie_in_the_vpc_and_apart(network: Stack, env: Environment) -> None:
    ranges = [ipaddress.ip_network(subnet["cidr_block"]) for subnet in network.resources("aws_subnet").values()]
    assert all(subnet.subnet_of(ipaddress.ip_network(env.network.cidr)) for subnet in ranges)  # type: ignore[arg-type]
    assert not [(a, b) for i, a in enumerate(ranges) for b in ranges[:i] if a.overlaps(b)]


@pytest.mark.requirement("R2.3", "R11.1")
def test_nat_gateways_by_value(network: Stack, env: Environment) -> None:
    wanted = env.nat_zones
    assert set(network.resources("aws_nat_gateway")) == {f"nat_{zone}" for zone in wanted}
    assert env.profile.nat != "single" or "single_nat_gateway" in env.accepted_risks
    used = {id_: route.get("nat_gateway_id") for id_, route in default_routes(network).items() if "private" in id_}
    assert used == {
        f"routes_private_{zone}": f"${{aws_nat_gateway.nat_{zone if zone in wanted else wanted[0]}.id}}"
        for zone in env.zones
        if wanted
    }


def endpoints_of(network: Stack) -> dict[str, Body]:
    """Endpoints by AWS's name for the API."""
    return {each["service_name"].split(".", 3)[3]: each for each in network.resources("aws_vpc_endpoint").values()}


@of_aep
@pytest.mark.requirement("R2.4", "R2.7", "R11.1")
def test_endpoints_for_everything_a_task_needs(network: Stack, env: Environment) -> None:
    always = {"s3", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "guardduty-data"}
    more = {"sts", "ssmmessages", "kms", "monitoring"} if env.profile.name == "standard" else set()
    assert set(endpoints_of(network)) == always | more


@pytest.mark.requirement("R2.4", "R2.7")
def test_endpoints_are_private_and_where_the_profile_says(network: Stack, env: Environment) -> None:
    endpoints = endpoints_of(network)
    assert set(endpoints) == {"s3", *interface_endpoints(env)}
    private = [f"${{aws_subnet.private_{zone}.id}}" for zone in endpoint_zones(env)]
    for name, endpoint in endpoints.items():
        if name == "s3":
            assert len(endpoint["route_table_ids"]) == len(env.zones)
        else:
            assert endpoint["subnet_ids"] == private
            assert endpoint["private_dns_enabled"] is True
            assert endpoint["security_group_ids"] == ["${aws_security_group.group_endpoints.id}"]


@pytest.mark.requirement("R2.4")
def test_endpoint_policies_are_narrow(network: Stack, env: Environment) -> None:
    for id_, endpoint in network.resources("aws_vpc_endpoint").items():
        assert endpoint["policy"] == f"${{data.aws_iam_policy_document.{id_}_document.json}}"
        for statement in network.policy(id_):
            assert "*" not in statement["actions"]
            narrow = "*" not in statement["resources"]
            own = any(condition["variable"] == "aws:PrincipalAccount" for condition in statement.get("condition", []))
            assert narrow or own, id_


@pytest.mark.requirement("R1.7", "R2.4")
def test_guardduty_sends_through_an_endpoint_of_ours_and_pulls_its_agent_where_tasks_have_it(
    network: Stack, env: Environment
) -> None:
    (send,) = network.policy("endpoint_guardduty_data")
    assert send["actions"] == ["guardduty:SendSecurityTelemetry"]
    account = [each["values"] for each in send["condition"] if each["variable"] == "aws:PrincipalAccount"]
    assert account == [[env.account_id]]
    if "ecr.dkr" not in interface_endpoints(env):
        return  # The agent is pulled through NAT.
    repositories = {resource for each in network.policy("endpoint_ecr_dkr") for resource in each["resources"]}
    agent = agent_repository(env.region)
    assert env.region != "us-east-1" or (agent and "593207742271" in agent)
    assert (agent in repositories) is env.profile.guardduty_agent


@pytest.mark.requirement("R2.5")
def test_flow_logs_of_all_traffic(network: Stack, env: Environment) -> None:
    (flow_log,) = network.resources("aws_flow_log").values()
    assert flow_log["traffic_type"] == "ALL"
    assert flow_log["vpc_id"] == "${aws_vpc.vpc.id}"
    group = network.resources("aws_cloudwatch_log_group")["flow_log_log_group"]
    assert group["retention_in_days"] == env.network.flow_log_retention
    assert group["kms_key_id"]


def rules_as_flows(network: Stack, kind: str, peer_side: str, own_side: str) -> set[tuple[str, str, int]]:
    def party(rule: Body) -> str:
        if rule.get("cidr_ipv4"):
            assert rule["cidr_ipv4"] == "0.0.0.0/0"
            return "internet"
        if rule.get("prefix_list_id"):
            return "s3"
        return str(rule["referenced_security_group_id"].split(".")[1].removeprefix("group_"))

    seen = set()
    for rule in network.resources(kind).values():
        assert rule["ip_protocol"] == "tcp"
        assert rule["from_port"] == rule["to_port"]
        ends = {own_side: rule["security_group_id"].split(".")[1].removeprefix("group_"), peer_side: party(rule)}
        seen.add((ends["source"], ends["target"], rule["from_port"]))
    return seen


@pytest.mark.requirement("R2.6", "R5.3")
def test_the_rules_are_the_table_of_flows_and_nothing_else(network: Stack, env: Environment) -> None:
    table = {(flow.source, flow.target, flow.port) for flow in flows(env)}
    ingress = rules_as_flows(network, "aws_vpc_security_group_ingress_rule", "source", "target")
    egress = rules_as_flows(network, "aws_vpc_security_group_egress_rule", "target", "source")
    assert ingress == {flow for flow in table if flow[1] not in ("internet", "s3")}
    assert egress == {flow for flow in table if flow[0] != "internet"}
    for group in network.resources("aws_security_group").values():
        assert "ingress" not in group
        assert "egress" not in group


@pytest.mark.requirement("R2.6")
def test_the_table_is_the_plans() -> None:
    """The plan's own words, so that a wider table fails here even if the rules follow it."""
    wanted = {
        ("internet", "load_balancer", 80),
        ("internet", "load_balancer", 443),
        ("load_balancer", "frontend", 80),
        ("load_balancer", "backend", 8787),
        ("backend", "database", 5432),
        ("backend", "cache", 6379),
        ("backend", "internet", 443),
        *((service, target, 443) for service in ("backend", "frontend") for target in ("endpoints", "s3")),
    }
    for name in environments.known():
        assert {flow[:3] for flow in flows(environments.load(name))} == wanted


def test_security_groups_stand_in_network_only(stacks: dict[str, Stack]) -> None:
    for name, stack in stacks.items():
        if not name.endswith("-network"):
            for kind, id_, _ in stack.all_resources():
                assert "security_group" not in kind, f"{name}: {kind}.{id_}"


@pytest.mark.requirement("R11.4")
def test_a_larger_size_moves_nothing(stacks: dict[str, Stack]) -> None:
    """Everything that prod-starter has, prod has too, with the same addresses and ranges."""
    small, large = stacks["prod-starter-network"], stacks["prod-network"]
    for kind, id_, body in small.all_resources():
        assert id_ in large.resources(kind), f"{kind}.{id_}"
        if kind == "aws_subnet":
            assert large.resources(kind)[id_] == body | {"//": large.resources(kind)[id_]["//"]}


def test_a_third_zone_and_images_of_another_account_are_values(
    synthesized: Callable[[Environment], dict[str, Stack]],
) -> None:
    base = environments.load("staging")
    variant = replace(
        base,
        profile=replace(base.profile, zone_count=3),
        registry=replace(base.registry, source_account="999988887777", readers=()),
    )
    network = synthesized(variant)["network"]
    assert len(network.resources("aws_subnet")) == 3 * len(TIERS)
    pull = network.policy("endpoint_ecr_dkr")[1]
    assert all(":999988887777:repository/" in resource for resource in pull["resources"])
