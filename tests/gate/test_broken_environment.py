"""A broken environment stops only its own gate: it is reported, and the others are synthesized and checked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import environments
from ops.gate.model import ErrorKind, Outcome
from ops.gate.stacks import expected_stacks
from tests.gate.project import Project

ROOT = Path(__file__).parents[2]
BROKEN = {
    "a syntax error": ("ENVIRONMENT = Environment(\n", "ENVIRONMENT = Environment(((\n", "demo.py:"),
    "an invalid value": ('account_id="', 'account_id="x', "account_id"),
    "a missing import": ("from environments.profiles", "from environments.gone", "environments.gone"),
    "an exception": ("\nENVIRONMENT = ", "\n{}[1]\nENVIRONMENT = ", "demo.py:"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the environments in which `demo` is a copy of one of them, in an account of its own."""
    copy = tmp_path / "environments"
    shutil.copytree(environments.FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def demo(folder: Path, old: str, new: str) -> None:
    """Write the environment `demo` with a mistake in it."""
    python(folder, "from ops.scaffold.write import new_environment; new_environment('demo')")
    text = (folder / "demo.py").read_text(encoding="utf-8")
    assert old in text
    (folder / "demo.py").write_text(text.replace(old, new, 1), encoding="utf-8")


def python(folder: Path, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"ENVIRONMENTS": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("mistake", BROKEN)
def test_a_broken_environment_stops_no_other(folder: Path, mistake: str) -> None:
    old, new, named = BROKEN[mistake]
    demo(folder, old, new)
    others = environments.known()
    printed = python(
        folder,
        "import environments; from ops.gate.stacks import expected_stacks; found = expected_stacks()\n"
        f"environments.load({others[0]!r}); print(*found.environments); print(found.broken)",
    )
    names, problems = printed.split("\n", 1)
    assert tuple(names.split()) == others
    assert "'demo':" in problems
    assert named in problems


def test_the_gate_checks_the_others_and_reports_it(project: Project) -> None:
    project.stacks["draft-network"] = {}  # synthesized before it broke
    project.expected = replace(project.expected, broken={"draft": "1 problem in environment 'draft'"})
    verdict = project.judge()
    assert verdict.outcome is Outcome.ERROR
    assert [(error.kind, error.where) for error in verdict.errors] == [(ErrorKind.ENVIRONMENTS, "draft")]
    assert verdict.resources == 2
    assert verdict.unused is None, "what a broken environment needs is unknown"
    assert project.judge("demo").outcome is Outcome.CLEAN
    named = project.judge("draft")
    assert [error.what for error in named.errors] == ["1 problem in environment 'draft'"]


def test_conflicts_between_environments_are_reported_in_a_whole_run_only(project: Project) -> None:
    project.expected = replace(project.expected, conflicts=("network.cidr overlaps",))
    assert [error.what for error in project.judge().errors] == ["network.cidr overlaps"]
    assert project.judge("demo").outcome is Outcome.CLEAN


def test_the_environments_of_this_project_are_expected() -> None:
    expected = expected_stacks()
    assert set(expected.products) == set(expected.environments) == set(environments.known()) - set(expected.broken)


@pytest.mark.slow
def test_synthesis_reports_it_and_writes_the_others(folder: Path, tmp_path: Path) -> None:
    demo(folder, *BROKEN["an invalid value"][:2])
    done = subprocess.run(
        [sys.executable, "-O", "-c", "import sys, main; sys.exit(main.main([]))"],
        cwd=tmp_path,
        env={
            "ENVIRONMENTS": str(folder),
            "PYTHONPATH": str(ROOT),
            "CDKTF_OUTDIR": "out",
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "error: 1 problem in environment 'demo'" in done.stderr
    assert done.stdout.splitlines()[-1] == "invalid values: demo"
    written = {path.name for path in (tmp_path / "out" / "stacks").iterdir()}
    assert {f"{name}-network" for name in environments.known()} <= written
    assert "demo-network" not in written
