"""Applies exactly the saved plans that the gates checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from ops.aws.states import ApplyRecord
from ops.errors import OpsError, RefusedError
from ops.gate.model import Outcome
from ops.plan_gate import reports
from ops.plan_gate.model import NOTHING_APPROVED, Approved
from ops.secrets.status import missing
from ops.terraform.advice import advice, refuse_unsaved
from ops.terraform.initialize import initialize
from ops.terraform.plan import Planner, refuse_other_roles, refuse_reading_plan
from ops.terraform.process import LOCK_TIMEOUT
from ops.terraform.report import PhaseResult, Result, to_do
from ops.terraform.saved import Provenance, check, commit, plan_it, provenance
from ops.terraform.session import Session
from ops.terraform.stack import Stack, published


@dataclass
class Applier:
    """Applies saved plans of one environment."""

    session: Session
    approved: Approved = NOTHING_APPROVED
    verifies: bool = False
    """Whether the exit criteria are checked next, so that the record isn't `verified` yet."""
    notes: dict[str, str] = field(default_factory=dict)
    """What the plan gate always shows of each phase's plan."""
    _agreed: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each phase's plan at its first check: the plan that you confirmed."""

    def checked(self, stack: Stack) -> Provenance:
        """Check the saved plan (docs/operating.md) and return what it was created from.

        Raises:
            RefusedError: A check fails.
        """
        refuse_unsaved(stack)
        refuse_other_roles(self.session.aws.caller, stack)
        origin = provenance(stack)
        if self._agreed.setdefault(stack.phase.name, origin.plan_sha256) != origin.plan_sha256:
            raise RefusedError(f"{stack.name} was re-planned after you confirmed; review the new plan and apply again")
        refuse_reading_plan(origin.caller, stack)
        check(stack, origin, published(stack, self.session.states, again=True))
        verdict = Planner(self.session, self.approved).judge(stack, stack.saved_json.read_bytes())
        self.notes[stack.phase.name] = reports.notes(verdict)
        if verdict.outcome is not Outcome.CLEAN:
            raise RefusedError(reports.as_text(verdict).strip())
        self.check_secrets(stack)
        return origin

    def shown(self, stack: Stack, origin: Provenance) -> str:
        """A checked plan as text: counts, where its summary is, and what the plan gate always shows."""
        line = f"{stack.phase.name}: {to_do(origin.counts)}; planned {origin.planned_at} ({stack.saved_summary})"
        return "\n".join(filter(None, (line, self.notes[stack.phase.name])))

    def check_secrets(self, stack: Stack) -> None:
        """Check that every secret that a service reads has a value: tasks don't start without it.

        Raises:
            RefusedError: The stack holds services, and a secret has no value.
        """
        if "aws_ecs_service" not in stack.content.get("resource", {}):
            return
        if names := missing(self.session.aws, stack.environment):
            see = f"bin/ops secrets status {stack.environment.name} (docs/runbooks/secrets.md)"
            raise RefusedError(f"no value yet: {', '.join(names)}; tasks of {stack.name} would not start; {see}")

    def apply(self, stack: Stack) -> PhaseResult:
        """Check a saved plan again, and apply it."""
        return self.session.work(stack.phase.name, lambda: self._applied(stack))

    def _applied(self, stack: Stack) -> PhaseResult:
        self.session.lasting(stack.phase.name, "applying")
        initialize(self.session.terraform, stack)
        origin = self.checked(stack)  # Last: another run may have saved a new plan.
        self.session.progress.begin(stack.phase.name, "applying")
        return self.run(stack, origin)

    def run(self, stack: Stack, origin: Provenance, *, bootstrap: bool = False) -> PhaseResult:
        """Apply the saved plan of an initialized stack; write a record of it, but not in a bootstrap."""
        phase = stack.phase.name
        arguments = ("-json", "-input=false", LOCK_TIMEOUT, stack.saved.name)
        done = self.session.terraform.run(
            stack.folder,
            "apply",
            *arguments,
            log=stack.events,
            listener=lambda event: self.session.progress.update(phase, event),
        )
        if done.code == 0:
            stack.forget_plan()
            stack.end_events()
            warning = "" if bootstrap else self._recorded(stack, origin)
            return PhaseResult(phase, Result.APPLIED, origin.counts, message=warning)
        again = f"make bootstrap ENV={stack.environment.name}" if bootstrap else f"{plan_it(stack)}, then apply"
        go_on = f"created resources are in the state; to continue: {again}"
        result = Result.INTERRUPTED if self.session.terraform.interrupted.is_set() else Result.FAILED
        return PhaseResult(phase, result, message=advice(stack, done, self.session.states, go_on))

    def _recorded(self, stack: Stack, origin: Provenance) -> str:
        """Write the record of an apply; return a warning if it can't be written."""
        try:
            self.record(stack, origin)
        except OpsError as error:
            return f"applied, but the record of who applied it could not be written: {error}"
        return ""

    def record(self, stack: Stack, origin: Provenance | None) -> None:
        """Write a record beside the state: who applied which plan of the stack, when, and the commit of the plan.

        Args:
            stack: The stack.
            origin: What the plan was created from; None if there was nothing to apply.

        Raises:
            OpsError: The record can't be written.
        """
        head, dirty = (origin.commit, origin.dirty) if origin else commit()
        states, phase = self.session.states, stack.phase.name
        state, before = states.get(phase, again=True), states.record(phase)
        states.put_record(
            ApplyRecord(
                phase=phase,
                environment=stack.environment.name,
                commit=head,
                dirty=dirty,
                applied_at=datetime.now(UTC).isoformat(timespec="seconds"),
                caller=self.session.aws.caller.arn,
                stack_sha256=stack.digest,
                plan_sha256=origin.plan_sha256 if origin else "",
                serial=state.serial if state else None,
                lineage=state.lineage if state else "",
                counts=origin.counts if origin else {},
                verified=not self.verifies and (before is None or before.verified),
            )
        )
