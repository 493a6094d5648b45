"""`bin/ops export`: the command line of the export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modules.output import OUT
from modules.phases import ORGANIZATION
from ops.command import complete_environment, load, reporting, say, show


def export(
    environment: Annotated[
        str,
        typer.Argument(
            metavar="ENVIRONMENT",
            help=f"Name of an environment, or {ORGANIZATION}.",
            autocompletion=complete_environment,
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help=f"Folder to write, with one for each phase.  [default: {OUT}/export/ENVIRONMENT]"
        ),
    ] = None,
    diff: Annotated[
        str | None,
        typer.Option(metavar="REF", help="Write nothing; show what differs from this commit, branch or tag of git."),
    ] = None,
    stacks: Annotated[Path, typer.Option(metavar="DIR", help="Folder that synth wrote.")] = OUT,
) -> None:
    """Write an environment as plain Terraform HCL: a folder for each phase, with the same state and addresses.

    It needs neither Terraform nor a network, and changes no state.
    """
    with reporting():
        from ops.errors import OpsError
        from ops.export.constructs import Constructs
        from ops.export.difference import compared
        from ops.export.folder import MAIN, write
        from ops.export.folder import export as exported
        from ops.versions import version

        if diff and out:
            raise OpsError("--diff and --out exclude each other: --diff writes nothing")
        name = environment if environment == ORGANIZATION else load(environment).name
        if diff:
            with version(diff) as base:
                found = compared(name, base, stacks)
            show("\n".join(found.values()) if found else f"{name}: the HCL is the same as that of {diff}")
            return
        target = out or stacks / "export" / name
        written = exported(name, stacks, Constructs())
        write(written, target)
        lines = sum(stack.files[MAIN].count("\n") for stack in written)
        show(str(target))
        say(f"{name}: {len(written)} folders, {lines} lines of HCL; README.md in each says how to continue with it")
