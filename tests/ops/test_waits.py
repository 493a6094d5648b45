"""Deployments of CodeDeploy and credentials of a role: what is asked for, how often, and for how long."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from environments import load
from ops.aws import codedeploy, dns
from ops.aws.codedeploy import BlueGreenDeployment
from ops.aws.ecs import DeploymentFailedError
from ops.aws.session import Aws
from ops.aws.waiting import Time, polls
from ops.cutover.rollback import BlueGreenRollback, Step
from ops.errors import OpsError
from ops.journal import Journal, read
from ops.release.deploy import Deploy

PROD = load("prod")
ARN = "arn:aws:ecs:us-east-1:111122223333:task-definition/aep-backend-prod:2"


class Slept:
    """A clock that notes each pause."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.time = Time(sleep=self.pauses.append, elapsed=lambda: sum(self.pauses))


class CodeDeploy:
    """CodeDeploy's client, with the given states of a deployment, one per call; the last one again and again."""

    def __init__(self, *looks: dict[str, Any]) -> None:
        self.looks = list(looks)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def get_deployment(self, **given: Any) -> Any:
        self.calls.append(("get", given))
        return {"deploymentInfo": self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]}

    def create_deployment(self, **given: Any) -> Any:
        self.calls.append(("create", given))
        return {"deploymentId": "d-2"}

    def stop_deployment(self, **given: Any) -> None:
        self.calls.append(("stop", given))

    @property
    def as_client(self) -> Any:
        return self

    def client(self, service: str, **_: Any) -> Any:
        assert service in {"codedeploy", "ecs"}
        return self


RUNS = {"deploymentId": "d-1", "status": "InProgress"}
SHIFTED = {**RUNS, "instanceTerminationWaitTimeStarted": True}
DONE = {"deploymentId": "d-1", "status": "Succeeded"}


@pytest.mark.parametrize("last", [DONE, SHIFTED])
def test_waiting_asks_until_all_requests_go_to_the_new_tasks(last: dict[str, Any]) -> None:
    client, clock, shown = CodeDeploy({"status": "Created"}, RUNS, last), Slept(), list[str]()
    codedeploy.wait(
        client.as_client, "d-1", seconds=60, every=7, clock=clock.time, progress=lambda each: shown.append(each.status)
    )
    assert clock.pauses == [7, 7]
    assert shown == ["Created", "InProgress"]
    assert client.calls == [("get", {"deploymentId": "d-1"})] * 3


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ({"status": "Failed", "errorInformation": {"message": "no"}}, "CodeDeploy's deployment d-1 failed: no$"),
        (
            {**SHIFTED, "status": "Stopped", "rollbackInfo": {"rollbackDeploymentId": "d-9"}},
            "d-1 stopped: ; all requests return to the previous tasks$",
        ),
    ],
)
def test_a_deployment_that_ends_otherwise_has_failed(last: dict[str, Any], said: str) -> None:
    with pytest.raises(DeploymentFailedError, match=said):
        codedeploy.wait(CodeDeploy(RUNS, last).as_client, "d-1", seconds=60, clock=Slept().time)


def test_waiting_has_a_limit() -> None:
    clock = Slept()
    with pytest.raises(OpsError, match="d-1 hasn't ended after 60 s; it continues"):
        codedeploy.wait(CodeDeploy(RUNS).as_client, "d-1", seconds=60, every=30, clock=clock.time)
    assert clock.pauses == [30, 30]
    assert list(polls(0, clock.time, 5)) == [0], "there is at least one poll"


def test_a_deployment_is_read_with_its_defaults() -> None:
    assert BlueGreenDeployment.parse({}) == BlueGreenDeployment("", "", "", 0, shifted=False, reason="", rollback="")
    content = json.dumps({"Resources": [{"TargetService": {"Properties": {"TaskDefinition": ARN}}}]})
    at = datetime(2026, 11, 25, tzinfo=UTC)
    given: Any = {
        **{**SHIFTED, "createTime": at, "errorInformation": {"message": "no"}},
        "rollbackInfo": {"rollbackDeploymentId": "d-9"},
        "revision": {"appSpecContent": {"content": content}},
    }
    found = BlueGreenDeployment.parse(given)
    assert found == BlueGreenDeployment("d-1", "InProgress", ARN, at.timestamp(), True, "no", "d-9")
    assert not found.ended
    ends = {status: BlueGreenDeployment.parse({"status": cast("Any", status)}).ended for status in
            ("Created", "Queued", "InProgress", "Ready", "Succeeded", "Failed", "Stopped")}  # fmt: skip
    assert [status for status, ended in ends.items() if ended] == ["Succeeded", "Failed", "Stopped"]


