"""What runs, what it logs, and sessions in it."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest

from environments import load
from environments.schema import Environment
from modules.interrupts import Interrupted
from ops.aws.session import Aws
from ops.tasks import sessions
from ops.tasks.log_lines import LogLines
from ops.tasks.running import Task, tasks
from rehearsal.emulator.agent import AgentPlace
from rehearsal.emulator.settings import credentials
from tests.ops import seeded
from tests.ops.cli import run
from tests.ops.cutover_fakes import listening
from tests.ops.emulated import Emulated

TASK = Task(
    id="0f9de17a6465404e8b1b2356dc13c2f8",
    revision="aep-backend-prod:7",
    image="7e1cc18212d4",
    status="RUNNING",
    health="",
    started=None,
    zone="us-east-1a",
    address="10.30.16.9",
    started_by="ecs-svc/1",
    runtime_id="0f9de17a6465404e8b1b2356dc13c2f8-265927825",
    reason="",
)


@pytest.fixture(scope="module")
def rolled_out(emulated: Emulated) -> Iterator[Aws]:
    """An account with services, their logs and a database."""
    with seeded.account(emulated) as aws:
        seeded.services(aws)
        seeded.database(aws)
        yield aws


def test_tasks_are_listed_with_image_and_address_and_those_that_stopped_with_a_reason(rolled_out: Aws) -> None:
    task = seeded.run_task(rolled_out, "migration")
    (found,) = json.loads(run("tasks", "prod", "migration", "--json").stdout)
    assert (found["id"], found["image"], found["revision"]) == (task, "7e1cc18212d4", "aep-migration-prod:1")
    assert found["address"].count(".") == 3
    heading, *rows = run("tasks", "prod", "backend").stdout.splitlines()
    assert heading.split() == [
        *("TASK", "REVISION", "IMAGE", "STATUS", "HEALTH", "STARTED", "(UTC)", "ZONE", "ADDRESS")
    ]
    assert ["aep-backend-prod:1" in row for row in rows] == [True, True]
    rolled_out.client("ecs").stop_task(cluster="aep-prod", task=task, reason="had enough")
    heading, row = run("tasks", "prod", "--stopped").stdout.splitlines()
    assert heading.endswith("REASON")
    assert row.startswith(task)
    assert row.endswith("had enough")


@pytest.fixture
def place(request: pytest.FixtureRequest, rolled_out: Aws, emulated: Emulated) -> Iterator[AgentPlace]:
    """Where the tasks that run list GuardDuty's agent."""

    def start_others() -> None:
        rolled_out.client("ecs").update_service(cluster="aep-prod", service="aep-backend-prod", forceNewDeployment=True)

    wanted: AgentPlace = request.param
    with seeded.agent(emulated, wanted):
        start_others()
        yield wanted
    start_others()


def runtime_ids(aws: Aws) -> dict[str, str]:
    """Of each task of the backend, the runtime id of its own container, among all that the emulator lists."""
    ecs = aws.client("ecs")
    arns = ecs.list_tasks(cluster="aep-prod", serviceName="aep-backend-prod")["taskArns"]
    return {
        task["taskArn"].rpartition("/")[2]: each["runtimeId"]
        for task in ecs.describe_tasks(cluster="aep-prod", tasks=arns)["tasks"]
        for each in task["containers"]
        if each["name"] == "backend"
    }


@pytest.mark.parametrize("place", [AgentPlace.FIRST, AgentPlace.LAST], indirect=True)
def test_a_task_is_listed_with_its_own_container_wherever_the_agents_is(rolled_out: Aws, place: AgentPlace) -> None:
    done = run("tasks", "prod", "backend", "--json")
    assert done.exit_code == 0, place
    listed = json.loads(done.stdout)
    assert {each["image"] for each in listed} == {"7e1cc18212d4"}
    assert {each["id"]: each["runtime_id"] for each in listed} == runtime_ids(rolled_out)


@pytest.mark.parametrize("place", [AgentPlace.ALONE], indirect=True)
@pytest.mark.usefixtures("rolled_out", "place")
def test_a_task_without_its_container_is_an_error(programs: Programs) -> None:
    told = programs("")
    missing = "has no container 'backend'; it has aws-guardduty-agent-"
    for more in ((), ("--json",)):
        done = run("tasks", "prod", *more)
        assert (done.exit_code, done.stderr.count(missing)) == (2, 2)
        assert "aep-backend-prod:1" in done.stdout
    for command in (("exec", "prod", "backend"), ("db", "prod")):
        done = run(*command)
        assert (done.exit_code, missing in done.stderr) == (2, True)
    assert not told.exists()


@pytest.mark.parametrize("place", [AgentPlace.FIRST, AgentPlace.LAST], indirect=True)
def test_sessions_are_in_the_services_own_container(rolled_out: Aws, place: AgentPlace, programs: Programs) -> None:
    told = programs("")
    assert run("exec", "prod", "backend").exit_code == 0, place
    assert "--container=backend" in told.read_text().splitlines()
    assert run("db", "prod").exit_code == 0
    (target,) = (line for line in told.read_text().splitlines() if line.startswith("--target="))
    assert target in {f"--target=ecs:aep-prod_{task}_{id_}" for task, id_ in runtime_ids(rolled_out).items()}


