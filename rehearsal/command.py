"""`bin/ops rehearse`: the whole rollout on emulated AWS."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from modules.output import OUT
from ops.command import EnvironmentName, Out, complete_environment, load, reporting, say
from ops.errors import OpsError


def rehearse(  # noqa: PLR0917  (options)
    environment: EnvironmentName,
    to: Annotated[
        str,
        typer.Option(
            metavar="ENVIRONMENT",
            help="Then change to this larger environment of the same stage.",
            autocompletion=complete_environment,
        ),
    ] = "",
    go_live: Annotated[
        bool, typer.Option("--go-live", help="Rehearse go-live day instead, with every command that operators run.")
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Go on after a failed step where the next ones can still be tried.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Check that such a rehearsal is possible, and start nothing.")
    ] = False,
    out: Out = OUT,
) -> None:
    """Roll an environment out on emulated AWS, with real Terraform; no account, no cost.

    Writes rehearsal-ENVIRONMENT.md and .json to DIR/reports. Exit code 0: every step passed; 1: a step failed; 130:
    interrupted.
    """
    with reporting():
        values, larger = load(environment), load(to) if to else None
        if larger and go_live:
            raise OpsError("--to and --go-live are two different rehearsals; pass one of them")
        if keep_going and go_live:
            raise OpsError("--keep-going can't be used with --go-live: each command of that day needs the previous one")
        if larger and (larger.prefix != values.prefix or larger.name == values.name):
            why = "it is the same one"
            if larger.prefix != values.prefix:
                why = f"{environment} is of product and stage {values.prefix}, {to} of {larger.prefix}"
            raise OpsError(
                f"{environment} can't change to {to}: {why}; name another environment of {values.prefix} (make: TO=)"
            )
        if check:
            return
        # Loaded on use, so that `--help` is quick.
        from rehearsal.run import run, run_day  # noqa: PLC0415

        start = time.monotonic()
        report = run_day(values, out) if go_live else run(values, to or None, out, keep_going=keep_going)
    for name in report.not_reached:
        say(f"not reached  {name}")
    say(f"rehearsal of {environment}: {'pass' if report.passed else 'fail'} in {time.monotonic() - start:.0f} s")
    say(f"Look next: {out}/reports/rehearsal-{report.environment}.md")
    raise typer.Exit(0 if report.passed else 1)
