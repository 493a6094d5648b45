"""Plans phases. For each it saves the plan, its JSON, a summary and the plan gate's verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from environments.names import ZONE_ROLE, Names
from modules.phases import AccountRole
from ops.aws.session import Caller
from ops.aws.states import States
from ops.cutover.prepare import COMMAND as PREPARE
from ops.cutover.prepare import RECORD, blocked
from ops.errors import RefusedError
from ops.gate.folder import digest
from ops.gate.model import Outcome
from ops.gate.reports import lines
from ops.plan_gate import reports
from ops.plan_gate.model import NOTHING_APPROVED, Approved, PlanVerdict
from ops.plan_gate.run import run as judge
from ops.terraform.advice import advice, refuse_unsaved
from ops.terraform.cached import CHANGES, NO_CHANGES, plan, show
from ops.terraform.initialize import initialize
from ops.terraform.report import PhaseResult, Result
from ops.terraform.saved import Provenance, commit, plan_it
from ops.terraform.session import Session
from ops.terraform.stack import Stack, published, waits_for

CUTOVER = "cutover"
"""The phase that writes the public name's records."""
SECRET_VALUE = "aws_secretsmanager_secret_version"  # noqa: S105  (a type)
"""The resource type whose refresh reads a secret's value."""
NO_REFRESH = "-refresh=false"
"""Flag with which a plan reads no attribute from AWS."""
_SIGNS = {
    ("create",): "+",
    ("update",): "~",
    ("delete",): "-",
    ("forget",): ".",
    ("delete", "create"): "-/+",
    ("create", "delete"): "+/-",
    ("create", "forget"): "+/.",
}


IMPORTED = "="
"""The sign of a resource that is imported and otherwise stays as it is."""


@dataclass
class Planner:
    """Plans phases of one environment."""

    session: Session
    approved: Approved = NOTHING_APPROVED

    def judge(self, stack: Stack, shown: bytes) -> PlanVerdict:
        """Judge the JSON of a plan of a stack."""
        zone = stack.environment.edge.zone
        return judge(
            shown,
            name=stack.name,
            approved=self.approved,
            alone=self.session.alone(stack.phase.name),
            roles=lambda: [role for role in (zone.role, zone.read_role) if role],
        )

    def plan(self, stack: Stack) -> PhaseResult:
        """Plan one phase and save the plan. The previous plan is removed."""
        stack.forget_plan()
        return self.session.work(stack.phase.name, lambda: self._planned(stack))

    def _planned(self, stack: Stack) -> PhaseResult:
        phase = stack.phase.name
        refuse_unsaved(stack)
        self.session.states.get(
            phase, again=True
        )  # A damaged state is an error here, with a message that leads to `recover`.
        if waits := waits_for(stack, self.session.states):
            return PhaseResult(phase, Result.WAITING, waits_for=waits)
        writes_names = phase == CUTOVER and RECORD in stack.content.get("resource", {})
        if writes_names and (why := blocked(self.session.aws, stack.environment)):
            return PhaseResult(phase, Result.WAITING, waits_for=(PREPARE,), message=why)
        self.session.progress.begin(phase, "initializing")
        initialize(self.session.terraform, stack)
        self.session.progress.begin(phase, "planning")
        return self.saved(stack, published(stack, self.session.states))

    def saved(self, stack: Stack, upstream: Mapping[str, str]) -> PhaseResult:
        """Plan an initialized stack; save plan, JSON, summary and verdict if all of them could be created."""
        phase = stack.phase.name
        fresh = stack.saved.with_suffix(".new")
        flags = (f"-out={fresh.name}", *caller_flags(self.session.aws.caller, stack))
        done = plan(self.session, stack, *flags, listener=lambda event: self.session.progress.update(phase, event))
        try:
            if done.code not in {NO_CHANGES, CHANGES}:
                result = Result.INTERRUPTED if self.session.terraform.interrupted.is_set() else Result.FAILED
                return PhaseResult(phase, result, message=advice(stack, done, self.session.states))
            older = _older_than_applied(self.session.states, phase)
            if done.code == NO_CHANGES:
                return PhaseResult(phase, Result.NO_CHANGES, message=older)
            shown = show(self.session, stack, fresh)
            verdict = self.judge(stack, shown.encode())
            reports.write(verdict, stack.out / "reports")
            for path, text in ((stack.saved_json, shown), (stack.saved_summary, summary(shown))):
                path.touch(mode=0o600)
                path.write_text(text, encoding="utf-8")
            fresh.replace(stack.saved)
            self._provenance(stack, upstream, verdict).write(stack.provenance)
            return _judged(phase, verdict, older)
        finally:
            fresh.unlink(missing_ok=True)

    def _provenance(self, stack: Stack, upstream: Mapping[str, str], verdict: PlanVerdict) -> Provenance:
        head, dirty = commit()
        return Provenance(
            stack=stack.name,
            files=stack.files,
            plan_sha256=digest(stack.saved),
            json_sha256=digest(stack.saved_json),
            account=self.session.aws.caller.account,
            caller=self.session.aws.caller.arn,
            planned_at=datetime.now(UTC).isoformat(timespec="seconds"),
            commit=head,
            dirty=dirty,
            upstream=upstream,
            counts=verdict.counts,
        )


