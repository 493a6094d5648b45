"""Plays a rehearsal's steps one after the other, to the first that fails."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from ops.command import say
from ops.errors import OpsError
from ops.rehearsal.report import RehearsalReport, StepResult
from ops.rehearsal.stage import Stage, stage
from ops.rehearsal.steps import Step, steps

if TYPE_CHECKING:
    from environments.schema import Environment


def run(environment: Environment, larger: str | None, out: Path) -> RehearsalReport:
    """Rehearse an environment.

    Args:
        environment: The environment.
        larger: Name of an environment of the same stage that it grows into; none if it doesn't.
        out: Folder that synth wrote; stacks are taken from it as they are.

    Raises:
        OpsError: The stage can't be set up.
    """
    report = RehearsalReport(environment.name)
    with stage(environment, out) as played:
        for name, step in steps(environment, larger).items():
            say(f"— {name}")
            report.steps.append(_step(played, name, step))
            report.write(out / "reports")
            if not report.passed:
                break
    return report


def _step(played: Stage, name: str, step: Step) -> StepResult:
    start = time.monotonic()
    try:
        seen = step(played)
    except OpsError as error:
        return StepResult(name, False, time.monotonic() - start, str(error))
    return StepResult(name, True, time.monotonic() - start, seen.text, seen.phases, seen.planning)
