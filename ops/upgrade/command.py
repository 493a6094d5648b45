"""`bin/ops upgrade`: the command line of raising packages."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from ops.command import Json, reporting, say, show


def upgrade(
    packages: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PACKAGE",
            help="NAME or NAME==VERSION; by default all that pyproject.toml doesn't pin to one version.",
        ),
    ] = None,
    *,
    branch: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The new branch.  [default: upgrade-PACKAGES, or upgrade-TODAY]"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Raise pinned packages in a branch.

    Shows what that changes in the stacks, and runs the gate. All is done in a temporary copy: the working tree stays as
    it is, and after an error there is no branch. It needs the package index that pip is configured with. Exit code 0:
    raised, or nothing to raise; 1: the branch has the change, but the gate isn't clean; 2: nothing has changed.
    """
    with reporting():
        from ops.upgrade import changes
        from ops.upgrade.run import upgrade as run

        words = packages or []
        name = branch or f"upgrade-{'-'.join(words).replace('==', '-') or datetime.now(UTC).date().isoformat()}"
        found = run(words, name, lambda step: say(f"{step} …"))
        if as_json:
            data = {"raised": [asdict(each) for each in found.raised], "stacks": changes.as_data(found.changes)}
            gate = {"code": found.gate_code, "text": found.gate}
            show(json.dumps({**data, "notes": found.notes, "gate": gate, "branch": found.branch}, indent=2))
        else:
            show(found.as_text())
        raise typer.Exit(int(bool(found.gate_code)))
