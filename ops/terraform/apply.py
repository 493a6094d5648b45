"""Applies exactly the saved plans that were checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from ops.errors import OpsError, RefusedError
from ops.gate.model import Outcome
from ops.plan_gate import reports
from ops.plan_gate.run import run as judge
from ops.secrets.missing import missing
from ops.terraform.advice import advice, refuse_unsaved
from ops.terraform.commit import commit
from ops.terraform.initialize import initialize
from ops.terraform.plan import refuse_other_roles
from ops.terraform.process import LOCK_TIMEOUT
from ops.terraform.report import PhaseResult, Result
from ops.terraform.saved import Provenance, check, plan_it, provenance
from ops.terraform.session import Session
from ops.terraform.stack import Stack
from ops.terraform.upstream import published


@dataclass
class Applier:
    """Applies saved plans of one environment."""

    session: Session
    approve_widening: bool = False
    _agreed: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each phase's plan when it was first checked: what was shown and agreed to."""

    def checked(self, stack: Stack) -> Provenance:
        """What the saved plan was made from, after all checks (see docs/operating.md).

        Raises:
            RefusedError: It may not be applied.
        """
        refuse_unsaved(stack)
        refuse_other_roles(self.session.aws.caller, stack)
        made = provenance(stack)
        if self._agreed.setdefault(stack.phase.name, made.plan_sha256) != made.plan_sha256:
            raise RefusedError(f"{stack.name} was re-planned after you confirmed; review the new plan and apply again")
        check(stack, made, published(stack, self.session.states, again=True))
        verdict = judge(stack.saved_json.read_bytes(), name=stack.name, approve_widening=self.approve_widening)
        if verdict.outcome is not Outcome.CLEAN:
            raise RefusedError(reports.as_text(verdict).strip())
        self.check_secrets(stack)
        return made

    def check_secrets(self, stack: Stack) -> None:
        """Check that every secret that a service reads has a value: its tasks would not start.

        Raises:
            RefusedError: One has none, and the stack holds services.
        """
        if "aws_ecs_service" not in stack.content.get("resource", {}):
            return
        if names := missing(self.session.aws, stack.environment):
            see = f"python -m ops secrets status {stack.environment.name} (docs/runbooks/secrets.md)"
            raise RefusedError(f"no value yet: {', '.join(names)}; tasks of {stack.name} would not start; {see}")

    def apply(self, stack: Stack) -> PhaseResult:
        """Check a saved plan once more, and apply it."""
        return self.session.work(stack.phase.name, lambda: self._applied(stack))

    def _applied(self, stack: Stack) -> PhaseResult:
        self.session.lasting(stack.phase.name, "applying")
        initialize(self.session.terraform, stack)
        made = self.checked(stack)  # Last, for another plan may have been saved meanwhile.
        self.session.board.begin(stack.phase.name, "applying")
        return self.run(stack, made)

    def run(self, stack: Stack, made: Provenance, *, bootstrap: bool = False) -> PhaseResult:
        """Apply the saved plan of an initialized stack; write down that it was, unless this makes the bucket for it."""
        phase = stack.phase.name
        arguments = ("-json", "-input=false", LOCK_TIMEOUT, stack.saved.name)
        done = self.session.terraform.run(
            stack.folder,
            "apply",
            *arguments,
            log=stack.events,
            listener=lambda event: self.session.board.tell(phase, event),
        )
        if done.code == 0:
            stack.forget_plan()
            stack.end_events()
            warning = "" if bootstrap else self._recorded(stack, made)
            return PhaseResult(phase, Result.APPLIED, made.counts, message=warning)
        again = f"make bootstrap ENV={stack.environment.name}" if bootstrap else f"{plan_it(stack)}, then apply"
        go_on = f"what was made is in the state; to go on: {again}"
        result = Result.INTERRUPTED if self.session.terraform.interrupted.is_set() else Result.FAILED
        return PhaseResult(phase, result, message=advice(stack, done, self.session.states, go_on))

    def _recorded(self, stack: Stack, made: Provenance) -> str:
        """Write down beside the state who applied what; it is applied all the same if that can't be."""
        try:
            self.record(stack, made)
        except OpsError as error:
            return f"it is applied, but who applied it could not be written down: {error}"
        return ""

    def record(self, stack: Stack, made: Provenance | None) -> None:
        """Write down beside the state who applied which plan of the stack, when, and from which commit it was planned.

        Args:
            stack: The stack.
            made: What the plan was made from; none if there was nothing to apply.

        Raises:
            OpsError: It can't be written.
        """
        head, dirty = (made.commit, made.dirty) if made else commit()
        state = self.session.states.get(stack.phase.name, again=True)
        self.session.states.put_record(
            stack.phase.name,
            {
                "phase": stack.phase.name,
                "environment": stack.environment.name,
                "commit": head,
                "dirty": dirty,
                "applied_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "caller": self.session.aws.caller.arn,
                "stack_sha256": stack.digest,
                "plan_sha256": made.plan_sha256 if made else "",
                "serial": state.serial if state else None,
            },
        )
