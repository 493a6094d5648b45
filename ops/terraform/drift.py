"""Drift: compares an account with the code by a plan of every applied phase, which is not saved."""

from __future__ import annotations

from dataclasses import dataclass

from ops.terraform.advice import advice
from ops.terraform.initialize import initialize
from ops.terraform.plan import CHANGES, NO_CHANGES, SECRET_VALUE, is_planner, plan
from ops.terraform.process import Event
from ops.terraform.report import PhaseResult, Result, counted
from ops.terraform.session import Session
from ops.terraform.stack import Stack

_SHOWN = 12


@dataclass
class Drift:
    """Looks for drift. It takes no lock, so that it blocks no other run."""

    session: Session

    def compare(self, stack: Stack) -> PhaseResult:
        """Compare a phase; the result is `no changes`, `changes` or `not applied`."""
        return self.session.work(stack.phase.name, lambda: self._compared(stack))

    def _compared(self, stack: Stack) -> PhaseResult:
        phase = stack.phase.name
        if not self.session.states.applied(phase):
            return PhaseResult(phase, Result.NOT_APPLIED)
        self.session.progress.begin(phase, "comparing")
        initialize(self.session.terraform, stack)
        events: list[Event] = []
        flags = readable(stack) if is_planner(self.session.aws.caller, stack) else ()
        done = plan(self.session.terraform, stack, "-lock=false", *flags, listener=events.append)
        if done.code == NO_CHANGES:
            return PhaseResult(phase, Result.NO_CHANGES)
        if done.code != CHANGES:
            return PhaseResult(phase, Result.FAILED, message=advice(stack, done, self.session.states))
        changes = [each["change"] for each in events if each.get("type") == "planned_change"]
        found = [f"{each['action']} {each['resource']['addr']}" for each in changes]
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        message = "; ".join(found[:_SHOWN]) + more or "only outputs differ"
        return PhaseResult(phase, Result.CHANGES, counted([each["action"] for each in changes]), message=message)


def readable(stack: Stack) -> tuple[str, ...]:
    """Flags that leave out secrets' values, which the planner's role may not read; all other resources are compared.

    See docs/adr/0007-database-password.md.
    """
    resources = stack.content.get("resource", {})
    if SECRET_VALUE not in resources:
        return ()
    return tuple(f"-target={kind}.{name}" for kind in resources if kind != SECRET_VALUE for name in resources[kind])
