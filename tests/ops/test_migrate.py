"""The migration: one at a time, after a snapshot, with its lines and its container's exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.client import BaseClient

from environments import load
from environments.names import Names
from ops.aws.session import Aws
from ops.tasks import one_off
from ops.tasks.running import MIGRATION, tasks, workload
from rehearsal.context import Rehearsal
from rehearsal.emulator.agent import AgentPlace, AgentWhen
from rehearsal.emulator.client import Control
from rehearsal.rollout import StepError
from rehearsal.steps import failed_migration_fails
from tests.ops import seeded
from tests.ops.cli import run
from tests.ops.emulated import Emulated
from tests.ops.seeded import PROD

FAMILY = "aep-migration-prod"
MIGRATE = ("migrate", "prod", "--yes")


@pytest.fixture(scope="module")
def rolled_out(emulated: Emulated) -> Iterator[Aws]:
    """An account with services and a database."""
    with seeded.account(emulated) as aws:
        seeded.services(aws)
        seeded.database(aws)
        yield aws


@pytest.fixture
def faults(emulated: Emulated) -> Control:
    """Plants exit codes and faults; nothing is emptied."""
    return Control(emulated.endpoint, PROD.account_id, PROD.region)


@pytest.fixture
def without_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's migration asks for no snapshot."""
    assert PROD.product.migration
    product = replace(PROD.product, migration=replace(PROD.product.migration, snapshot=False))
    monkeypatch.setattr("environments.load", lambda _: replace(PROD, product=product))


def meanwhile(monkeypatch: pytest.MonkeyPatch, operation: str, then: Any) -> None:
    """Call `then` with the response of a call of AWS, right after it."""
    call = cast("Any", BaseClient)._make_api_call

    def answered(self: BaseClient, name: str, given: dict[str, Any]) -> Any:
        answer = call(self, name, given)
        if name == operation:
            then(answer)
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", answered)


def snapshots(aws: Aws) -> list[str]:
    found = aws.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    return [each["DBSnapshotIdentifier"] for each in found]


