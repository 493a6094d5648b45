"""Each kind of violation is found in another place or form too, not only as its row has it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from environments.schema import Environment
from ops.gate import alarms, detection, kept, tasks, traffic
from ops.gate.documents import StackFile
from ops.gate.model import ScanFailedError
from ops.gate.stacks import EnvironmentStacks, expected_stacks, select
from ops.gate.understood import attributes, structure
from ops.gate.understood.frame import Frame
from ops.gate.view import merged_view
from tests.gate.planted.judge import judge_one
from tests.gate.planted.plant import planted
from tests.gate.planted.row import GONE, Row
from tests.gate.planted.rows import loss_and_outage
from tests.gate.planted.variants import variant

SEED = 13
ROWS = loss_and_outage.ROWS
DOCUMENT = {"resource": {"a": {"x": {"n": 1, "l": [1]}, "y": {"n": 2}, "z": {"m": 2}}}}


def reported(
    row: Row, documents: Mapping[str, StackFile], environment: Environment, frames: Mapping[str, Frame]
) -> Iterator[object]:
    """What the tables and the proofs report about production with a violation."""
    phase = row.stack.removeprefix("prod-")
    content = planted(row, json.loads(documents[phase].text))
    document = replace(documents[phase], content=content, text=json.dumps(content))
    stacks = EnvironmentStacks("prod", {**documents, phase: document})
    yield from structure.scan_errors(stacks, frames)
    try:
        view = merged_view(stacks)
        yield from attributes.scan_errors(view, environment)
        for proof in (alarms.silent_alarms, detection.unseen, kept.lost_data, tasks.what_runs, traffic.stray_traffic):
            yield from (record for record in proof(view, environment) if not record.passed)
    except ScanFailedError as error:
        yield from error.errors


@pytest.mark.slow
@pytest.mark.requirement("R13.2")
def test_a_variant_of_each_row_is_found(output: Path) -> None:
    expected, random = expected_stacks(), Random(SEED)
    (stacks,) = select(output, ["prod"], expected).environment_stacks
    documents, environment, frames = stacks.documents, expected.values["prod"], expected.frames
    missed, same = [], []
    for row in ROWS:
        other = variant(row, json.loads(documents[row.stack.removeprefix("prod-")].text), random)
        if other is None or other == row:
            same.append(row.id)
        # What only a check finds takes the whole gate.
        elif not any(reported(other, documents, environment, frames)) and not judge_one(other, output).gate:
            missed.append((row.id, other.path, other.value))
    assert (missed, same) == ([], [])


def test_as_many_kinds_as_the_plan_asks_for() -> None:
    assert len(ROWS) >= 60


@pytest.mark.parametrize(
    ("path", "value", "variants"),
    [
        ("resource/a/x/n", 5, [("resource/a/y/n", 5)]),
        ("resource/a/x/l/0", GONE, [("resource/a/x/l/0", None)]),
        ("resource/a/x/o", True, [("resource/a/y/o", True), ("resource/a/z/o", True)]),
        ("resource/b/x", {"n": 1}, [("resource/b/x_other", {"n": 1})]),
        ("output/o", True, [("output/o", "true")]),
        ("output/o", 3, [("output/o", "3")]),
        ("output/o", "text", [("output/o", "textx")]),
        ("output/o/-", {"n": 1}, [("output/o/-", [{"n": 1}])]),
        ("output/o/p/q", [1], [("output/o/p/q", [1, 1])]),
    ],
)
def test_variants(path: str, value: object, variants: list[tuple[str, object]]) -> None:
    row = Row("id", "R0.1", "Sentence", "prod-network", path, value)
    found = [variant(row, DOCUMENT, Random(seed)) for seed in range(9)]
    assert {(each.path, str(each.value)) for each in found if each} == {(place, str(new)) for place, new in variants}
