"""`rollback service`: the last good task definition, put back."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from environments import load
from environments.names import Names
from modules.interrupts import SIGNALS, Interrupted
from ops import journal as journal_module
from ops.aws.session import Aws
from ops.cutover.rollback import ServiceRollback
from ops.errors import OpsError, RefusedError
from ops.journal import Journal, read
from rehearsal.emulator.client import Control
from tests.ops.cli import run
from tests.ops.cutover_fakes import Clock, listening

PROD = load("prod")
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/navralabs/aep-backend@sha256:" + "a" * 64


def arn(revision: int) -> str:
    return f"arn:aws:ecs:us-east-1:111122223333:task-definition/aep-backend-prod:{revision}"


def age(revision: int) -> timedelta:
    """The higher the revision, the later it was deployed."""
    return timedelta(days=revision)


class Account:
    """ECS and ECR as boto3's clients answer. A new deployment takes three looks."""

    def __init__(self, running: int, deployed: list[int], *, image: bool = True, ends: str = "COMPLETED") -> None:
        self.running, self.deployed, self.image, self.ends = arn(running), deployed, image, ends
        self.looks = 9
        self.page = len(deployed)
        """How many deployments a page lists, the last ones on the first page: AWS promises no order."""

    def client(self, service: str, region_name: str | None = None) -> Account:
        assert (service, region_name) in {("ecs", None), ("ecr", "us-east-1")}
        return self

    def describe_services(
        self, *, cluster: str = "aep-prod", services: tuple[str, ...] | list[str] = ("aep-backend-prod",)
    ) -> Any:
        assert (cluster, list(services)) == ("aep-prod", ["aep-backend-prod"])
        self.looks += 1
        state = self.ends if self.looks > 3 else "IN_PROGRESS"
        deployment = {"id": self.running, "status": "PRIMARY", "taskDefinition": self.running, "rolloutState": state}
        ended = {"id": "ended", "status": "ACTIVE", "taskDefinition": arn(1), "rolloutState": "COMPLETED"}
        service = {"serviceName": "aep-backend-prod", "deployments": [ended, deployment]}
        return {"services": [{"status": "ACTIVE", "taskDefinition": self.running, **service}]}

    def list_service_deployments(self, *, cluster: str, service: str, status: list[str], nextToken: str = "0") -> Any:  # noqa: N803  (AWS's names)
        assert (cluster, service, status) == ("aep-prod", "aep-backend-prod", ["SUCCESSFUL"])
        start = int(nextToken)
        listed = [*reversed(self.deployed)][start : start + self.page]
        more = {"nextToken": str(start + self.page)} if start + self.page < len(self.deployed) else {}
        deployments = [
            {"targetServiceRevisionArn": f"revision/{each}", "createdAt": datetime(2026, 1, 1, tzinfo=UTC) + age(each)}
            for each in listed
        ]
        return {"serviceDeployments": deployments, **more}

    def describe_service_revisions(self, *, serviceRevisionArns: list[str]) -> Any:  # noqa: N803
        assert len(serviceRevisionArns) <= 20
        revisions = [
            {"serviceRevisionArn": each, "taskDefinition": arn(int(each.partition("/")[2]))}
            for each in serviceRevisionArns
        ]
        return {"serviceRevisions": revisions[::-1]}

    def describe_task_definition(self, **_: Any) -> Any:
        return {
            "taskDefinition": {
                "containerDefinitions": [{"name": "a", "image": IMAGE}, {"name": "b", "image": "public.ecr.aws/x:1"}]
            }
        }

    def describe_images(self, *, registryId: str, repositoryName: str, imageIds: list[dict[str, str]]) -> None:  # noqa: N803
        assert (registryId, repositoryName) == ("111122223333", "navralabs/aep-backend")
        assert imageIds == [{"imageDigest": "sha256:" + "a" * 64}]
        if not self.image:
            raise ClientError({"Error": {"Code": "ImageNotFoundException", "Message": "gone"}}, "DescribeImages")

    def update_service(self, *, cluster: str, service: str, taskDefinition: str, **_: Any) -> Any:  # noqa: N803
        assert (cluster, service) == ("aep-prod", "aep-backend-prod")
        self.running, self.looks = taskDefinition, 0
        return {"service": self.describe_services()["services"][0]}


def rollback(account: Account) -> ServiceRollback:
    return ServiceRollback(cast(Aws, account), PROD, "backend")


def go(account: Account, folder: Path) -> list[tuple[str, Any, Any]]:
    back = rollback(account)
    journal = Journal("prod", command="rollback service", caller="me", folder=folder)
    try:
        back.go(back.step(), journal, time=Clock().time, progress=lambda _: None)
    finally:
        story = [(entry.outcome, entry.before, entry.after) for entry in read("prod", folder)]
    return story


@pytest.mark.requirement("R10.5")
def test_the_last_good_revision_before_the_running_one_is_put_back(tmp_path: Path) -> None:
    # 43 runs; 42 never came up, so that it isn't among those that were deployed with success.
    account = Account(43, [43, 41, 40])
    change = ("aep-backend-prod:43", "aep-backend-prod:41")
    assert go(account, tmp_path) == [("intended", *change), ("done", *change)]
    assert account.running == arn(41)


