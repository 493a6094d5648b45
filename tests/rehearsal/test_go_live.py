"""Go-live day with the commands that operators run, on emulated AWS with a real application."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.orphans import orphans

pytestmark = [pytest.mark.slow, pytest.mark.timeout(45 * 60)]
ROOT = Path(__file__).parents[2]
LONGEST = 40 * 60
"""Seconds after which the day counts as hanging: four times what it takes."""


@pytest.fixture(scope="module")
def day(own_output: Path) -> dict[str, Any]:
    """The day's report and page; the day stops at the first command that fails."""
    command = [sys.executable, "-m", "ops", "rehearse", "prod-starter", "--go-live", "--out", str(own_output)]
    done = subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=LONGEST, check=False
    )
    report = own_output / "reports" / "rehearsal-prod-starter-go-live.json"
    assert report.exists(), done.stderr
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    failed = [step["evidence"] for step in found["steps"] if not step["passed"]]
    assert done.returncode == 0 and not failed, failed or done.stderr
    return {**found, "page": (own_output / "reports" / "go-live-prod-starter.md").read_text(encoding="utf-8")}


@pytest.mark.requirement("R4.1", "R4.2", "R5.4", "R10.2", "R10.3")
def test_it_goes_from_nothing_to_traffic(day: dict[str, Any]) -> None:
    assert re.search(r"^37 \w+, 0 \w+, 0 ", day["page"], re.MULTILINE)
    assert "ended: exit code 0" in day["page"]
    assert day["steps"][-1]["name"] == "No secret is stored"


@pytest.mark.requirement("R13.13")
def test_each_kind_is_restored_with_the_commands_of_the_runbook(day: dict[str, Any]) -> None:
    """The rehearsal itself reads AWS after each command."""
    runbook = (ROOT / "docs/runbooks/restore.md").read_text(encoding="utf-8")
    words = re.sub(r"\b(prod|staging)\b", "prod-starter", runbook)
    played = re.findall(r"\n```sh\n(bin/ops restore .*)", day["page"])
    assert [command.split()[3] for command in played] == ["database", "cache", "secret", "state", "state"]
    for command in played:
        assert re.sub(r"--version \S+", "--version ID", command) in words, command


@pytest.mark.requirement("R10.4", "R10.5")
def test_a_release_that_returns_errors_rolls_back_by_itself(day: dict[str, Any]) -> None:
    _, _, after = day["page"].partition("## A release that returns errors")
    part = after.partition("\n## ")[0]
    assert "step: weight 0 → weight 10" in part
    assert "were 5xx" in part or "is on" in part
    assert "has weight 0" in part


@pytest.mark.requirement("R12.1", "R10.5")
def test_the_list_passes_and_one_command_rolls_traffic_back(day: dict[str, Any]) -> None:
    assert re.search(r"^All 10 ", day["page"], re.MULTILINE)
    _, _, back = day["page"].partition("## Roll back")
    assert "done: app.navralabs.com has weight 0" in back


@pytest.mark.requirement("R3.3", "R7.4", "R10.5")
def test_a_release_is_promoted_deployed_and_rolled_back_by_command(day: dict[str, Any]) -> None:
    """The rehearsal itself reads in ECS what runs after each command."""
    _, _, after = day["page"].partition("## Deploy a release")
    part = after.partition("\n## ")[0]
    assert "pass     runs in staging" in part
    new, previous = re.findall(r"^backend: \S+, \S+@(sha256:\w{64}); ", part, re.MULTILINE)
    assert new != previous
    *_, run = day["page"].partition("## Run a task by hand")
    assert re.findall(r"exit code (\d+)\):\n\n```sh\nbin/ops run ", run) == ["0", "3"]


def test_nothing_runs_on(day: dict[str, Any]) -> None:
    assert day["steps"]
    assert not orphans()
