"""`bin/ops golive`: the command line around the go-live list."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ops.command import EnvironmentName, Json, load, reporting, say, show
from ops.verify import command
from ops.verify.command import CaFile, ConnectToOption


def golive(
    name: EnvironmentName,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Also write the list to a file, as Markdown.")
    ] = None,
    connect_to: ConnectToOption = None,
    ca_file: CaFile = None,
    as_json: Json = False,
) -> None:
    """Print the go-live list, each item with its evidence. Changes nothing in the environment.

    On AWS, all evidence is of the real name and of AWS: --connect-to and --ca-file are for rehearsals.

    Exit code 0: all pass; 1: an item fails; 2: an item is unknown.
    """
    with reporting():
        from ops.conditions import exit_code, watched
        from ops.golive.items import as_markdown, as_text, check_origin, checked, conditions, write

        subject = command.context(load(name), connect_to, ca_file)
        check_origin(subject, other_server=connect_to or ca_file)
        results = watched(conditions(), subject)
        items = checked(results, subject.environment)
        show(json.dumps([item.as_data() for item in items], indent=2) if as_json else as_text(items))
        if out:
            write(out, as_markdown(items, subject, datetime.now(UTC)))
            say(f"wrote {out}")
        raise typer.Exit(exit_code(results))
