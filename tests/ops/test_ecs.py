"""ECS's answers: what is wanted is found by its name, in whatever order AWS lists it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.aws import ecs
from ops.aws.ecs import NoContainerError
from ops.aws.errors import AwsError, only
from ops.errors import OpsError
from tests.cases import every_case
from tests.ops.cutover_fakes import Clock

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


def parsed_task(**given: Any) -> ecs.EcsTask:
    return ecs.EcsTask.parse(cast("Any", given))


def parsed_definition(**given: Any) -> ecs.TaskDefinition:
    return ecs.TaskDefinition.parse(cast("Any", given))


def parsed_service(**given: Any) -> ecs.EcsService:
    return ecs.EcsService.parse(cast("Any", given))


@pytest.mark.slow
@given(OTHERS, st.data())
def test_a_container_is_the_same_beside_any_others_in_any_order(others: list[Any], data: st.DataObject) -> None:
    containers = data.draw(st.permutations([OWN, *others]))
    found = parsed_task(taskArn=ARN, containers=containers).container("backend")
    assert (found.exit_code, found.image, found.image_digest) == (3, "backend@sha256:1", "sha256:1")
    assert (found.status, found.health, found.runtime_id, found.reason) == ("STOPPED", "HEALTHY", "1-2", "why")
    assert parsed_definition(containerDefinitions=containers).container("backend") == OWN


@pytest.mark.slow
@given(OTHERS)
def test_a_missing_container_is_an_error_that_names_the_others(others: list[Any]) -> None:
    for find in (
        lambda: parsed_task(taskArn=ARN, containers=others).container("backend"),
        lambda: parsed_definition(taskDefinitionArn="x/aep:1", containerDefinitions=others).container("backend"),
    ):
        with pytest.raises(NoContainerError, match="has no container 'backend'; it has ") as error:
            find()
        assert all(each["name"] in str(error.value) for each in others)


def test_what_aws_does_not_say_of_a_container_is_empty() -> None:
    found = parsed_task(taskArn=ARN, containers=[AGENT, {"name": "backend"}]).container("backend")
    assert found == ecs.Container("backend")
    with pytest.raises(NoContainerError, match="task 1 has no container 'backend'; it has none"):
        parsed_task(taskArn=ARN).container("backend")


class Client:
    """ECS that gives one answer to every call, or the next of several."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self._answers = list(answers)

    def __getattr__(self, _: str) -> Any:
        return lambda **__: self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def client(*answers: dict[str, Any]) -> Any:
    return Client(*answers)


def test_a_task_is_found_by_its_id_whatever_else_is_listed() -> None:
    answer = {"tasks": [{"taskArn": f"{ARN}2"}, {"taskArn": ARN}], "failures": []}
    assert ecs.task(client(answer), "aep", "1") == (parsed_task(taskArn=ARN), "")
    missing = {"tasks": [], "failures": [{"arn": ARN, "reason": "MISSING"}]}
    assert ecs.task(client(missing), "aep", "1") == (None, "MISSING")


