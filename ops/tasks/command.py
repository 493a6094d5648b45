"""`bin/ops tasks`, `logs`, `exec`, `db`, `migrate` and `run`: tasks, their logs and sessions."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from modules.interrupts import deferred
from ops.command import DryRun, EnvironmentName, Json, Yes, confirm, load, reporting, say, show
from ops.errors import OpsError

if TYPE_CHECKING:
    from ops.tasks.one_off import Ended, OneOff, Prepared

NOT_SEEN = 124
"""Exit code of `run` if the task's end wasn't seen: the time was over, or AWS returned no end; as `timeout` has it.

https://www.gnu.org/software/coreutils/manual/html_node/timeout-invocation.html
"""
NOT_RUN = 125
"""Exit code of `run` if no container ran, as `docker run` has it.

https://docs.docker.com/engine/containers/run/#exit-status
"""
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
        from ops.tasks.migration import Migration, snapshot_id, take_snapshot

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
        task = _start(migration, environment, prepared)
        ended = _follow(migration, environment, task, minutes=timeout, as_json=as_json)
        if as_json:
            show(json.dumps({**asdict(ended), "migrated": ended.succeeded, "snapshot": snapshot}))
        _explain(migration, environment, ended)
        raise typer.Exit(ended.exit_code)


def run(
    environment: EnvironmentName,
    name: Annotated[str, typer.Argument(metavar="TASK", help="A scheduled task, or a service with a command.")],
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- COMMAND", help="Arguments of the image's entry point; by default the task's own."),
    ] = None,
    *,
    timeout: Annotated[
        float, typer.Option(metavar="MINUTES", help="How long to watch; then the task itself continues.", min=0)
    ] = 60,
    another: Annotated[bool, typer.Option("--another", help="Start it even if one runs already.")] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="Stop the task on Ctrl-C, SIGTERM or SIGHUP, and when the time is over.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Run a scheduled task now, or a command in a service's image; show its log. Exit code: that of its container.

    Also 1 if the task was stopped; 124 if its end wasn't seen, and 125 if its container never ran. It has the network,
    roles and secrets of its service. If this command is interrupted, the task continues.
    """
    with reporting():
        with reporting(NOT_RUN):
            from ops.aws.session import connect
            from ops.tasks.one_off import OneOff, startable

            chosen = load(environment)
            work = startable(chosen, name, command or ())
            aws = connect(chosen)
            task = OneOff(aws, chosen, work)
            prepared = task.prepare(command or ())
            if not another:
                task.refuse_another()
            shown = f": {shlex.join(prepared.command)}" if prepared.command else ""
            say(f"{prepared.revision} in account {aws.caller.account}{shown}")
            say(f"image {prepared.image}")
            if dry_run:
                return
            confirm(f"Run {name} in {environment}?", yes=yes or not chosen.protected)
            id_ = _start(task, environment, prepared, stop=stop)
        try:
            with reporting(NOT_SEEN):
                ended = _follow(task, environment, id_, minutes=timeout, as_json=as_json, stop=stop)
        except typer.Exit as error:
            if as_json:
                show(json.dumps({"task": id_, "code": None, "succeeded": False, "exit_code": error.exit_code}))
            raise
        code = NOT_RUN if ended.code is None else ended.exit_code
        if as_json:
            show(json.dumps({**asdict(ended), "exit_code": code}))
        _explain(task, environment, ended)
        raise typer.Exit(code)


def _start(task: OneOff, environment: str, prepared: Prepared, *, stop: bool = False) -> str:
    """Run a task; return its id. A signal during the call waits, so that the id isn't lost."""
    id_ = ""
    try:
        with deferred():
            id_ = task.start(prepared)
    except KeyboardInterrupt:
        if id_:
            _leave(task, environment, id_, stop=stop)
        raise
    return id_


def _follow(task: OneOff, environment: str, id_: str, *, minutes: float, as_json: bool, stop: bool = False) -> Ended:
    """Show a task's log until it ends; its log goes to stderr if JSON goes to stdout."""
    try:
        return task.follow(id_, seconds=minutes * 60, progress=say, line=lambda line: show(str(line), err=as_json))
    except (OpsError, KeyboardInterrupt):
        _leave(task, environment, id_, stop=stop)
        raise


def _leave(task: OneOff, environment: str, id_: str, *, stop: bool) -> None:
    """Say what happens to a task whose end isn't seen; stop it if asked."""
    name = task.work.name
    if stop:
        try:
            with deferred():
                task.stop(id_, f"{name}: ops run --stop was interrupted, or its time was over")
        except OpsError as error:
            say(str(error))
        else:
            say(f"task {id_} stops: its containers get SIGTERM")
            return
    say(f"the {name} may still run; to follow it: bin/ops logs {environment} {name} --follow")
    say(f"to stop it: {task.stop_command(id_)}")


def _explain(task: OneOff, environment: str, ended: Ended) -> None:
    if not ended.lines:
        say("the task logged nothing; does its image log to standard output, and may its execution role write logs?")
    say(f"task {ended.task} ended: {ended}")
    if not ended.succeeded:
        for text in filter(None, (ended.reason, ended.advice(environment, task.work))):
            say(text)
