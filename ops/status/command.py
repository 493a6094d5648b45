"""`python -m ops status`: the command line around where a rollout stands."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.command import EnvironmentName, Json, load, reporting
from ops.verify import command
from ops.verify.command import CaFile, ConnectToOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.status.phases import Standing


def status(
    name: EnvironmentName,
    *,
    with_criteria: Annotated[
        bool, typer.Option("--verify", help="Ask whether the exit criteria of what is applied hold, too.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder that synth wrote.", metavar="DIR")] = Path("cdktf.out"),
    connect_to: ConnectToOption = None,
    ca_file: CaFile = None,
    as_json: Json = False,
) -> None:
    """Say where the rollout stands, phase by phase. Changes nothing, and doesn't run Terraform.

    Exit code 0, unless --verify finds a criterion that fails (1) or is unknown (2).
    """
    with reporting():
        from ops.aws.states import States
        from ops.conditions import exit_code, summary, watched
        from ops.status.phases import standings
        from ops.verify.criteria import chosen

        asked = command.context(load(name), connect_to, ca_file)
        found = standings(asked.environment, States(asked.aws, asked.environment), out, datetime.now(UTC))
        applied = {phase.phase for phase in found if phase.applied}
        results = watched(chosen(applied), asked) if with_criteria else []
        for phase in {result.phase for result in results}:
            said = summary(result for result in results if result.phase == phase)
            found = [replace(each, criteria=said) if each.phase == phase else each for each in found]
        typer.echo(json.dumps([each.as_data() for each in found], indent=2) if as_json else "\n".join(_lines(found)))
        raise typer.Exit(exit_code(results))


def _lines(found: list[Standing]) -> Iterator[str]:
    width = max(len(each.phase) for each in found)
    for each in found:
        yield f"{each.phase:<{width}}  {each.says}"
        for what, said in (("code", each.code), ("drift", each.drift), ("exit criteria", each.criteria)):
            if said:
                yield f"{'':<{width}}    {what}: {said}"
