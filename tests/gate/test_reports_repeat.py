"""The gate writes the same bytes again: in any order of Python's sets, and with checks for other providers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.gate import other_providers
from tests.products import HERE

pytestmark = pytest.mark.slow


def reports(out: Path, **variables: str) -> dict[str, bytes]:
    """What a new process writes."""
    command = [sys.executable, "-m", "ops", "gate", "--out", str(out)]
    done = subprocess.run(
        command, cwd=HERE.parents[1], env={**os.environ, **variables}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {each.name: each.read_bytes() for each in sorted((out / "reports").iterdir()) if each.is_file()}


@pytest.mark.requirement("R13.10")
def test_the_same_stacks_give_the_same_bytes(own_output: Path) -> None:
    first = reports(own_output, PYTHONHASHSEED="1")
    assert reports(own_output, PYTHONHASHSEED="2", **{other_providers.SWITCH: "all"}) == first


def test_the_slow_path_imports_what_the_other_leaves_out() -> None:
    script = "import ops.gate.scanner, sys; print(*sys.modules)"

    def imported(**variables: str) -> set[str]:
        command, given = [sys.executable, "-c", script], {**os.environ, **variables}
        done = subprocess.run(command, cwd=HERE.parents[1], env=given, capture_output=True, text=True, check=True)
        return set(done.stdout.split())

    more = imported(**{other_providers.SWITCH: "all"}) - imported()
    assert "networkx" in more
    assert any(each.startswith("checkov.terraform.checks.resource.azure.") for each in more)
