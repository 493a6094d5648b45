"""A rehearsal stops at a failed step, or goes on where it can, and reports the steps that it didn't reach."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

import environments
import rehearsal.run
from ops.__main__ import app
from ops.terraform.process import Terraform
from rehearsal import blue_green
from rehearsal.rollout import Seen, StepError

NAME = environments.known()[0]
STOPPED = "the servers are stopped"


@dataclass
class Nothing:
    """A rehearsal without an emulator."""

    folder: Path
    terraform: Terraform
    plans: list[dict[str, Any]] = field(default_factory=list)

    @property
    def interrupted(self) -> bool:
        return self.terraform.interrupted.is_set()


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The steps that were tried, of four, and that the emulator was stopped."""
    names: list[str] = []

    @contextmanager
    def emulated(*_: object) -> Iterator[Nothing]:
        terraform = Terraform({})
        with terraform.passing_signals_on():
            yield Nothing(tmp_path / "emulated", terraform)
        names.append(STOPPED)

    monkeypatch.setattr(rehearsal.run, "emulated_environment", emulated)
    monkeypatch.setattr(rehearsal.run, "record", lambda *_: ())
    return names


def rehearse(
    monkeypatch: pytest.MonkeyPatch,
    tried: list[str],
    out: Path,
    failing: set[str],
    *options: str,
    interrupted: frozenset[str] = frozenset(),
) -> tuple[int, str, dict[str, Any]]:
    def step(name: str) -> Any:
        def run(running: Nothing) -> Seen:
            tried.append(name)
            running.plans.append({"stack": f"prod-{name}"})
            if name in interrupted:
                os.kill(os.getpid(), signal.SIGINT)
            if name in failing:
                raise StepError("broken")
            return Seen("fine")

        return run

    steps = {name: step(name) for name in ("applies", "second", "third", "fourth")}
    monkeypatch.setattr(rehearsal.run, "steps", lambda *_: steps)
    done = CliRunner().invoke(app, ["rehearse", NAME, "--out", str(out), *options])
    return done.exit_code, done.stderr, json.loads((out / "reports" / f"rehearsal-{NAME}.json").read_text())


def test_it_stops_at_a_failed_step_and_says_what_it_did_not_reach(
    monkeypatch: pytest.MonkeyPatch, tried: list[str], tmp_path: Path
) -> None:
    code, said, report = rehearse(monkeypatch, tried, tmp_path, {"second"})
    assert (code, tried) == (1, ["applies", "second", STOPPED])
    assert report["not_reached"] == ["third", "fourth"]
    assert "not reached  third" in said
    assert "| fourth | not reached |" in (tmp_path / "reports" / f"rehearsal-{NAME}.md").read_text(encoding="utf-8")


def test_it_goes_on_if_asked(monkeypatch: pytest.MonkeyPatch, tried: list[str], tmp_path: Path) -> None:
    code, _, report = rehearse(monkeypatch, tried, tmp_path, {"second"}, "--keep-going")
    assert (code, tried) == (1, ["applies", "second", "third", "fourth", STOPPED])
    assert [step["passed"] for step in report["steps"]] == [True, False, True, True]
    assert [plan["stack"] for step in report["steps"] for plan in step["plans"]] == [
        "prod-applies",
        "prod-second",
        "prod-third",
        "prod-fourth",
    ]
    assert all(len(step["plans"]) == 1 for step in report["steps"])
    assert (report["passed"], report["not_reached"]) == (False, [])


def test_each_step_is_shown_with_its_number_and_its_result(
    monkeypatch: pytest.MonkeyPatch, tried: list[str], tmp_path: Path
) -> None:
    _, said, _ = rehearse(monkeypatch, tried, tmp_path, {"third"})
    assert said.splitlines()[:7] == [
        "step 1 of 4: applies",
        "pass  applies (0 s): fine",
        "step 2 of 4: second",
        "pass  second (0 s): fine",
        "step 3 of 4: third",
        "fail  third (0 s): broken",
        "not reached  fourth",
    ]


@pytest.mark.parametrize("options", [(), ("--keep-going",)])
def test_it_stops_after_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, tried: list[str], tmp_path: Path, options: tuple[str, ...]
) -> None:
    code, said, report = rehearse(monkeypatch, tried, tmp_path, {"second"}, *options, interrupted=frozenset({"second"}))
    assert (code, tried) == (130, ["applies", "second", STOPPED])
    assert said.splitlines()[-1] == "interrupted"
    assert report["not_reached"] == ["third", "fourth"]


def test_waiting_for_a_deployment_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    going = SimpleNamespace(id="d-1", ended=False)
    monkeypatch.setattr(blue_green, "FINISH_SECONDS", 0)
    monkeypatch.setattr(blue_green, "_history", lambda *_: [going])
    monkeypatch.setattr("rehearsal.blue_green.codedeploy.read", lambda *_: going)
    aws = SimpleNamespace(client=lambda _: None)
    rehearsal: Any = SimpleNamespace(owner=aws)
    service: Any = SimpleNamespace(name="app")
    with pytest.raises(StepError, match="deployment d-1 of app didn't end within 0 s"):
        blue_green._finish(rehearsal, service)


def test_without_applied_phases_nothing_else_can_be_tried(
    monkeypatch: pytest.MonkeyPatch, tried: list[str], tmp_path: Path
) -> None:
    code, _, report = rehearse(monkeypatch, tried, tmp_path, {"applies"}, "--keep-going")
    assert (code, tried) == (1, ["applies", STOPPED])
    assert report["not_reached"] == ["second", "third", "fourth"]


def test_a_go_live_day_can_not_go_on() -> None:
    done = CliRunner().invoke(app, ["rehearse", NAME, "--go-live", "--keep-going"])
    assert done.exit_code == 2
    assert "each command of that day needs the previous one" in done.stderr
