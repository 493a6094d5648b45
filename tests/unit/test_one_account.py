"""Two stages in one account are refused unless a setting says which of them creates what an account has once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import environments
from environments.schema import Environment
from environments.schema.validation import InvalidEnvironmentError, validate
from tests.cases import every_case
from tests.unit.test_environments import problems

ROOT = Path(__file__).parents[2]
PROD = environments.load("prod")
STARTER = environments.load("prod-starter")
STAGING = environments.load("staging")
TOGETHER = replace(
    STAGING,
    account_id=PROD.account_id,
    account_resources_from="aep-prod",
    registry=replace(STAGING.registry, source_account=PROD.account_id, readers=()),
)


def refused(environment: Environment, others: Sequence[Environment]) -> list[str]:
    with pytest.raises(InvalidEnvironmentError) as error:
        environments._check_account(environment, others)
    return [problem.field for problem in error.value.problems]


def test_the_second_stage_pulls_from_the_repositories_of_the_first() -> None:
    for environment in (PROD, STARTER, TOGETHER):
        validate(environment)
        environments._check_account(environment, [PROD, STARTER, TOGETHER])


def test_without_the_setting_either_stage_is_refused() -> None:
    without = replace(TOGETHER, account_resources_from=None)
    assert refused(without, [PROD]) == ["account_id"]
    assert refused(PROD, [without]) == ["account_id"]
    with pytest.raises(InvalidEnvironmentError, match=r'account_resources_from="aep-prod" here.*/aep/prod\.py'):
        environments._check_account(without, [PROD])


@every_case(
    "wrong",
    [
        replace(TOGETHER, account_resources_from="nowhere"),
        replace(TOGETHER, account_id="999999999999"),
        replace(TOGETHER, region="us-west-2"),
    ],
    ids=["no such stage", "another account", "another region"],
)
def test_the_stage_that_creates_them_is_in_the_account_and_region(wrong: Environment) -> None:
    assert refused(wrong, [PROD, STARTER]) == ["account_resources_from"]


def test_one_of_the_stages_creates_them() -> None:
    neither = replace(PROD, account_resources_from="aep-staging")
    assert refused(TOGETHER, [neither]) == ["account_resources_from"]


def test_a_stage_does_not_name_itself() -> None:
    assert problems(replace(PROD, account_resources_from="aep-prod")) == ["account_resources_from"]


def test_repositories_of_the_same_name_are_made_once() -> None:
    own = replace(TOGETHER, registry=replace(STAGING.registry, readers=()))
    assert refused(own, [PROD]) == ["registry.source_account"]


@every_case(
    ("product", "stage", "wrong"),
    [
        ("aep", "prod-eu", ["stage"]),
        ("aep-prod", "eu", ["stage"]),
        # Policies name AEP's services aep-*-prod.
        ("aep", "eu-prod", ["product.name, stage"]),
        ("aep-shop", "prod", ["product.name, stage"]),
        ("aep", "production", []),
        ("aep2", "prod-eu", []),
        ("shop", "prod", []),
    ],
)
def test_names_of_two_stages_do_not_begin_alike(product: str, stage: str, wrong: list[str]) -> None:
    other = replace(TOGETHER, stage=stage, product=replace(TOGETHER.product, name=product))
    if wrong:
        assert refused(other, [PROD]) == wrong
    else:
        environments._check_account(other, [PROD])


def test_nat_gateways_of_all_stages_have_addresses() -> None:
    standard = replace(TOGETHER, profile=PROD.profile)
    assert refused(standard, [PROD, STARTER]) == ["quotas.elastic_ips"]
    granted = replace(standard, quotas=replace(standard.quotas, elastic_ips=6))
    environments._check_account(granted, [PROD, STARTER])


def test_a_stage_has_the_agent_only_if_the_accounts_detector_has() -> None:
    watched = replace(TOGETHER, profile=replace(TOGETHER.profile, guardduty_agent=True))
    assert refused(watched, [STARTER]) == ["profile.guardduty_agent"]
    environments._check_account(watched, [PROD, STARTER])


def test_sizes_of_one_stage_create_the_same() -> None:
    starter = replace(STARTER, account_resources_from="aep-staging")
    assert [problem.field for problem in environments._overlaps(starter, PROD)] == ["account_resources_from"]


SHOP = replace(
    PROD,
    name="shop-prod",
    product=replace(
        PROD.product,
        name="shop",
        services=tuple(replace(each, repository=f"shop/{each.name}") for each in PROD.product.services),
    ),
    profile=STARTER.profile,
    account_resources_from="aep-prod",
    network=replace(PROD.network, cidr="10.40.0.0/16"),
    edge=replace(PROD.edge, host="shop.navralabs.com", certificate_names=("shop.navralabs.com",)),
)
"""Another product, with a stage of the same name, in the same account."""


def test_a_second_product_may_have_a_stage_of_the_same_name_in_the_same_account() -> None:
    for environment in (PROD, STARTER, SHOP):
        environments._check_account(environment, [PROD, STARTER, SHOP])
    assert [problem for other in (PROD, STARTER, STAGING) for problem in environments._overlaps(SHOP, other)] == []


def test_exactly_one_product_creates_what_an_account_has_once() -> None:
    both = replace(SHOP, account_resources_from=None)
    with pytest.raises(InvalidEnvironmentError, match='account_resources_from="aep-prod" here, or "shop-prod" in'):
        environments._check_account(both, [PROD, STARTER])
    neither = replace(STARTER, account_resources_from="shop-prod")
    assert refused(SHOP, [neither]) == ["account_resources_from"]
    environments._check_account(neither, [both])


def test_a_stage_alone_does_not_say_which_product() -> None:
    with pytest.raises(InvalidEnvironmentError, match=r"'prod': a product and stage that creates them .* are aep-prod"):
        environments._check_account(replace(SHOP, account_resources_from="prod"), [PROD, STARTER])


@every_case(
    ("other", "field"),
    [
        (replace(SHOP, network=PROD.network), "network.cidr"),
        (replace(SHOP, edge=PROD.edge), "edge.host"),
        (
            replace(SHOP, edge=replace(STAGING.edge, host="shop.staging.navralabs.com")),
            "edge.zone.kind",
        ),
    ],
    ids=["range", "host", "zone"],
)
def test_two_products_share_no_range_host_or_new_zone(other: Environment, field: str) -> None:
    found = [problem.field for each in (PROD, STAGING) for problem in environments._overlaps(other, each)]
    assert found == [field]


def test_stages_in_accounts_of_their_own_are_none_of_each_others_business() -> None:
    environments._check_account(STAGING, [PROD, STARTER])


@pytest.mark.parametrize(
    "call",
    ["load('prod')", *(pytest.param(each, marks=pytest.mark.slow) for each in ("load('staging')", "load_all()"))],
)
def test_loading_one_environment_sees_the_other_too(call: str, tmp_path: Path) -> None:
    copy = tmp_path / "environments"
    shutil.copytree(environments.FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    staging = copy / "staging.py"
    text = staging.read_text(encoding="utf-8")
    staging.write_text(text.replace(STAGING.account_id, PROD.account_id), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", f"import environments; environments.{call}"],
        cwd=ROOT,
        env={**os.environ, "ENVIRONMENTS": str(copy)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "account_id: '111122223333': also" in done.stderr


@pytest.mark.slow
def test_an_environment_with_problems_of_its_own_stops_no_other(tmp_path: Path) -> None:
    copy = tmp_path / "environments"
    shutil.copytree(environments.FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    staging = copy / "staging.py"
    text = staging.read_text(encoding="utf-8")
    staging.write_text(text.replace('"us-east-1"', '"xx-nowhere-9"'), encoding="utf-8")
    script = "import environments; print(environments.load('prod').name); environments.load('staging')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "ENVIRONMENTS": str(copy)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.strip() == "prod"
    assert "xx-nowhere-9" in done.stderr
