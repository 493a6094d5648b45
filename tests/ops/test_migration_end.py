"""A migration's result: 0 only if its own container ended by itself, with 0 and for no other reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments import load
from ops.aws.session import Aws
from ops.errors import OpsError
from ops.tasks import one_off as module
from ops.tasks.one_off import Ended, OneOff
from ops.tasks.running import workload
from tests.cases import every_case

PROD = load("prod")
ID = "0f9de17a6465404e8b1b2356dc13c2f8"
ARN = f"arn:aws:ecs:us-east-1:111122223333:task/aep-prod/{ID}"
OURS = "migration"
EXITED = {"stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited"}
UNLISTED: dict[str, Any] = {"tasks": [], "failures": [{"arn": ARN, "reason": "MISSING"}]}


class Account:
    """ECS that returns the given states of a task, one per call, and the last one from then on; its logs are empty."""

    class exceptions:  # noqa: N801  (as boto3 has it)
        ResourceNotFoundException = LookupError

    def __init__(self, *looks: dict[str, Any]) -> None:
        self._looks = list(looks)

    def client(self, _: str) -> Account:
        return self

    def describe_tasks(self, **given: object) -> dict[str, Any]:
        assert given == {"cluster": "aep-prod", "tasks": [ID]}
        return self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]

    def get_paginator(self, _: str) -> Account:
        return self

    def paginate(self, **_: object) -> Iterator[Any]:
        return iter(())


def stopped(*containers: dict[str, Any], status: str = "STOPPED", **more: str) -> dict[str, Any]:
    task = {"taskArn": ARN, "lastStatus": status, "containers": list(containers), **(more or EXITED)}
    return {"tasks": [task], "failures": []}


def ended(*looks: dict[str, Any]) -> Ended:
    account = cast(Aws, Account(*looks))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ops.aws.waiting.PAUSE", 0)
        patch.setattr(module, "polls", lambda _: iter(range(100)))
        migration = OneOff(account, PROD, workload(PROD, OURS))
        return migration.follow(ID, seconds=60, progress=lambda _: None, line=lambda _: None)


def agent(code: int | None = 0, suffix: str = "nm40lC") -> dict[str, Any]:
    return {"name": f"aws-guardduty-agent-{suffix}", **({} if code is None else {"exitCode": code})}


def own(code: int | None, **more: str) -> dict[str, Any]:
    return {"name": OURS, **({} if code is None else {"exitCode": code}), **more}


CODES = st.none() | st.integers(-1, 255) | st.sampled_from([256, 512, 3221225786])


@pytest.mark.slow
@pytest.mark.requirement("R5.4")
@given(
    code=CODES,
    agents=st.lists(st.builds(agent, CODES, st.text("abcXYZ19", min_size=5, max_size=7)), max_size=3),
    reason=st.sampled_from(["", "OutOfMemoryError: container killed", "CannotStopContainerError: x"]),
    end=st.fixed_dictionaries(
        {"stoppedReason": st.sampled_from(["", "Essential container in task exited", "Task stopped by user"])},
        optional={
            "stopCode": st.sampled_from(
                [
                    "EssentialContainerExited",
                    "TaskFailedToStart",
                    "UserInitiated",
                    "ServiceSchedulerInitiated",
                    "SpotInterruption",
                    "TerminationNotice",
                ]
            )
        },
    ),
    data=st.data(),
)
def test_no_failed_migration_ends_with_0(
    code: int | None, agents: list[dict[str, Any]], reason: str, end: dict[str, str], data: st.DataObject
) -> None:
    containers = data.draw(st.permutations([own(code, **({"reason": reason} if reason else {})), *agents]))
    found = ended(stopped(*containers, **end))
    by_itself = end.get("stopCode", "EssentialContainerExited") == "EssentialContainerExited" and (
        "stopCode" in end or "user" not in end["stoppedReason"]
    )
    well = code == 0 and not reason and by_itself
    assert (found.exit_code == 0) is found.succeeded is well
    assert 0 <= found.exit_code < 256
    if code and 0 < code < 256:
        assert found.exit_code == code
    assert found.code == code


@pytest.mark.requirement("R5.4")
@every_case("containers", [[agent(0)], [], [agent(0), {"name": "migrations", "exitCode": 0}]])
def test_without_its_container_a_migration_has_failed(containers: list[dict[str, Any]]) -> None:
    found = ended(stopped(*containers))
    assert (found.exit_code, found.code, found.succeeded) == (1, None, False)
    assert found.reason.startswith(f"task {ID} has no container 'migration'; it has ")
    assert str(found) == "its container never ran"


def test_a_task_that_is_stopped_after_its_container_ended_with_0_counts_as_failed() -> None:
    found = ended(stopped(agent(137), own(0), stopCode="UserInitiated", stoppedReason="Task stopped by user"))
    assert (found.exit_code, found.reason) == (1, "Task stopped by user")
    assert str(found) == "exit code 0, but the task was stopped before that: it counts as failed"


def test_an_agent_that_failed_is_no_failed_migration() -> None:
    pull = {"name": "aws-guardduty-agent-x", "lastStatus": "STOPPED", "reason": "CannotPullContainerError: denied"}
    for beside in (agent(1), agent(137), agent(None), pull):
        assert ended(stopped(beside, own(0))).exit_code == 0


def test_a_task_is_waited_for_while_its_agent_has_ended_already() -> None:
    running = stopped(agent(0), {"name": OURS, "lastStatus": "RUNNING"}, status="RUNNING")
    assert ended(running, running, stopped(agent(0), own(4))).exit_code == 4


def test_a_stopped_task_may_be_seen_as_deleted() -> None:
    assert ended(stopped(agent(0), own(4), status="DELETED")).exit_code == 4


def test_another_task_in_the_answer_is_not_taken_for_ours() -> None:
    answer = stopped(agent(0), own(5))
    other = {"taskArn": f"{ARN}0", "lastStatus": "STOPPED", "containers": [own(0)], **EXITED}
    assert ended({"tasks": [other, *answer["tasks"]], "failures": []}).exit_code == 5


def test_a_task_that_ecs_lists_late_is_followed() -> None:
    assert ended(UNLISTED, UNLISTED, stopped(agent(0), own(0))).exit_code == 0


@pytest.mark.parametrize("seen", [(), (stopped(own(None), status="RUNNING"),)])
def test_a_task_that_ecs_does_not_list_any_more_has_an_unknown_end(seen: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(OpsError, match=rf"ECS doesn't list task {ID} \(MISSING\); how it ended is unknown") as error:
        ended(*seen, UNLISTED)
    assert error.value.exit_code == 2
