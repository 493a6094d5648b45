"""Blue/green deployments that alarms stop, that fail, and what ECS refuses where CodeDeploy deploys."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.client import Control
from tests.emulator.aws import Aws
from tests.emulator.examples_of_deployments import APPLICATION, blue_green
from tests.emulator.examples_of_operations import define_for_fargate, targets

pytestmark = pytest.mark.slow


@pytest.mark.requirement("R7.4")
@pytest.mark.parametrize("steps", range(5))
def test_an_alarm_stops_a_deployment_at_any_step_and_rolls_it_back(aws: Aws, steps: int) -> None:
    site = blue_green(aws)
    id_ = site.deploy(define_for_fargate(aws))
    for _ in range(steps):
        site.look(id_)
    aws("cloudwatch").set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    stopped = site.look(id_)
    assert (stopped["status"], stopped["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    assert stopped["rollbackInfo"]["rollbackDeploymentId"]
    assert site.weights() == {site.blue: 100}
    assert targets(aws, site.green) == {}


def test_alarms_that_are_turned_off_stop_nothing(aws: Aws) -> None:
    site = blue_green(aws)
    aws("codedeploy").update_deployment_group(
        applicationName="web",
        currentDeploymentGroupName="web",
        alarmConfiguration={"enabled": False, "alarms": [{"name": "errors"}]},
    )
    aws("cloudwatch").set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    assert site.end(site.deploy(define_for_fargate(aws)))["status"] == "Succeeded"


@pytest.mark.requirement("R7.5")
def test_tasks_that_do_not_start_fail_the_deployment_and_blue_stays(aws: Aws, control: Control) -> None:
    site = blue_green(aws)
    control.roll_back("main", "web")
    failed = site.end(site.deploy(define_for_fargate(aws)))
    assert (failed["status"], failed["errorInformation"]["code"]) == ("Failed", "TIMEOUT")
    assert len(targets(aws, site.blue)) == 2
    assert site.end(site.deploy(define_for_fargate(aws)))["status"] == "Succeeded"


@pytest.mark.parametrize(
    "change", [{"forceNewDeployment": True}, {"taskDefinition": "web"}, {"platformVersion": "1.4.0"}]
)
def test_ecs_leaves_deployments_to_codedeploy(aws: Aws, change: dict[str, object]) -> None:
    blue_green(aws)
    with pytest.raises(ClientError, match="CODE_DEPLOY deployment controller"):
        aws("ecs").update_service(cluster="main", service="web", **change)


def test_another_number_of_tasks_is_no_deployment(aws: Aws) -> None:
    site = blue_green(aws)
    aws("ecs").update_service(cluster="main", service="web", desiredCount=3)
    (task_set,) = site.service()["taskSets"]
    assert (task_set["computedDesiredCount"], len(targets(aws, site.blue))) == (3, 3)


@pytest.mark.parametrize("content", ["", "{", "Resources: []", "version: 0.0\nResources:\n- TargetService: {}\n"])
def test_an_appspec_file_that_is_not_valid_is_refused(aws: Aws, content: str) -> None:
    blue_green(aws)
    revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
    with pytest.raises(ClientError, match="InvalidRevisionException"):
        aws("codedeploy").create_deployment(**APPLICATION, revision=revision)
