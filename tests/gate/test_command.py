"""The command line: exit codes, streams, reports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import ops.gate.stacks
from ops.__main__ import app
from ops.gate import other_providers
from tests.gate.project import Project

ROOT = Path(__file__).parents[2]


@pytest.fixture
def known(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose environment is the only one that there is."""
    monkeypatch.setattr(ops.gate.stacks, "expected_stacks", lambda: project.expected)
    return project


def call(project: Project, *arguments: str) -> Result:
    project.write()
    where = [
        "--out",
        str(project.out),
        "--policies",
        str(project.folder / "policies"),
        "--risks",
        str(project.products),
    ]
    return CliRunner().invoke(app, ["gate", *where, *arguments])


def test_clean_is_0(known: Project) -> None:
    result = call(known)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("gate: clean. 2 stacks, 2 resources, ")
    assert (known.out / "reports" / "gate.sarif").is_file()


def test_findings_are_1(known: Project) -> None:
    known.add("services", "aws_sns_topic", "open", {"name": "open"})
    assert call(known).exit_code == 1
    assert call(known, "demo-network").exit_code == 0


def test_an_error_is_2(known: Project) -> None:
    known.add("services", "aws_sns_topic", "open", {"name": "open"})
    del known.stacks["demo-network"]
    result = call(known)
    assert result.exit_code == 2
    assert "ERROR" in result.stdout
    assert json.loads((known.out / "reports" / "gate.json").read_text())["exit_code"] == 2


def test_json_is_alone_on_stdout(known: Project) -> None:
    result = call(known, "--json")
    assert json.loads(result.stdout)["outcome"] == "clean"
    assert "gate: clean" in result.stderr


def test_today_is_an_argument(known: Project) -> None:
    result = call(known, "--today", "2031-05-06", "--json")
    assert json.loads(result.stdout)["today"] == "2031-05-06"


def test_help_does_not_load_checkov() -> None:
    program = "import sys; sys.argv = ['ops', 'gate', '--help']\n" + (
        "try:\n    import runpy; runpy.run_module('ops', run_name='__main__')\n"
        "except SystemExit:\n    print(*sorted({'checkov', 'cdktf'} & sys.modules.keys()), 'loaded')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1].strip() == "loaded"


def test_the_result_of_another_day_is_not_written(known: Project) -> None:
    call(known, "--today", "2031-05-06")
    assert not [*known.out.glob("stacks/*/gated.json"), *known.out.glob("reports/*")]
    call(known)
    assert len([*known.out.glob("stacks/*/gated.json")]) == len(known.stacks)


def test_another_switch_is_an_error(known: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(other_providers.SWITCH, "every")
    done = call(known)
    assert (done.exit_code, done.stderr) == (
        2,
        "error: GATE_CHECKS='every': must be all; change it on make's command line or in the environment, "
        "or leave it out\n",
    )
    assert not (known.out / "reports").exists()
