"""`ops run`: a scheduled task, or a command in a service's image, with its log and its container's exit code."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from environments import load
from environments.schema import ScheduledTask
from modules.interrupts import SIGNALS
from tests.ops.cli import run
from tests.ops.cutover_fakes import listening

PROD = load("prod")
CLEANUP = ScheduledTask(
    name="cleanup", service="backend", command=("python", "-m", "aep.cleanup"), schedule="rate(1 day)"
)
ENVIRONMENT = replace(PROD, product=replace(PROD.product, scheduled_tasks=(CLEANUP,)))
ID = "0f9de17a6465404e8b1b2356dc13c2f8"
EXITED = {"stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited"}
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}


def task(status: str = "STOPPED", code: int | None = None, name: str = "cleanup", **more: Any) -> dict[str, Any]:
    container = {"name": name, **({} if code is None else {"exitCode": code})}
    arn = f"arn:aws:ecs:us-east-1:111122223333:task/aep-prod/{ID}"
    return {"taskArn": arn, "lastStatus": status, "containers": [container], **more}


@dataclass
class Account:
    """An account with a service and the task definition of each workload; it has what it was asked to do."""

    looks: list[dict[str, Any]]
    """States of the task, one for each read, and the last one from then on."""
    lines: list[str] = field(default_factory=list)
    running: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    started: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    caller = SimpleNamespace(account="111122223333", arn="arn:aws:sts::111122223333:assumed-role/aep-prod-deployer/k@x")

    class exceptions:  # noqa: N801  (as boto3 has it)
        ResourceNotFoundException = LookupError

    def client(self, _: str) -> Account:
        return self

    def describe_services(self, **_: object) -> dict[str, Any]:
        service = {"serviceName": "aep-backend-prod", "status": "ACTIVE", "networkConfiguration": NETWORK}
        return {"services": [{**service, "taskDefinition": "arn/aep-backend-prod:4"}]}

    def describe_task_definition(self, *, taskDefinition: str) -> dict[str, Any]:  # noqa: N803
        family = taskDefinition.rpartition("/")[2].partition(":")[0]
        number = taskDefinition.rpartition(":")[2] if ":" in taskDefinition else "7"
        container = {"name": family.split("-")[1], "image": "aep/backend@sha256:7e1"}
        return {"taskDefinition": {"taskDefinitionArn": f"arn/{family}:{number}", "containerDefinitions": [container]}}

    def run_task(self, **given: Any) -> dict[str, Any]:
        self.started.append(given)
        return {"tasks": [] if self.failures else [task("PROVISIONING")], "failures": self.failures}

    def stop_task(self, *, cluster: str, task: str, reason: str) -> None:
        self.stopped.append(f"{cluster} {task}: {reason}")

    def describe_tasks(self, **given: Any) -> dict[str, Any]:
        if given["tasks"] != [ID]:
            return {"tasks": self.running}
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if signalled := look.get("signal"):
            os.kill(os.getpid(), signalled)
        return {"tasks": [look], "failures": []}

    def get_paginator(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(paginate=lambda **given: self._pages(name, given))

    def _pages(self, name: str, given: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if name == "list_tasks":
            yield {"taskArns": [each["taskArn"] for each in self.running]}
            return
        (stream,) = given["logStreamNames"]
        yield {
            "events": [
                {"eventId": str(index), "timestamp": index, "logStreamName": stream, "message": text}
                for index, text in enumerate(self.lines)
            ]
        }


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    found = Account([task(code=0, **EXITED)])
    monkeypatch.setattr("environments.load", lambda _: ENVIRONMENT)
    monkeypatch.setattr("ops.aws.session.connect", lambda _: found)
    monkeypatch.setattr("ops.aws.waiting.PAUSE", 0)
    return found


@pytest.mark.requirement("R7.2")
def test_a_scheduled_task_runs_now_with_its_services_network(account: Account) -> None:
    account.looks = [task("PENDING"), task("RUNNING"), task(code=0, **EXITED)]
    account.lines = ["cleaned 3 rows", "\x1b[2Jdone"]
    done = run("run", "prod", "cleanup", "--yes")
    assert done.exit_code == 0, done.output
    assert [line.split(" ", 2)[2] for line in done.stdout.splitlines()] == ["cleaned 3 rows", r"\x1b[2Jdone"]
    assert "aep-cleanup-prod:7 in account 111122223333" in done.stderr
    assert f"task {ID}: RUNNING" in done.stderr
    (given,) = account.started
    assert given["taskDefinition"] == "arn/aep-cleanup-prod:7"
    assert given["networkConfiguration"] == NETWORK
    assert given["startedBy"] == "assumed-role/aep-prod-deployer/k-x"
    assert "overrides" not in given


@pytest.mark.requirement("R7.2")
def test_a_command_runs_in_the_running_image_of_a_service(account: Account) -> None:
    account.looks = [task(code=0, name="backend", **EXITED)]
    done = run("run", "prod", "backend", "--yes", "--", "python", "-m", "aep.fix", "--all users")
    assert done.exit_code == 0, done.output
    assert "aep-backend-prod:4 in account 111122223333: python -m aep.fix '--all users'" in done.stderr
    (given,) = account.started
    command = ["python", "-m", "aep.fix", "--all users"]
    assert given["overrides"] == {"containerOverrides": [{"name": "backend", "command": command}]}
    assert given["taskDefinition"] == "arn/aep-backend-prod:4", "not a newer one, which isn't deployed yet"


@pytest.mark.requirement("R7.2")
@pytest.mark.parametrize(
    ("end", "code", "said"),
    [
        (task(code=3, **EXITED), 3, "ended: exit code 3"),
        (task(code=256, **EXITED), 1, "ended: exit code 256"),
        (task(code=0, stopCode="UserInitiated", stoppedReason="Task stopped by user"), 1, "Task stopped by user"),
        (task(code=137, stoppedReason="OutOfMemoryError: killed"), 137, "it needs more memory: memory of cleanup in"),
        (task(stoppedReason="CannotPullContainerError: x"), 125, "its container never ran"),
    ],
)
def test_the_exit_code_is_the_containers(account: Account, end: dict[str, Any], code: int, said: str) -> None:
    account.looks = [end]
    done = run("run", "prod", "cleanup", "--yes", "--json")
    assert done.exit_code == code
    assert said in done.stderr
    shown = json.loads(done.stdout)
    assert (shown["task"], shown["exit_code"], shown["succeeded"]) == (ID, code, False)
    assert shown["code"] == end["containers"][0].get("exitCode")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cleanpu",), "no service, scheduled task or migration named 'cleanpu' in prod; did you mean cleanup?"),
        (("migration",), "takes a snapshot first: bin/ops migrate prod"),
        (("backend",), "backend is a service, whose tasks run already; add the command"),
        (("backend", "--", "x" * 8192), "longer than the 8,192 characters that ECS takes"),
    ],
)
def test_what_cannot_be_run_starts_nothing(account: Account, arguments: tuple[str, ...], said: str) -> None:
    done = run("run", "prod", *arguments[:1], "--yes", *arguments[1:])
    assert (done.exit_code, account.started) == (125, [])
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_protected_environment_asks_first_and_a_dry_run_starts_nothing(account: Account) -> None:
    done = run("run", "prod", "cleanup")
    assert (done.exit_code, "No terminal to ask on" in done.stderr) == (125, True)
    assert run("run", "prod", "cleanup", "--dry-run").exit_code == 0
    assert not account.started


def test_a_task_that_ecs_has_no_capacity_for_never_ran(account: Account) -> None:
    account.failures = [{"reason": "Capacity is unavailable at this time"}]
    done = run("run", "prod", "cleanup", "--yes")
    assert (done.exit_code, "ECS started no task: Capacity is unavailable" in done.stderr) == (125, True)


def test_a_scheduled_task_that_runs_already_is_started_again_only_if_asked(account: Account) -> None:
    account.running = [task("RUNNING", startedBy="chronos-schedule/aep", taskDefinitionArn="arn/aep-cleanup-prod:7")]
    done = run("run", "prod", "cleanup", "--yes")
    assert done.exit_code == 125
    assert f"a cleanup runs already: task {ID} (RUNNING), started by chronos-schedule/aep" in done.stderr
    assert not account.started
    assert run("run", "prod", "cleanup", "--yes", "--another").exit_code == 0
    account.looks = [task(code=0, name="backend", **EXITED)]
    assert run("run", "prod", "backend", "--yes", "--", "true").exit_code == 0, "a service has tasks of its own"


@pytest.mark.parametrize("stop", [False, True])
@pytest.mark.parametrize("number", SIGNALS, ids=lambda each: each.name)
def test_a_signal_leaves_the_task_or_stops_it(account: Account, number: signal.Signals, stop: bool) -> None:
    account.looks = [task("RUNNING"), task("RUNNING", signal=number), task("RUNNING")]
    with listening():
        done = run("run", "prod", "cleanup", "--yes", "--json", *(["--stop"] if stop else []))
    assert done.exit_code == 128 + number
    assert json.loads(done.stdout) == {"task": ID, "code": None, "succeeded": False, "exit_code": 128 + number}
    if stop:
        assert account.stopped == [f"aep-prod {ID}: cleanup: ops run --stop was interrupted, or its time was over"]
        assert f"task {ID} stops: its containers get SIGTERM" in done.stderr
    else:
        assert account.stopped == []
        assert "the cleanup may still run; to follow it: bin/ops logs prod cleanup --follow" in done.stderr
        assert f"to stop it: aws ecs stop-task --cluster aep-prod --task {ID} --region us-east-1" in done.stderr


def test_a_signal_during_the_start_does_not_lose_the_task(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    start = account.run_task

    def interrupted(**given: Any) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGTERM)
        return start(**given)

    monkeypatch.setattr(account, "run_task", interrupted)
    assert threading.current_thread() is threading.main_thread()
    with listening():
        done = run("run", "prod", "cleanup", "--yes", "--stop")
    assert done.exit_code == 143
    assert len(account.started) == len(account.stopped) == 1


def test_time_that_is_over_is_124(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.looks = [task("RUNNING")]
    done = run("run", "prod", "cleanup", "--yes", "--timeout", "0", "--json")
    assert done.exit_code == json.loads(done.stdout)["exit_code"] == 124
    assert f"task {ID} still runs after 0 minutes" in done.stderr
    assert account.stopped == []
    monkeypatch.setattr("ops.tasks.one_off.polls", lambda _: iter(range(100)))
    monkeypatch.setattr(account, "describe_tasks", lambda **_: {"tasks": [], "failures": [{"reason": "MISSING"}]})
    done = run("run", "prod", "cleanup", "--yes", "--another")
    assert (done.exit_code, "how it ended is unknown" in done.stderr) == (124, True)
