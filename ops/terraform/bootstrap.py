"""The state phase: applied with a state on this machine, which then moves into the bucket that it made."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace

from ops.errors import OpsError
from ops.terraform.apply import Applier
from ops.terraform.initialize import initialize
from ops.terraform.plan import NO_CHANGES, Planner, plan
from ops.terraform.report import PhaseResult, Result
from ops.terraform.saved import plan_it
from ops.terraform.session import Session
from ops.terraform.stack import Stack

PHASE = "state"
_LOCAL = "local_override.tf.json"
"""Its name sorts behind that of any other override file here: the last one decides."""


def bootstrap(session: Session, confirm: Callable[[PhaseResult], None]) -> PhaseResult:
    """Make the state bucket. Begun again after an interruption, it goes on where it was.

    Args:
        session: The session.
        confirm: Asks whether the plan is to be applied; raises if not.

    Raises:
        OpsError: A step failed, or there is a bucket that this did not make.
    """
    stack = session.stacks([PHASE])[PHASE]
    local = stack.folder / "terraform.tfstate"
    there = session.states.bootstrapped()
    if there and session.states.get(PHASE) is not None:
        (stack.folder / _LOCAL).unlink(missing_ok=True)
        return PhaseResult(PHASE, Result.NO_CHANGES, message=f"the state is in {session.states.bucket} already")
    if there and not local.exists():
        raise OpsError(
            f"the bucket {session.states.bucket} exists, but holds no state of {stack.name}; if it is an earlier one, "
            f"import it: see docs/account.md, section 3"
        )
    start = time.monotonic()
    applier = Applier(session)
    result, plan_sha256 = _applied_locally(session, stack, applier, confirm)
    if result.result in {Result.APPLIED, Result.NO_CHANGES}:
        _moved(session, stack)
        applier.record(stack, plan_sha256)
    return replace(result, seconds=time.monotonic() - start)


def _applied_locally(
    session: Session, stack: Stack, applier: Applier, confirm: Callable[[PhaseResult], None]
) -> tuple[PhaseResult, str]:
    """How it went, and the SHA-256 of the plan that was applied."""
    override = stack.folder / _LOCAL
    override.write_text(json.dumps({"terraform": {"backend": {"local": {}}}}), encoding="utf-8")
    planner = Planner(session)
    stack.forget_plan()
    session.board.begin(PHASE, "initializing")
    initialize(session.terraform, stack)
    session.board.begin(PHASE, "planning")
    planned = planner.saved(stack, {})
    if planned.result is not Result.CHANGES:
        return planned, ""
    made = applier.checked(stack)
    confirm(planned)
    session.board.begin(PHASE, "applying")
    return applier.run(stack, made, bootstrap=True), made.plan_sha256


def _moved(session: Session, stack: Stack) -> None:
    """Move the state into the bucket, and see that nothing differs there."""
    session.board.begin(PHASE, "moving the state into its bucket")
    (stack.folder / _LOCAL).unlink(missing_ok=True)
    initialize(session.terraform, stack, "-migrate-state", "-force-copy")
    done = plan(session.terraform, stack)
    if done.code != NO_CHANGES:
        raise OpsError(
            f"the state moved into {session.states.bucket}, but a plan of it isn't empty: {' '.join(done.errors)}; "
            f"terraform.tfstate in {stack.folder} is kept; {plan_it(stack)}"
        )
    for path in stack.folder.glob("terraform.tfstate*"):
        path.unlink()


def refuse_before_bootstrap(session: Session) -> None:
    """Check that there is a bucket for states.

    Raises:
        OpsError: There is none yet.
    """
    if not session.states.bootstrapped():
        raise OpsError(
            f"there is no state bucket {session.states.bucket} yet; make bootstrap ENV={session.environment.name}"
        )
