"""`ops deploy` with real processes: it synthesizes and gates, and stops before the plan while phases wait."""

from __future__ import annotations

import json

import pytest

from tests.runner.operator import Operator

pytestmark = pytest.mark.slow


@pytest.mark.requirement("R7.4")
def test_stacks_are_synthesized_and_gated_before_it_waits_for_phases(operator: Operator) -> None:
    stack = operator.stack("services")
    stack.file.unlink()
    stack.gated.unlink()
    done = operator.run("deploy", "prod", "backend", "--yes", "--skip", "image", "--json", expect=2)
    shown = json.loads(done.stdout)
    results = {each["step"]: each["result"] for each in shown["steps"]}
    assert results == {
        "image": "skipped",
        "stacks": "done",
        "plan": "failed",
        "apply": "not begun",
        "watch": "not begun",
    }
    assert stack.file.exists() and stack.gated.exists()
    assert "error: services is waiting for state (" in done.stderr
    assert "PHASE='state account network registry secrets data edge'" in done.stderr
    assert "to continue: bin/ops deploy prod backend --start-at stacks" in done.stderr
