"""`bin/ops affected` and `bin/ops ci`: the command line of what workflows call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from modules.output import OUT
from ops.command import Json, Out, complete_environment, load_chosen, reporting, show

ci = typer.Typer(help="What workflows call: sign in, comment, watch, and open a pull request.", no_args_is_help=True)
Environments = Annotated[
    list[str] | None,
    typer.Argument(metavar="ENVIRONMENT", help="Environments; by default all.", autocompletion=complete_environment),
]
Base = Annotated[str, typer.Option(metavar="REF", help="The version to compare with: a commit, branch or tag of git.")]


def affected(
    base: Base,
    names: Environments = None,
    *,
    outputs: Annotated[
        Path | None, typer.Option(help="File to append environments, affected and any to: $GITHUB_OUTPUT.")
    ] = None,
    out: Out = OUT,
    as_json: Json = False,
) -> None:
    """Show which phases a change affects: stacks that differ from the base's, and phases that read what may change.

    Synthesizes the base with its own code, in a temporary folder, and compares byte by byte. It doesn't ask AWS.
    """
    with reporting():
        from ops.ci.affected import Folders
        from ops.ci.affected import affected as compare
        from ops.versions import version

        chosen = [each.name for each in load_chosen(names or ())]
        with version(base) as other:
            found = compare(Folders(other.out, out, base, other.commit), chosen, whole=not names)
        show(json.dumps(found.as_data(), indent=2) if as_json else found.as_text())
        if outputs:
            with outputs.open("a", encoding="utf-8") as file:
                file.write(found.as_outputs())
