"""Small changes to production's stacks, each of which the gate must report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.gate.model import ScanError, ScanFailedError
from ops.gate.run import prove
from ops.gate.stacks import Expected, expected_stacks, select
from ops.gate.understood import attributes, structure
from ops.gate.view import merged_view

pytestmark = pytest.mark.slow

CASES = sorted(Path(__file__).with_name("cases").glob("*.json"))
ENVIRONMENT = "prod"
FINDINGS = {"container-proxy.prod-services": "ROLLOUT_TASK"}
"""Cases that a proof reports as a finding (exit code 1)."""


@pytest.fixture(scope="module")
def expected() -> Expected:
    """The project's stacks."""
    return expected_stacks()


def merged(value: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """A stack with a change."""
    changed = dict(value)
    for key, each in change.items():
        if each == "(removed)":
            del changed[key]
        else:
            both = isinstance(each, dict) and isinstance(changed.get(key), dict)
            changed[key] = merged(changed[key], each) if both else each
    return changed


def errors(out: Path, expected: Expected) -> Iterator[ScanError]:
    """What the gate rejects before it scans: exit code 2."""
    try:
        (stacks,) = select(out, [ENVIRONMENT], expected).environment_stacks
        yield from structure.scan_errors(stacks, expected.frames)
        yield from attributes.scan_errors(merged_view(stacks), expected.values.get(stacks.name))
    except ScanFailedError as error:
        yield from error.errors


@pytest.fixture
def copy(output: Path, tmp_path: Path) -> Path:
    """A copy of production's stacks."""
    for stack in output.glob(f"stacks/{ENVIRONMENT}-*"):
        shutil.copytree(stack, tmp_path / "stacks" / stack.name)
    return tmp_path


def test_production_as_it_is(copy: Path, expected: Expected) -> None:
    assert [*errors(copy, expected)] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_case_is_reported(case: Path, copy: Path, expected: Expected) -> None:
    given = json.loads(case.read_text(encoding="utf-8"))
    file = copy / "stacks" / given["stack"] / "cdk.tf.json"
    stack = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(merged(stack, given["changed"]), indent=2), encoding="utf-8")
    for name, text in given["files_beside"].items():
        (file.parent / name).write_text(text, encoding="utf-8")
    found = [*errors(copy, expected)]
    # Where the only resource of its type was, nothing is left that an error could name.
    assert all(given["stack"] in error.where or error.where == f"{ENVIRONMENT}, any stack" for error in found)
    assert all(error.fix for error in found)
    if case.stem not in FINDINGS:
        assert found
    else:
        (stacks,) = select(copy, [ENVIRONMENT], expected).environment_stacks
        wrong = {record.check for record in prove([stacks], [merged_view(stacks)]).records if not record.passed}
        assert FINDINGS[case.stem] in wrong