@pytest.mark.requirement("R5.4")
def test_a_migration_shows_its_lines_after_a_snapshot(rolled_out: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_lines(answer: Any) -> None:
        task = answer["tasks"][0]["taskArn"].rpartition("/")[2]
        seeded.log(rolled_out, "/aep/prod/backend", "backend/backend/other", (2, "not the migration's"))
        stream = f"migration/migration/{task}"
        seeded.log(rolled_out, "/aep/prod/backend", stream, (2, "Running upgrade"), (1, "done"))

    meanwhile(monkeypatch, "RunTask", write_lines)
    done = run(*MIGRATE)
    assert done.exit_code == 0, done.output
    assert [line.split(" ", 2)[2] for line in done.stdout.splitlines()] == ["Running upgrade", "done"]
    assert "alembic upgrade head" in done.stderr
    assert "ended: exit code 0" in done.stderr
    (snapshot,) = snapshots(rolled_out)
    assert snapshot.startswith("aep-prod-before-migration-1-")
    assert done.stderr.index(f"{snapshot}: available") < done.stderr.index(": STOPPED")


@pytest.mark.requirement("R5.4")
@pytest.mark.usefixtures("rolled_out", "without_snapshot")
@pytest.mark.parametrize(
    ("code", "reason", "exit_code", "said"),
    [
        (3, "Essential container in task exited", 3, "ended: exit code 3"),
        (137, "OutOfMemoryError: container killed", 137, "it needs more memory: migration.memory"),
        (None, "CannotPullContainerError: not found", 1, "the image can't be pulled"),
        (None, "ResourceInitializationError: secret", 1, "bin/ops secrets status prod"),
    ],
)
def test_the_commands_exit_code_is_the_containers(
    faults: Control, code: int | None, reason: str, exit_code: int, said: str
) -> None:
    faults.task_exit(FAMILY, code, reason)
    done = run(*MIGRATE, "--json")
    assert done.exit_code == exit_code
    assert reason in done.stderr
    assert said in done.stderr
    assert "the task logged nothing" in done.stderr
    told = json.loads(done.stdout)
    assert (told["code"], told["reason"], told["snapshot"]) == (code, reason, None)


@pytest.mark.requirement("R5.4")
@pytest.mark.usefixtures("rolled_out", "without_snapshot")
@pytest.mark.parametrize(
    ("place", "code", "exit_code"),
    [
        (AgentPlace.FIRST, 0, 0),
        (AgentPlace.LAST, 0, 0),
        (AgentPlace.ALONE, 0, 1),
        (AgentPlace.FIRST, 3, 3),
        (AgentPlace.LAST, 3, 3),
        (AgentPlace.ALONE, 3, 1),
        (AgentPlace.FIRST, None, 1),
        (AgentPlace.LAST, None, 1),
    ],
)
def test_the_exit_code_is_of_the_migrations_container_wherever_the_agents_is_listed(
    emulated: Emulated, faults: Control, place: AgentPlace, code: int | None, exit_code: int
) -> None:
    with seeded.agent(emulated, place):
        faults.task_exit(FAMILY, code)
        done = run(*MIGRATE)
    assert done.exit_code == exit_code, done.output
    missing = "has no container 'migration'; it has aws-guardduty-agent-"
    assert (missing in done.stderr) is (place is AgentPlace.ALONE)


@pytest.mark.requirement("R5.4")
@pytest.mark.usefixtures("rolled_out", "without_snapshot")
@pytest.mark.parametrize(
    ("code", "stop_code", "reason"),
    [
        (0, "UserInitiated", "Task stopped by user"),
        (0, "SpotInterruption", "Your Spot Task was interrupted."),
        (256, "", "Essential container in task exited"),
    ],
)
def test_a_migration_that_was_stopped_has_failed_whatever_its_exit_code(
    faults: Control, code: int, stop_code: str, reason: str
) -> None:
    faults.task_exit(FAMILY, code, reason, stop_code=stop_code)
    done = run(*MIGRATE)
    assert done.exit_code == 1
    assert reason in done.stderr


@pytest.mark.usefixtures("rolled_out", "without_snapshot")
def test_the_image_is_that_of_the_migrations_container(monkeypatch: pytest.MonkeyPatch) -> None:
    def add_another(answer: Any) -> None:
        answer["taskDefinition"]["containerDefinitions"].insert(0, {"name": "proxy", "image": "proxy:1"})

    meanwhile(monkeypatch, "DescribeTaskDefinition", add_another)
    done = run("migrate", "prod", "--dry-run")
    assert (done.exit_code, "image navralabs/aep-backend@sha256:7e1" in done.stderr) == (0, True)


@pytest.mark.usefixtures("without_snapshot")
@pytest.mark.parametrize(
    ("operation", "change", "said"),
    [
        (
            "DescribeTaskDefinition",
            lambda answer: answer["taskDefinition"]["containerDefinitions"][0].update(name="migrations"),
            "the task definition aep-migration-prod:1 has no container 'migration'; it has migrations",
        ),
        (
            "DescribeServices",
            lambda answer: answer["services"][0].update(status="INACTIVE"),
            "there is no service aep-backend-prod",
        ),
        ("DescribeServices", lambda answer: answer["services"].clear(), "there is no service aep-backend-prod"),
        ("RunTask", lambda answer: answer["tasks"].clear(), "AWS lists 0 tasks that it ran; exactly one is expected"),
        (
            "RunTask",
            lambda answer: answer["failures"].append({"reason": "Capacity is unavailable at this time"}),
            "ECS started no task: Capacity is unavailable at this time",
        ),
    ],
)
def test_what_cannot_be_run_says_why(
    rolled_out: Aws, monkeypatch: pytest.MonkeyPatch, operation: str, change: Any, said: str
) -> None:
    meanwhile(monkeypatch, operation, change)
    done = run(*MIGRATE)
    assert done.exit_code == 2
    assert said in done.stderr
    for task in tasks(rolled_out, PROD, workload(PROD, MIGRATION)):
        rolled_out.client("ecs").stop_task(cluster="aep-prod", task=task.id)


@pytest.mark.usefixtures("rolled_out", "without_snapshot")
def test_where_codedeploy_deploys_the_network_is_that_of_the_primary_task_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_codedeploy(answer: Any) -> None:
        (service,) = answer["services"]
        network = service.pop("networkConfiguration")
        other = {"awsvpcConfiguration": {"subnets": ["subnet-0"]}}
        service["taskSets"] = [
            {"status": "ACTIVE", "networkConfiguration": other},
            {"status": "PRIMARY", "networkConfiguration": network},
        ]

    meanwhile(monkeypatch, "DescribeServices", by_codedeploy)
    assert run(*MIGRATE).exit_code == 0


@pytest.mark.usefixtures("without_snapshot")
def test_a_rehearsal_shows_that_a_failed_migration_fails(rolled_out: Aws, faults: Control) -> None:
    session = SimpleNamespace(aws=rolled_out)
    rehearsal = SimpleNamespace(by=lambda _: session, environment=PROD, names=Names(PROD), control=faults)
    seen = failed_migration_fails(cast(Rehearsal, rehearsal)).text
    assert seen.startswith("exit code 3, while aws-guardduty-agent-")
    assert seen.endswith(" with 0")
    faults.guardduty_agent(AgentWhen.NEVER)
    with pytest.raises(StepError, match="no other container"):
        failed_migration_fails(cast(Rehearsal, rehearsal))
    faults.guardduty_agent(AgentWhen.ALWAYS)


@pytest.mark.requirement("R5.4")
def test_a_second_migration_is_refused(rolled_out: Aws) -> None:
    running = seeded.run_task(rolled_out, MIGRATION, "assumed-role/aep-prod-deployer/kim")
    before = snapshots(rolled_out)
    done = run(*MIGRATE)
    assert done.exit_code == 1
    assert f"a migration runs already: task {running}" in done.stderr
    assert "by assumed-role/aep-prod-deployer/kim" in done.stderr
    assert snapshots(rolled_out) == before
    rolled_out.client("ecs").stop_task(cluster="aep-prod", task=running)


@pytest.mark.requirement("R5.4")
@pytest.mark.usefixtures("without_snapshot")
def test_of_two_that_start_at_the_same_moment_ours_is_stopped(rolled_out: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    others: list[str] = []

    def start_another(_: Any) -> None:
        if not others:
            others.append("")
            others[0] = seeded.run_task(rolled_out, MIGRATION)

    meanwhile(monkeypatch, "RunTask", start_another)
    done = run(*MIGRATE)
    assert done.exit_code == 1
    assert f"task {others[0]} started at the same time" in done.stderr
    assert [task.id for task in tasks(rolled_out, PROD, workload(PROD, MIGRATION))] == others
    rolled_out.client("ecs").stop_task(cluster="aep-prod", task=others[0])


def test_without_a_snapshot_there_is_no_migration(rolled_out: Aws, faults: Control) -> None:
    faults.fail("rds", "CreateDBSnapshot", "AccessDenied", 1)
    done = run(*MIGRATE)
    assert done.exit_code == 2
    assert "can't create a snapshot of the database aep-prod" in done.stderr
    assert "task" not in done.stderr.splitlines()[-1]
    assert not tasks(rolled_out, PROD, workload(PROD, MIGRATION))


@pytest.mark.requirement("R5.4")
@pytest.mark.usefixtures("without_snapshot")
@pytest.mark.parametrize(("error", "code"), [(None, 2), (KeyboardInterrupt, 130)])
def test_time_that_is_up_and_ctrl_c_leave_the_task_running(
    rolled_out: Aws, monkeypatch: pytest.MonkeyPatch, error: type[BaseException] | None, code: int
) -> None:
    def polls(_: float) -> Iterator[float]:
        if error:
            raise error
        yield from ()

    monkeypatch.setattr(one_off, "polls", polls)
    done = run(*MIGRATE, "--timeout", "0.5")
    assert done.exit_code == code
    assert "to follow it: bin/ops logs prod migration --follow" in done.stderr
    (task,) = tasks(rolled_out, PROD, workload(PROD, MIGRATION))
    assert f"stop it: aws ecs stop-task --cluster aep-prod --task {task.id} " in done.stderr
    rolled_out.client("ecs").stop_task(cluster="aep-prod", task=task.id)


@pytest.mark.usefixtures("rolled_out", "without_snapshot")
def test_logs_that_cannot_be_read_hide_no_exit_code(faults: Control) -> None:
    faults.fail("logs", "FilterLogEvents", "AccessDeniedException", 50)
    faults.task_exit(FAMILY, 4)
    done = run(*MIGRATE)
    assert done.exit_code == 4
    assert done.stderr.count("can't read the log group /aep/prod/backend") == 1


def test_a_dry_run_says_what_would_run(rolled_out: Aws) -> None:
    before = snapshots(rolled_out)
    done = run("migrate", "prod", "--dry-run")
    assert done.exit_code == 0
    assert f"aep-migration-prod:1 in account {PROD.account_id}: alembic upgrade head" in done.stderr
    assert "a snapshot of the database first: aep-prod-before-migration-1-" in done.stderr
    assert snapshots(rolled_out) == before
    assert run("migrate", "prod").exit_code == 1


def test_before_services_are_applied_it_says_what_to_apply(account: Aws, scratch: Path) -> None:
    assert account
    done = run(*MIGRATE)
    assert done.exit_code == 2
    assert "can't read the task definition aep-migration-prod (phase services creates it)" in done.stderr


def test_a_product_without_migration_has_nothing_to_run(rolled_out: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = replace(load("prod"), product=replace(PROD.product, migration=None))
    monkeypatch.setattr("environments.load", lambda _: plain)
    done = run(*MIGRATE)
    assert (done.exit_code, "aep has no migration" in done.stderr) == (2, True)
