"""A rehearsal writes what its roles asked for, by environment, and its report shows what they used."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from environments.names import Names
from ops.roles.recording import path, paths, read
from rehearsal.recording import record
from rehearsal.report import RehearsalReport, StepResult
from tests.products import OF_AEP

ENVIRONMENTS = {subject.environment.name: subject.environment for subject in OF_AEP}
PROD, STARTER = ENVIRONMENTS["prod"], ENVIRONMENTS["prod-starter"]


def asked(action: str, *, allowed: bool = True) -> Mapping[str, object]:
    """A record of the emulator."""
    deployer = Names(PROD).role_arn("deployer")
    return {
        "role": deployer,
        "operation": action,
        "action": action,
        "resource": "*",
        "context": {},
        "allowed": allowed,
    }


def test_requests_are_written_for_each_environment_without_those_that_must_be_denied(
    output: Path, tmp_path: Path
) -> None:
    shutil.copytree(output / "stacks", tmp_path / "stacks")
    (tmp_path / "reports").mkdir()
    requests = [
        asked("cloudwatch:GetMetricData"),
        asked("logs:DescribeLogGroups"),
        asked("iam:CreateUser", allowed=False),
    ]
    rehearsal: Any = SimpleNamespace(
        requests=lambda: requests, refused=range(2, 3), before=[(STARTER, 1)], environment=PROD
    )
    rows = record(rehearsal, "prod-starter", tmp_path)
    written = [path(tmp_path, "prod-starter"), path(tmp_path, "prod-starter-to-prod")]
    assert paths(tmp_path) == sorted(written)
    starter, prod = map(read, written)
    assert (starter.environment, prod.environment) == ("prod-starter", "prod")
    assert [each.action for each in starter.requests] == ["cloudwatch:GetMetricData"]
    assert [each.action for each in prod.requests] == ["logs:DescribeLogGroups"]
    assert [(row[0], row[-2:]) for row in rows] == [("deployer", ("1", "0"))] * 2

    report = RehearsalReport("prod-starter", roles=rows, steps=[StepResult("one", True, 1, "seen")])
    report.write(tmp_path / "reports")
    text = (tmp_path / "reports" / "rehearsal-prod-starter.md").read_text()
    assert f"| {' | '.join(rows[0])} |" in text
