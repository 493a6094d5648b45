"""`ops roles` shows each statement of a role with its place, what was used of it, and what is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from modules.output import ROOT
from ops.roles.recording import Recorded, Recording
from tests.ops.cli import run
from tests.products import AEP, values


@pytest.fixture(autouse=True)
def aep() -> Iterator[None]:
    """The values of AEP."""
    with values(AEP):
        yield


def recorded(folder: Path, *requests: Recorded) -> Path:
    """A recording of requests."""
    file = folder / "requests.json"
    Recording("prod", requests).write(file)
    return file


def test_used_and_never_used_actions_of_each_statement(output: Path, tmp_path: Path) -> None:
    metrics = Recorded("deployer", "cloudwatch:GetMetricData", "cloudwatch:GetMetricData", "*")
    for_scaling = Recorded("deployer", "application-autoscaling:PutScalingPolicy", "cloudwatch:DescribeAlarms", "*")
    file = recorded(tmp_path, metrics, for_scaling)
    found = run("roles", "prod", "deployer", "--recording", str(file), "--out", str(output), "--json")
    assert found.exit_code == 0, found.output
    (role,) = json.loads(found.stdout)["roles"]
    (observe,) = (each for each in role["statements"] if each["sid"] == "Observe")
    assert observe["used"] == {
        "cloudwatch:DescribeAlarms": ["application-autoscaling:PutScalingPolicy"],
        "cloudwatch:GetMetricData": ["cloudwatch:GetMetricData"],
    }
    assert not {"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"} & set(observe["never_used"])
    assert "logs:DescribeLogGroups" in observe["never_used"]
    file_, _, line = observe["source"].partition(":")
    assert 'sid="Observe"' in "".join((ROOT / file_).read_text().splitlines()[int(line) - 1 : int(line) + 1])
    text = run("roles", "prod", "deployer", "--recording", str(file), "--out", str(output)).stdout
    assert "used cloudwatch:DescribeAlarms (for application-autoscaling:PutScalingPolicy)" in text
    assert role["missing"] == []


@pytest.mark.requirement("R13.1")
def test_a_denied_request_shows_the_missing_statement_and_its_file(output: Path, tmp_path: Path) -> None:
    action, repository = "ecr:DeleteRepository", "arn:aws:ecr:us-east-1:1:repository/x"
    lacking = Recorded("deployer", action, action, repository)
    denied = Recorded("deployer", "iam:CreateUser", "iam:CreateUser", "*")
    found = run("roles", "prod", "--recording", str(recorded(tmp_path, lacking, denied)), "--out", str(output))
    assert found.exit_code == 1
    wanted = f'Statement(sid="…", actions=["{action}"], resources=["{repository}"])'
    assert f"add to identity-based policy: {wanted}; modules/constructs/deployer_policy.py" in found.stdout
    assert "statement 'NeverGuards' denies it: modules/constructs/permissions_boundary.py:" in found.stdout
    (row,) = (line.split() for line in found.stdout.splitlines() if line.startswith("deployer "))
    assert row[-2:] == ["2", "2"]


def test_without_a_recording_it_shows_how_to_get_one(output: Path, tmp_path: Path) -> None:
    found = run("roles", "prod", "--out", str(output))
    assert found.exit_code == 0, found.output
    assert "What was used isn't recorded yet: make rehearse ENV=prod" in found.stdout
    allowed = run("roles", "prod", "planner", "--out", str(output)).stdout
    assert "allows " in allowed
    assert "never used" not in allowed


def test_an_unknown_role_is_an_error(output: Path) -> None:
    found = run("roles", "prod", "deplyer", "--out", str(output))
    assert found.exit_code == 2
    assert "prod has no role 'deplyer'; did you mean deployer? known: " in found.stderr
