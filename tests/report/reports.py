"""Reports of commands that need an account or take minutes, as those commands write them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from modules.phases import PHASES
from ops.aws.states import ApplyRecord
from ops.conditions import ConditionResult, Status
from ops.plan_gate import reports
from ops.plan_gate.model import FindingKind
from ops.plan_gate.run import run
from ops.status.phases import PhaseStatus, table
from ops.terraform.report import PhaseResult, Report, Result
from ops.verify.command import write_results
from rehearsal.context import Rehearsal
from rehearsal.report import RehearsalReport, StepResult
from tests.plan_gate.plans import Body, allow, change, plan, policy

DAY = datetime(2026, 11, 29, 1, tzinfo=UTC)
ROLE = change("aws_iam_role_policy.backend", None, {"role": "backend", "policy": policy(allow())})
DATABASE = change("aws_db_instance.database", {"multi_az": True}, {"multi_az": False})
OLD = change("aws_cloudwatch_log_group.old", {"name": "old"})
CRITERION = ConditionResult("database", "data", ("R6.1",), "The database is private", Status.PASS, "not public")


SERVICES: Any = SimpleNamespace(name="prod-services")


def verdict(folder: Path, name: str, *changes: Body) -> None:
    """Write the plan gate's report of a plan in which widenings are approved."""
    content = json.dumps(plan(*changes)).encode()
    reports.write(run(content, name=name, approved=frozenset({FindingKind.WIDENING})), folder)


def write(out: Path) -> None:
    """Write reports of plan, apply, status, verify and a rehearsal of prod; others are missing."""
    folder = out / "reports"
    verdict(folder, "prod-services", ROLE)
    rehearsal: Any = SimpleNamespace(folder=out, plans=[])
    Rehearsal.keep_report(rehearsal, SERVICES)
    (folder / "plan-prod-services.json").unlink()
    verdict(folder, "prod-data", ROLE, DATABASE, OLD)
    verdict(folder, "prod-edge", ROLE)
    planned = (
        PhaseResult("data", Result.REFUSED, {"create": 1}),
        PhaseResult("edge", Result.NO_CHANGES),
        PhaseResult("services", Result.WAITING, waits_for=("edge", "data")),
    )
    Report("plan", "prod", DAY, "0123456789ab", planned).write(out)
    report = RehearsalReport("prod", DAY)
    report.steps += [
        StepResult("every phase applies", True, 300.25, "289 resources", plans=tuple(rehearsal.plans)),
        StepResult("exit criteria hold", True, 0.7, "1 criteria", criteria=(CRITERION.as_data(),)),
    ]
    report.write(folder)
    write_results(out, "verify-prod", DAY, {"results": [CRITERION.as_data()]})
    write_results(out, "status-prod", DAY, {"phases": [each.as_data() for each in STATUS], "table": table(STATUS)})


RECORD = ApplyRecord(
    "state", "prod", "0123456789abcdef", False, "2026-11-28T10:00:00+00:00", "arn:aws:iam::1:user/lead", "", "", 1
)
STATUS = [
    PhaseStatus("state", "administrator", True, "applied", "as applied", "no changes, 3 hours ago", record=RECORD),
    *(
        PhaseStatus(
            phase.name,
            phase.applied_by,
            False,
            f"waiting for {', '.join(phase.reads)}" if phase.reads else "not applied",
        )
        for phase in PHASES[1:]
    ),
]
