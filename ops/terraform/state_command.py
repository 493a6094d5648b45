"""`bin/ops outputs`, `console` and `recover`: commands on the state of phases."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

from modules.output import OUT
from ops.command import (
    EnvironmentName,
    Json,
    Out,
    Phases,
    Yes,
    check_phases,
    complete_phase,
    confirm,
    load,
    reporting,
    say,
    show,
)
from ops.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.terraform.session import Session
    from ops.terraform.stack import Stack

Phase = Annotated[str, typer.Argument(metavar="PHASE", help="A phase, such as network.", autocompletion=complete_phase)]


def outputs(
    environment: EnvironmentName,
    phases: Phases = None,
    as_json: Json = False,
) -> None:
    """Show what applied phases publish. Exit code 1: no phase of those is applied."""
    from modules.phases import PHASES
    from ops.aws.session import connect
    from ops.aws.states import States

    check_phases(phases)
    with reporting():
        values = load(environment)
        states = States(connect(values), values)
        found = {
            each.name: {name: output["value"] for name, output in state.outputs.items()}
            for each in PHASES
            if (not phases or each.name in phases) and (state := states.get(each.name)) and state.applied
        }
        if not found:
            what = f"none of {', '.join(phases)} is" if phases else "no phase is"
            raise RefusedError(f"{what} applied in {environment}; make status ENV={environment} shows the next step")
        if as_json:
            show(json.dumps(found[phases[0]] if phases and len(phases) == 1 else found, indent=2))
            return
        for name, published in found.items():
            for key, value in published.items():
                show(f"{name}.{key} = {value if isinstance(value, str) else json.dumps(value)}")


def console(environment: EnvironmentName, phase: Phase, out: Out = OUT) -> None:
    """Open Terraform's console on a phase's state."""
    from ops.terraform.bootstrap import refuse_before_bootstrap
    from ops.terraform.initialize import initialize
    from ops.terraform.session import session

    check_phases([phase])
    with reporting():
        with session(load(environment), out) as running:
            stack = running.stacks([phase])[phase]
            refuse_before_bootstrap(running)
            initialize(running.terraform, stack)
        os.chdir(stack.folder)
        os.execve(running.terraform.binary, ["terraform", "console"], running.terraform.environment())  # noqa: S606


def recover(
    environment: EnvironmentName,
    phase: Phase,
    restore: Annotated[str, typer.Option(metavar="VERSION", help="Restore this previous version of the state.")] = "",
    yes: Yes = False,
    out: Out = OUT,
) -> None:
    """Repair a state after an interrupted apply.

    Frees a dead lock, pushes a state that could not be saved, and imports resources that the last apply created and
    did not save. If the state is damaged, lists its previous versions. Exit code 0: repaired; 1: something is left to
    do, or you declined; 2: failed. Then plans the phase: without changes it counts as applied, and jobs that wait for
    it go on.
    """
    from ops.terraform.bootstrap import refuse_before_bootstrap
    from ops.terraform.recover import Recovery
    from ops.terraform.session import session

    check_phases([phase])
    with reporting(), session(load(environment), out) as running:
        refuse_before_bootstrap(running)

        def ask(question: str) -> None:
            with running.asking():
                confirm(question, yes=yes)

        stack = running.stacks([phase])[phase]
        recovery = Recovery(running, stack, ask)
        if restore:
            recovery.restore(restore)
        elif not recovery.run():
            raise typer.Exit(1)
        raise typer.Exit(_planned(running, stack, ask))


def _planned(running: Session, stack: Stack, ask: Callable[[str], None]) -> int:
    """Plan a phase whose state is repaired, and record it as applied if nothing changes; the exit code of `recover`."""
    from ops.rollout.people import other_role
    from ops.rollout.run import Rollout
    from ops.terraform.report import Result

    if step := other_role(running, stack):
        say(f"{stack.phase.name}: {step.how}")
        return 0
    result = Rollout(running, ask, say).plan(stack)
    if result.message:
        say(f"{stack.phase.name}: {result.message}")
    if result.result is not Result.NO_CHANGES:
        say(f"to continue: make rollout ENV={stack.environment.name} PHASE={stack.phase.name}")
    return 2 if result.result in {Result.FAILED, Result.INTERRUPTED} else 0
