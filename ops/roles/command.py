"""`bin/ops roles`: the command line of what roles may do, and what was used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from modules.output import OUT
from ops.command import EnvironmentName, Json, Out, load, reporting, show

RoleName = Annotated[
    str | None, typer.Argument(metavar="ROLE", help="A role's purpose, such as deployer; by default all.")
]
Recordings = Annotated[
    list[Path] | None,
    typer.Option(
        "--recording", metavar="FILE", help="Recorded requests; by default those of rehearsals in DIR/reports."
    ),
]


def roles(
    environment: EnvironmentName,
    role: RoleName = None,
    *,
    recording: Recordings = None,
    out: Out = OUT,
    as_json: Json = False,
) -> None:
    """Show what each role may do, what a rehearsal used, what was never used, and which call needed which statement.

    Needs neither AWS nor a network. Exit code 1: a recorded request isn't allowed; the output has what to add.
    """
    with reporting():
        from environments.suggestions import choices
        from ops.errors import OpsError
        from ops.report.stacks import read
        from ops.roles import report
        from ops.roles.policies import Roles
        from ops.roles.recording import paths, recording_of
        from ops.roles.usage import usage

        values = load(environment)
        (stacks,) = read(out, [environment])
        recorded = recording_of(environment, recording or paths(out))
        uses = usage(Roles(values, stacks.view), recorded)
        chosen = [use for use in uses if role in {None, use.name}]
        if not chosen:
            known = choices(str(role), [use.name for use in uses])
            raise OpsError(f"{environment} has no role {role!r}; {known}")
        how = "" if recorded else f"make rehearse ENV={environment}"
        if as_json:
            data = {"version": 1, "environment": environment, "recorded": recorded is not None, "next": how}
            show(json.dumps({**data, "roles": report.as_data(chosen)}, indent=2))
        else:
            lines = [
                *(
                    report.summary(chosen, recorded=recorded is not None)
                    if role is None
                    else (line for use in chosen for line in report.detail(use, recorded=recorded is not None))
                ),
                f"What was used isn't recorded yet: {how}" if how else "",
                f"Look next: bin/ops roles {environment} {uses[0].name}" if role is None else "",
            ]
            show("\n".join(filter(None, lines)))
        raise typer.Exit(int(any(use.missing for use in chosen)))
