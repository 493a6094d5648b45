"""A rehearsal stops at a failed step, or goes on where it can, and reports the steps that it didn't reach."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import environments
import rehearsal.run
from ops.__main__ import app
from rehearsal.rollout import Seen, StepError

NAME = environments.known()[0]


@dataclass
class Nothing:
    """A rehearsal without an emulator."""

    folder: Path


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The steps that were tried, of four; tests name those that fail in FAILING."""
    names: list[str] = []

    @contextmanager
    def emulated(*_: object) -> Iterator[Nothing]:
        yield Nothing(tmp_path / "emulated")

    monkeypatch.setattr(rehearsal.run, "emulated_environment", emulated)
    return names


def rehearse(
    monkeypatch: pytest.MonkeyPatch, tried: list[str], out: Path, failing: set[str], *options: str
) -> tuple[int, str, dict[str, Any]]:
    def step(name: str) -> Any:
        def run(_: object) -> Seen:
            tried.append(name)
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
    assert (code, tried) == (1, ["applies", "second"])
    assert report["not_reached"] == ["third", "fourth"]
    assert "not reached  third" in said
    assert "| fourth | not reached |" in (tmp_path / "reports" / f"rehearsal-{NAME}.md").read_text(encoding="utf-8")


def test_it_goes_on_if_asked(monkeypatch: pytest.MonkeyPatch, tried: list[str], tmp_path: Path) -> None:
    code, _, report = rehearse(monkeypatch, tried, tmp_path, {"second"}, "--keep-going")
    assert (code, tried) == (1, ["applies", "second", "third", "fourth"])
    assert [step["passed"] for step in report["steps"]] == [True, False, True, True]
    assert (report["passed"], report["not_reached"]) == (False, [])


def test_without_applied_phases_nothing_else_can_be_tried(
    monkeypatch: pytest.MonkeyPatch, tried: list[str], tmp_path: Path
) -> None:
    code, _, report = rehearse(monkeypatch, tried, tmp_path, {"applies"}, "--keep-going")
    assert (code, tried) == (1, ["applies"])
    assert report["not_reached"] == ["second", "third", "fourth"]


def test_a_go_live_day_can_not_go_on() -> None:
    done = CliRunner().invoke(app, ["rehearse", NAME, "--go-live", "--keep-going"])
    assert done.exit_code == 2
    assert "each command of that day needs the previous one" in done.stderr
