"""`python -m ops golive`: the command line around the go-live list."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ops.command import EnvironmentName, Json, load, reporting, say
from ops.verify.command import CaFile, ConnectToOption


def golive(
    name: EnvironmentName,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write the list there as Markdown too.")
    ] = None,
    connect_to: ConnectToOption = None,
    ca_file: CaFile = None,
    as_json: Json = False,
) -> None:
    """Print the go-live list, each item with its evidence. Changes nothing.

    Exit code 0: all are green; 1: an item is open; 2: one can't be told.
    """
    with reporting():
        from ops.golive.items import answered, checks  # noqa: PLC0415  (the environments load slowly)
        from ops.golive.report import as_markdown, as_text, write  # noqa: PLC0415
        from ops.verify.command import context  # noqa: PLC0415
        from ops.verify.model import exit_code  # noqa: PLC0415
        from ops.verify.progress import watched  # noqa: PLC0415

        asked = context(load(name), connect_to, ca_file)
        results = watched(checks(), asked)
        items = answered(results)
        typer.echo(json.dumps([item.as_data() for item in items], indent=2) if as_json else as_text(items))
        if out:
            write(out, as_markdown(items, asked, datetime.now(UTC)))
            say(f"wrote {out}")
        raise typer.Exit(exit_code(results))
