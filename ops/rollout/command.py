"""`bin/ops rollout`: the command line of a rollout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modules.output import OUT
from ops.command import (
    DryRun,
    EnvironmentName,
    Json,
    Out,
    Phases,
    Yes,
    check_phases,
    confirm,
    load,
    reporting,
    say,
    show,
)
from ops.errors import OpsError, RefusedError, WaitingError
from ops.plan_gate.approvals import LossInPlace, Outage, ProtectionOff, Widening, approvals
from ops.plan_gate.model import FindingKind
from ops.terraform.command import Jobs
from ops.verify.command import CaFile, ConnectToOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ops.plan_gate.model import Approved
    from ops.rollout.run import Rollout
    from ops.terraform.report import PhaseResult
    from ops.terraform.session import Session
    from ops.terraform.stack import Stack

NEXT = {
    0: "every phase is as its stack",
    1: "fix or approve what was refused, then continue: {again}",
    2: "do what the messages say, then continue: {again}",
    WaitingError.exit_code: "do what the phases are waiting for, then continue: {again}",
}
"""What to do next, by exit code."""


def rollout(
    environment: EnvironmentName,
    phases: Phases = None,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    approve_widening: Widening = False,
    approve_loss_in_place: LossInPlace = False,
    approve_outage: Outage = False,
    approve_protection_off: ProtectionOff = False,
    store: Annotated[bool, typer.Option("--store", help="Plan one phase, and store the plan for another job.")] = False,
    stored: Annotated[str | None, typer.Option(metavar="SHA256", help="Apply this stored plan, and verify.")] = None,
    outputs: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --store: append changes=… and sha256=… to this file.")
    ] = None,
    wait: Annotated[float, typer.Option(min=0, metavar="MINUTES", help="With --store: wait for other phases.")] = 0,
    connect_to: ConnectToOption = None,
    ca_file: CaFile = None,
    jobs: Jobs = 0,
    out: Out = OUT,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the result as Markdown on stdout.")] = False,
    as_json: Json = False,
) -> None:
    """Roll out wave by wave: plan, show, ask and apply.

    It goes on until no phase has changes, and stops at steps that people must do; run it again to continue. Exit code
    0: every phase is as its stack; 1: refused; 2: failed or interrupted; 3: waiting for a step of yours or of another
    role.

    In CI, --store plans one phase and stores the plan, and --stored applies exactly that plan on another machine.
    """
    from ops.rollout.run import Rollout
    from ops.terraform.report import took
    from ops.terraform.session import session

    check_phases(phases)
    approved = approvals(
        widening=approve_widening,
        loss_in_place=approve_loss_in_place,
        outage=approve_outage,
        protection_off=approve_protection_off,
    )
    with reporting():
        one = store or stored is not None
        _check(phases or [], store=store, stored=stored, only_store=bool(outputs or wait), dry_run=dry_run)
        values = load(environment)
        with session(values, out) as running:

            def ask(question: str) -> None:
                with running.asking():
                    confirm(question, yes=yes)

            before = took(out, "rollout", environment)
            work = Rollout(running, ask, say, approved, dry_run=dry_run, jobs=jobs, took=before)
            stacks = running.stacks(phases or ())
            if one:
                (stack,) = stacks.values()
                results = [_one(work, stack, stored, outputs, wait)]
            else:
                results = work.run(phases or ())
            report = running.report("rollout", results, waiting_code=WaitingError.exit_code)
        for line in report.lines():
            say(line)
        if markdown:
            from ops.rollout.markdown import as_markdown

            show(as_markdown(report, stacks), nl=False)
        if as_json:
            show(report.as_json(), nl=False)
        if report.exit_code or not one:
            say(NEXT[report.exit_code].format(again=_again(environment, phases or (), approved, one=one)))
        if one and not report.exit_code and _to_verify(running, stack, results[0], stored):
            from ops.rollout.stored import note_verified
            from ops.verify.command import check

            code = check(values, phases, connect_to, ca_file, out, err=True)
            if not code:
                note_verified(running, stack)
            raise typer.Exit(code)
        raise typer.Exit(report.exit_code)


def _to_verify(running: Session, stack: Stack, result: PhaseResult, stored: str | None) -> bool:
    """Whether to check the exit criteria: after an apply, and in a later run if they didn't pass then."""
    from ops.rollout.stored import unverified
    from ops.terraform.report import Result

    return stored is not None or (result.result is Result.NO_CHANGES and unverified(running, stack))


def _again(environment: str, phases: Sequence[str], approved: Approved, *, one: bool) -> str:
    """The command that continues, with the same approvals; a job that stores or applies one plan stores it again."""
    flags = [kind.flag for kind in FindingKind if kind in approved]
    return " ".join(["bin/ops rollout", environment, *phases, *(["--store"] if one else []), *flags])


def _check(phases: list[str], *, store: bool, stored: str | None, only_store: bool, dry_run: bool) -> None:
    """Check that the given options belong together.

    Raises:
        OpsError: They don't, or what should be a SHA-256 isn't one.
    """
    from ops.rollout.stored import check_sha256

    one = store or stored is not None
    if one and len(phases) != 1:
        raise OpsError(f"--store and --stored are for one phase, not {len(phases)}: bin/ops rollout ENVIRONMENT PHASE")
    if store and stored is not None:
        raise OpsError("--store plans and --stored applies; pass one of them")
    if one and dry_run:
        raise OpsError("--dry-run shows plans and stores or applies none; leave out --store and --stored")
    if only_store and not store:
        raise OpsError("--outputs and --wait belong to --store; add it, or leave them out")
    if stored is not None:
        check_sha256(stored)


def _one(work: Rollout, stack: Stack, sha256: str | None, outputs: Path | None, wait: float) -> PhaseResult:
    """Store the plan of a phase or, with a hash, apply the stored one; the outputs say whether there is a plan."""
    from ops.rollout.stored import apply_stored, store
    from ops.step_outputs import append
    from ops.terraform.bootstrap import refuse_before_bootstrap
    from ops.terraform.report import PhaseResult, Result

    refuse_before_bootstrap(work.session)
    try:
        if sha256 is not None:
            return apply_stored(work, stack, sha256)
        stored = store(work, stack, wait=wait)
    except (RefusedError, WaitingError) as error:
        result = Result.REFUSED if isinstance(error, RefusedError) else Result.WAITING
        return PhaseResult(stack.phase.name, result, message=str(error))
    if stored.sha256:
        say(f"stored the plan of {stack.phase.name}: {stored.sha256}")
    if outputs and stored.result.result in {Result.CHANGES, Result.NO_CHANGES}:
        append(outputs, stored.outputs())
    return stored.result
