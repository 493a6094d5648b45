"""What another account's values must say, so that an environment's roles can apply it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import environments
from environments.beside import guardrail_problems, zone_problems
from environments.schema import Environment
from tests.cases import every_case

ORGANIZATION = environments.load_organization()

PROD, STAGING = environments.load("prod"), environments.load("staging")
ARN = "arn:aws:iam::111122223333:role/aep-prod-"


def sharing(**changed: Any) -> Environment:
    shared = STAGING.access.shared_zone
    assert shared
    return replace(STAGING, access=replace(STAGING.access, shared_zone=replace(shared, **changed)))


def test_the_values_of_today_hold() -> None:
    assert not list(zone_problems(STAGING, [PROD])) and not list(zone_problems(PROD, [STAGING]))
    assert not list(guardrail_problems(PROD, ORGANIZATION))


@pytest.mark.requirement("R6.5")
@every_case(
    ("owner", "field", "says"),
    [
        (sharing(writers=(f"{ARN}deployer",)), "writers", f"must have {ARN}break-glass, which apply prod's edge"),
        (sharing(writers=(f"{ARN}break-glass",)), "writers", f"must have {ARN}deployer, which apply prod's edge"),
        (sharing(readers=()), "readers", f"must have {ARN}planner, which plans prod's edge and cutover"),
        (sharing(hosts=("app.navralabs.com",)), "hosts", "must have navralabs.com, whose records prod writes"),
        (sharing(id="Z0EXAMPLE00ANOTHER"), "id", "must be Z0EXAMPLE00STAGING00, as prod's edge.zone.id is"),
    ],
)
def test_the_zones_role_lets_in_who_applies(owner: Environment, field: str, says: str) -> None:
    (problem,) = zone_problems(owner, [PROD])
    assert problem.field == f"access.shared_zone.{field}"
    assert says in problem.allowed


def test_a_reader_of_another_name_is_the_other_accounts_matter() -> None:
    zone = replace(PROD.edge.zone, reader="arn:aws:iam::444455556666:role/reader")
    other = replace(PROD, edge=replace(PROD.edge, zone=zone))
    assert other.edge.zone.read_role == "arn:aws:iam::444455556666:role/reader"
    assert not list(zone_problems(sharing(readers=()), [other]))


def test_the_zones_role_must_be_made() -> None:
    without = replace(STAGING, access=replace(STAGING.access, shared_zone=None))
    (problem,) = zone_problems(without, [PROD])
    assert (problem.field, problem.given) == ("access.shared_zone", None)


@pytest.mark.requirement("R1.1")
@every_case(
    ("region", "allowed", "missing"),
    [
        ("eu-central-1", ("us-east-1",), "eu-central-1"),
        ("eu-central-1", ("eu-central-1",), "us-east-1"),
        ("us-east-1", ("eu-central-1",), "us-east-1"),
    ],
)
def test_guardrails_allow_the_regions_that_an_account_uses(region: str, allowed: tuple[str, ...], missing: str) -> None:
    organization = replace(ORGANIZATION, allowed_regions=allowed)
    (problem,) = guardrail_problems(replace(PROD, region=region), organization)
    assert problem.field == "allowed_regions" and f"must have {missing}, which prod uses" in problem.allowed
    assert not list(guardrail_problems(replace(STAGING, region=region), organization)), "another account's"
