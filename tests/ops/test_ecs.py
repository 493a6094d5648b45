"""ECS's answers: what is wanted is found by its name, in whatever order AWS lists it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops import ecs
from ops.aws import AwsError, only
from ops.ecs import NoContainerError

ARN = "arn:aws:ecs:us-east-1:111122223333:task/aep-prod/1"
OWN = {
    "name": "backend",
    "lastStatus": "STOPPED",
    "healthStatus": "HEALTHY",
    "image": "backend@sha256:1",
    "imageDigest": "sha256:1",
    "runtimeId": "1-2",
    "exitCode": 3,
    "reason": "why",
}
AGENT = {"name": "aws-guardduty-agent-nm40lC", "lastStatus": "RUNNING", "imageDigest": "sha256:9", "exitCode": 0}
OTHERS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["aws-guardduty-agent-a", "aws-guardduty-agent-b", "ecs-service-connect", "proxy"])},
        optional={"exitCode": st.integers(0, 255), "reason": st.text(max_size=9), "image": st.text(max_size=9)},
    ),
    max_size=4,
)


@given(OTHERS, st.data())
def test_a_container_is_the_same_beside_any_others_in_any_order(others: list[Any], data: st.DataObject) -> None:
    containers = data.draw(st.permutations([OWN, *others]))
    found = ecs.container({"taskArn": ARN, "containers": containers}, "backend")
    assert (found.exit_code, found.image, found.image_digest) == (3, "backend@sha256:1", "sha256:1")
    assert (found.status, found.health, found.runtime_id, found.reason) == ("STOPPED", "HEALTHY", "1-2", "why")
    assert ecs.container_definition({"containerDefinitions": containers}, "backend") == OWN


@given(OTHERS)
def test_a_missing_container_is_an_error_that_names_the_others(others: list[Any]) -> None:
    for find in (
        lambda: ecs.container({"taskArn": ARN, "containers": others}, "backend"),
        lambda: ecs.container_definition({"taskDefinitionArn": "x/aep:1", "containerDefinitions": others}, "backend"),
    ):
        with pytest.raises(NoContainerError, match="has no container 'backend'; it has ") as error:
            find()
        assert all(each["name"] in str(error.value) for each in others)


def test_what_aws_does_not_say_of_a_container_is_empty() -> None:
    found = ecs.container({"taskArn": ARN, "containers": [AGENT, {"name": "backend"}]}, "backend")
    assert found == ecs.Container("backend", "", "", "", "", "", None, "")
    with pytest.raises(NoContainerError, match="task 1 has no container 'backend'; it has none"):
        ecs.container({"taskArn": ARN}, "backend")


def test_a_task_is_found_by_its_id_whatever_else_is_listed() -> None:
    answer = {"tasks": [{"taskArn": f"{ARN}2"}, {"taskArn": ARN}], "failures": []}
    assert ecs.task(answer, "1") == {"taskArn": ARN}
    assert ecs.task({"tasks": [], "failures": [{"arn": ARN, "reason": "MISSING"}]}, "1") is None


@pytest.mark.parametrize(
    ("described", "ended"),
    [
        ({"stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited"}, True),
        ({"stoppedReason": "Essential container in task exited"}, True),
        ({}, True),
        ({"stopCode": "UserInitiated", "stoppedReason": "Essential container in task exited"}, False),
        ({"stopCode": "TaskFailedToStart"}, False),
        ({"stopCode": "SpotInterruption"}, False),
        ({"stopCode": "TerminationNotice"}, False),
        ({"stoppedReason": "Task stopped by user"}, False),
    ],
)
def test_a_task_ended_by_itself_or_was_stopped(described: dict[str, str], ended: bool) -> None:
    assert ecs.ended_by_itself(described) is ended


def test_a_deleted_service_is_none() -> None:
    services = [{"status": "INACTIVE", "serviceName": "old"}, {"status": "ACTIVE", "serviceName": "new"}]
    found = ecs.active_service({"services": services})
    assert found and found["serviceName"] == "new"
    assert ecs.active_service({"services": services[:1]}) is None
    assert ecs.active_service({"services": [], "failures": [{"reason": "MISSING"}]}) is None


def test_tasks_of_codedeploy_have_the_network_of_the_primary_task_set() -> None:
    sets = [{"status": each, "networkConfiguration": {"from": each}} for each in ("DRAINING", "PRIMARY", "ACTIVE")]
    assert [each["from"] for each in ecs.networks({"taskSets": sets})] == ["PRIMARY", "DRAINING", "ACTIVE"]
    assert ecs.networks({"networkConfiguration": {"from": "service"}}) == [{"from": "service"}]
    assert ecs.networks({"deployments": []}) == []


def test_the_primary_deployment_is_not_the_first_one() -> None:
    deployments = [{"id": "old", "status": "ACTIVE"}, {"id": "new", "status": "PRIMARY"}]
    assert ecs.primary({"deployments": deployments}) == {"id": "new", "status": "PRIMARY"}
    assert ecs.primary({"deployments": deployments[:1]}) is None


@pytest.mark.parametrize("found", [[], ["a", "b"]])
def test_where_one_is_expected_none_and_several_are_errors(found: list[str]) -> None:
    assert only(["a"], "load balancers x") == "a"
    with pytest.raises(AwsError, match=f"AWS lists {len(found)} load balancers x; one is expected"):
        only(found, "load balancers x")
