"""Who reaches whom: the synthesized stacks do what the table of flows says, and any single wider thing is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import environments
from environments.flows import Flow, flows, needed_endpoints, parties
from ops.gate.model import ErrorKind, ScanFailedError
from ops.gate.reachability import EXTRA, MISSING, WIDER, reachability
from ops.gate.reachability.rules import Ports, Table, in_words
from policies.security_group_rules import read_rules
from tests.cases import every_case
from tests.gate.plants import Body, Ground, add, names

INGRESS, EGRESS = "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"
PROD = environments.load("prod")
RULES = [
    (kind, f"{flow.id}_{kind.split('_')[-2]}", flow)
    for flow in flows(PROD)
    for kind, end in ((EGRESS, flow.source), (INGRESS, flow.target))
    if end in parties(PROD)
]
PRIVATE_TABLES = ["routes_private_a", "routes_isolated"]
quick = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.filter_too_much])


@pytest.fixture(scope="session")
def prod(output: Path) -> Ground:
    return Ground.of(output, PROD, reachability)


@pytest.mark.requirement("R2.2", "R2.6", "R2.7", "R5.3")
@every_case("name", environments.known())
def test_everything_in_the_table_is_reachable_and_nothing_else(output: Path, name: str) -> None:
    ground = Ground.of(output, environments.load(name), reachability)
    assert not ground.failed


def group(party: str) -> str:
    return f"${{aws_security_group.group_{party}.id}}"


def rule_of(content: Body, kind: str, name: str) -> Body:
    body: Body = content["resource"][kind][name]
    return body


# Any single rule, wider --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.requirement("R2.6")
@quick
@given(rule=st.sampled_from(RULES), down=st.integers(0, 65535), up=st.integers(0, 65535))
def test_a_wider_port_range_is_found(prod: Ground, rule: tuple[str, str, Flow], down: int, up: int) -> None:
    kind, name, flow = rule
    first, last = max(0, flow.port - down), min(65535, flow.port + up)
    assume((first, last) != (flow.port, flow.port))
    found = prod.planted("network", lambda c: rule_of(c, kind, name).update(from_port=first, to_port=last))
    assert names(found, f"{kind}.{name}")


@pytest.mark.requirement("R2.6")
@quick
@given(rule=st.sampled_from(RULES), protocol=st.sampled_from(["-1", "udp", "17", "icmp", "50", "icmpv6"]))
def test_another_protocol_is_found(prod: Ground, rule: tuple[str, str, Flow], protocol: str) -> None:
    kind, name, _ = rule
    found = prod.planted("network", lambda c: rule_of(c, kind, name).update(ip_protocol=protocol))
    assert names(found, f"{kind}.{name}")


@pytest.mark.requirement("R2.6")
@quick
@given(
    rule=st.sampled_from(RULES),
    cidr=st.sampled_from(
        ["0.0.0.0/0", "::/0", "128.0.0.0/1", "10.0.0.0/8", "10.30.0.0/16", "10.30.0.0/20", "8.8.8.8/32"]
    ),
)
def test_a_wider_range_is_found(prod: Ground, rule: tuple[str, str, Flow], cidr: str) -> None:
    kind, name, flow = rule
    internet = not cidr.startswith("10.")
    end = ("internet", flow.target) if kind == INGRESS else (flow.source, "internet")
    assume(not (internet and flow.port in Table(flows(PROD)).ports(*end)))  # the table has that, so it isn't wider

    def change(content: Body) -> None:
        body = rule_of(content, kind, name)
        for peer in ("referenced_security_group_id", "prefix_list_id", "cidr_ipv4"):
            body.pop(peer, None)
        body["cidr_ipv6" if ":" in cidr else "cidr_ipv4"] = cidr

    assert names(prod.planted("network", change), f"{kind}.{name}")


def new_form(group_id: str, peer: str, port: int, *, ingress: bool) -> tuple[str, str, Callable[[Body], None]]:
    body = {"security_group_id": group_id, "ip_protocol": "tcp", "from_port": port, "to_port": port}
    kind = INGRESS if ingress else EGRESS
    return kind, "planted", add(kind, "planted", {**body, "referenced_security_group_id": peer})


def old_form(group_id: str, peer: str, port: int, *, ingress: bool) -> tuple[str, str, Callable[[Body], None]]:
    body = {"security_group_id": group_id, "protocol": 6, "from_port": str(port), "to_port": str(port)}
    body |= {"type": "ingress" if ingress else "egress", "source_security_group_id": peer}
    return "aws_security_group_rule", "planted", add("aws_security_group_rule", "planted", body)


def inline(group_id: str, peer: str, port: int, *, ingress: bool) -> tuple[str, str, Callable[[Body], None]]:
    body = {"protocol": "tcp", "from_port": port, "to_port": port, "security_groups": [peer], "cidr_blocks": None}
    name = group_id.split(".")[1]

    def change(content: Body) -> None:
        content["resource"]["aws_security_group"][name]["ingress" if ingress else "egress"] = [body]

    return "aws_security_group", name, change


@pytest.mark.requirement("R2.6", "R5.3")
@quick
@given(
    form=st.sampled_from([new_form, old_form, inline]),
    ends=st.permutations(parties(PROD)).map(lambda drawn: drawn[:2]),
    port=st.integers(1, 65535) | st.sampled_from([80, 443, 5432, 6379, 8787]),
    ingress=st.booleans(),
)
def test_an_extra_rule_with_another_group_is_found(
    prod: Ground,
    form: Callable[..., tuple[str, str, Callable[[Body], None]]],
    ends: list[str],
    port: int,
    ingress: bool,
) -> None:
    source, target = ends
    assume(port not in Table(flows(PROD)).ports(source, target))
    own, peer = (target, source) if ingress else (source, target)
    kind, name, change = form(group(own), group(peer), port, ingress=ingress)
    assert names(prod.planted("network", change), f"{kind}.{name}")


@pytest.mark.requirement("R2.6", "R2.7")
@every_case("rule", RULES, ids=lambda rule: rule[1])
def test_a_rule_that_is_gone_is_missed(prod: Ground, rule: tuple[str, str, Flow]) -> None:
    kind, name, flow = rule
    found = prod.planted("network", lambda c: c["resource"][kind].pop(name))
    # The backend may go anywhere on 443, so its own rules for that port are not what lets it.
    if name.endswith("_egress") and (flow.source, flow.port, flow.target) in {
        ("backend", 443, "endpoints"),
        ("backend", 443, "s3"),
    }:
        assert not found
    else:
        said = "\n".join(what for (check, _), what in found.items() if check == MISSING)
        assert f"{flow.source} should reach {flow.target} on tcp {flow.port}: no" in said
        assert f"group_{(flow.source if kind == EGRESS else flow.target).replace('-', '_')}" in said


@pytest.mark.requirement("R2.6")
def test_what_is_found_names_its_whole_path(prod: Ground) -> None:
    def change(content: Body) -> None:
        for kind, peer in ((EGRESS, ("frontend", "database")), (INGRESS, ("database", "frontend"))):
            _, _, plant = new_form(group(peer[0]), group(peer[1]), 5432, ingress=kind == INGRESS)
            plant(content)

    found = prod.planted("network", change)
    assert found[EXTRA, f"{INGRESS}.planted"] == (
        "frontend reaches database on tcp 5432 by prod-services aws_ecs_service.frontend_service > "
        f"prod-network {EGRESS}.planted > prod-network {INGRESS}.planted > prod-data aws_db_instance.database"
    )


# Places, routes and addresses --------------------------------------------------------------------------------


def network_of(content: Body, name: str) -> Body:
    body: Body = content["resource"]["aws_ecs_service"][name]["network_configuration"]
    return body


@pytest.mark.requirement("R2.2", "R2.6")
@every_case("table", PRIVATE_TABLES)
@every_case("destination", ["0.0.0.0/0", "128.0.0.0/1"])
def test_a_public_route_is_found(prod: Ground, table: str, destination: str) -> None:
    route = {
        "route_table_id": f"${{aws_route_table.{table}.id}}",
        "destination_cidr_block": destination,
        "gateway_id": "${aws_internet_gateway.internet_gateway.id}",
    }
    assert names(prod.planted("network", add("aws_route", "planted", route)), "aws_route.planted")


@pytest.mark.requirement("R2.2")
@every_case(
    "way",
    [
        {"nat_gateway_id": "${aws_nat_gateway.nat_a.id}", "cidr_block": "0.0.0.0/0"},
        {"vpc_peering_connection_id": "pcx-1", "cidr_block": "10.99.0.0/16"},
        {"transit_gateway_id": "tgw-1", "cidr_block": "10.0.0.0/8"},
    ],
)
def test_an_inline_route_out_of_isolated_subnets_is_found(prod: Ground, way: Body) -> None:
    found = prod.planted("network", lambda c: c["resource"]["aws_route_table"]["routes_isolated"].update(route=[way]))
    assert names(found, "aws_route_table.routes_isolated")


@pytest.mark.requirement("R2.2")
def test_a_subnet_without_a_table_falls_back_on_the_main_one(prod: Ground) -> None:
    def change(content: Body) -> None:
        del content["resource"]["aws_route_table_association"]["routes_of_isolated_a"]
        gateway = "${aws_internet_gateway.internet_gateway.id}"
        route = [{"cidr_block": "0.0.0.0/0", "gateway_id": gateway}]
        content["resource"]["aws_default_route_table"]["default_route_table"]["route"] = route

    assert names(prod.planted("network", change), "aws_default_route_table.default_route_table")


@pytest.mark.requirement("R0.1")
@pytest.mark.parametrize(
    ("phase", "kind", "name", "setting"),
    [
        ("services", "aws_ecs_service", "frontend_service", "assign_public_ip"),
        ("data", "aws_db_instance", "database", "publicly_accessible"),
    ],
)
def test_a_public_address_is_found(prod: Ground, phase: str, kind: str, name: str, setting: str) -> None:
    def change(content: Body) -> None:
        body = content["resource"][kind][name]
        body.get("network_configuration", body)[setting] = True

    found = prod.planted(phase, change)
    assert "public address" in found[WIDER, f"{kind}.{name}"]


@pytest.mark.requirement("R0.1")
def test_an_elastic_address_of_anything_else_is_found(prod: Ground) -> None:
    found = prod.planted("network", add("aws_eip", "planted", {"domain": "vpc"}))
    assert (WIDER, "aws_eip.planted") in found


@pytest.mark.requirement("R0.1", "R2.2")
@every_case("zone", "abc")
def test_a_service_in_a_public_subnet_is_found(prod: Ground, zone: str) -> None:
    subnet = f'${{data.terraform_remote_state.network.outputs.public_subnets["{zone}"]}}'
    found = prod.planted("services", lambda c: network_of(c, "backend_service")["subnets"].append(subnet))
    assert "public subnet" in found[WIDER, "aws_ecs_service.backend_service"]
    assert "aws_route.route_public_internet" in found[WIDER, "aws_ecs_service.backend_service"]


@pytest.mark.requirement("R0.1", "R2.6")
def test_a_task_with_a_public_address_in_a_public_subnet_and_an_open_port_is_reachable(prod: Ground) -> None:
    """All barriers down at once, in two stacks: the finding is of the rule, and names the rest."""

    def expose(content: Body) -> None:
        network = network_of(content, "frontend_service")
        network["assign_public_ip"] = True
        network["subnets"] = ['${data.terraform_remote_state.network.outputs.public_subnets["a"]}']
        group_id = '${data.terraform_remote_state.network.outputs.security_groups["frontend"]}'
        rule = {"security_group_id": group_id, "ip_protocol": "tcp", "from_port": 1, "to_port": 99}
        add(INGRESS, "planted", {**rule, "cidr_ipv4": "0.0.0.0/0"})(content)

    found = prod.planted("services", expose)
    what = found[EXTRA, f"{INGRESS}.planted"]
    assert (
        "internet reaches frontend on tcp 1-99 by prod-network aws_route_table_association.routes_of_public_a" in what
    )
    assert "aws_ecs_service.frontend_service" in what


@pytest.mark.requirement("R2.6", "R5.3")
@pytest.mark.parametrize("other", ["backend", "load_balancer"])
def test_another_group_on_a_service_is_found(prod: Ground, other: str) -> None:
    extra = f'${{data.terraform_remote_state.network.outputs.security_groups["{other}"]}}'
    found = prod.planted("services", lambda c: network_of(c, "frontend_service")["security_groups"].append(extra))
    assert names(found, "aws_ecs_service.frontend_service")
    if other == "backend":
        said = "\n".join(what for (check, _), what in found.items() if check == EXTRA)
        assert "frontend reaches database on tcp 5432 by" in said


@pytest.mark.requirement("R2.6")
@every_case("party", ["database", "backend", "load_balancer"])
def test_another_group_on_an_endpoint_is_found(prod: Ground, party: str) -> None:
    endpoint = "${aws_vpc_endpoint.endpoint_logs.id}"
    joint = {"vpc_endpoint_id": endpoint, "security_group_id": group(party)}
    found = prod.planted("network", add("aws_vpc_endpoint_security_group_association", "planted", joint))
    assert names(found, "aws_vpc_endpoint.endpoint_logs")


@pytest.mark.requirement("R2.2", "R2.6")
def test_an_endpoint_of_isolated_subnets_is_found(prod: Ground) -> None:
    joint = {
        "vpc_endpoint_id": "${aws_vpc_endpoint.endpoint_s3.id}",
        "route_table_id": "${aws_route_table.routes_isolated.id}",
    }
    kind = "aws_vpc_endpoint_route_table_association"
    assert (WIDER, f"{kind}.planted") in prod.planted("network", add(kind, "planted", joint))


@pytest.mark.requirement("R5.3")
def test_what_the_table_does_not_know_is_a_party_too(prod: Ground) -> None:
    instance = {
        "subnet_id": '${data.terraform_remote_state.network.outputs.private_subnets["a"]}',
        "vpc_security_group_ids": ['${data.terraform_remote_state.network.outputs.security_groups["backend"]}'],
    }
    found = prod.planted("services", add("aws_instance", "planted", instance))
    said = "\n".join(found.values())
    assert "aws_instance.planted reaches database on tcp 5432" in said
    assert "aws_instance.planted reaches internet on tcp 443" in said


@pytest.mark.requirement("R2.6")
def test_a_database_without_groups_has_the_default_one(prod: Ground) -> None:
    found = prod.planted("data", lambda c: c["resource"]["aws_db_instance"]["database"].pop("vpc_security_group_ids"))
    assert "no ingress rule" in found[MISSING, "aws_db_instance.database"]


# What isn't there --------------------------------------------------------------------------------------------


@pytest.mark.requirement("R2.7")
@every_case("service", needed_endpoints(PROD))
def test_tasks_need_these_endpoints(prod: Ground, service: str) -> None:
    name = f"endpoint_{service.replace('.', '_').replace('-', '_')}"

    def gone(content: Body) -> None:
        del content["resource"]["aws_vpc_endpoint"][name]

    said = "\n".join(prod.planted("network", gone).values())
    assert f"no endpoint of {service} exists" in said

    def not_named(content: Body) -> None:
        content["resource"]["aws_vpc_endpoint"][name]["private_dns_enabled"] = False

    assert (MISSING, f"aws_vpc_endpoint.{name}") in prod.planted("network", not_named)


@pytest.mark.requirement("R2.6", "R2.7")
@every_case(
    ("kind", "name", "says"),
    [
        ("aws_route", "route_private_b_internet", "no route between backend and internet in prod_network__private_b"),
        ("aws_route", "route_public_internet", "no route between internet and load_balancer"),
        ("aws_route_table_association", "routes_of_private_c", "no route between frontend and s3"),
    ],
)
def test_a_route_that_is_gone_is_missed(prod: Ground, kind: str, name: str, says: str) -> None:
    assert says in "\n".join(prod.planted("network", lambda c: c["resource"][kind].pop(name)).values())


@pytest.mark.requirement("R2.6")
@every_case(
    ("kind", "name", "says"),
    [
        ("aws_lb_listener", "http", "the load balancer has no listener on port 80"),
        ("aws_lb_listener_rule", "https_backend", "no listener forwards to a target group of it on port 8787"),
        ("aws_lb", "load_balancer", "load_balancer isn't in the stacks"),
    ],
)
def test_a_part_of_the_load_balancer_that_is_gone_is_missed(prod: Ground, kind: str, name: str, says: str) -> None:
    assert says in "\n".join(prod.planted("edge", lambda c: c["resource"][kind].pop(name)).values())


# What can't be known -----------------------------------------------------------------------------------------


@every_case(
    ("kind", "name", "settings_"),
    [
        (EGRESS, "backend_to_internet_443_egress", {"count": 2}),
        (EGRESS, "backend_to_internet_443_egress", {"from_port": "${var.port}"}),
        (EGRESS, "backend_to_internet_443_egress", {"cidr_ipv4": "${var.range}"}),
        (INGRESS, "backend_to_database_5432_ingress", {"security_group_id": "${element(var.groups, 1)}"}),
        ("aws_subnet", "private_a", {"ipv6_cidr_block": "2600:1f18::/64"}),
        ("aws_subnet", "private_a", {"cidr_block": "${cidrsubnet(var.range, 4, 0)}"}),
    ],
)
def test_what_only_terraform_can_evaluate_is_an_error(prod: Ground, kind: str, name: str, settings_: Body) -> None:
    with pytest.raises(ScanFailedError) as caught:
        prod.planted("network", lambda c: rule_of(c, kind, name).update(settings_))
    assert caught.value.errors[0].kind == ErrorKind.NOT_UNDERSTOOD
    assert f"{kind}.{name}" in caught.value.errors[0].where


def ports(protocol: object, first: object, last: object) -> Ports:
    settings_ = {"ip_protocol": protocol, "from_port": first, "to_port": last}
    (rule,) = read_rules(INGRESS, settings_)
    return Ports.of(rule)


@every_case(
    ("found", "allowed", "beyond"),
    [
        (ports("tcp", 443, 443), {443}, ""),
        (ports("6", "80", "443"), {80, 443}, "tcp 81-442"),
        (ports("tcp", None, None), {0, 65535}, "tcp 1-65534"),
        (ports("udp", 443, 443), {443}, "udp 443"),
        (ports(-1, None, None), {22}, "tcp 0-21, tcp 23-65535, every other protocol"),
        (ports("icmp", -1, -1), {443}, "icmp"),
        (ports("tcp", 20, 30), {10, 40}, "tcp 20-30"),
    ],
)
def test_ports_beyond_the_allowed_ones(found: Ports, allowed: set[int], beyond: str) -> None:
    assert in_words(found.beyond(allowed)) == beyond


def test_who_may_call_the_internet_may_call_what_the_internet_may(prod: Ground) -> None:
    table = Table(flows(PROD))
    assert table.ports("backend", "load_balancer") == {443}
    assert not table.ports("frontend", "load_balancer")
    assert not table.ports("backend", "frontend")


def test_a_row_that_nothing_implements_is_missed(output: Path) -> None:
    product = replace(PROD.product, services=tuple(replace(each, internet=True) for each in PROD.product.services))
    ground = Ground.of(output, replace(PROD, product=product), reachability)
    (record,) = ground.failed
    assert (record.check, record.block.address) == (MISSING, "aws_ecs_service.frontend_service")
    assert "frontend should reach internet on tcp 443: no egress rule" in record.details[0]
