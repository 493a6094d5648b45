"""Comparing environments: each difference has the value that causes it, and what no value explains is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import environments
from environments.names import Names
from environments.schema import Environment
from modules.phases import PHASES
from ops.errors import OpsError
from ops.gate.documents import StackFile
from ops.gate.parity import parity
from ops.gate.stacks import EnvironmentStacks
from ops.parity.compare import Comparison, compare, pairs, unexplained
from ops.parity.plain import build
from ops.parity.values import ABSENT, at, changed, differing
from tests.cases import every_case
from tests.products import OF_AEP, SUBJECTS, Subject
from tests.strategies import any_environment

BY_NAME = {subject.environment.name: subject.environment for subject in OF_AEP}
PROD, STAGING, STARTER = BY_NAME["prod"], BY_NAME["staging"], BY_NAME["prod-starter"]
DESK = {each.environment.name: each.environment for each in SUBJECTS if each.folder.name == "desk"}
PAIRS = [
    (one.environment, other.environment)
    for one, other in permutations(SUBJECTS, 2)
    if one.folder == other.folder and one.environment.product.name == other.environment.product.name
]


def stack_files(environment: Environment) -> dict[str, StackFile]:
    """An environment's stacks by phase, without synthesis."""
    return {
        phase: StackFile(f"{environment.name}-{phase}", f"{phase}.json", "{}", content)
        for phase, content in build(environment).items()
    }


def causes(found: Comparison) -> dict[tuple[str, str, str], list[str]]:
    return {
        (each.place.phase, each.place.address, each.place.argument): [cause.setting for cause in each.causes]
        for each in found.resources
    }


def test_products_have_pairs_to_compare() -> None:
    assert {(one.name, other.name) for one, other in PAIRS} >= {("prod", "staging"), ("desk-prod", "desk-staging")}


@pytest.mark.slow
@pytest.mark.requirement("R0.5")
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0].name}:{pair[1].name}")
def test_every_difference_has_a_cause(pair: tuple[Environment, Environment]) -> None:
    found = compare(*pair)
    assert found.resources
    assert [each.place for each in found.resources if not each.causes] == []
    written = {value.path for value in found.values}
    assert {cause.path for each in found.resources for cause in each.causes} <= written


@pytest.mark.slow
def test_a_value_causes_exactly_what_it_changes() -> None:
    found = causes(compare(PROD, STARTER))
    assert found["data", "aws_db_instance.database", "instance_class"] == ["profile.database_class"]
    assert found["hardening", "aws_wafv2_web_acl.web_acl", ""] == ["profile.waf"]
    assert found["network", "aws_subnet.private_c", ""] == ["profile.zone_count"]
    one, other = PROD, replace(PROD, budgets=replace(PROD.budgets, monthly=PROD.budgets.monthly + 1))
    assert causes(compare(one, other)) == {
        ("account", "aws_budgets_budget.budget_account", "limit_amount"): ["budgets.monthly"]
    }


@every_case(
    "changes",
    [
        {"name": "other"},
        {"name": "other", "stage": "qa"},
        {"name": "other", "account_id": "123456789012"},
        {"name": "other", "network": replace(PROD.network, cidr="172.20.0.0/16")},
    ],
)
def test_names_accounts_and_ranges_are_no_differences(changes: dict[str, Any]) -> None:
    found = compare(PROD, replace(PROD, **changes))
    assert found.resources == ()
    assert len(found.values) == len(changes)


@pytest.mark.slow
@pytest.mark.requirement("R0.5")
@settings(max_examples=15)
@given(environment=any_environment(), name=st.from_regex(r"[a-z]{2,9}", fullmatch=True))
def test_environments_with_equal_values_have_no_difference(environment: Environment, name: str) -> None:
    assert compare(environment, replace(environment, name=f"{name}-x", stage=name)).resources == ()


@pytest.mark.slow
@settings(max_examples=10)
@given(one=any_environment(), other=any_environment())
def test_every_difference_of_any_two_has_a_cause(one: Environment, other: Environment) -> None:
    found = compare(one, replace(other, product=replace(other.product, name=one.product.name)))
    assert [each.place for each in found.resources if not each.causes] == []


@pytest.mark.slow
def test_a_block_that_doesnt_exist_in_between_has_both_causes() -> None:
    place = ("cutover", "aws_route53_record.application_current", "weighted_routing_policy")
    assert causes(compare(STAGING, PROD))[place] == ["cutover.weight", "cutover.previous"]


def test_environments_of_two_products_arent_compared() -> None:
    with pytest.raises(OpsError, match=r"^prod and desk-prod are of two products, aep and desk; compare two"):
        compare(PROD, DESK["desk-prod"])


