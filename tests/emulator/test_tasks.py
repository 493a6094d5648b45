"""Which tasks a service runs, deployment by deployment."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.client import Control
from tests.emulator.aws import Aws
from tests.emulator.examples_of_operations import (
    address,
    define_for_fargate,
    deploy_behind_load_balancer,
    found_tasks,
    targets,
)

pytestmark = pytest.mark.slow


def names(aws: Aws) -> set[str]:
    return set(aws("ecs").list_tasks(cluster="main", serviceName="web")["taskArns"])


def update(aws: Aws, **changed: object) -> str:
    """Change the service; return the id of its deployment."""
    service = aws("ecs").update_service(cluster="main", service="web", **changed)["service"]
    return str(service["deployments"][0]["id"])


def test_each_deployment_runs_tasks_of_its_own(aws: Aws) -> None:
    target_group = deploy_behind_load_balancer(aws)
    earlier = names(aws)
    for change in ({"taskDefinition": define_for_fargate(aws)}, {"forceNewDeployment": True}):
        deployment = update(aws, **change)
        tasks = found_tasks(aws)
        assert {task["startedBy"] for task in tasks} == {deployment}
        assert {task["taskDefinitionArn"].rpartition(":")[2] for task in tasks} == {"2"}
        assert targets(aws, target_group).keys() == {address(task) for task in tasks}
        assert not earlier & names(aws)
        earlier = names(aws)
    stopped = aws("ecs").list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"]
    (code,) = {task["stopCode"] for task in aws("ecs").describe_tasks(cluster="main", tasks=stopped)["tasks"]}
    assert code == "ServiceSchedulerInitiated"


def test_another_number_of_tasks_is_no_deployment(aws: Aws) -> None:
    deploy_behind_load_balancer(aws)
    first = names(aws)
    deployment = update(aws, desiredCount=3)
    assert first < names(aws)
    assert update(aws, desiredCount=1) == deployment
    assert len(names(aws) & first) == len(names(aws)) == 1


def test_what_is_rolled_back_leaves_the_tasks_that_run(aws: Aws, control: Control) -> None:
    deploy_behind_load_balancer(aws)
    before = names(aws)
    control.roll_back("main", "web")
    update(aws, taskDefinition=define_for_fargate(aws))
    assert names(aws) == before


def test_an_image_that_cannot_be_pulled_leaves_no_line_in_the_logs(aws: Aws, control: Control) -> None:
    deploy_behind_load_balancer(aws)
    (service,) = aws("ecs").describe_services(cluster="main", services=["web"])["services"]
    control.task_exit("web", None, "CannotPullContainerError: not found")
    given = {"taskDefinition": "web", "networkConfiguration": service["networkConfiguration"]}
    (task,) = aws("ecs").run_task(cluster="main", **given)["tasks"]
    (stopped,) = aws("ecs").describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"]
    assert (stopped["lastStatus"], stopped["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    streams = aws("logs").describe_log_streams(logGroupName="/aep/prod/web")["logStreams"]
    assert task["taskArn"].rpartition("/")[2] not in {each["logStreamName"].rpartition("/")[2] for each in streams}


def test_a_task_on_fargate_needs_a_network(aws: Aws) -> None:
    deploy_behind_load_balancer(aws)
    with pytest.raises(ClientError, match="Network Configuration must be provided"):
        aws("ecs").run_task(cluster="main", taskDefinition="web")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"startedBy": "kim@example.com"}, "startedBy"),
        ({"startedBy": "k" * 129}, "startedBy"),
        ({"overrides": {"containerOverrides": [{"name": "wep"}]}}, "container named wep is not a container in the"),
        ({"overrides": {"containerOverrides": [{"name": "web", "command": ["x" * 8192]}]}}, "8192 characters"),
    ],
)
def test_a_request_that_ecs_refuses_starts_no_task(aws: Aws, given: dict[str, object], said: str) -> None:
    deploy_behind_load_balancer(aws)
    (service,) = aws("ecs").describe_services(cluster="main", services=["web"])["services"]
    network, before = service["networkConfiguration"], len(found_tasks(aws))
    with pytest.raises(ClientError, match=said):
        aws("ecs").run_task(
            cluster="main", taskDefinition="web", launchType="FARGATE", networkConfiguration=network, **given
        )
    assert len(aws("ecs").list_tasks(cluster="main")["taskArns"]) == before
