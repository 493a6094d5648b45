"""Products of other shapes pass the gate: it holds for any product, and refuses nothing for not being AEP's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ops.gate.model import Outcome
from ops.gate.register import Register, of_products
from ops.gate.reports import as_text
from ops.gate.run import run
from ops.gate.stacks import expected_stacks
from tests.gate.project import POLICIES
from tests.products import SHAPES, values


@pytest.mark.slow
@pytest.mark.requirement("R11.2")
@pytest.mark.parametrize("folder", SHAPES, ids=lambda folder: folder.name)
def test_a_product_of_another_shape_passes_the_gate(folder: Path, outputs: Callable[[Path], Path]) -> None:
    output = outputs(folder)
    with values(folder):
        today = max(risk.accepted for risk in Register.read(POLICIES / "risks.toml", of_products()).risks)
        verdict = run(out=output, policies=POLICIES, products=of_products(), expected=expected_stacks(), today=today)
    assert verdict.outcome is Outcome.CLEAN, as_text(verdict)
