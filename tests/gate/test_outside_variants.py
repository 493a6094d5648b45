"""A generated violation of a planted one's kind is found too, by the tables and the proofs alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

import environments
from environments.schema import Environment
from environments.schema.organization import Organization
from modules.phases import ORGANIZATION
from ops.gate.documents import read
from ops.gate.folder import STACK_FILE
from ops.gate.model import Record, ScanError, ScanFailedError, ScannedBlock
from ops.gate.outside import what_leads_outside
from ops.gate.permissions import who_may_what
from ops.gate.stacks import EnvironmentStacks, Expected, expected_stacks
from ops.gate.tasks import what_runs
from ops.gate.understood import attributes, structure
from ops.gate.view import merged_view
from tests.gate.planted.plant import planted
from tests.gate.planted.row import Row
from tests.gate.planted.rows import outside
from tests.gate.planted.variant import variant

pytestmark = pytest.mark.slow
SEED = 13
Step = Callable[[Any, Any], Iterator[str]]


@cache
def _expected() -> Expected:
    return expected_stacks()


@cache
def _stacks(output: Path, environment: str) -> EnvironmentStacks:
    folder = output / "stacks"
    phases = _expected().environments.get(environment, ())
    names = {phase: f"{environment}-{phase}" for phase in phases} or {environment: environment}
    return EnvironmentStacks(environment, {phase: read(folder / s / STACK_FILE, s) for phase, s in names.items()})


def _view(stacks: EnvironmentStacks) -> list[ScannedBlock] | list[ScanError]:
    """The merged view, or why there is none."""
    if errors := [*structure.scan_errors(stacks, _expected().frames)]:
        return errors
    try:
        return merged_view(stacks)
    except ScanFailedError as failed:
        return [*failed.errors]


def _tables(view: list[ScannedBlock], _: Environment | Organization) -> Iterator[str]:
    return (f"{error.where} {error.what}" for error in attributes.scan_errors(view))


def _proof(proof: Callable[[list[ScannedBlock], Environment], list[Record]]) -> Step:
    def said(view: list[ScannedBlock], environment: Environment) -> Iterator[str]:
        for record in proof(view, environment):
            if not record.passed:
                yield f"{record.block.stack} {record.block.address} {record.check} {' '.join(record.details)}"

    return said


STEPS: tuple[Step, ...] = (_tables, _proof(what_runs), _proof(what_leads_outside), _proof(who_may_what))
"""What finds something, the fastest first."""
STEPS_OF_ORGANIZATION: tuple[Step, ...] = (_tables, _proof(what_leads_outside))


@cache
def _before(output: Path, name: str, step: Step) -> frozenset[str]:
    return frozenset(step(_view(_stacks(output, name)), _values(name)))


def _values(name: str) -> Environment | Organization:
    return environments.load_organization() if name == ORGANIZATION else environments.load(name)


def found(row: Row, output: Path) -> list[str]:
    """What the first step that notices a row says of it, and doesn't say without it."""
    stacks = _stacks(output, row.environment)
    phase = next(phase for phase, document in stacks.documents.items() if document.stack == row.stack)
    changed = replace(stacks.documents[phase], content=planted(row, stacks.documents[phase].content))
    view = _view(replace(stacks, documents={**stacks.documents, phase: changed}))
    if errors := [f"{each.where} {each.what}" for each in view if isinstance(each, ScanError)]:
        return errors
    for step in STEPS if row.environment != ORGANIZATION else STEPS_OF_ORGANIZATION:
        new = {*step(view, _values(row.environment))} - _before(output, row.environment, step)
        if named := sorted(each for each in new if row.stack in each or row.address in each):
            return named
    return []


@pytest.mark.parametrize("row", outside.ROWS, ids=lambda row: row.id)
def test_a_row_and_its_variant_are_found(row: Row, output: Path) -> None:
    assert found(row, output)
    generated = variant(row, output, Random(f"{SEED} {row.id}"))
    assert (generated.stack, generated.path, generated.value) != (row.stack, row.path, row.value)
    assert found(generated, output), generated