@pytest.mark.requirement("R10.5")
@pytest.mark.parametrize("page", [1, 2, 45])
def test_the_last_good_revision_is_found_on_any_page_in_any_order(tmp_path: Path, page: int) -> None:
    # Deployments that only restarted the running revision come after it.
    account = Account(43, [*([43] * 41), 42, 41])
    account.page = page
    go(account, tmp_path)
    assert account.running == arn(42)


def test_a_newer_revision_is_no_way_back(tmp_path: Path) -> None:
    account = Account(41, [43, 41, 40])
    go(account, tmp_path)
    assert account.running == arn(40)


def test_without_an_earlier_success_it_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"no revision before aep-backend-prod:43 .*/ops release rollback"):
        rollback(Account(43, [43])).step()


def test_a_revision_whose_image_is_gone_is_refused() -> None:
    with pytest.raises(
        RefusedError,
        match=r"aep-backend-prod:41 needs navralabs/aep-backend@sha256:aaa.* which the registry no longer has",
    ):
        rollback(Account(43, [41], image=False)).step()


def test_a_deployment_that_ecs_gives_up_is_told(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="aep-backend-prod runs aep-backend-prod:41"):
        go(Account(43, [41], ends="FAILED"), tmp_path)
    assert [entry.outcome for entry in read("prod", tmp_path)] == ["intended", "failed"]


def test_one_that_takes_too_long_goes_on_without_us(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="isn't stable after 900 s; ECS continues"):
        go(Account(43, [41], ends="IN_PROGRESS"), tmp_path)
    assert [entry.outcome for entry in read("prod", tmp_path)] == ["intended", "unknown"]


class Signalled(Account):
    """An account at whose n-th call a signal arrives."""

    def __init__(self, number: signal.Signals, moment: int) -> None:
        super().__init__(43, [43, 41])
        self.number, self.left = number, moment

    def __getattribute__(self, name: str) -> Any:
        if name.startswith(("describe_", "list_", "update_")):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), self.number)
        return super().__getattribute__(name)


@pytest.mark.requirement("R10.5")
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_at_any_call_leaves_a_journal_that_has_what_was_done(number: signal.Signals, tmp_path: Path) -> None:
    """It interrupts no change: what AWS does is in the journal, and that AWS continues is in the message."""
    found = set()
    for moment in range(1, 12):
        folder, account, said = tmp_path / str(moment), Signalled(number, moment), list[str]()
        journal = Journal("prod", command="rollback service", caller="me", folder=folder)
        back, ended = rollback(account), "done"
        with listening():
            try:
                back.go(back.step(), journal, time=Clock().time, progress=said.append)
            except Interrupted as error:
                ended = str(error)
        outcomes = tuple(entry.outcome for entry in read("prod", folder))
        assert (account.running == arn(43)) is (outcomes == ())
        assert outcomes in {(), ("intended", "unknown"), ("intended", "done")}
        assert (ended == "done") is (outcomes == ("intended", "done"))
        continues = "AWS continues with what has begun: bin/ops tasks prod backend" in said
        assert continues is (outcomes == ("intended", "unknown"))
        found.add((ended, outcomes))
    assert len(found) == 3, "before the change, during the wait, and after it"


def test_a_signal_while_the_journal_is_written_doesnt_lose_what_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal had that a change is intended, and nothing about its end."""
    written = journal_module._write

    def signalled(file: Path, line: bytes) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        written(file, line)

    monkeypatch.setattr(journal_module, "_write", signalled)
    with listening(), pytest.raises(Interrupted):
        go(Account(43, [43, 41]), tmp_path)
    assert [entry.outcome for entry in read("prod", tmp_path)] == ["intended", "unknown"]


@pytest.mark.slow
@pytest.mark.requirement("R10.5")
def test_the_command_puts_it_back_and_says_what_must_follow(account: Aws, control: Control, scratch: Path) -> None:
    assert scratch.exists()
    names = Names(PROD)
    ecs: Any = account.client("ecs")
    family = names.service("backend")
    containers = [{"name": "backend", "image": "backend", "memory": 512}]

    def register() -> str:
        made = ecs.register_task_definition(family=family, containerDefinitions=containers)
        return str(made["taskDefinition"]["taskDefinitionArn"])

    ecs.create_cluster(clusterName=names.prefix)
    first = register()
    ecs.create_service(cluster=names.prefix, serviceName=family, taskDefinition=first, desiredCount=1)
    control.roll_back(names.prefix, family)
    for _ in ("rolled back", "deployed"):
        ecs.update_service(cluster=names.prefix, service=family, taskDefinition=register())
    done = run("rollback", "service", "prod", "backend", "--yes")
    assert done.exit_code == 0, done.output
    assert f"backend: {family}:3 → {family}:1" in done.stderr
    assert "next: bin/ops release rollback prod backend" in done.stderr
    (service,) = ecs.describe_services(cluster=names.prefix, services=[family])["services"]
    assert service["taskDefinition"] == first
    assert run("rollback", "service", "prod", "backend", "--yes").exit_code == 1
