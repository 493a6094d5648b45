"""`bin/ops plan`, `apply`, `bootstrap`, `drift` and `destroy`: the command line around Terraform."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from modules.output import OUT
from ops.command import EnvironmentName, Json, Out, Phases, Yes, check_phases, confirm, load, reporting, say, show
from ops.errors import RefusedError
from ops.plan_gate.approvals import LossInPlace, Outage, ProtectionOff, Widening, approvals

if TYPE_CHECKING:
    from ops.terraform.report import PhaseResult, Report

Jobs = Annotated[int, typer.Option(min=0, help="Terraforms at once; 0: as many as cores and memory allow.")]


def plan(
    environment: EnvironmentName,
    phases: Phases = None,
    *,
    approve_widening: Widening = False,
    approve_loss_in_place: LossInPlace = False,
    approve_outage: Outage = False,
    approve_protection_off: ProtectionOff = False,
    jobs: Jobs = 0,
    out: Out = OUT,
    as_json: Json = False,
) -> None:
    """Plan phases side by side; save and check each plan. Exit code 0: planned; 1: refused; 2: failed."""
    from ops.terraform.bootstrap import refuse_before_bootstrap
    from ops.terraform.plan import Planner
    from ops.terraform.report import took
    from ops.terraform.schedule import side_by_side
    from ops.terraform.session import session

    check_phases(phases)
    approved = approvals(
        widening=approve_widening,
        loss_in_place=approve_loss_in_place,
        outage=approve_outage,
        protection_off=approve_protection_off,
    )
    with reporting(), session(load(environment), out) as running:
        stacks = running.stacks(phases or ())
        refuse_before_bootstrap(running)
        planner = Planner(running, approved)
        # A plan reads the applied outputs of other phases, not their plans: plans don't wait for each other.
        results = side_by_side(running, stacks, planner.plan, jobs=jobs, took=took(out, "plan", environment))
        end(running.report("plan", results), as_json=as_json)


def apply(
    environment: EnvironmentName,
    phases: Phases = None,
    *,
    yes: Yes = False,
    approve_widening: Widening = False,
    approve_loss_in_place: LossInPlace = False,
    approve_outage: Outage = False,
    approve_protection_off: ProtectionOff = False,
    out: Out = OUT,
    as_json: Json = False,
) -> None:
    """Apply exactly the saved plans, in order: of the named phases, or of all that have a saved plan.

    Exit code 0: applied; 1: refused; 2: failed or interrupted. Once a phase fails, no other begins.
    """
    from ops.terraform.apply import Applier
    from ops.terraform.bootstrap import refuse_before_bootstrap
    from ops.terraform.schedule import in_order
    from ops.terraform.session import session

    check_phases(phases)
    approved = approvals(
        widening=approve_widening,
        loss_in_place=approve_loss_in_place,
        outage=approve_outage,
        protection_off=approve_protection_off,
    )
    with reporting(), session(load(environment), out) as running:
        stacks = {name: each for name, each in running.stacks(phases or ()).items() if phases or each.saved.exists()}
        refuse_before_bootstrap(running)
        if not stacks:
            raise RefusedError(f"there is no saved plan of {environment}; make plan ENV={environment}")
        applier = Applier(running, approved)
        for stack in stacks.values():
            say(applier.shown(stack, applier.checked(stack)))
        with running.asking():
            confirm(f"Apply to {running.where}?", yes=yes)
        end(running.report("apply", in_order(running, stacks, applier.apply)), as_json=as_json)


def bootstrap(
    environment: EnvironmentName,
    *,
    yes: Yes = False,
    approve_widening: Widening = False,
    out: Out = OUT,
    as_json: Json = False,
) -> None:
    """Create the state bucket, and move its state there.

    Applies `state` with a state on this machine first. Exit code 0: the bucket exists; 1: refused; 2: failed or
    interrupted. After an interruption, run it again: it continues.
    """
    from ops.terraform.bootstrap import bootstrap as run
    from ops.terraform.report import to_do
    from ops.terraform.session import session

    with reporting(), session(load(environment), out) as running:

        def ask(planned: PhaseResult) -> None:
            with running.asking():
                confirm(f"Apply state to {running.where}: {to_do(planned.counts)}?", yes=yes)

        approved = approvals(widening=approve_widening, loss_in_place=False, outage=False, protection_off=False)
        result = run(running, ask, approved)
        running.progress.end(result)
        end(running.report("bootstrap", [result]), as_json=as_json)


def drift(
    environment: EnvironmentName, phases: Phases = None, jobs: Jobs = 0, out: Out = OUT, as_json: Json = False
) -> None:
    """Compare the account with the code. Exit code 0: no changes; 1: changes; 2: unknown."""
    from ops.terraform.drift import compare_all
    from ops.terraform.report import Result

    check_phases(phases)
    with reporting():
        report = compare_all(load(environment), out, phases or (), jobs)
        differs = any(each.result is Result.CHANGES for each in report.phases)
        end(report, as_json=as_json, code=report.exit_code or int(differs))


def destroy(
    environment: EnvironmentName,
    name: Annotated[str, typer.Option("--confirm", metavar="NAME", help="The environment's name, to confirm.")] = "",
    out: Out = OUT,
    as_json: Json = False,
) -> None:
    """Destroy an unprotected environment, last phase first; the state bucket stays.

    Exit code 0: destroyed; 1: refused; 2: failed or interrupted.
    """
    from ops.terraform.destroy import Destroyer, destroyable, unprotected
    from ops.terraform.schedule import in_reverse
    from ops.terraform.session import session

    def check(name: str) -> None:
        if name != environment:
            wanted = f"--confirm must be {environment!r}, not {name!r} (make: CONFIRM={environment})"
            raise RefusedError(f"nothing was destroyed: {wanted}")

    with reporting():
        if name:
            check(name)
        values = unprotected(load(environment))
        with session(values, out) as running:
            stacks = destroyable(running)
            if not stacks:
                raise RefusedError(f"no phase of {environment} but the state bucket is applied")
            count = sum(len(state.addresses) for phase in stacks if (state := running.states.get(phase)))
            say(f"{count} resources of {environment} (account {running.aws.caller.account}): {', '.join(stacks)}")
            if not name and sys.stdin.isatty():
                with running.asking():
                    name = typer.prompt(f"To destroy them, type the environment's name ({environment})", err=True)
            check(name)
            results = in_reverse(running, stacks, Destroyer(running).destroy)
            end(running.report("destroy", results), as_json=as_json)


def end(report: Report, *, as_json: bool, code: int | None = None) -> None:
    """Print the results, for programs on stdout, and exit."""
    for line in report.lines():
        say(line)
    if as_json:
        show(report.as_json(), nl=False)
    raise typer.Exit(report.exit_code if code is None else code)
