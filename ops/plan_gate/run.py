"""The whole way: a plan → what it would lose, widen and give away → the verdict."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

from ops.plan_gate import reading
from ops.plan_gate.model import Change, Plan, PlanError, Verdict
from ops.plan_gate.secret_values import find, without
from ops.plan_gate.stateful import losses
from ops.plan_gate.widening import widenings

COUNTED = ("create", "update", "replace", "delete", "forget")


def run(content: bytes, *, name: str, file: Path | None = None, approve_widening: bool = False) -> Verdict:
    """Judge one plan.

    Args:
        content: A saved plan, or the JSON that `terraform show -json` makes of it.
        name: What to call it in reports.
        file: Where it stands; a saved plan is read by Terraform in its folder.
        approve_widening: Whether a widening is meant.
    """
    verdict = Verdict(name, hashlib.sha256(content).hexdigest(), approved=approve_widening)
    try:
        return _judged(reading.read(reading.parse(reading.as_json(content, file))), verdict)
    except PlanError as error:
        return replace(verdict, doubt=str(error))
    except Exception as error:  # An exit code of 1 would mean findings, and a traceback could quote a value.
        return replace(verdict, doubt=f"isn't in a form that this gate knows ({type(error).__name__})")


def _judged(plan: Plan, verdict: Verdict) -> Verdict:
    secrets = find(plan.document)
    refused = not plan.first and not verdict.approved
    wider = [replace(each, refused=refused) for each in widenings(plan.changes)]
    findings = without(secrets, [*losses(plan.changes), *wider, *secrets.findings])
    counts = Counter(_verb(change) for change in plan.changes)
    return replace(
        verdict,
        counts={verb: counts[verb] for verb in COUNTED if counts[verb]},
        first=plan.first,
        findings=tuple(dict.fromkeys(findings)),
    )


def _verb(change: Change) -> str:
    if len(change.actions) > 1:
        return "replace"
    (verb,) = change.actions
    return verb
