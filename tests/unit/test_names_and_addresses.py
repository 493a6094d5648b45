"""Names within AWS's limits, ranges that never move, and the table of who may talk to whom."""

from __future__ import annotations

import ipaddress
import itertools
from typing import get_args

import pytest
from hypothesis import given, settings

import environments
from environments import names
from environments.flows import (
    CACHE,
    DATABASE,
    ENDPOINTS,
    HTTP_PORT,
    HTTPS_PORT,
    INTERNET,
    LOAD_BALANCER,
    S3,
    flows,
    parties,
)
from environments.names import Kind, Names, breach
from environments.schema import Environment, Network
from environments.subnets import ZONE_LETTERS, Tier, subnet
from tests.cases import every_case
from tests.strategies import any_environment, networks

STANDARD, STARTER = (environments.load(name).profile for name in ("prod", "prod-starter"))

KINDS = [value for value in vars(names).values() if isinstance(value, Kind)]
TIERS: tuple[Tier, ...] = get_args(Tier)
quick = settings(max_examples=20, deadline=None)


@every_case("kind", KINDS, ids=[kind.label for kind in KINDS])
def test_a_name_is_as_long_as_aws_allows_and_no_longer(kind: Kind) -> None:
    assert breach(kind, "a" * kind.longest) is None
    problem = breach(kind, "a" * (kind.longest + 1))
    assert problem and str(kind.longest) in problem and kind.source in problem
    assert breach(kind, "a b"), "no name has a space"


@every_case(
    ("kind", "name"),
    [
        (names.BUCKET, "Upper-Case"),
        (names.BUCKET, "-leading"),
        (names.LOAD_BALANCER, "internal-site"),
        (names.LOAD_BALANCER, "ends-"),
        (names.TARGET_GROUP, "under_score"),
        (names.DATABASE, "two--hyphens"),
        (names.CACHE, "1digit"),
        (names.ROLE, "no/path"),
    ],
)
def test_a_name_that_aws_refuses_is_a_breach(kind: Kind, name: str) -> None:
    assert breach(kind, name)


@pytest.mark.slow
@quick
@given(any_environment())
def test_names_of_one_kind_are_apart(environment: Environment) -> None:
    every = [(kind, name) for _, kind, name in Names(environment).every()]
    assert len(every) == len(set(every))


@quick
@given(networks)
def test_ranges_of_all_zones_and_tiers_are_apart_and_inside(network: Network) -> None:
    ranges = [ipaddress.IPv4Network(subnet(network.cidr, tier, letter)) for tier in TIERS for letter in ZONE_LETTERS]
    for one, other in itertools.combinations(ranges, 2):
        assert not one.overlaps(other)
    assert all(each.subnet_of(ipaddress.IPv4Network(network.cidr)) for each in ranges)
    # A load balancer wants eight free addresses in a /27 at least.
    assert all(each.prefixlen <= 27 for each in ranges)


@quick
@given(networks)
def test_a_third_zone_moves_no_other(network: Network) -> None:
    small, large = (
        {(tier, letter): subnet(network.cidr, tier, letter) for tier in TIERS for letter in letters}
        for letters in (network.zones[: STARTER.zone_count], network.zones[: STANDARD.zone_count])
    )
    assert small.items() < large.items()


@pytest.mark.slow
@quick
@given(any_environment())
def test_the_internet_reaches_the_load_balancer_only(environment: Environment) -> None:
    table = flows(environment)
    assert {(flow.target, flow.port) for flow in table if flow.source == INTERNET} == {
        (LOAD_BALANCER, HTTP_PORT),
        (LOAD_BALANCER, HTTPS_PORT),
    }
    balanced = {(service.name, service.port) for service in environment.product.load_balanced}
    assert {(flow.target, flow.port) for flow in table if flow.source == LOAD_BALANCER} == balanced


@pytest.mark.slow
@quick
@given(any_environment())
def test_a_service_reaches_what_it_names_and_nothing_else(environment: Environment) -> None:
    table = flows(environment)
    for service in environment.product.services:
        named = {*service.reaches, *([INTERNET] if service.internet else [])}
        assert {flow.target for flow in table if flow.source == service.name} == {ENDPOINTS, S3, *named}
    assert not [flow for flow in table if flow.source in (DATABASE, CACHE, ENDPOINTS)], "stores open no connections"


@pytest.mark.slow
@quick
@given(any_environment())
def test_flows_are_between_parties_and_have_ids_of_their_own(environment: Environment) -> None:
    table = flows(environment)
    assert len({flow.id for flow in table}) == len(table)
    assert {end for flow in table for end in (flow.source, flow.target)} <= {*parties(environment), INTERNET, S3}
