"""`bin/ops status`: the command line of a rollout's status."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from modules.output import OUT
from ops.command import EnvironmentName, Json, load, reporting, show
from ops.verify import command
from ops.verify.command import CaFile, ConnectToOption


def status(
    name: EnvironmentName,
    *,
    with_criteria: Annotated[
        bool, typer.Option("--verify", help="Also check the exit criteria of applied phases.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder that synth wrote.", metavar="DIR")] = OUT,
    connect_to: ConnectToOption = None,
    ca_file: CaFile = None,
    as_json: Json = False,
) -> None:
    """Show how far the rollout is, phase by phase. Changes nothing, and doesn't run Terraform.

    Writes status-ENVIRONMENT.json to DIR/reports.

    Exit code 0, unless with --verify a criterion fails (1) or is unknown (2).
    """
    with reporting():
        from ops.aws.states import States
        from ops.conditions import exit_code, summary, watched
        from ops.status.phases import statuses, table
        from ops.tasks.running import aligned
        from ops.verify.criteria import chosen

        asked = command.context(load(name), connect_to, ca_file)
        started_at = datetime.now(UTC)
        found = statuses(asked.environment, States(asked.aws, asked.environment), out, started_at)
        applied = {phase.phase for phase in found if phase.applied}
        results = watched(chosen(applied), asked) if with_criteria else []
        for phase in {result.phase for result in results}:
            criteria = summary(result for result in results if result.phase == phase)
            found = [replace(each, criteria=criteria) if each.phase == phase else each for each in found]
        phases, rows = [each.as_data() for each in found], table(found)
        command.write_results(out, f"status-{name}", started_at, {"phases": phases, "table": rows})
        show(json.dumps(phases, indent=2) if as_json else aligned(*rows))
        raise typer.Exit(exit_code(results))
