"""`bin/ops adopt`: the command line around the search for resources that Terraform can take over."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from modules.output import OUT
from ops.command import EnvironmentName, Json, Out, Phases, check_phases, load, reporting, say, show

Write = Annotated[bool, typer.Option("--write", help="Write environments/existing/ENVIRONMENT.json.")]


def adopt(
    environment: EnvironmentName,
    phases: Phases = None,
    *,
    write: Write = False,
    out: Out = OUT,
    as_json: Json = False,
) -> None:
    """Show which existing resources Terraform can take over, and which it can't and why.

    Asks AWS only read-only questions. With --write, synth then writes an import block for each of them. Exit code 1:
    AWS didn't answer some of the questions.
    """
    check_phases(phases)
    with reporting():
        from ops.adopt.adoption import search
        from ops.adopt.adoption import write as write_values

        chosen = load(environment)
        result = search(chosen, out, phases or ())
        show(json.dumps(result.as_data(), indent=2) if as_json else "\n".join(result.lines()))
        if write:
            say(write_values(chosen, result))
        if not result.complete:
            raise typer.Exit(1)
