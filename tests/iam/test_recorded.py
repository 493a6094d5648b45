"""What rehearsals recorded, asked of the synthesized policies again: no rehearsal is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from ops.gate.stacks import expected_stacks
from ops.iam.evaluation import Decision, Document, PolicyKind, evaluate
from ops.iam.globs import matches_any
from ops.roles.policies import Asked, Roles
from ops.roles.recording import Recorded, read
from tests.iam.recorded import FOLDER
from tests.products import HERE, values

NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
SAMPLE = 3
"""Of how many requests one is asked again without the action that allows it; `make mutants OF=policies` asks all."""


class Judged(NamedTuple):
    """A recorded request, and what decides it now."""

    recorded: Recorded
    asked: Asked
    decision: Decision


@pytest.fixture(scope="module")
def judged(outputs: Callable[[Path], Path]) -> Callable[[str], tuple[Roles, list[Judged]]]:
    """The roles of an environment, and the requests that they recorded."""

    @cache
    def run(name: str) -> tuple[Roles, list[Judged]]:
        product, _, environment = name.partition("-")
        with values(HERE / product):
            expected = expected_stacks()
            roles = Roles.read(outputs(HERE / product), expected.values[environment], expected)
            asked = [(each, roles.recorded(each)) for each in read(FOLDER / f"{name}.json").requests]
        return roles, [Judged(each, found, evaluate(found.request, found.policies)) for each, found in asked if found]

    return run


@pytest.mark.requirement("R13.1", "R1.2")
@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_request_is_allowed(judged: Callable[[str], tuple[Roles, list[Judged]]], name: str) -> None:
    """If one isn't, `ops roles` shows the statement to add; after a rehearsal, `make recorded` renews the requests."""
    roles, found = judged(name)
    recorded = {each.recorded.role for each in found}
    assert {"break-glass", "deployer", "planner"} <= recorded <= {role.name for role in roles.roles.values()}
    denied = [f"{each.recorded}: {each.decision.reason}" for each in found if not each.decision.allowed]
    assert denied == []
    through = [each for each in found if "aws:sourcevpce" in dict(each.recorded.keys)]
    assert through
    assert all(PolicyKind.ENDPOINT in {one.kind for one in each.decision.statements} for each in through)


@pytest.mark.requirement("R13.1")
@pytest.mark.parametrize("name", NAMES)
def test_without_an_action_that_is_used_a_recorded_request_is_denied(
    judged: Callable[[str], tuple[Roles, list[Judged]]], name: str
) -> None:
    _, found = judged(name)
    mutants = [mutant for each in found[::SAMPLE] for mutant in _without_its_action(each)]
    assert len(mutants) > 20
    assert [mutant.request for mutant in mutants if evaluate(mutant.request, mutant.policies).allowed] == []


def _without_its_action(each: Judged) -> Iterator[Asked]:
    """The request without the action that allows it, if only one does."""
    own = [applied for applied in each.decision.statements if applied.kind is PolicyKind.IDENTITY]
    if len(own) != 1 or any(applied.kind is PolicyKind.RESOURCE for applied in each.decision.statements):
        return
    statement = own[0].statement
    others = tuple(text for text in statement.actions if not matches_any((text,), each.recorded.action, case=False))
    less = replace(statement, actions=others or ("none:none",))
    documents = tuple(
        Document(document.name, tuple(less if one is statement else one for one in document.statements))
        for document in each.asked.policies.identity
    )
    yield replace(each.asked, policies=each.asked.policies._replace(identity=documents))


@pytest.mark.requirement("R1.2")
@pytest.mark.parametrize("name", NAMES)
def test_the_gates_samples_have_every_action_of_the_deployer_that_was_recorded(
    judged: Callable[[str], tuple[Roles, list[Judged]]], name: str
) -> None:
    """The gate judges a product that was never rehearsed by its samples; add one to ops/gate/requests/deployer.py."""
    roles, found = judged(name)
    deployer = roles.names.role_arn("deployer")
    sampled = {each.request.action for each in roles.samples() if each.allowed and each.request.principal == deployer}
    recorded = {each.recorded.action for each in found if each.recorded.role == "deployer"}
    assert recorded - sampled == set()
