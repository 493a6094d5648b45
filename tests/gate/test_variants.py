"""Each kind of violation is found in another place or form too, not only as its row has it."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from ops.gate.folder import STACK_FILE
from tests.cases import every_case
from tests.gate.planted.found import found
from tests.gate.planted.row import GONE, Row
from tests.gate.planted.rows import loss_and_outage, missing, outside, policies
from tests.gate.planted.variants import variant

SEED = 13
PARTS = 8
ROWS = (*loss_and_outage.ROWS, *missing.ROWS, *outside.ROWS, *policies.ROWS)
DOCUMENT = {
    "provider": {"aws": [{"allowed_account_ids": ["111122223333"]}]},
    "resource": {"a": {"x": {"n": 1, "l": [1]}, "y": {"n": 2}, "z": {"m": 2}}},
}


@pytest.mark.slow
@pytest.mark.requirement("R13.2")
@pytest.mark.parametrize("part", range(PARTS))
def test_a_variant_of_each_row_is_found(output: Path, part: int) -> None:
    missed, same = [], []
    for row in ROWS[part::PARTS]:
        document = json.loads((output / "stacks" / row.stack / STACK_FILE).read_text(encoding="utf-8"))
        other = variant(row, document, Random(f"{SEED} {row.id}"))
        if other is None or other == row:
            same.append(row.id)
        elif not found(other, output, anywhere=True):
            missed.append((row.id, other.path, other.value))
    assert (missed, same) == ([], [])


def test_as_many_kinds_as_the_plan_asks_for() -> None:
    assert len(ROWS) >= 120


@every_case(
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
