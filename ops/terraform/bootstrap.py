"""The phase `state`: applied with a state on this machine, which then moves into the bucket that it created."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace

from modules.phases import phase
from ops import files
from ops.errors import OpsError
from ops.gate.folder import BOOTSTRAP, BOOTSTRAP_FILE
from ops.plan_gate.model import NOTHING_APPROVED, Approved, FindingKind
from ops.terraform.apply import Applier
from ops.terraform.cached import NO_CHANGES, plan
from ops.terraform.initialize import initialize
from ops.terraform.plan import Planner
from ops.terraform.report import PhaseResult, Result
from ops.terraform.saved import Provenance, plan_it
from ops.terraform.session import Session
from ops.terraform.stack import Stack

PHASE = "state"
_STATE = "terraform.tfstate"
"""Terraform's own name for a state on this machine."""


def bootstrap(
    session: Session, confirm: Callable[[PhaseResult], None], approved: Approved = NOTHING_APPROVED
) -> PhaseResult:
    """Create the state bucket. After an interruption, run it again: it continues.

    Args:
        session: The session.
        confirm: Asks whether to apply the plan; raises if you decline.
        approved: The kinds of change that the caller approves.

    Raises:
        OpsError: A step failed, or the bucket exists and was not created by this command.
    """
    stack = session.stacks([PHASE])[PHASE]
    local = stack.folder / _STATE
    there = session.states.bootstrapped()
    if there and session.states.get(PHASE) is not None:
        (stack.folder / BOOTSTRAP_FILE).unlink(missing_ok=True)
        return PhaseResult(PHASE, Result.NO_CHANGES, message=f"the state is in {session.states.bucket} already")
    if there and not local.exists():
        raise OpsError(
            f"the bucket {session.states.bucket} exists, but holds no state of {stack.name}; if it is a previous "
            f"bucket, import it: see docs/account.md, section 3"
        )
    start = time.monotonic()
    # Expiry loses nothing: the bucket is this command's own, and empty until the state moves.
    applier = Applier(session, approved | {FindingKind.LOSS_IN_PLACE})
    result, origin = _applied_locally(session, stack, applier, confirm)
    if result.result in {Result.APPLIED, Result.NO_CHANGES}:
        _moved(session, stack)
        applier.record(stack, origin)
    return replace(result, seconds=time.monotonic() - start)


def _applied_locally(
    session: Session, stack: Stack, applier: Applier, confirm: Callable[[PhaseResult], None]
) -> tuple[PhaseResult, Provenance | None]:
    """Plan and apply `state`; return the result, and what the applied plan was created from."""
    override = stack.folder / BOOTSTRAP_FILE
    files.write(override, json.dumps(BOOTSTRAP))
    planner = Planner(session, applier.approved)
    stack.forget_plan()
    session.lasting(PHASE, "applying")
    session.progress.begin(PHASE, "initializing")
    initialize(session.terraform, stack)
    session.progress.begin(PHASE, "planning")
    planned = planner.saved(stack, {})
    if planned.result is not Result.CHANGES:
        return planned, None
    origin = applier.checked(stack)
    confirm(planned)
    session.progress.begin(PHASE, "applying")
    return applier.run(stack, origin, bootstrap=True), origin


def _moved(session: Session, stack: Stack) -> None:
    """Move the state into the bucket, and check that a plan with it has no changes."""
    session.progress.begin(PHASE, "moving the state into its bucket")
    (stack.folder / BOOTSTRAP_FILE).unlink(missing_ok=True)
    initialize(session.terraform, stack, "-migrate-state", "-force-copy")
    done = plan(session, stack)
    if done.code != NO_CHANGES:
        raise OpsError(
            f"the state moved into {session.states.bucket}, but a plan with it has changes: {' '.join(done.errors)}; "
            f"terraform.tfstate in {stack.folder} is kept; {plan_it(stack)}"
        )
    for path in stack.folder.glob(f"{_STATE}*"):
        path.unlink()


def refuse_before_bootstrap(session: Session) -> None:
    """Check that the state bucket exists, and that its own state isn't left on this machine.

    Raises:
        OpsError: There is no bucket yet, or a bootstrap on this machine did not finish.
    """
    if why := unfinished(session):
        raise OpsError(why)


def unfinished(session: Session) -> str:
    """Why `bootstrap` must run first, with its command; empty if the bucket exists and has its own state."""
    bucket, again = session.states.bucket, f"make bootstrap ENV={session.environment.name}"
    if not session.states.bootstrapped():
        return f"there is no state bucket {bucket} yet; {again}"
    folder = Stack(session.environment, phase(PHASE), session.out).folder
    if not any((folder / name).exists() for name in (BOOTSTRAP_FILE, _STATE)):
        return ""
    if session.states.get(PHASE) is None:
        return f"the bucket {bucket} exists, but its own state is still in {folder}; to continue: {again}"
    (folder / BOOTSTRAP_FILE).unlink(missing_ok=True)  # A bootstrap on another machine finished.
    return ""