def test_of_what_is_no_workload_any_more_only_the_task_is_listed(rolled_out: Aws) -> None:
    ecs = rolled_out.client("ecs")
    container: Any = {"name": "old", "image": "old", "memory": 256}
    ecs.register_task_definition(family="aep-old-prod", containerDefinitions=[container])
    (task,) = ecs.run_task(cluster="aep-prod", taskDefinition="aep-old-prod", launchType="FARGATE")["tasks"]
    done = run("tasks", "prod")
    (row,) = (line.split() for line in done.stdout.splitlines() if "aep-old-prod:1" in line)
    assert (done.exit_code, row[2]) == (0, "-")
    ecs.stop_task(cluster="aep-prod", task=task["taskArn"])


def test_a_session_is_in_the_task_that_started_last(monkeypatch: pytest.MonkeyPatch, rolled_out: Aws) -> None:
    at = datetime(2026, 11, 25, 12, tzinfo=UTC)
    newest = replace(TASK, id="b", revision="aep-backend-prod:10", started=at + timedelta(minutes=1))
    earlier = replace(TASK, id="a", revision="aep-backend-prod:9", started=at)
    for listed in ([newest, earlier], [earlier, newest]):
        monkeypatch.setattr(sessions, "tasks", lambda *_, found=listed: found)
        assert sessions.choose(rolled_out, seeded.PROD, "backend", None) is newest


def test_revisions_are_listed_by_their_number(rolled_out: Aws) -> None:
    class Ecs:
        def client(self, _: str) -> Any:
            return self

        def get_paginator(self, _: str) -> Any:
            return self

        def paginate(self, **_: object) -> Any:
            return [{"taskArns": ["x/1", "x/2"]}]

        def describe_tasks(self, tasks: list[str], **_: object) -> Any:
            revisions = zip(tasks, ("10", "9"), strict=True)
            return {"tasks": [{"taskArn": arn, "taskDefinitionArn": f"x/aep-backend-prod:{n}"} for arn, n in revisions]}

    assert rolled_out
    found = tasks(cast(Aws, Ecs()), seeded.PROD)
    assert [task.revision for task in found] == ["aep-backend-prod:9", "aep-backend-prod:10"]


def test_what_does_not_run_is_refused_by_name(rolled_out: Aws) -> None:
    assert rolled_out
    for command in ("tasks", "logs"):
        done = run(command, "prod", "bakcend")
        assert done.exit_code == 2
        named = "no service, scheduled task or migration named 'bakcend' in prod; "
        assert f"{named}did you mean backend? known: backend, frontend, migration" in done.stderr


def test_logs_go_back_as_far_as_asked(rolled_out: Aws) -> None:
    seeded.log(rolled_out, "/aep/prod/frontend", "frontend/frontend/0f9de17a6465", (3000, "long ago"), (5, "just now"))
    done = run("logs", "prod", "frontend")
    assert [line.split(" ", 1)[1] for line in done.stdout.splitlines()] == ["0f9de17a just now"]
    told = [json.loads(line) for line in run("logs", "prod", "frontend", "--since", "2h", "--json").stdout.splitlines()]
    assert [line["message"] for line in told] == ["long ago", "just now"]
    assert run("logs", "prod", "frontend", "--since", "soon").exit_code == 2


