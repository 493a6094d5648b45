"""Environments of every shape pass the gate with AEP's register of risks: nothing in it depends on AEP's shape."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import environments
from environments.schema import Environment
from environments.schema.validation import validate
from modules.phases import PHASES
from modules.synthesis import synthesize
from ops.gate.run import prove, run
from ops.gate.stacks import Expected, select
from ops.gate.view import merged_view
from tests.shapes import VARIANTS

ROOT = Path(__file__).parents[2]
ACCEPTED = """
[[risk]]
id = "single-zone-endpoints"
profile_risks = ["single_zone_endpoints"]
environments = ["prod-starter"]
why = "endpoints are the largest line of the starter profile's cost; one zone of two halves it"
compensation = "tasks that run keep running and serving; an alarm fires when tasks are missing"
owner = "platform lead"
accepted = 2026-11-28
expires = 2027-11-22
closes = "endpoint_zones in environments/profiles.py, two or more"
"""


@pytest.fixture(scope="module", params=VARIANTS, ids=str)
def shape(request: pytest.FixtureRequest) -> Environment:
    return validate(VARIANTS[request.param])


@pytest.fixture(scope="module")
def out(shape: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shape")
    synthesize([shape], folder, organization=False)
    return folder


@pytest.fixture
def expected(shape: Environment, monkeypatch: pytest.MonkeyPatch) -> Expected:
    """The shape is the only environment of the project."""
    monkeypatch.setattr(environments, "known", lambda: (shape.name,))
    monkeypatch.setattr(environments, "load", {shape.name: shape}.__getitem__)
    return Expected(
        environments={shape.name: tuple(phase.name for phase in PHASES)},
        declared_risks={shape.name: frozenset(shape.accepted_risks)},
        products={shape.name: shape.product.name},
    )


@pytest.mark.requirement("R2.6")
def test_the_proofs_hold(out: Path, expected: Expected) -> None:
    stacks = select(out, (), expected).environment_stacks
    proof = prove(stacks, [merged_view(each) for each in stacks])
    assert len(proof.records) > 100
    assert [record for record in proof.records if not record.passed] == []
    assert proof.errors == ()


@pytest.mark.slow
def test_the_gate_passes(out: Path, shape: Environment, expected: Expected, tmp_path: Path) -> None:
    accepted = (environments.FOLDER / "risks" / f"{shape.product.name}.toml").read_text(encoding="utf-8")
    # Decisions about services that AEP doesn't have.
    accepted = accepted.replace("backend_to_internet_443_egress", "*_to_internet_443_egress")
    if "single_zone_endpoints" in shape.accepted_risks:
        accepted += ACCEPTED
    (tmp_path / f"{shape.product.name}.toml").write_text(accepted, encoding="utf-8")
    verdict = run(
        out=out,
        policies=ROOT / "policies",
        expected=expected,
        today=date.today(),
        names=[shape.name],
        products=tmp_path,
    )
    assert (verdict.findings, verdict.errors, verdict.refusals) == ((), (), ())
