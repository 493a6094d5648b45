"""The container of GuardDuty's agent, which Fargate tasks have beside the application's."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.agent import AgentPlace, AgentWhen
from rehearsal.emulator.client import Control
from tests.emulator.aws import Aws
from tests.emulator.examples import container
from tests.emulator.examples_of_operations import deploy_behind_load_balancer, found_tasks

pytestmark = pytest.mark.slow

AGENT = "aws-guardduty-agent-"
MONITORED = [
    {
        "Name": "RUNTIME_MONITORING",
        "Status": "ENABLED",
        "AdditionalConfiguration": [{"Name": "ECS_FARGATE_AGENT_MANAGEMENT", "Status": "ENABLED"}],
    }
]


def agents(task: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in task["containers"] if each["name"].startswith(AGENT)]


def placed(task: dict[str, Any]) -> list[str]:
    return ["agent" if each["name"].startswith(AGENT) else each["name"] for each in task["containers"]]


def define(aws: Aws, family: str = "job", *names: str, **more: Any) -> None:
    aws("ecs").register_task_definition(
        family=family,
        containerDefinitions=[{"name": each, "image": each, "memory": 256, **more} for each in names or ("job",)],
    )


def look(aws: Aws, task: dict[str, Any]) -> dict[str, Any]:
    """The task one step on."""
    (found,) = aws("ecs").describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"]
    return dict(found)


def start(aws: Aws, family: str = "job", launch: str = "FARGATE", **more: Any) -> dict[str, Any]:
    """A task of its own, which is pending."""
    (task,) = aws("ecs").run_task(cluster="main", taskDefinition=family, launchType=launch, **more)["tasks"]
    return dict(task)


@pytest.fixture
def ecs(aws: Aws) -> Aws:
    """A cluster, and a task definition of one container."""
    aws("ecs").create_cluster(clusterName="main")
    define(aws)
    return aws


@pytest.fixture
def always(control: Control) -> None:
    control.guardduty_agent(AgentWhen.ALWAYS)


@pytest.mark.usefixtures("always")
def test_tasks_of_services_have_the_agent_first_with_the_fields_that_aws_lists_of_it(aws: Aws) -> None:
    deploy_behind_load_balancer(aws)
    for task in found_tasks(aws):
        assert placed(task) == ["agent", "web"]
        (agent,) = agents(task)
        web = container(task)
        assert agent.keys() >= {"containerArn", "taskArn", "lastStatus", "imageDigest", "runtimeId", "healthStatus"}
        assert not agent.keys() & {"image", "managedAgents", "exitCode"}
        assert (agent["lastStatus"], agent["healthStatus"], agent["cpu"]) == ("RUNNING", "UNKNOWN", "null")
        assert agent["taskArn"] == task["taskArn"]
        for own in ("containerArn", "imageDigest", "runtimeId"):
            assert agent[own] != web[own], own
        assert agent["networkInterfaces"] == web["networkInterfaces"]


@pytest.mark.usefixtures("always")
def test_the_agent_does_not_count_for_the_health_of_a_task(ecs: Aws) -> None:
    define(ecs, "checked", "web", healthCheck={"command": ["CMD", "true"]})
    running = look(ecs, start(ecs, "checked"))
    assert (running["healthStatus"], agents(running)[0]["healthStatus"]) == ("HEALTHY", "UNKNOWN")


@pytest.mark.usefixtures("always")
def test_only_the_applications_container_has_an_agent_for_sessions(ecs: Aws) -> None:
    running = look(ecs, start(ecs, enableExecuteCommand=True))
    (managed,) = container(running, "job")["managedAgents"]
    assert (managed["name"], managed["lastStatus"]) == ("ExecuteCommandAgent", "RUNNING")
    assert "managedAgents" not in agents(running)[0]
    assert "managedAgents" not in container(look(ecs, start(ecs)), "job")


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(("code", "of_agent"), [(0, 143), (3, 0), (143, 0), (None, 0)])
def test_the_agent_has_another_exit_code_than_the_application(
    ecs: Aws, control: Control, code: int | None, of_agent: int
) -> None:
    control.task_exit("job", code, "why")
    task = start(ecs)
    while task["lastStatus"] != "STOPPED":
        task = look(ecs, task)
    assert (container(task, "job").get("exitCode"), agents(task)[0]["exitCode"]) == (code, of_agent)


def test_a_task_runs_without_an_agent_that_does_not_start(ecs: Aws, control: Control) -> None:
    control.guardduty_agent(AgentWhen.ALWAYS, failure="CannotPullContainerError: denied")
    running = look(ecs, start(ecs))
    (agent,) = agents(running)
    assert (running["lastStatus"], container(running, "job")["lastStatus"]) == ("RUNNING", "RUNNING")
    assert (agent["lastStatus"], agent["reason"]) == ("STOPPED", "CannotPullContainerError: denied")
    assert not agent.keys() & {"exitCode", "imageDigest"}


@pytest.mark.parametrize(
    ("place", "names"),
    [
        (AgentPlace.FIRST, ["agent", "job", "proxy"]),
        (AgentPlace.LAST, ["job", "proxy", "agent"]),
        (AgentPlace.ALONE, ["agent"]),
    ],
)
def test_it_is_listed_where_it_is_ordered_beside_all_containers_of_the_definition(
    ecs: Aws, control: Control, place: AgentPlace, names: list[str]
) -> None:
    define(ecs, "both", "job", "proxy")
    control.guardduty_agent(AgentWhen.ALWAYS, place)
    assert placed(start(ecs, "both")) == names


def test_the_chosen_container_ends_a_task_and_the_others_are_terminated(ecs: Aws, control: Control) -> None:
    define(ecs, "both", "proxy", "job")
    control.task_exit("both", 5, container="job", stop_code="SpotInterruption")
    looks = [start(ecs, "both")]
    while looks[-1]["lastStatus"] != "STOPPED":
        looks.append(look(ecs, looks[-1]))
    assert [container(looks[-1], each)["exitCode"] for each in ("proxy", "job")] == [143, 5]
    assert looks[-1]["stopCode"] == "SpotInterruption"


def test_a_task_that_is_stopped_before_it_runs_has_no_exit_code(ecs: Aws) -> None:
    task = start(ecs)
    stopped = ecs("ecs").stop_task(cluster="main", task=task["taskArn"])["task"]
    assert (stopped["stopCode"], "exitCode" in container(stopped, "job")) == ("UserInitiated", False)


def test_guardduty_decides_about_tasks_that_start_from_then_on(ecs: Aws, control: Control) -> None:
    control.guardduty_agent(AgentWhen.MONITORED)
    before = start(ecs)
    guardduty = ecs("guardduty")
    plain = [{"Name": "RUNTIME_MONITORING", "Status": "ENABLED"}]
    detector = guardduty.create_detector(Enable=True, Features=plain)["DetectorId"]
    assert placed(start(ecs)) == ["job"]
    guardduty.update_detector(DetectorId=detector, Features=MONITORED)
    assert placed(start(ecs)) == ["agent", "job"]
    assert placed(look(ecs, before)) == ["job"]
    define(ecs)
    aws = ecs("ecs")
    aws.create_cluster(clusterName="excluded", tags=[{"key": "GuardDutyManaged", "value": "false"}])
    (excluded,) = aws.run_task(cluster="excluded", taskDefinition="job", launchType="FARGATE")["tasks"]
    assert placed(excluded) == ["job"]
    guardduty.update_detector(DetectorId=detector, Enable=False)
    assert placed(start(ecs)) == ["job"]


@pytest.mark.usefixtures("always")
def test_only_fargate_has_a_container_for_the_agent(ecs: Aws) -> None:
    assert placed(start(ecs, launch="EC2")) == ["job"]


def test_it_can_be_switched_off(ecs: Aws, control: Control) -> None:
    control.guardduty_agent(AgentWhen.ALWAYS)
    control.guardduty_agent(AgentWhen.NEVER)
    assert placed(start(ecs)) == ["job"]


def run_in_a_vpc(aws: Aws) -> dict[str, Any]:
    """A VPC with a subnet that a task runs in."""
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/24")["Subnet"]["SubnetId"]
    task = start(aws, networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}})
    return {"vpc": vpc, "subnet": subnet, "task": task}


def data_endpoints(aws: Aws, vpc: str) -> list[dict[str, Any]]:
    """Those of GuardDuty that a VPC has; a deleted one is listed for a while."""
    filters = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "service-name", "Values": ["com.amazonaws.us-east-1.guardduty-data"]},
    ]
    found = aws("ec2").describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]
    return [dict(each) for each in found if each["State"] != "deleted"]


def test_guardduty_makes_an_endpoint_in_the_vpcs_of_tasks_and_leaves_it(ecs: Aws, control: Control) -> None:
    """https://docs.aws.amazon.com/guardduty/latest/ug/how-runtime-monitoring-works-ecs-fargate.html and, of what stays,
    https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-agent-resource-clean-up.html."""
    control.guardduty_agent(AgentWhen.MONITORED)
    ec2, before, unused = ecs("ec2"), run_in_a_vpc(ecs), ecs("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    assert not data_endpoints(ecs, before["vpc"])
    detector = ecs("guardduty").create_detector(Enable=True, Features=MONITORED)["DetectorId"]
    after = run_in_a_vpc(ecs)
    assert not data_endpoints(ecs, unused)
    for place in (before, after):
        (endpoint,) = data_endpoints(ecs, place["vpc"])
        (group,) = endpoint["Groups"]
        assert group["GroupName"] == f"GuardDutyManagedSecurityGroup-{place['vpc']}"
        assert endpoint["PrivateDnsEnabled"]
        with pytest.raises(ClientError, match="conflicting DNS domain for guardduty-data"):
            ec2.create_vpc_endpoint(
                VpcId=place["vpc"], ServiceName=endpoint["ServiceName"], VpcEndpointType="Interface"
            )
    ecs("guardduty").update_detector(DetectorId=detector, Enable=False)
    ecs("ecs").stop_task(cluster="main", task=after["task"]["taskArn"])
    vpc, subnet = after["vpc"], after["subnet"]
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    ec2.delete_subnet(SubnetId=subnet)
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_vpc(VpcId=vpc)
    ec2.delete_security_group(GroupId=group["GroupId"])
    ec2.delete_vpc(VpcId=vpc)


def test_guardduty_makes_no_endpoint_where_there_is_one(ecs: Aws, control: Control) -> None:
    """https://docs.aws.amazon.com/guardduty/latest/ug/eksrunmon-prereq-deploy-security-agent.html."""
    control.guardduty_agent(AgentWhen.MONITORED)
    place = run_in_a_vpc(ecs)
    made = ecs("ec2").create_vpc_endpoint(
        VpcId=place["vpc"], ServiceName="com.amazonaws.us-east-1.guardduty-data", VpcEndpointType="Interface"
    )["VpcEndpoint"]["VpcEndpointId"]
    ecs("guardduty").create_detector(Enable=True, Features=MONITORED)
    assert [each["VpcEndpointId"] for each in data_endpoints(ecs, place["vpc"])] == [made]
    groups = ecs("ec2").describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [place["vpc"]]}])
    assert [each["GroupName"] for each in groups["SecurityGroups"]] == ["default"]
