"""Destroys an unprotected environment, last phase first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import environments
from ops.errors import RefusedError
from ops.terraform.advice import advice, refuse_unsaved
from ops.terraform.bootstrap import PHASE as STATE
from ops.terraform.initialize import initialize
from ops.terraform.plan import refuse_other_roles
from ops.terraform.process import LOCK_TIMEOUT
from ops.terraform.report import PhaseResult, Result
from ops.terraform.session import Session
from ops.terraform.stack import Stack

if TYPE_CHECKING:
    from environments.schema import Environment


def unprotected(environment: Environment) -> Environment:
    """Return the environment if it may be destroyed.

    Raises:
        RefusedError: The environment is protected.
    """
    if environment.protected:
        raise RefusedError(
            f"{environment.name} is protected: no command destroys it (protected in "
            f"{environments.shown(environments.file_of(environment.name))} or a file it imports)"
        )
    return environment


def destroyable(session: Session) -> dict[str, Stack]:
    """The applied phases without `state`, whose bucket keeps the history of all; last first."""
    found = session.stacks()
    return {name: found[name] for name in reversed(found) if name != STATE and session.states.applied(name)}


@dataclass
class Destroyer:
    """Destroys phases of one environment."""

    session: Session

    def destroy(self, stack: Stack) -> PhaseResult:
        """Destroy the resources of a phase; Terraform stops at protected resources."""
        return self.session.work(stack.phase.name, lambda: self._destroyed(stack))

    def _destroyed(self, stack: Stack) -> PhaseResult:
        phase, states = stack.phase.name, self.session.states
        refuse_unsaved(stack)
        refuse_other_roles(self.session.aws.caller, stack)
        self.session.lasting(phase, "destroying")
        self.session.progress.begin(phase, "initializing")
        initialize(self.session.terraform, stack)
        self.session.progress.begin(phase, "destroying")
        stack.forget_plan()
        before = states.get(phase)
        done = self.session.terraform.run(
            stack.folder,
            *("destroy", "-json", "-auto-approve", "-input=false", LOCK_TIMEOUT),
            log=stack.events,
            listener=lambda event: self.session.progress.update(phase, event),
        )
        after = states.get(phase, again=True)
        gone = len(before.addresses if before else ()) - len(after.addresses if after else ())
        if done.code == 0:
            stack.end_events()
            return PhaseResult(phase, Result.DESTROYED, {"delete": gone})
        interrupted = self.session.terraform.interrupted.is_set()
        again = f"to continue: make destroy ENV={stack.environment.name}"
        return PhaseResult(
            phase,
            Result.INTERRUPTED if interrupted else Result.FAILED,
            {"delete": gone},
            message=advice(stack, done, states, again),
        )
