"""Several hosts of one product: listener rules, records, weights, and what can't work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from environments.schema import Environment
from environments.schema.validation import InvalidEnvironmentError, validate
from ops.aws.dns import same
from ops.cutover.records import AliasTarget, shares
from rehearsal.application import listener
from tests.cases import every_case
from tests.conftest import Stack
from tests.shapes import PROD, with_hosts

API, WWW, HOST = "api.navralabs.com", "www.navralabs.com", PROD.edge.host
HOSTS = with_hosts(PROD)


@pytest.fixture(scope="module")
def phases(synthesized: Callable[[Environment], dict[str, Stack]]) -> dict[str, Stack]:
    return synthesized(validate(HOSTS))


@pytest.mark.requirement("R6.3")
def test_a_host_is_one_services_and_a_name_redirects(phases: dict[str, Stack]) -> None:
    rules = phases["edge"].resources("aws_lb_listener_rule")
    api, redirects, backend = rules["https_public_api"], rules["https_redirects"], rules["https_backend"]
    assert api["condition"] == [{"host_header": {"values": [API]}}]
    assert api["action"][0]["target_group_arn"] == "${aws_lb_target_group.public_api_targets.arn}"
    assert redirects["condition"] == [{"host_header": {"values": [WWW]}}]
    assert redirects["action"] == [
        {
            "type": "redirect",
            "redirect": {"host": HOST, "port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"},
        }
    ]
    assert redirects["priority"] < api["priority"] < backend["priority"]
    assert backend["condition"] == [{"path_pattern": {"values": ["/api/*", "/health/*"]}}]


@pytest.mark.requirement("R6.5")
def test_the_previous_load_balancer_keeps_the_names_that_it_serves(phases: dict[str, Stack]) -> None:
    records = phases["cutover"].resources("aws_route53_record")
    weights = {
        (record["name"], record["set_identifier"]): record["weighted_routing_policy"]["weight"]
        for record in records.values()
    }
    assert weights == {
        (HOST, "aep-prod-current"): 0,
        (HOST, "aep-prod-previous"): 100,
        (WWW, "aep-prod-current"): 0,
        (WWW, "aep-prod-previous"): 100,
        (API, "aep-prod-current"): 100,
    }
    assert {"application_current", "application_previous"} < set(records)


def test_without_a_previous_target_all_names_lead_here(synthesized: Callable[[Environment], dict[str, Stack]]) -> None:
    alone = replace(HOSTS, cutover=replace(HOSTS.cutover, previous=None, weight=100))
    records = synthesized(validate(alone))["cutover"].resources("aws_route53_record")
    assert {record["name"] for record in records.values()} == {HOST, API, WWW}


def test_a_cutover_moves_all_names_in_one_change() -> None:
    moved = shares(HOSTS, AliasTarget("new.elb.amazonaws.com", "Z1"))
    at_ten = moved.at(10)
    assert {record["Name"] for record in at_ten} == {HOST, WWW}
    assert moved.weight(at_ten) == 10
    # One name lags behind: no weight, and not these records.
    assert moved.weight([*moved.at(10)[:2], *moved.at(50)[2:]]) is None
    assert "records that this command didn't create" in str(moved.obstacle(moved.at(10)[:2]))
    plain = [{**record, "Name": record["Name"] + "."} for record in moved.plain()]
    assert moved.obstacle(plain) is None
    half = [*moved.at(0)[:2], plain[1]]
    assert moved.obstacle(half) is None
    assert same(moved.own(half), moved.at(0)[:2])


def test_the_deployer_and_the_other_accounts_zone_know_all_names(phases: dict[str, Stack]) -> None:
    wanted = sorted(HOSTS.edge.certificate_names)
    assert {API, WWW} < set(wanted)
    text = str(phases["account"].document)
    assert all(name in text for name in (API, WWW))


@every_case(
    ("host", "path", "service"),
    [(API, "/api/x", "public-api"), (HOST, "/api/x", "backend"), (HOST, "/", "frontend"), (API, "/", "public-api")],
)
def test_the_rehearsals_load_balancer_routes_by_host(host: str, path: str, service: str) -> None:
    assert listener.service_of(HOSTS, path, host).name == service


def test_the_rehearsals_load_balancer_redirects() -> None:
    assert listener.moved(HOSTS, WWW, "/a?b=c") == f"https://{HOST}:443/a?b=c"
    assert listener.moved(HOSTS, API, "/") is None


def edge(**changes: Any) -> Environment:
    return replace(HOSTS, edge=replace(HOSTS.edge, **changes))


def api(**changes: Any) -> Environment:
    *others, service = HOSTS.product.services
    services = (*others, replace(service, **changes))
    return replace(HOSTS, product=replace(HOSTS.product, services=services))


@every_case(
    ("wrong", "says"),
    [
        (edge(certificate_names=PROD.edge.certificate_names), f"certificate_names: .* must include the host {API}"),
        (edge(service_hosts={}), "exactly one service without a host of its own"),
        (edge(service_hosts={"public-api": API, "worker": HOST}), "service_hosts: 'worker': a service with paths"),
        (edge(redirects=(WWW, HOST)), f"service_hosts: '{HOST}': each name once"),
        (edge(redirects=(API,)), f"service_hosts: '{API}': each name once"),
        (edge(redirect_priority=50), "priority: 50: each listener rule needs a different priority"),
        (edge(redirect_priority=101), "redirect_priority: 101: below 100: rules of hosts come before rules of paths"),
        (edge(redirects=tuple(f"{letter}.navralabs.com" for letter in "abcdef")), "edge.redirects: "),
        (api(paths=("/v1/*",)), r"paths: \('/v1/\*',\): \(\"/\*\",\): all requests of api"),
        (api(priority=None), "priority: None: a service with paths needs a priority"),
        (api(priority=200), "priority: 200: below 100: rules of hosts come before rules of paths"),
        (edge(redirects=()), f"cutover.previous.hosts: '{WWW}': names of edge besides the host"),
    ],
)
def test_what_cannot_work_is_refused(wrong: Environment, says: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match=says):
        validate(wrong)