def test_the_history_is_read_from_all_pages_in_parts_newest_first() -> None:
    ids = [f"d-{number}" for number in range(60)]
    parts: list[int] = []

    class History(CodeDeploy):
        def get_paginator(self, name: str) -> Any:
            assert name == "list_deployments"
            return self

        def paginate(self, **given: Any) -> Any:
            assert given == {"applicationName": "web", "deploymentGroupName": "web"}
            return [{"deployments": ids[:40]}, {"deployments": ids[40:]}]

        def batch_get_deployments(self, *, deploymentIds: list[str]) -> Any:  # noqa: N803  (AWS's names)
            parts.append(len(deploymentIds))
            times = [datetime(2026, 1, 1, 0, int(id_[2:]), tzinfo=UTC) for id_ in deploymentIds]
            pairs = zip(deploymentIds, times, strict=True)
            return {"deploymentsInfo": [{"deploymentId": id_, "createTime": at} for id_, at in pairs]}

    assert [each.id for each in codedeploy.history(History().as_client, "web")] == ids[::-1]
    assert parts == [25, 25, 10]


def test_a_revision_is_deployed_to_its_service_container_and_port() -> None:
    client, clock, said = CodeDeploy(RUNS, DONE), Slept(), list[str]()
    Deploy("aep-web-prod", "old", ARN, "web", 8080, client.as_client).go(time=clock.time, progress=said.append)
    (_, created), *_ = client.calls
    assert (created["applicationName"], created["deploymentGroupName"]) == ("aep-web-prod", "aep-web-prod")
    assert created["revision"]["revisionType"] == "AppSpecContent"
    (resource,) = json.loads(created["revision"]["appSpecContent"]["content"])["Resources"]
    assert resource["TargetService"] == {
        "Type": "AWS::ECS::Service",
        "Properties": {
            "TaskDefinition": ARN,
            "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 8080},
        },
    }
    assert said == ["waiting for CodeDeploy's deployment d-2"]
    assert client.calls[1:] == [("get", {"deploymentId": "d-2"})] * 2
    slow = CodeDeploy(RUNS)
    with pytest.raises(OpsError, match="hasn't ended after 2700 s"):
        Deploy("web", "old", ARN, "web", 1, slow.as_client).go(time=Slept().time, progress=said.append)


def rolled_back(client: CodeDeploy, step: Step, folder: Path) -> tuple[list[float], list[str]]:
    """The pauses of a rollback, and the outcomes in the journal."""
    first, *others = PROD.product.services
    product = replace(PROD.product, services=(replace(first, deployment="blue_green", port=8080), *others))
    rollback = BlueGreenRollback(cast("Aws", client), replace(PROD, product=product), first.name)
    clock, journal = Slept(), Journal("prod", command="rollback service", caller="me", folder=folder)
    try:
        rollback.go(step, journal, time=clock.time, progress=lambda _: None)
    finally:
        outcomes = [entry.outcome for entry in read("prod", folder)]
    return clock.pauses, outcomes


def test_a_rollback_stops_the_deployment_in_progress_and_waits_for_its_rollback(tmp_path: Path) -> None:
    back = {**RUNS, "rollbackInfo": {"rollbackDeploymentId": "d-9"}}
    client = CodeDeploy(RUNS, back, RUNS, DONE)
    assert rolled_back(client, Step("a:2", "a:1", "d-1"), tmp_path) == ([10, 10], ["intended", "done"])
    assert client.calls == [
        ("stop", {"deploymentId": "d-1", "autoRollbackEnabled": True}),
        *[("get", {"deploymentId": "d-1"})] * 2,
        *[("get", {"deploymentId": "d-9"})] * 2,
    ]


def test_a_rollback_that_never_begins_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="doesn't list a rollback of its deployment d-1 after 900 s"):
        rolled_back(CodeDeploy(RUNS), Step("a:2", "a:1", "d-1"), tmp_path)
    (_, last) = read("prod", tmp_path)
    assert (last.outcome, "d-1" in str(last.evidence["reason"])) == ("unknown", True)


def test_a_rollback_deploys_the_previous_revision_otherwise(tmp_path: Path) -> None:
    client = CodeDeploy(RUNS, DONE)
    assert rolled_back(client, Step("a:2", ARN), tmp_path) == ([10], ["intended", "done"])
    (name, created), *_ = client.calls
    assert (name, ARN in created["revision"]["appSpecContent"]["content"]) == ("create", True)
    assert '"ContainerPort": 8080' in created["revision"]["appSpecContent"]["content"]


@pytest.mark.parametrize(("seconds", "times"), [(0, 1), (dns.ROLE_SECONDS, 1), (dns.ROLE_SECONDS + 1, 2)])
def test_a_role_is_assumed_again_before_its_credentials_expire(
    monkeypatch: pytest.MonkeyPatch, seconds: float, times: int
) -> None:
    assumed: list[tuple[str, str]] = []
    now = [1000.0]
    monkeypatch.setattr("ops.aws.dns.time.monotonic", lambda: now[0])
    monkeypatch.setattr(dns, "zone_id", lambda *_: "Z1")
    monkeypatch.setattr(dns, "records", lambda client, zone, host: (client, zone, host))

    def assuming(role: str, name: str) -> Any:
        assumed.append((role, name))
        return SimpleNamespace(client=lambda service: f"{service} {len(assumed)}")

    zone: Any = dns.PublicZone(cast("Aws", SimpleNamespace(assuming=assuming)), PROD, "cutover", writes=True)
    now[0] += seconds
    for _ in range(2):
        assert zone.records("host") == (f"route53 {times}", "Z1", "host")
    assert assumed == [(PROD.edge.zone.role, "aep-prod-cutover")] * times
