"""`python -m ops tasks`, `logs`, `exec`, `db` and `migrate`: running tasks, their logs and sessions."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from ops.command import DryRun, EnvironmentName, Json, Yes, confirm, load, reporting, say, show
from ops.errors import OpsError

DATABASE_PORT = 15432
"""Local port of `db`: not PostgreSQL's own, which a database on your machine may use."""

Workload = Annotated[
    str, typer.Argument(metavar="SERVICE", help="A service, a scheduled task, or migration.", show_default=False)
]


def tasks(
    environment: EnvironmentName,
    service: Annotated[
        str | None,
        typer.Argument(metavar="SERVICE", help="A service, a scheduled task, or migration; by default all."),
    ] = None,
    stopped: Annotated[
        bool, typer.Option("--stopped", help="List tasks that stopped within the last hour, and why.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the running tasks."""
    with reporting():
        from ops.aws.session import connect
        from ops.tasks import running
        from ops.tasks.running import aligned, minute, workload

        chosen = load(environment)
        work = workload(chosen, service) if service else None
        found = running.tasks(connect(chosen), chosen, work, stopped=stopped)
        if as_json:
            show(json.dumps([asdict(each) for each in found], indent=2, default=str))
        rows = [
            (
                each.id,
                each.revision,
                each.image or "-",
                each.status,
                each.health or "-",
                minute(each.started),
                each.zone or "-",
                each.address or "-",
                *([each.reason] if stopped else []),
            )
            for each in found
        ]
        heading = ("TASK", "REVISION", "IMAGE", "STATUS", "HEALTH", "STARTED (UTC)", "ZONE", "ADDRESS")
        if not as_json:
            show(aligned((*heading, *(["REASON"] if stopped else [])), *rows))
        if problems := "; ".join(each.problem for each in found if each.problem):
            raise OpsError(problems)


def logs(
    environment: EnvironmentName,
    service: Workload,
    since: Annotated[str, typer.Option(metavar="DURATION", help="How far back: 90s, 10m, 2h, 1d.")] = "10m",
    follow: Annotated[bool, typer.Option("--follow", help="Continue until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print each line as a JSON object.")] = False,
) -> None:
    """Show what a service's tasks log."""
    with reporting():
        from ops.aws import waiting
        from ops.aws.ecs import log_stream
        from ops.aws.session import connect
        from ops.tasks.log_lines import LogLines, seconds
        from ops.tasks.running import workload

        chosen = load(environment)
        work, begin = workload(chosen, service), datetime.now(UTC) - timedelta(seconds=seconds(since))
        # The group is shared with the tasks that use the service's image.
        streams = {"logStreamNamePrefix": log_stream(work.name)}
        lines = LogLines(connect(chosen), work.log_group, since=begin, streams=streams)
        while True:
            for line in lines.new():
                show(json.dumps(asdict(line)) if as_json else str(line))
            if lines.absent:
                raise OpsError(f"there is no log group {work.log_group}; apply phase services")
            if not follow:
                return
            waiting.pause()


def execute(
    environment: EnvironmentName,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="A service.")],
    command: Annotated[
        list[str] | None, typer.Argument(metavar="-- COMMAND", help="The command to run; by default a shell.")
    ] = None,
    task: Annotated[
        str | None, typer.Option(metavar="ID", help="The first characters of a task's id; by default the newest task.")
    ] = None,
) -> None:
    """Open a session in a service's container. Administrators only; the session is logged."""
    with reporting():
        from ops.aws.session import connect
        from ops.tasks import sessions
        from ops.tasks.running import workload

        chosen = load(environment)
        workload(chosen, service)
        sessions.check_programs()
        aws = connect(chosen)
        target = sessions.choose(aws, chosen, service, task)
        command_line = shlex.join(command) if command else sessions.SHELL
        raise typer.Exit(sessions.execute(aws, chosen, service, target, command_line))


def db(
    environment: EnvironmentName,
    port: Annotated[int, typer.Option(help="Port on this machine.", min=1024, max=65535)] = DATABASE_PORT,
) -> None:
    """Forward a port of this machine to the database, until Ctrl-C. Administrators only."""
    with reporting():
        from ops.aws.session import connect
        from ops.tasks import sessions

        chosen = load(environment)
        if chosen.database is None:
            raise OpsError(f"{environment} has no database: its values have database=None")
        through = [service.name for service in chosen.product.services if "database" in service.reaches]
        if not through:
            raise OpsError(f'no service of {chosen.product.name} reaches the database: reaches=("database",)')
        sessions.check_programs()
        aws = connect(chosen)
        raise typer.Exit(sessions.forward_database(aws, chosen, sessions.choose(aws, chosen, through[0], None), port))


def migrate(
    environment: EnvironmentName,
    timeout: Annotated[
        float, typer.Option(metavar="MINUTES", help="How long to watch; then the task itself continues.", min=0)
    ] = 30,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Run the database's migrations as a one-off task. Exit code: that of its container.

    Also 1 if the container never ran or was stopped, or if another migration runs; 2 if the task can't be run or
    watched to its end.
    """
    with reporting():
        from ops.aws.session import connect
        from ops.tasks.migration import Migration, follow, snapshot_id, take_snapshot
        from ops.tasks.running import MIGRATION

        chosen = load(environment)
        aws = connect(chosen)
        migration = Migration(aws, chosen)
        prepared = migration.prepare()
        snapshot = snapshot_id(chosen, prepared.revision) if migration.values.snapshot else None
        say(f"{prepared.revision} in account {aws.caller.account}: {' '.join(migration.values.command)}")
        say(f"image {prepared.image}")
        say(f"a snapshot of the database first: {snapshot}" if snapshot else "without a snapshot first")
        if dry_run:
            return
        confirm(f"Migrate the database of {environment}?", yes=yes or not chosen.protected)
        if snapshot:
            take_snapshot(aws, chosen, snapshot)
        task = migration.start(prepared)
        try:
            ended = follow(
                aws,
                chosen,
                task,
                seconds=timeout * 60,
                progress=say,
                line=lambda line: show(str(line), err=as_json),
            )
        except (OpsError, KeyboardInterrupt):
            say(f"the migration may still run; to follow it: python -m ops logs {environment} {MIGRATION} --follow")
            say(f"to stop it: {migration.stop_command(task)}")
            raise
        if as_json:
            show(json.dumps({**asdict(ended), "snapshot": snapshot}))
        if not ended.lines:
            say(
                "the task logged nothing; does its image log to standard output, and may its execution role write logs?"
            )
        say(f"task {task} ended: {ended}")
        if not ended.migrated:
            for text in filter(None, (ended.reason, ended.advice(environment))):
                say(text)
        raise typer.Exit(ended.exit_code)
