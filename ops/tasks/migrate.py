"""`python -m ops migrate`: the command line around the migration."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from ops.command import DryRun, EnvironmentName, Json, Yes, confirm, load, reporting, say


def migrate(
    environment: EnvironmentName,
    timeout: Annotated[
        float, typer.Option(metavar="MINUTES", help="How long to watch; the task itself goes on.", min=0)
    ] = 30,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Bring the database's schema up to date, by a one-off task. Ends with the exit code of its container.

    1 as well if the container never ran or was stopped, or another migration runs; 2 if it can't be run or watched to
    its end.
    """
    with reporting():
        from ops.aws import connect  # noqa: PLC0415  (the environments load slowly)
        from ops.errors import OpsError  # noqa: PLC0415
        from ops.tasks.migration import Migration  # noqa: PLC0415
        from ops.tasks.migration_end import follow  # noqa: PLC0415
        from ops.tasks.snapshot import snapshot_id, take  # noqa: PLC0415
        from ops.tasks.workloads import MIGRATION  # noqa: PLC0415

        chosen = load(environment)
        aws = connect(chosen)
        migration = Migration(aws, chosen)
        prepared = migration.prepare()
        snapshot = snapshot_id(chosen, prepared.revision) if migration.values.snapshot else None
        say(f"{prepared.revision} in account {aws.caller.account}: {' '.join(migration.values.command)}")
        say(f"image {prepared.image}")
        say(f"before it, a snapshot of the database: {snapshot}" if snapshot else "without a snapshot before it")
        if dry_run:
            return
        confirm(f"Migrate the database of {environment}?", yes=yes or not chosen.protected)
        if snapshot:
            take(aws, chosen, snapshot)
        task = migration.start(prepared)
        try:
            ended = follow(
                aws,
                chosen,
                task,
                seconds=timeout * 60,
                told=say,
                line=lambda line: typer.echo(str(line), err=as_json),
            )
        except (OpsError, KeyboardInterrupt):
            say(f"the migration may go on. Follow it: python -m ops logs {environment} {MIGRATION} --follow")
            say(f"Stop it: {migration.stop_command(task)}")
            raise
        if as_json:
            typer.echo(json.dumps({**asdict(ended), "snapshot": snapshot}))
        if not ended.lines:
            say("it wrote no lines: does its image log to standard output, and may its execution role write logs?")
        say(f"task {task} ended: {ended}")
        if not ended.migrated:
            for text in filter(None, (ended.reason, ended.advice(environment))):
                say(text)
        raise typer.Exit(ended.exit_code)
