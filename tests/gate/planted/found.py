"""Ask the gate about a planted violation, its fastest parts first: what does it say that it didn't say before?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path

from ops.gate.documents import read
from ops.gate.folder import STACK_FILE
from ops.gate.model import Record, ScanError, ScanFailedError
from ops.gate.run import proofs
from ops.gate.stacks import EnvironmentStacks
from ops.gate.understood import attributes, structure
from ops.gate.view import merged_view
from tests.gate.planted.judge import Found, expected, new_findings
from tests.gate.planted.plant import planted
from tests.gate.planted.row import REGISTERS, Row


def found(row: Row, output: Path, *, anywhere: bool = False) -> bool:
    """Whether the gate reports a violation: its tables, a proof, or the whole gate with all checks.

    Args:
        row: The violation.
        output: Folder that synth wrote.
        anywhere: Whether a report about another block counts, as of a generated violation.
    """
    return any(anywhere or each.names(row) for each in chain(_quick(row, output), _whole(row, output)))


def _whole(row: Row, output: Path) -> Iterator[Found]:
    with tempfile.TemporaryDirectory() as temporary:
        yield from new_findings(row, output, Path(temporary))


def _quick(row: Row, output: Path) -> Iterator[Found]:
    """What tables and proofs say; nothing of a row that removes a stack or changes the register."""
    if not row.path or Path(row.stack) in REGISTERS:
        return
    stacks = _stacks(output, row.environment)
    phase = next(phase for phase, document in stacks.documents.items() if document.stack == row.stack)
    document = stacks.documents[phase]
    there = replace(
        stacks, documents={**stacks.documents, phase: replace(document, content=planted(row, document.content))}
    )
    said = _said(there)
    before = _before(output, row.environment)
    yield from (each for each in said if each not in before)


def _said(stacks: EnvironmentStacks) -> Iterator[Found]:
    try:
        if errors := [*structure.scan_errors(stacks, expected().frames)]:
            yield from map(_error, errors)
            return
        view = merged_view(stacks)
        yield from map(_error, attributes.scan_errors(view, expected().values.get(stacks.name)))
        for _, prove in proofs(stacks, view):
            yield from (_record(each) for each in prove() if not each.passed)
    except ScanFailedError as error:
        yield from map(_error, error.errors)


@cache
def _before(output: Path, environment: str) -> frozenset[Found]:
    return frozenset(_said(_stacks(output, environment)))


@cache
def _stacks(output: Path, environment: str) -> EnvironmentStacks:
    folder = output / "stacks"
    phases = expected().environments.get(environment, ())
    names = {phase: f"{environment}-{phase}" for phase in phases} or {environment: environment}
    return EnvironmentStacks(environment, {phase: read(folder / s / STACK_FILE, s) for phase, s in names.items()})


def _error(error: ScanError) -> Found:
    return Found(error.kind, error.where, error.what)


def _record(record: Record) -> Found:
    return Found(record.check, f"{record.block.stack} {record.block.address}", " ".join(record.details))
