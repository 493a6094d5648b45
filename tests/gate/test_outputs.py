"""Outputs are what their phase must publish: later phases and commands trust them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from environments.schema import Environment
from modules.contracts import Contract
from ops.gate.model import ScannedBlock
from ops.gate.stacks import expected_stacks, select
from ops.gate.understood import outputs
from ops.gate.view import merged_view
from tests.gate.plants import computed_once
from tests.products import SUBJECTS

Production = tuple[list[ScannedBlock], Environment]


@pytest.fixture(scope="module")
def production(output: Path) -> Iterator[Production]:
    expected = expected_stacks()
    (stacks,) = select(output, ["prod"], expected).environment_stacks
    with computed_once(outputs, "outputs", expected.values["prod"]):
        yield merged_view(stacks), expected.values["prod"]


def leaves(value: Any) -> Iterator[str]:
    for each in value.values() if isinstance(value, Mapping) else [value]:
        yield from leaves(each) if isinstance(each, Mapping) else [each]


def said(production: Production, block: ScannedBlock, value: object) -> list[str]:
    view, environment = production
    changed = replace(block, settings={"value": value})
    view = [changed if each is block else each for each in view]
    return [error.what for error in outputs.scan_errors(view, environment)]


def of_production(production: Production) -> list[ScannedBlock]:
    return [each for each in production[0] if each.kind == "terraform_output"]


def test_every_contract_is_compared() -> None:
    kinds = [kind for kind in Contract.__subclasses__() if kind.__module__.startswith("modules.")]  # Not a test's own.
    wanted = {kind.phase: {field.name for field in fields(kind)} for kind in kinds}
    for subject in SUBJECTS:
        assert {phase: {*values} for phase, values in outputs.outputs(subject.environment).items()} == wanted


def test_production_publishes_what_it_must(production: Production) -> None:
    view, environment = production
    assert [*outputs.scan_errors(view, environment)] == []
    assert len(of_production(production)) > 40


def test_each_output_that_is_gone_or_another_is_reported(production: Production) -> None:
    view, environment = production
    for block in of_production(production):
        name = block.name.partition("__")[2]
        gone = [*outputs.scan_errors([each for each in view if each is not block], environment)]
        assert [(error.where, error.what) for error in gone] == [(block.block.stack, f"the output {name} is gone")]
        assert said(production, block, "other")
        assert said(production, block, {"other": "other"})
        assert said(production, block, None)


def another_attribute(text: str) -> str:
    """The same resource's tags, for the attribute that it is."""
    return f"{text.rpartition('.')[0]}.tags_all}}" if text.startswith("${") else f"{text}x"


def always(text: str) -> Callable[[str], str]:
    """A change to that text."""
    return lambda _: text


def replaced(value: Any, change: Callable[[str], str]) -> Iterator[Any]:
    """The value with one changed text each."""
    if isinstance(value, str):
        yield change(value)
    else:
        for key, each in value.items():
            yield from ({**value, key: other} for other in replaced(each, change))


@pytest.mark.slow
def test_another_attribute_and_a_sibling_are_reported(production: Production) -> None:
    siblings = {text for block in of_production(production) for text in leaves(block.settings["value"])}
    for block in of_production(production):
        value = block.settings["value"]
        for other in replaced(value, another_attribute):
            assert said(production, block, other), (block.name, other)
        for text in leaves(value):
            kind = text.partition(".")[0]
            for sibling in (each for each in siblings if each.startswith("${") and each.partition(".")[0] == kind):
                if sibling.rpartition(".")[2] == text.rpartition(".")[2] and sibling != text:
                    for other in replaced(value, always(sibling)):
                        assert other == value or said(production, block, other), (block.name, sibling)


def test_an_output_that_no_phase_publishes(production: Production) -> None:
    view, environment = production
    extra = replace(of_production(production)[0], name="prod_state__other")
    (error,) = outputs.scan_errors([*view, extra], environment)
    assert error.what == "the output other is none that its phase publishes"
