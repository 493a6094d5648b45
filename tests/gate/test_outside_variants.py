"""A generated violation of a planted one's kind is found too: with other names, in another block or environment."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.gate.planted.found import found
from tests.gate.planted.row import Row
from tests.gate.planted.rows import outside
from tests.gate.planted.variant import variant

SEED = 13


@pytest.mark.slow
@pytest.mark.requirement("R13.2")
@pytest.mark.parametrize("row", outside.ROWS, ids=lambda row: row.id)
def test_a_variant_is_found(row: Row, output: Path) -> None:
    generated = variant(row, output, Random(f"{SEED} {row.id}"))
    assert (generated.stack, generated.path, generated.value) != (row.stack, row.path, row.value)
    assert found(generated, output), generated
