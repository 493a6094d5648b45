"""`make new-environment` writes one that validates, and never writes half of one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import environments
from ops.scaffold import ScaffoldError, new_environment

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "environments"
    shutil.copytree(environments.FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def test_it_validates_beside_the_others(folder: Path) -> None:
    new_environment("load-test", folder)
    check = "import environments; print(environments.load('load-test').network.cidr, len(environments.load_all()))"
    done = subprocess.run(
        [sys.executable, "-c", check],
        cwd=ROOT,
        env={**os.environ, "ENVIRONMENTS": str(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == ["10.0.0.0/16", str(len(environments.known()) + 1)]


@pytest.mark.parametrize("name", ["", "Demo", "de mo", "-demo", "../demo", "1demo"])
def test_a_name_that_is_not_allowed_is_refused(folder: Path, name: str) -> None:
    before = sorted(folder.rglob("*"))
    with pytest.raises(ScaffoldError, match="lower-case words"):
        new_environment(name, folder)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "said"),
    [("prod", "exists"), ("prod-starter", "exists"), ("aep", "exists"), ("names", "module"), ("schema", "module")],
)
def test_a_name_that_is_taken_is_refused(folder: Path, name: str, said: str) -> None:
    with pytest.raises(ScaffoldError, match=said):
        new_environment(name, folder)
