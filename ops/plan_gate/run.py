"""Judge a plan: losses, costly changes, wider access, what would run code, and secrets; then the verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ops.plan_gate import configuration, reading
from ops.plan_gate.changes import costly, unchecked
from ops.plan_gate.configuration import Roles
from ops.plan_gate.imports import imports, replaced_imports
from ops.plan_gate.model import (
    APPROVABLE,
    NOTHING_APPROVED,
    Approved,
    Change,
    FindingKind,
    Plan,
    PlanError,
    PlanFinding,
    PlanVerdict,
)
from ops.plan_gate.narrowing import lockouts
from ops.plan_gate.secret_values import find, without
from ops.plan_gate.swaps import swap, swaps
from ops.plan_gate.tables import STATEFUL
from ops.plan_gate.widening import closed_rules, widenings

ACTIONS = ("create", "update", "replace", "delete", "forget", "import", "move")
_REASONS = {
    "replace_because_tainted": "because it is marked as tainted",
    "replace_by_request": "because -replace asks for it",
    "replace_by_triggers": "because of replace_triggered_by",
    "delete_because_no_resource_config": "because it is no longer configured",
    "delete_because_no_module": "because its module no longer exists",
    "delete_because_wrong_repetition": "because its count or for_each changed",
    "delete_because_count_index": "because its count changed",
    "delete_because_each_key": "because its for_each changed",
    "delete_because_no_move_target": "because it was moved to an address that isn't configured",
}


def run(
    content: bytes,
    *,
    name: str,
    file: Path | None = None,
    approved: Approved = NOTHING_APPROVED,
    alone: bool = False,
    roles: Roles = frozenset,
) -> PlanVerdict:
    """Judge one plan.

    Args:
        content: A saved plan, or the JSON that `terraform show -json` makes of it.
        name: What to call it in reports.
        file: The plan's file; Terraform reads a saved plan in its folder.
        approved: The kinds of change that the caller approves.
        alone: Whether the account has no other stack. A first plan then has nothing that it could widen.
        roles: Returns the ARNs of the roles that a provider may assume.
    """
    verdict = PlanVerdict(name, hashlib.sha256(content).hexdigest(), approved=approved)
    try:
        plan = reading.read(reading.parse(reading.as_json(content, file)))
        return _judged(plan, replace(verdict, first=plan.first and alone, new=plan.first), roles)
    except PlanError as error:
        return replace(verdict, error=str(error))
    except Exception as error:  # An exit code of 1 would mean findings, and a traceback could quote a value.
        return replace(verdict, error=f"isn't in a form that this gate knows ({type(error).__name__})")


def _judged(plan: Plan, verdict: PlanVerdict, roles: Roles) -> PlanVerdict:
    secrets = find(plan.document)
    found = [
        *losses(plan.changes),
        *replaced_imports(plan.changes),
        *configuration.find(plan.document, roles),
        *costly(plan.changes),
        *closed_rules(plan.changes),
        *lockouts(plan.changes),
        *widenings(plan.changes),
    ]
    allowed = frozenset(APPROVABLE) if verdict.first else verdict.approved
    judged = [replace(each, refused=each.kind not in allowed) for each in found]
    findings = without(secrets, [*judged, *secrets.findings])
    changes: dict[str, list[str]] = {verb: [] for verb in ACTIONS}
    for change in plan.changes:
        for verb in _verbs(change):
            changes.setdefault(verb, []).append(secrets.out_of(change.address))
    return replace(
        verdict,
        changes={verb: tuple(sorted(changes[verb])) for verb in ACTIONS if changes[verb]},
        imports=imports(plan.changes),
        unchecked=unchecked(plan.changes),
        findings=tuple(dict.fromkeys(findings)),
    )


def _verbs(change: Change) -> Iterator[str]:
    yield "replace" if len(change.actions) > 1 else next(iter(change.actions))
    if change.imported:
        yield "import"
    if change.moved:
        yield "move"


def losses(changes: tuple[Change, ...]) -> Iterator[PlanFinding]:
    """Stateful resources that the plan deletes, replaces or forgets; those that it imports are judged as imports."""
    copies = swaps(changes)
    for change in changes:
        if copy := next((copy for previous, copy in copies if previous is change), None):
            yield swap(change, copy)
            continue
        lost = STATEFUL.get(change.kind)
        if lost is None or change.imported or not change.actions & {"delete", "forget"}:
            continue
        if "forget" in change.actions:
            what = f"would be forgotten: Terraform would no longer manage {lost}"
        elif "create" in change.actions:
            what = f"would be replaced{_why(change)}; that loses {lost}"
        elif change.deposed:
            what = f"would delete a previous object that still exists; that loses {lost}"
        else:
            what = f"would be deleted{_why(change)}; that loses {lost}"
        yield PlanFinding(FindingKind.STATEFUL, change.address, what)


def _why(change: Change) -> str:
    if change.forced_by:
        return f", forced by {', '.join(change.forced_by)}"
    reason = _REASONS.get(change.reason, "")
    return f" {reason}" if reason else ""
