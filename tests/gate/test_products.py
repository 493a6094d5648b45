"""Products of other shapes pass the gate: it holds for any product, and refuses nothing for not being AEP's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ops.gate.model import Outcome
from ops.gate.register import Register, of_products
from ops.gate.reports import as_text
from ops.gate.run import prove, run
from ops.gate.stacks import expected_stacks, select
from ops.gate.view import merged_view
from tests.gate.project import POLICIES
from tests.products import SHAPES, values

of_shapes = pytest.mark.parametrize("folder", SHAPES, ids=lambda folder: folder.name)


@pytest.mark.slow
@of_shapes
@pytest.mark.requirement("R2.6")
def test_the_proofs_hold(folder: Path, outputs: Callable[[Path], Path]) -> None:
    with values(folder):
        stacks = select(outputs(folder), (), expected_stacks()).environment_stacks
        proof = prove(stacks, [merged_view(each) for each in stacks])
    assert len(proof.records) > 60
    assert [record for record in proof.records if not record.passed] == []
    assert proof.errors == ()


@pytest.mark.slow
@of_shapes
@pytest.mark.requirement("R11.2", "R13.5")
def test_a_product_of_another_shape_passes_the_gate(folder: Path, outputs: Callable[[Path], Path]) -> None:
    output = outputs(folder)
    with values(folder):
        today = max(risk.accepted for risk in Register.read(POLICIES / "risks.toml", of_products()).risks)
        verdict = run(out=output, policies=POLICIES, products=of_products(), expected=expected_stacks(), today=today)
    assert verdict.outcome is Outcome.CLEAN, as_text(verdict)