def caller_flags(caller: Caller, stack: Stack) -> tuple[str, ...]:
    """Flags that leave out what the planner's role can't do: write a lock or another account's zone, read a secret.

    See docs/adr/0004-who-applies-what.md and docs/adr/0007-database-password.md.
    """
    if not is_planner(caller, stack):
        return ()
    refresh = (NO_REFRESH,) if SECRET_VALUE in stack.content.get("resource", {}) else ()
    return ("-lock=false", *refresh, *reads_zone(stack))


def reads_zone(stack: Stack) -> tuple[str, ...]:
    """Flags with which the provider of another account's zone assumes the role that only reads it.

    https://developer.hashicorp.com/terraform/language/values/variables#variables-on-the-command-line
    """
    if ZONE_ROLE not in stack.content.get("variable", {}):
        return ()
    return (f"-var={ZONE_ROLE}={stack.environment.edge.zone.read_role}",)


def is_planner(caller: Caller, stack: Stack) -> bool:
    """Whether the caller has the planner's role, which may only read."""
    return has_role(caller, Names(stack.environment).role(AccountRole.PLANNER))


def refuse_other_roles(caller: Caller, stack: Stack) -> None:
    """Refuse an apply that a secret's own policy would stop half-way: it denies the value to all but some roles.

    Raises:
        RefusedError: The stack writes a secret's value, and the caller isn't the role that applies it.
    """
    role = Names(stack.environment).role(stack.phase.role)
    if SECRET_VALUE in stack.content.get("resource", {}) and not has_role(caller, role):
        raise RefusedError(
            f"{stack.name} writes a secret's value, which the secret's own policy denies to {caller.arn}; "
            f"assume {role} (docs/account.md, section 2), then run the command again"
        )


def refuse_reading_plan(caller: str, stack: Stack) -> None:
    """Refuse to apply the planner's plan of records in another account's zone: it would assume the role that reads.

    Args:
        caller: ARN of who planned.
        stack: The stack.

    Raises:
        RefusedError: It is such a plan.
    """
    if is_planner(Caller("", caller), stack) and reads_zone(stack):
        raise RefusedError(
            f"{stack.name} was planned by {caller}, with the role that only reads the zone; "
            f"{plan_it(stack)} as {Names(stack.environment).role(stack.phase.role)}"
        )


def has_role(caller: Caller, role: str) -> bool:
    """Whether the caller's session is of the role with this name."""
    return f":assumed-role/{role}/" in caller.arn


def _older_than_applied(states: States, phase: str) -> str:
    """A warning if the state is older than the record of the last apply; else empty."""
    state, record = states.get(phase), states.record(phase)
    if state is None or record is None or state.serial >= (record.serial or 0):
        return ""
    serials = f"serial {state.serial}, then {record.serial}"
    return f"the state is older than the last apply ({serials}): a previous version was restored"


def _judged(phase: str, verdict: PlanVerdict, warning: str) -> PhaseResult:
    if verdict.outcome is Outcome.CLEAN:
        shown = "\n".join(each for each in (warning, reports.notes(verdict)) if each)
        return PhaseResult(phase, Result.CHANGES, verdict.counts, message=shown)
    text = reports.as_text(verdict).strip()
    result = Result.REFUSED if verdict.outcome is Outcome.FINDINGS else Result.FAILED
    return PhaseResult(phase, result, verdict.counts, message=text)


def summary(shown: str) -> str:
    """A plan with a line for each resource: its action, and the attributes that change."""
    document = json.loads(shown)
    changes = list(_lines(document.get("resource_changes", [])))
    outputs = [name for name, change in document.get("output_changes", {}).items() if change["actions"] != ["no-op"]]
    return lines([*changes, *([f"outputs: {', '.join(sorted(outputs))}"] if outputs else [])])


def _lines(changes: list[dict[str, Any]]) -> Iterator[str]:
    for each in changes:
        change = each["change"]
        imported = bool(change.get("importing"))
        sign = _SIGNS.get(tuple(change["actions"]), IMPORTED if imported else None)
        if sign is None:
            continue
        before, after, unknown = (change.get(key) or {} for key in ("before", "after", "after_unknown"))
        differing = sorted(key for key in {*after, *unknown} if unknown.get(key) or before.get(key) != after.get(key))
        forced = {str(path[0]) for path in change.get("replace_paths", [])}
        names = [f"{key} (forces replacement)" if key in forced else key for key in differing]
        address = f"{each['address']} (imported)" if imported else each["address"]
        yield f"{sign:<3} {address}" + (f": {', '.join(names)}" if sign not in {"+", IMPORTED} and names else "")
