"""The plans that a job saved, as the comment shows them: results, findings, and what each resource gets; no value."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from environments.schema import Environment
from modules.phases import phase
from ops.plan_gate.model import APPROVABLE, FindingKind
from ops.plan_gate.reports import LABELS
from ops.stored import parse
from ops.terraform.report import PhaseResult, Report, Result
from ops.terraform.saved import commit
from ops.terraform.stack import Stack

FORK = "not planned: a pull request from a fork gets no credentials"
NOT_PLANNED = "not planned"


@dataclass(frozen=True)
class _Finding:
    kind: FindingKind
    where: str
    what: str
    remedy: str
    refused: bool


@dataclass(frozen=True)
class _Verdict:
    findings: list[_Finding]
    unchecked: list[str]
    error: str


@dataclass(frozen=True)
class PhasePlan:
    """The plan of a phase."""

    status: str
    """Such as `1 to create, 2 to update`, `no changes`, `waiting for network` or why it wasn't planned."""
    needs: tuple[str, ...] = ()
    """Options that approve what it does; `refused` for what no option approves."""
    findings: tuple[str, ...] = ()
    """What widens, is lost or stops, in lines."""
    summary: tuple[str, ...] = ()
    """A line for each resource, with the names of the attributes that change."""
    planned: bool = True


def plans(environment: Environment, out: Path, phases: Sequence[str]) -> dict[str, PhasePlan]:
    """The plans of the named phases that this commit's run of `plan` saved.

    Args:
        environment: Their environment.
        out: The folder that synth wrote, with the reports and plans.
        phases: The phases to show.
    """
    why = FORK if _from_fork(os.environ) else NOT_PLANNED
    try:
        report = parse(Report, (out / "reports" / f"run-plan-{environment.name}.json").read_bytes())
    except (OSError, ValueError):
        return {name: PhasePlan(why, planned=False) for name in phases}
    if report.commit != commit()[0]:
        return {name: PhasePlan(f"{NOT_PLANNED} at this commit", planned=False) for name in phases}
    found = report.of
    return {
        name: _shown(Stack(environment, phase(name), out), found[name])
        if name in found
        else PhasePlan(NOT_PLANNED, planned=False)
        for name in phases
    }


def _shown(stack: Stack, result: PhaseResult) -> PhasePlan:
    if result.result not in {Result.CHANGES, Result.REFUSED}:
        status = result.line.split("  ")[0]
        failed = tuple(result.message.splitlines()) if result.message else ()
        return PhasePlan(status, findings=failed, planned=result.result.good)
    counts = ", ".join(f"{count} to {verb}" for verb, count in result.counts.items()) or "outputs only"
    try:
        verdict = parse(_Verdict, (stack.out / "reports" / f"plan-{stack.name}.json").read_bytes())
        summary = tuple(stack.saved_summary.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError):
        return PhasePlan(counts, findings=tuple(result.message.splitlines()))
    refused = {each.kind for each in verdict.findings if each.refused}
    needs = [kind.flag for kind in APPROVABLE if kind in refused]
    needs += ["refused"] if refused - set(APPROVABLE) else []
    return PhasePlan(counts, tuple(needs), tuple(_findings(verdict)), summary)


def _findings(verdict: _Verdict) -> Iterator[str]:
    if verdict.error:
        yield f"can't be judged: it {verdict.error}"
    for each in verdict.findings:
        yield f"{LABELS[each.kind]:<7}{each.where} {'' if each.kind is FindingKind.SECRET else '· '}{each.what}"
        if each.remedy:
            yield f"       {each.remedy}"
    if verdict.unchecked:
        yield f"UNCHECKED  types that no table of the plan gate has: {', '.join(verdict.unchecked)}"


def _from_fork(given: Mapping[str, str]) -> bool:
    """Whether the workflow's event is a pull request from another repository, whose jobs get no credentials.

    https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request
    """
    try:
        event = json.loads(Path(given["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        source = event["pull_request"]["head"]["repo"]
    except (LookupError, OSError, ValueError, TypeError):
        return False
    return source is None or source.get("full_name") != given.get("GITHUB_REPOSITORY")
