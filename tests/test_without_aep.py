"""The project is for any product: in a copy without AEP, with another product, `make` and all tests pass.

Without rehearsals, which have their own product, and without itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import environments
from tests.products import HERE

ROOT = Path(__file__).parents[1]
AEP = ("aep.py", "prod.py", "prod_starter.py", "staging.py", "organization.py", "releases/*", "risks/*")
"""What a user deletes who has another product."""
REHEARSALS = ("tests/rehearsal", "tests/test_without_aep.py")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with the changes that aren't committed, in which a shop has taken AEP's place."""
    folder = tmp_path_factory.mktemp("clone") / "project"
    listed = subprocess.run(
        ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    values = folder / environments.PACKAGE.name
    for pattern in AEP:
        for file in values.glob(pattern):
            file.unlink()
    shutil.copytree(HERE / "shop", values, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".venv").symlink_to(ROOT / ".venv")
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "Our product")):
        subprocess.run(
            ("git", "-c", "user.name=user", "-c", "user.email=user@example.com", *command), cwd=folder, check=True
        )
    return folder


def run(folder: Path, *command: str) -> str:
    """Run a command as a user does, without what this run of the tests has set."""
    kept = {
        name: value for name, value in os.environ.items() if name != "ENVIRONMENTS" and not name.startswith("PYTEST")
    }
    done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {(done.stdout + done.stderr)[-6000:]}"
    return done.stdout


@pytest.mark.slow
def test_make_synthesizes_and_gates_another_product(copy: Path) -> None:
    printed = run(copy, "make")
    assert "shop-prod" in printed
    assert "gate: clean" in printed
    assert not list((copy / "cdktf.out" / "stacks").glob("prod-*"))


@pytest.mark.slow
def test_the_fast_tests_pass(copy: Path) -> None:
    assert " passed" in run(copy, "make", "test")


@pytest.mark.slow
def test_the_slow_tests_pass(copy: Path) -> None:
    left_out = [f"--ignore={name}" for name in REHEARSALS]
    printed = run(copy, ".venv/bin/python", "-m", "pytest", "-m", "slow", "-n", "2", "--dist", "loadfile", *left_out)
    assert " passed" in printed
