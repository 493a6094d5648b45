"""`python -m ops risks`: the command line of the register of accepted risks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from ops.command import Json, load, reporting


def risks(
    name: Annotated[str | None, typer.Argument(metavar="ENVIRONMENT", help="An environment; by default all.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List the accepted risks, soonest expiry first. Exit code 1: a risk has expired."""
    with reporting():
        from ops.risks.listing import accepted, as_text

        found = accepted(datetime.now(UTC).date(), load(name) if name else None)
        typer.echo(json.dumps([risk.as_data() for risk in found], indent=2) if as_json else as_text(found))
        raise typer.Exit(int(any(risk.expired for risk in found)))