def test_followed_logs_show_each_line_once_even_a_late_one(rolled_out: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    group, stream = "/aep/prod/backend", "backend/backend/0f9de17a6465"
    more = iter([((9, "third"),), ((20, "second, late"),), ()])

    def write_more() -> None:
        lines = next(more)
        if not lines:
            raise KeyboardInterrupt
        seeded.log(rolled_out, group, stream, *lines)

    seeded.log(rolled_out, group, stream, (30, "first"))
    monkeypatch.setattr("ops.aws.waiting.pause", write_more)
    done = run("logs", "prod", "backend", "--follow")
    assert done.exit_code == 130
    assert [line.split(" ", 2)[2] for line in done.stdout.splitlines()] == ["first", "third", "second, late"]


def test_a_service_shows_its_own_streams_of_the_group_that_others_log_to(rolled_out: Aws) -> None:
    asked: list[dict[str, Any]] = []

    class Canned(LogLines):
        def new(self) -> Iterator[Any]:
            asked.append(self._asked)
            yield from ()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ops.tasks.log_lines.LogLines", Canned)
        run("logs", "prod", "migration")
    assert rolled_out
    assert asked == [{"logGroupName": "/aep/prod/backend", "logStreamNamePrefix": "migration/migration/"}]


Programs = Callable[[str], Path]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Puts an AWS CLI that runs a script, and a plugin, first on PATH; returns the arguments of `aws`."""

    def make(script: str) -> Path:
        told = tmp_path / "told"
        for name, body in {"aws": f'printf "%s\\n" "$AWS_ACCESS_KEY_ID" "$AWS_REGION" "$@" > {told}\n{script}'}.items():
            _program(tmp_path / name, body)
        _program(tmp_path / "session-manager-plugin", "")
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        return told

    return make


def _program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_a_session_ends_with_its_command(programs: Programs, tmp_path: Path, number: signal.Signals) -> None:
    """The plugin went on without the command, and with it the port that leads to the database."""
    started = tmp_path / "started"
    programs(f"sleep 60 & echo $! > {started}.new; mv {started}.new {started}; wait")
    aws: Any = SimpleNamespace(credentials=SimpleNamespace(environment=dict))

    def stop() -> None:
        while not started.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=stop)
    thread.start()
    with listening(), pytest.raises(Interrupted, match=number.name):
        sessions._run(aws, load("prod"), "ssm", "start-session")
    thread.join()
    plugin = int(started.read_text())
    psutil.wait_procs([psutil.Process(plugin)] if psutil.pid_exists(plugin) else [], timeout=10)
    assert not psutil.pid_exists(plugin) or psutil.Process(plugin).status() == psutil.STATUS_ZOMBIE


def test_a_session_in_the_background_ignores_ctrl_c_as_its_shell_says(programs: Programs) -> None:
    programs("kill -INT $$; echo went on")
    aws: Any = SimpleNamespace(credentials=SimpleNamespace(environment=dict))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert sessions._run(aws, load("prod"), "ssm", "start-session") == 0
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> None:
    """One task of the backend runs."""
    monkeypatch.setattr(sessions, "tasks", lambda *_: [TASK])


@pytest.mark.usefixtures("running", "rolled_out")
def test_exec_opens_a_session_in_the_container(programs: Programs) -> None:
    told = programs("exit 7")
    for words, command in ([], "/bin/sh"), (["--", "ls", "-l", "a b"], "ls -l 'a b'"):
        assert run("exec", "prod", "backend", *words).exit_code == 7
        assert told.read_text().splitlines() == [
            credentials(load("prod").account_id)["AWS_ACCESS_KEY_ID"],
            "us-east-1",
            "ecs",
            "execute-command",
            "--interactive",
            "--cluster=aep-prod",
            f"--task={TASK.id}",
            "--container=backend",
            f"--command={command}",
        ]


@pytest.mark.usefixtures("running", "rolled_out")
def test_a_session_gets_the_credentials_that_were_checked_and_no_profile(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The AWS CLI would ask for an MFA code once more, or find another caller."""
    told = programs('test -z "$AWS_PROFILE" || exit 9')
    monkeypatch.setenv("AWS_PROFILE", "another")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    assert run("exec", "prod", "backend", "--task", TASK.id[:8]).exit_code == 0
    assert told.read_text().splitlines()[0] == credentials(load("prod").account_id)["AWS_ACCESS_KEY_ID"]


@pytest.mark.usefixtures("running", "rolled_out")
def test_a_refused_session_says_who_may(programs: Programs) -> None:
    programs("exit 254")
    done = run("exec", "prod", "backend")
    assert done.exit_code == 254
    assert "Only administrators may open sessions (docs/adr/0004), with the role aep-prod-break-glass" in done.stderr


@pytest.mark.usefixtures("running", "rolled_out")
def test_ctrl_c_is_the_sessions(programs: Programs) -> None:
    programs("kill -INT $PPID; sleep 0.2; exit 5")
    assert run("exec", "prod", "backend").exit_code == 5


@pytest.mark.usefixtures("running", "rolled_out")
def test_a_task_that_does_not_run_is_told_with_those_that_do(programs: Programs) -> None:
    programs("")
    done = run("exec", "prod", "backend", "--task", "ffff")
    assert (done.exit_code, f"backend has no running task ffff; running: {TASK.id}" in done.stderr) == (2, True)


@pytest.mark.usefixtures("running")
def test_db_forwards_a_port_through_a_task_to_the_database(rolled_out: Aws, programs: Programs) -> None:
    told = programs("")
    done = run("db", "prod")
    assert done.exit_code == 0, done.output
    host = rolled_out.client("rds").describe_db_instances()["DBInstances"][0]["Endpoint"]["Address"]
    parameters = json.dumps({"host": [host], "portNumber": ["5432"], "localPortNumber": ["15432"]})
    assert told.read_text().splitlines()[2:] == [
        "ssm",
        "start-session",
        f"--target=ecs:aep-prod_{TASK.id}_{TASK.runtime_id}",
        "--document-name=AWS-StartPortForwardingSessionToRemoteHost",
        f"--parameters={parameters}",
    ]
    assert "psql 'host=127.0.0.1 port=15432 dbname=aep user=aep sslmode=require'" in done.stderr


@pytest.mark.parametrize("command", [("exec", "prod", "backend"), ("db", "prod")])
def test_a_missing_program_is_told_with_the_page_that_says_how_to_install_it(
    prod: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    assert prod.product.services
    monkeypatch.setenv("PATH", str(tmp_path))
    for program in ("aws", "session-manager-plugin"):
        done = run(*command)
        assert done.exit_code == 2
        assert f"{program} isn't on this machine's PATH" in done.stderr
        assert "https://docs.aws.amazon.com/" in done.stderr
        _program(tmp_path / program, "")
