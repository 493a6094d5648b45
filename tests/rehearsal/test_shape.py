"""The whole rollout of a product of another shape than AEP's: the smallest one, which is destroyed at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import environments
from modules.phases import PHASES
from rehearsal.leftovers import STAYS
from rehearsal.steps import steps
from tests.products import HERE, values
from tests.rehearsal.test_rehearsal import LONGEST, ROOT, shown

pytestmark = [pytest.mark.long, pytest.mark.timeout(45 * 60)]
FOLDER = HERE / "mini"
NAME = "mini-demo"


@pytest.fixture(scope="module")
def report(own_outputs: Callable[[Path], Path]) -> dict[str, Any]:
    """What the rehearsal showed."""
    out = own_outputs(FOLDER)
    done = subprocess.run(
        [sys.executable, "-m", "ops", "rehearse", NAME, "--out", str(out), "--keep-going"],
        cwd=ROOT,
        env={**os.environ, "ENVIRONMENTS": str(FOLDER)},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    path = out / "reports" / f"rehearsal-{NAME}.json"
    assert path.exists(), done.stderr
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert (done.returncode == 0) == found["passed"], done.stderr
    return found


@pytest.mark.requirement("R10.1", "R13.5")
def test_every_step_of_another_product_passes(report: dict[str, Any]) -> None:
    with values(FOLDER):
        wanted = steps(environments.load(NAME), None)
    assert {step["name"]: step["evidence"] for step in report["steps"] if not step["passed"]} == {}
    assert [step["name"] for step in report["steps"]] == list(wanted)
    assert report["not_reached"] == []


def test_it_needs_no_data_stores(report: dict[str, Any]) -> None:
    step = shown(report, "every phase applies")
    results = {phase["phase"]: phase["result"] for phase in step["phases"]}
    assert results.keys() == {each.name for each in PHASES}
    assert step["evidence"].endswith("100 % of the traffic goes here")


def test_it_is_destroyed_and_nothing_is_left(report: dict[str, Any]) -> None:
    assert all(kept in shown(report, "destroying leaves nothing behind")["evidence"] for kept in STAYS.values())
