"""`bin/ops show`: the command line of what an environment is."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ops import command
from ops.command import EnvironmentName, Json, load, reporting

ServiceName = Annotated[str | None, typer.Argument(metavar="SERVICE", help="A service; by default everything.")]


def show(
    environment: EnvironmentName,
    service: ServiceName = None,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Don't try to read the states of phases.")] = False,
    as_json: Json = False,
) -> None:
    """Show the effective values and where they come from, names, addresses and links to the AWS console.

    Needs neither AWS nor a network. Outputs of applied phases are shown if their states can be read.
    """
    with reporting():
        from ops.services import named
        from ops.show.contents import contents
        from ops.show.published import Published, published

        chosen = load(environment)
        if service is not None:
            named(chosen, service)
        outputs = Published(why="not read, because of --offline") if offline else published(chosen)
        found = contents(chosen, service, outputs)
        command.show(json.dumps(found.as_data(), indent=2, default=str) if as_json else str(found))
