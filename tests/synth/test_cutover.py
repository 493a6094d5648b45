"""Public DNS, by weight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import environments
from environments.schema import Cutover, Environment, PreviousTarget
from modules.phases import PHASES
from tests.conftest import Body, Stack

Synthesize = Callable[[Environment], dict[str, Stack]]
PREVIOUS = environments.load("prod").cutover.previous


def shares(stack: Stack) -> dict[str, int]:
    """Weights by the name of the load balancer that is answered."""
    records = stack.resources("aws_route53_record").values()
    return {record["alias"]["name"]: record["weighted_routing_policy"]["weight"] for record in records}


def records(stack: Stack) -> list[Body]:
    return list(stack.resources("aws_route53_record").values())


@pytest.fixture(scope="module")
def cut(synthesized: Synthesize) -> Callable[[int, PreviousTarget | None], Stack]:
    """Production at a weight, each synthesized once."""
    made: dict[tuple[int, bool], Stack] = {}

    def at(weight: int, previous: PreviousTarget | None) -> Stack:
        key = (weight, previous is not None)
        if key not in made:
            cutover = Cutover(weight=weight, previous=previous)
            made[key] = synthesized(replace(environments.load("prod"), cutover=cutover))["cutover"]
        return made[key]

    return at


@pytest.mark.requirement("R6.5")
def test_records_are_aliases_of_the_host_in_the_zone(stacks: dict[str, Stack], env: Environment) -> None:
    stack = stacks[f"{env.name}-cutover"]
    previous, weight = env.cutover.previous, env.cutover.weight
    assert bool(records(stack)) is bool(previous or weight)
    for record in records(stack):
        assert record["name"] in env.edge.names
        assert record["type"] in ("A", "AAAA")
        assert record["type"] == "A" or (previous and previous.dual_stack)
        assert record["zone_id"] == "${data.terraform_remote_state.edge.outputs.zone_id}"
        assert record.get("provider") == ("aws.dns" if env.edge.zone.role else None)
    writers = [each for each in stack.document["provider"]["aws"] if each.get("alias") == "dns"]
    variables = {"zone_role": {"default": env.edge.zone.role, "type": "string"}} if env.edge.zone.role else {}
    assert [each["assume_role"][0]["role_arn"] for each in writers] == [f"${{var.{name}}}" for name in variables]
    assert stack.document.get("variable", {}) == variables
    own = "${data.terraform_remote_state.edge.outputs.load_balancer_dns_name}"
    assert (own in shares(stack)) is bool(records(stack))
    assert stack.outputs == {"host": env.edge.host, "weight": str(env.cutover.weight)}


@pytest.mark.requirement("R6.5")
def test_set_identifiers_are_unique_by_name_and_type(stacks: dict[str, Stack], env: Environment) -> None:
    """Route 53 wants them unique among the records of one name and type."""
    found = [
        (record["name"], record["type"], record["set_identifier"]) for record in records(stacks[f"{env.name}-cutover"])
    ]
    assert len(set(found)) == len(found)
    assert all(identifier.startswith(f"{env.product.name}-{env.stage}-") for _, _, identifier in found)


@pytest.mark.requirement("R10.1")
def test_weight_0_changes_nothing_for_users(stacks: dict[str, Stack], cut: Callable[..., Stack]) -> None:
    """All answers name the load balancer before, whatever its health; where there was none, there is no record."""
    stack = stacks["prod-cutover"]
    assert PREVIOUS and shares(stack).pop(PREVIOUS.dns_name) == 100
    assert sum(shares(stack).values()) == 100
    assert not any(record["alias"]["evaluate_target_health"] for record in records(stack))
    assert not records(cut(0, None))


@pytest.mark.requirement("R6.5")
def test_weights_share_out_all_answers_and_leave_out_what_is_unhealthy(cut: Callable[..., Stack]) -> None:
    stack = cut(10, PREVIOUS)
    assert sorted(shares(stack).values()) == [10, 90]
    assert PREVIOUS and shares(stack)[PREVIOUS.dns_name] == 90
    assert all(record["alias"]["evaluate_target_health"] for record in records(stack))


def test_without_a_previous_target_there_is_one_record_at_full_weight(stacks: dict[str, Stack]) -> None:
    assert environments.load("staging").cutover == Cutover(weight=100)
    assert list(shares(stacks["staging-cutover"]).values()) == [100]


@pytest.mark.requirement("R6.5")
def test_ipv6_users_follow_the_same_weights(synthesized: Synthesize) -> None:
    assert PREVIOUS
    dual_stack = replace(PREVIOUS, dual_stack=True)
    prod = replace(environments.load("prod"), cutover=Cutover(weight=10, previous=dual_stack))
    stack = synthesized(prod)["cutover"]
    found = {name: (each["type"], each["weighted_routing_policy"]["weight"]) for name, each in _named(stack).items()}
    assert found == {
        "application_current": ("A", 10),
        "application_previous": ("A", 90),
        "application_current_aaaa": ("AAAA", 10),
        "application_previous_aaaa": ("AAAA", 90),
    }


def _named(stack: Stack) -> dict[str, Body]:
    return dict(stack.resources("aws_route53_record"))


@pytest.mark.requirement("R6.5", "R10.1")
def test_records_that_a_command_wrote_first_are_taken_over(stacks: dict[str, Stack]) -> None:
    """AWS refuses to CREATE what exists; with allow_overwrite, the provider asks for an UPSERT."""
    assert all(record["allow_overwrite"] for record in records(stacks["prod-cutover"]))


@pytest.mark.requirement("R6.5", "R10.1")
def test_no_phase_but_cutover_names_the_application_in_dns(stacks: dict[str, Stack], env: Environment) -> None:
    for phase in PHASES:
        for record in stacks[f"{env.name}-{phase.name}"].resources("aws_route53_record").values():
            assert record["name"] != env.edge.host or phase.name == "cutover"
            assert "alias" not in record or phase.name == "cutover"
