"""The project is for any product: in a copy without AEP, with another product, `make` and all tests pass.

`make test-copy` runs all tests in the copy but this file and the rehearsals, which have products of their own; it takes
as long as `make test` and `make test-slow`. CI runs only the slow ones that read or write folders of values: all others
run on tests/products, whatever is in environments/.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.copies import copy_project, plain_environment
from tests.products import HERE

WHOLE = ("--ignore=tests/rehearsal", "--ignore=tests/test_without_aep.py")
pytestmark = pytest.mark.timeout(45 * 60)
PART = ("tests/synth", "tests/unit", "--ignore=tests/unit/test_bindings.py", "tests/gate/test_broken_environment.py")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which a shop has taken AEP's place."""
    return copy_project(tmp_path_factory.mktemp("clone") / "project", HERE / "shop")


def run(folder: Path, *command: str) -> str:
    """Run a command as a user does."""
    done = subprocess.run(command, cwd=folder, env=plain_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {(done.stdout + done.stderr)[-6000:]}"
    return done.stdout


@pytest.mark.slow
def test_make_synthesizes_and_gates_another_product(copy: Path) -> None:
    printed = run(copy, "make")
    assert "shop-prod" in printed
    assert "gate: clean" in printed
    assert not list((copy / "cdktf.out" / "stacks").glob("prod-*"))


@pytest.mark.slow
def test_lint_sorts_imports_of_values_the_same(copy: Path) -> None:
    run(copy, ".venv/bin/ruff", "check", "--quiet")


@pytest.mark.long
def test_the_fast_tests_pass(copy: Path) -> None:
    assert " passed" in run(copy, "make", "test")


@pytest.mark.slow
def test_the_slow_tests_pass(copy: Path, request: pytest.FixtureRequest) -> None:
    chosen = WHOLE if request.config.getoption("--whole") else PART
    printed = run(copy, ".venv/bin/python", "-m", "pytest", "-m", "slow", "-n", "2", "--dist", "loadfile", *chosen)
    assert " passed" in printed
