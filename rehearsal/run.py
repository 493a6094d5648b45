"""Runs a rehearsal's steps in order: until one fails, or all that can still be tried."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ops.command import say
from ops.errors import OpsError
from rehearsal.access import nothing_needed_was_denied, what_is_forbidden_is_denied
from rehearsal.context import Rehearsal, emulated_environment
from rehearsal.day import ABOUT, WATCH, day
from rehearsal.recording import record
from rehearsal.report import RehearsalReport, StepResult
from rehearsal.rollout import Step
from rehearsal.steps import no_secret_is_stored, steps
from rehearsal.task_calls import tasks_get_what_they_need

if TYPE_CHECKING:
    from environments.schema import Environment


AFTERWARDS: dict[str, Step] = {
    "Tasks get what they need": tasks_get_what_they_need,
    "What is forbidden is denied": what_is_forbidden_is_denied,
    "No role was denied what it needs": nothing_needed_was_denied,
    "No secret is stored": no_secret_is_stored,
}
"""What must be true after go-live day, in order."""


def run(environment: Environment, larger: str | None, out: Path, *, keep_going: bool = False) -> RehearsalReport:
    """Rehearse an environment.

    Args:
        environment: The environment.
        larger: Name of the larger environment of the same stage that it then changes to, if any.
        out: Folder that synth wrote; stacks are taken from it as they are.
        keep_going: Whether to go on after a failed step. The first one applies everything that the others need, so
            they are tried only if it passes.

    Raises:
        OpsError: The rehearsal can't be set up.
        KeyboardInterrupt: You interrupted it; no other step began.
    """
    report, todo = RehearsalReport(environment.name), steps(environment, larger)
    with emulated_environment(environment, out, report.environment) as rehearsal:
        for number, (name, step) in enumerate(todo.items(), 1):
            if not rehearsal.interrupted and (report.passed or (keep_going and report.steps[0].passed)):
                say(f"step {number} of {len(todo)}: {name}")
                report.steps.append(_step(rehearsal, name, step))
                say(report.steps[-1].line)
            else:
                report.not_reached.append(name)
            report.write(out / "reports")
            report.write(rehearsal.folder / "reports")  # The last step searches them for secrets.
        report.roles = record(rehearsal, report.environment, out)
        report.write(out / "reports")
        interrupted = rehearsal.interrupted
    if interrupted:
        raise KeyboardInterrupt
    return report


def run_day(environment: Environment, out: Path) -> RehearsalReport:
    """Rehearse go-live day: every command that operators run, in order. The page goes to the reports.

    Args:
        environment: The environment.
        out: The folder whose reports/ and rehearsal/ are written.

    Raises:
        OpsError: The rehearsal can't be set up.
        KeyboardInterrupt: You interrupted it.
    """
    report = RehearsalReport(f"{environment.name}-go-live")
    with emulated_environment(environment, out, report.environment) as rehearsal:
        today = day(rehearsal)
        failure = _failure(today.run)
        for headline, entries in today.log.sections().items():
            said = f"{len(entries)} commands"
            report.steps.append(StepResult(headline, True, sum(each.seconds for each in entries), said))
        if failure and not report.steps:
            report.steps.append(StepResult("Set up", False, 0, failure))
        elif failure:
            report.steps[-1] = replace(report.steps[-1], passed=False, evidence=failure)
        else:
            (rehearsal.folder / "transcript.txt").write_text(today.log.everything(), encoding="utf-8")
            report.steps += [_step(rehearsal, name, step) for name, step in AFTERWARDS.items()]
        report.roles = record(rehearsal, report.environment, out)
        report.write(out / "reports")
        about = ABOUT.format(environment=environment.name, watch=WATCH)
        page = today.log.page("Runbook: go-live day", about.rstrip())
        (out / "reports" / f"go-live-{environment.name}.md").write_text(page, encoding="utf-8")
        for step in report.steps:
            say(step.line)
        interrupted = rehearsal.interrupted
    if interrupted:
        raise KeyboardInterrupt
    return report


def _failure(work: Callable[[], object]) -> str:
    try:
        work()
    except Exception as error:  # Whatever breaks the day, the report says why.
        return str(error) if isinstance(error, OpsError) else f"{type(error).__name__}: {error}"
    return ""


def _step(rehearsal: Rehearsal, name: str, step: Step) -> StepResult:
    start, before = time.monotonic(), len(rehearsal.plans)
    try:
        seen = step(rehearsal)
    except Exception as error:  # Whatever breaks a step, the report says which and why.
        why = str(error) if isinstance(error, OpsError) else f"{type(error).__name__}: {error}"
        found = StepResult(name, False, 0, why)
    else:
        found = StepResult(name, True, 0, seen.text, seen.phases, seen.planning, seen.criteria)
    return replace(found, seconds=time.monotonic() - start, plans=tuple(rehearsal.plans[before:]))