@every_case(
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
    assert parsed_task(**described).ended_by_itself is ended


def test_a_deleted_service_is_none() -> None:
    services = [{"status": "INACTIVE", "serviceName": "old"}, {"status": "ACTIVE", "serviceName": "new"}]
    found = ecs.service(client({"services": services}), "aep", "new")
    assert found and found.name == "new"
    assert ecs.service(client({"services": services[:1]}), "aep", "old") is None
    assert ecs.service(client({"services": [], "failures": [{"reason": "MISSING"}]}), "aep", "x") is None
    assert set(ecs.services(client({"services": services}), "aep", ["old", "new"])) == {"new"}


def test_tasks_of_codedeploy_have_the_network_of_the_primary_task_set() -> None:
    def networks(**given: Any) -> list[Any]:
        return [*parsed_service(**given).networks]

    sets = [{"status": each, "networkConfiguration": {"from": each}} for each in ("DRAINING", "PRIMARY", "ACTIVE")]
    assert [each["from"] for each in networks(taskSets=sets)] == ["PRIMARY", "DRAINING", "ACTIVE"]
    assert networks(networkConfiguration={"from": "service"}) == [{"from": "service"}]
    assert networks(deployments=[]) == []


def test_the_primary_deployment_is_not_the_first_one() -> None:
    deployments = [
        {"id": "old", "status": "ACTIVE", "taskDefinition": "x/aep:1"},
        {"id": "new", "status": "PRIMARY", "taskDefinition": "x/aep:2"},
    ]
    service = parsed_service(deployments=deployments, taskDefinition="x/aep:1")
    assert service.primary and service.primary.id == "new"
    assert service.task_definition == "x/aep:2"
    assert parsed_service(deployments=deployments[:1]).primary is None


@every_case(
    ("given", "state"),
    [
        ({"rolloutState": "COMPLETED"}, "completed"),
        ({"rolloutState": "IN_PROGRESS", "runningCount": 2, "desiredCount": 2}, "in progress"),
        ({"rolloutState": "FAILED"}, "failed"),
        ({"stabilityStatus": "STEADY_STATE"}, "completed"),
        ({"stabilityStatus": "STABILIZING"}, "in progress"),
        ({"runningCount": 2, "desiredCount": 2}, "completed"),
        ({"runningCount": 1, "desiredCount": 2}, "in progress"),
        ({"runningCount": 1, "computedDesiredCount": 2}, "in progress"),
    ],
)
def test_a_deployment_has_one_state_whoever_deploys(given: dict[str, Any], state: str) -> None:
    service = parsed_service(deployments=[{"status": "PRIMARY", **given}])
    assert service.primary and service.primary.state == state
    assert bool(service.unfinished) is (state != "completed")


OURS = {"id": "new", "status": "PRIMARY", "taskDefinition": "x/aep:2", "rolloutState": "IN_PROGRESS"}
OLD = {"id": "old", "status": "PRIMARY", "taskDefinition": "x/aep:1", "rolloutState": "COMPLETED"}


def waited(*looks: list[dict[str, Any]]) -> None:
    """Wait for a deployment that ECS lists as it is told to, look by look, the last one for ever."""
    answers = [{"services": [{"status": "ACTIVE", "serviceName": "s", "deployments": look}]} for look in looks]
    ecs.wait_until_deployed(client(*answers), "aep", "s", "new", seconds=900, every=10, clock=Clock().time)


@pytest.mark.requirement("R10.5", "R4.4")
def test_a_deployment_that_ecs_lists_late_is_waited_for() -> None:
    waited([OLD], [OLD], [OURS], [{**OURS, "rolloutState": "COMPLETED"}])


@every_case(
    ("looks", "says"),
    [
        ([[OURS], [{**OURS, "rolloutState": "FAILED", "rolloutStateReason": "circuit breaker"}]], "circuit breaker"),
        ([[OURS], [OLD]], "ECS gave up the deployment and rolled back: s runs aep:1"),
        ([[OURS], [{**OURS, "status": "ACTIVE"}, OLD]], "s runs aep:1"),
        ([[OLD]], "s runs aep:1"),
    ],
)
def test_a_deployment_that_is_given_up_is_not_waited_for(looks: list[list[dict[str, Any]]], says: str) -> None:
    with pytest.raises(ecs.DeploymentFailedError, match=says):
        waited(*looks)


def test_a_deployment_that_takes_too_long_goes_on_without_us() -> None:
    with pytest.raises(OpsError, match="s isn't stable after 900 s; ECS continues") as error:
        waited([OURS])
    assert error.value.exit_code == 2


@pytest.mark.parametrize("found", [[], ["a", "b"]])
def test_where_one_is_expected_none_and_several_are_errors(found: list[str]) -> None:
    assert only(["a"], "load balancers x") == "a"
    with pytest.raises(AwsError, match=f"AWS lists {len(found)} load balancers x; exactly one is expected"):
        only(found, "load balancers x")