def test_pairs_are_of_one_product() -> None:
    found = [(one.name, other.name) for one, other in pairs([PROD, DESK["desk-prod"], STAGING, DESK["desk-staging"]])]
    assert found == [("prod", "staging"), ("desk-prod", "desk-staging")]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of the values in JSON."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not inner or not value:
        yield path
    for key, each in inner:
        yield from leaves(each, (*path, key))


def edited(value: Any, path: tuple[Any, ...], how: str) -> Any:
    """JSON with one value edited."""
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[key] = edited(value[key], tuple(rest), how)
    elif how == "removed":
        del copy[key]
    else:
        copy[key] = [value[key], "x"] if how == "more" else f"{value[key]}x"
    return copy


@pytest.mark.slow
@pytest.mark.requirement("R0.5")
@settings(max_examples=40)
@given(data=st.data())
def test_an_edit_by_hand_is_always_found(data: st.DataObject) -> None:
    environment = data.draw(st.sampled_from([subject.environment for subject in SUBJECTS]))
    files = stack_files(environment)
    phase = data.draw(st.sampled_from([phase.name for phase in PHASES]))
    # What the engine notes about itself, and the provider's version, are no settings.
    settings_ = [path for path in leaves(files[phase].content) if "//" not in path and "required_providers" not in path]
    path = data.draw(st.sampled_from(settings_))
    how = data.draw(st.sampled_from(["changed", "removed", "more"]))
    files[phase] = replace(files[phase], content=edited(files[phase].content, path, how))
    (found, *more) = unexplained(files, environment)
    assert found.block.stack == f"{environment.name}-{phase}"
    assert more == []
    records = parity([EnvironmentStacks(environment.name, files)], {environment.name: environment})
    assert [record.block for record in records if not record.passed] == [found.block]


def test_a_block_more_or_less_is_found() -> None:
    files = stack_files(PROD)
    resources = dict(files["network"].content["resource"])
    vpcs = resources.pop("aws_vpc")
    content = {**files["network"].content, "resource": {**resources, "aws_eip": {**resources["aws_eip"], "x": {}}}}
    whole = {**files, "network": replace(files["network"], content=content)}
    found = {each.block.address: each.why for each in unexplained(whole, PROD)}
    assert found.keys() == {"aws_eip.x", *(f"aws_vpc.{name}" for name in vpcs)}
    assert "no value gives it" in found["aws_eip.x"]
    assert "isn't in the stack, but the values give it" in found["aws_vpc.vpc"]


@every_case("field", ["name", "stage", "account_id"])
def test_code_that_reads_a_name_is_found(field: str) -> None:
    original = Names.log_group

    def special(names: Names, owner: str) -> str:
        given = original(names, owner)
        return f"{given}-special" if getattr(names.environment, field) == getattr(PROD, field) else given

    with patch.object(Names, "log_group", special):
        found = [*unexplained(stack_files(PROD), PROD)]
        elsewhere = [*unexplained(stack_files(STAGING), STAGING)]
    assert {each.argument for each in found} >= {"name"}
    assert all("depends on the environment's name, stage, account or range" in each.why for each in found)
    assert elsewhere == []


def test_a_stack_of_other_values_is_found() -> None:
    (found,) = unexplained(stack_files(PROD), replace(PROD, budgets=replace(PROD.budgets, monthly=1)))
    assert found.block.address == "aws_budgets_budget.budget_account"
    assert found.why == "limit_amount isn't what the values give: change the values in environments/, then make synth"


def test_stacks_outside_environments_have_no_values() -> None:
    assert parity([EnvironmentStacks("organization", {})], {}) == []


def test_values_that_differ() -> None:
    assert [each.setting for each in differing([PROD, STAGING, STARTER])][:3] == ["name", "stage", "profile.name"]
    assert [*differing([PROD, replace(PROD)])] == []
    (more,) = differing([{"a": 1}, {"a": 1, "b.c": 2}])
    assert (more.path, more.given) == (("b.c",), (ABSENT, 2))


@pytest.mark.slow
@settings(max_examples=15)
@given(one=any_environment(), other=any_environment())
def test_replacing_all_values_that_differ_gives_the_other_environment(one: Environment, other: Environment) -> None:
    now = one
    for each in differing([one, other]):
        assert at(now, each.path) == each.given[0]
        now = changed(now, each.path, each.given[1])
    assert now == other


def test_the_process_keeps_its_own_modules(subject: Subject) -> None:
    import sys  # noqa: PLC0415

    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "modules"}
    build(subject.environment)
    assert {name: sys.modules[name] for name in before} == before
    assert environments.known()
