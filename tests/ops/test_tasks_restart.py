"""Deployments that don't end well, which the emulator has none of."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ops.aws import waiting
from ops.aws.session import Aws
from ops.tasks.restart import Restart, Result, restart
from tests.ops.seeded import PROD


class Ecs:
    """A service with the given states of its deployments, one per call; two tasks run all the time."""

    class exceptions:  # noqa: N801  (as boto3 has it)
        ClusterNotFoundException = LookupError

    def __init__(self, *looks: list[dict[str, Any]], status: str = "ACTIVE") -> None:
        self._looks, self._status = iter(looks), status

    def describe_services(self, **_: object) -> Any:
        return {"services": [{"status": self._status, "deployments": next(self._looks, [])}]}

    def update_service(self, **given: object) -> Any:
        assert given == {"cluster": "aep-prod", "service": "aep-backend-prod", "forceNewDeployment": True}
        return {"service": {"deployments": [{"id": "new", "status": "PRIMARY"}, {"id": "old", "status": "ACTIVE"}]}}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: object) -> Any:
        return [{"taskArns": ["arn/1", "arn/2"]}]

    def describe_tasks(self, *, tasks: list[str], **_: object) -> Any:
        containers = [{"name": "aws-guardduty-agent-nm40lC"}, {"name": "backend"}]
        task = {"taskDefinitionArn": "x/aep-backend-prod:7", "containers": containers}
        return {"tasks": [{"taskArn": arn, **task} for arn in tasks]}

    def client(self, _: str) -> Any:
        return self


NEW = {"id": "new", "status": "PRIMARY", "rolloutState": "IN_PROGRESS"}

OLD = {"id": "old", "rolloutState": "COMPLETED"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for."""
    monkeypatch.setattr(waiting, "PAUSE", 0)
    monkeypatch.setattr("ops.aws.ecs.polls", lambda *_: iter(range(3)))


def restarted(ecs: Ecs) -> Restart:
    (one,) = restart(cast(Aws, ecs), PROD, ["backend"], wait=True)
    return one


@pytest.mark.requirement("R4.4")
@pytest.mark.parametrize(
    ("last", "said"),
    [
        ([{**NEW, "rolloutState": "FAILED", "rolloutStateReason": "circuit breaker"}], "circuit breaker"),
        ([OLD], "ECS gave up the deployment and rolled back"),
        ([NEW], "isn't stable after"),
    ],
)
def test_a_deployment_that_fails_says_how_many_tasks_run_with_the_earlier_value(
    last: list[dict[str, Any]], said: str
) -> None:
    one = restarted(Ecs([], [NEW], last, last))
    assert one.result is Result.FAILED
    assert said in one.detail
    assert str(one).endswith("; 2 previous tasks still running")


def test_a_deployment_that_ecs_lists_late_is_not_given_up() -> None:
    assert restarted(Ecs([], [OLD], [{**NEW, "rolloutState": "COMPLETED"}])).result is Result.DONE


def test_a_deployment_that_completes_is_done() -> None:
    assert restarted(Ecs([], [NEW], [{**NEW, "rolloutState": "COMPLETED"}])).result is Result.DONE


def test_a_service_that_is_not_there_has_nothing_to_restart() -> None:
    assert restarted(Ecs(status="INACTIVE")).result is Result.ABSENT
