"""`bin/ops export`: the command line of the export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modules.output import OUT
from modules.phases import ORGANIZATION
from ops.command import complete_environment, load, load_chosen, reporting, say, show


def export(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ENVIRONMENT",
            help=f"Environments, or {ORGANIZATION}; by default all environments.",
            autocompletion=complete_environment,
        ),
    ] = None,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for the phases of one environment, or for folders of several environments.  "
            f"[default: {OUT}/export/ENVIRONMENT]",
        ),
    ] = None,
    diff: Annotated[
        str | None,
        typer.Option(metavar="REF", help="Write nothing; show what differs from this commit, branch or tag of git."),
    ] = None,
    stacks: Annotated[Path, typer.Option(metavar="DIR", help="Folder that synth wrote.")] = OUT,
) -> None:
    """Write environments as plain Terraform HCL: a folder for each phase, with the same state and addresses.

    It needs neither Terraform nor a network, and changes no state.
    """
    with reporting():
        from ops.errors import OpsError

        if diff and out:
            raise OpsError("--diff and --out exclude each other: --diff writes nothing")
        chosen = [name if name == ORGANIZATION else load(name).name for name in dict.fromkeys(names or ())]
        chosen = chosen or [each.name for each in load_chosen()]
        if diff:
            _compare(chosen, diff, stacks)
        else:
            _write(chosen, out, stacks)


def _compare(names: list[str], ref: str, stacks: Path) -> None:
    from ops import versions
    from ops.export import difference

    with versions.version(ref) as base:
        for name in names:
            found = difference.compared(name, base, stacks)
            show("\n".join(found.values()) if found else f"{name}: the HCL is the same as that of {ref}")


def _write(names: list[str], out: Path | None, stacks: Path) -> None:
    from ops.export.constructs import Constructs
    from ops.export.folder import MAIN, check_free, write
    from ops.export.folder import export as exported

    constructs = Constructs()
    written = {name: exported(name, stacks, constructs) for name in names}
    targets = {name: (out if len(names) == 1 else out / name) if out else stacks / "export" / name for name in names}
    if out:
        for name, found in written.items():
            check_free(found, targets[name])
    for name, found in written.items():
        target = targets[name]
        write(found, target)
        show(str(target))
        lines = sum(stack.files[MAIN].count("\n") for stack in found)
        say(f"{name}: {len(found)} folders, {lines} lines of HCL; README.md in each says how to continue with it")
