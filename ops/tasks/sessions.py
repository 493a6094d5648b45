"""Opens sessions in containers, with the AWS CLI and its Session Manager plugin."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from environments.endpoints import SESSIONS, unreachable
from environments.flows import POSTGRESQL_PORT
from environments.names import Names
from environments.schema import Environment
from modules.interrupts import heard
from ops.aws.errors import explained, only
from ops.aws.session import Aws
from ops.command import say
from ops.errors import OpsError
from ops.tasks.running import Task, tasks, workload

PROGRAMS = {
    "aws": "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    "session-manager-plugin": "https://docs.aws.amazon.com/systems-manager/latest/userguide/"
    "session-manager-working-with-install-plugin.html",
}
"""Programs that a session needs on this machine, with the page about their installation."""
SHELL = "/bin/sh"
REFUSED = (254, 255)
"""Exit codes of the AWS CLI after an error of AWS; 255 in version 1.

https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html
"""


def check_programs() -> None:
    """Check that the programs are installed.

    Raises:
        OpsError: A program is missing.
    """
    for program, page in PROGRAMS.items():
        if shutil.which(program) is None:
            raise OpsError(f"{program} isn't on this machine's PATH, and a session needs it; see {page}")


def choose(aws: Aws, environment: Environment, service: str, task: str | None) -> Task:
    """Choose the task of a service to open a session in; by default the newest.

    Raises:
        OpsError: The service has no such running task, the task has no container of the service, or it can't reach
            Session Manager.
    """
    work = workload(environment, service)
    _check_sessions(environment, work.service.name)
    running = [each for each in tasks(aws, environment, work) if each.status == "RUNNING"]
    fitting = [each for each in running if task is None or each.id.startswith(task)]
    if not fitting:
        others = ", ".join(each.id for each in running) or "none"
        raise OpsError(f"{service} has no running task{f' {task}' if task else ''}; running: {others}")
    chosen = max(fitting, key=lambda each: each.since)
    if chosen.problem:
        raise OpsError(f"can't open a session in task {chosen.id}: {chosen.problem}")
    return chosen


def _check_sessions(environment: Environment, service: str) -> None:
    """Session Manager's agent, which is in the task, needs a way to AWS."""
    calls = unreachable(environment, environment.product.service(service))
    if missing := [api.endpoint for api in calls if api.endpoint in SESSIONS]:
        raise OpsError(
            f"tasks of {service} have no way to {' and '.join(missing)}; add them to endpoints of the profile "
            f"{environment.profile.name}, or give the service internet=True and the profile a NAT gateway"
        )


def execute(aws: Aws, environment: Environment, service: str, task: Task, command: str) -> int:
    """Run a command in a task's container, on this terminal; return the AWS CLI's exit code."""
    say(f"{command} in task {task.id} of {service}; the session is logged")
    options = {"cluster": Names(environment).prefix, "task": task.id, "container": service, "command": command}
    return _run(aws, environment, "ecs", "execute-command", "--interactive", **options)


def forward_database(aws: Aws, environment: Environment, task: Task, port: int) -> int:
    """Forward a port of this machine to the database, through a task; return the AWS CLI's exit code.

    Raises:
        OpsError: There is no database, or the task has no id for Session Manager.
    """
    names, database = Names(environment), environment.database
    if database is None:
        raise OpsError(f"{environment.name} has no database: its values have database=None")
    if not task.runtime_id:
        raise OpsError(f"task {task.id} has no runtime id yet; try again in a minute")
    with explained(f"find the database {names.database} (phase data creates it)"):
        found = aws.client("rds").describe_db_instances(DBInstanceIdentifier=names.database)["DBInstances"]
    instance = only(found, f"databases {names.database}")
    if "Endpoint" not in instance:
        raise OpsError(
            f"the database {names.database} has no address yet; its status is {instance.get('DBInstanceStatus')}"
        )
    parameters = {
        "host": [instance["Endpoint"]["Address"]],
        "portNumber": [str(POSTGRESQL_PORT)],
        "localPortNumber": [str(port)],
    }
    say(f"psql 'host=127.0.0.1 port={port} dbname={database.name} user={database.user} sslmode=require'")
    say(f"the password is in {names.secret(environment.product.database_secret)}; Ctrl-C stops the forwarding")
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-sessions-start.html
    options = {
        "target": f"ecs:{names.prefix}_{task.id}_{task.runtime_id}",
        "document-name": "AWS-StartPortForwardingSessionToRemoteHost",
        "parameters": json.dumps(parameters),
    }
    return _run(aws, environment, "ssm", "start-session", **options)


def _run(aws: Aws, environment: Environment, *words: str, **options: str) -> int:
    region = {"AWS_REGION": environment.region, "AWS_DEFAULT_REGION": environment.region}
    variables = aws.credentials.environment({**os.environ, **region})
    # With an equals sign: a value may begin with a dash.
    arguments = [*words, *(f"--{name}={value}" for name, value in options.items())]
    with _interrupts_are_the_sessions(), subprocess.Popen(["aws", *arguments], env=variables) as session:
        try:
            code = session.wait()
        except BaseException:  # SIGTERM or SIGHUP
            _end(session.pid)
            raise
    if code in REFUSED:
        say(
            f"AWS refused. Only administrators may open sessions (docs/adr/0004), with the role "
            f"{Names(environment).role('break-glass')}; the caller is {aws.caller.arn}"
        )
    return code


def _end(pid: int) -> None:
    """End the AWS CLI and its plugin, which would go on: a port of this machine would stay the database's."""
    with suppress(psutil.NoSuchProcess):
        session = psutil.Process(pid)
        for process in (*session.children(recursive=True), session):
            with suppress(psutil.NoSuchProcess):
                process.terminate()


@contextmanager
def _interrupts_are_the_sessions() -> Iterator[None]:
    """Inside this context, SIGINT and SIGQUIT of keys reach only the session, which passes them on to the container.

    Programs don't inherit a handler, unlike SIG_IGN. What is ignored stays so, as in the background of a shell.
    """
    keys = [number for number in (signal.SIGINT, signal.SIGQUIT) if number in heard()]
    before = {number: signal.signal(number, lambda *_: None) for number in keys}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
