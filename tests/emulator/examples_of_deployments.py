"""Blue/green deployments: CodeDeploy starts green tasks, shifts requests, and returns to the blue ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.aws import Aws
from tests.emulator.examples import example
from tests.emulator.examples_of_operations import GROUP, define_for_fargate, targets

APPLICATION = {"applicationName": "web", "deploymentGroupName": "web"}
ALARM = "errors"


@dataclass(frozen=True)
class BlueGreen:
    """A blue/green service of two tasks behind a listener, and its deployments."""

    aws: Aws
    blue: str
    """ARN of the target group of the first tasks."""
    green: str
    listener: str
    cluster: str = "main"
    name: str = "web"

    def deploy(self, task_definition: str, **settings: Any) -> str:
        """Start a deployment; return its id."""
        place = {"ContainerName": "web", "ContainerPort": 8080}
        target = {
            "Type": "AWS::ECS::Service",
            "Properties": {"TaskDefinition": task_definition, "LoadBalancerInfo": place},
        }
        content = json.dumps({"version": 0.0, "Resources": [{"TargetService": target}]})
        revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
        return str(
            self.aws("codedeploy").create_deployment(
                applicationName=self.name, deploymentGroupName=self.name, revision=revision, **settings
            )["deploymentId"]
        )

    def look(self, id_: str) -> dict[str, Any]:
        """A deployment, after its next step."""
        found: dict[str, Any] = self.aws("codedeploy").get_deployment(deploymentId=id_)["deploymentInfo"]
        return found

    def end(self, id_: str) -> dict[str, Any]:
        """A deployment after its last step."""
        while (found := self.look(id_))["status"] in {"Created", "InProgress"}:
            pass
        return found

    def service(self) -> dict[str, Any]:
        """The service."""
        (found,) = self.aws("ecs").describe_services(cluster=self.cluster, services=[self.name])["services"]
        return dict(found)

    def groups(self) -> set[str]:
        """The target groups that the load balancer routes requests to."""
        client = self.aws("elbv2")
        (balancer,) = client.describe_load_balancers()["LoadBalancers"]
        found = client.describe_target_groups(LoadBalancerArn=balancer["LoadBalancerArn"])["TargetGroups"]
        return {each["TargetGroupArn"] for each in found}

    def weights(self) -> dict[str, int]:
        """Shares of the requests, by target group."""
        (listener,) = self.aws("elbv2").describe_listeners(ListenerArns=[self.listener])["Listeners"]
        (action,) = listener["DefaultActions"]
        if "TargetGroupArn" in action:
            return {action["TargetGroupArn"]: 100}
        groups = action["ForwardConfig"]["TargetGroups"]
        return {each["TargetGroupArn"]: each["Weight"] for each in groups if each["Weight"]}


def blue_green(aws: Aws, cluster: str = "main", name: str = "web") -> BlueGreen:
    """Create one with the container `web`, and with an alarm that stops deployments."""
    subnets = aws("ec2").describe_subnets()["Subnets"][:2]
    ids, vpc = [each["SubnetId"] for each in subnets], subnets[0]["VpcId"]
    security_group = aws("ec2").describe_security_groups()["SecurityGroups"][0]["GroupId"]
    aws("logs").create_log_group(logGroupName=GROUP)
    balancers = aws("elbv2")
    balancer = balancers.create_load_balancer(Name="web", Subnets=ids)["LoadBalancers"][0]["LoadBalancerArn"]
    settings = {"Protocol": "HTTP", "Port": 8080, "VpcId": vpc, "TargetType": "ip"}
    blue, green = (
        balancers.create_target_group(Name=name, **settings)["TargetGroups"][0]["TargetGroupArn"]
        for name in ("web", "web-green")
    )
    forward = {"Type": "forward", "TargetGroupArn": blue}
    listener = balancers.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[forward])
    arn = listener["Listeners"][0]["ListenerArn"]
    aws("ecs").create_cluster(clusterName=cluster)
    define_for_fargate(aws)
    aws("ecs").create_service(
        cluster=cluster,
        serviceName=name,
        taskDefinition="web",
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ids, "securityGroups": [security_group]}},
        loadBalancers=[{"targetGroupArn": blue, "containerName": "web", "containerPort": 8080}],
        deploymentController={"type": "CODE_DEPLOY"},
    )
    aws("cloudwatch").put_metric_alarm(
        AlarmName=ALARM,
        Namespace="web",
        MetricName="errors",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
    )
    client = aws("codedeploy")
    client.create_application(applicationName=name, computePlatform="ECS")
    client.create_deployment_group(
        applicationName=name,
        deploymentGroupName=name,
        serviceRoleArn=f"arn:aws:iam::{aws.account}:role/codedeploy",
        deploymentConfigName="CodeDeployDefault.ECSCanary10Percent5Minutes",
        deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        ecsServices=[{"clusterName": cluster, "serviceName": name}],
        loadBalancerInfo={
            "targetGroupPairInfoList": [
                {"targetGroups": [{"name": "web"}, {"name": "web-green"}], "prodTrafficRoute": {"listenerArns": [arn]}}
            ]
        },
        alarmConfiguration={"enabled": True, "alarms": [{"name": ALARM}]},
        autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]},
    )
    return BlueGreen(aws, blue, green, arn, cluster, name)


@example("codedeploy", "CreateDeployment", "GetDeployment")
def deployment_that_succeeds(aws: Aws) -> None:
    site = blue_green(aws)
    assert site.groups() == {site.blue}
    service = site.service()
    assert [each["status"] for each in service["taskSets"]] == ["PRIMARY"]
    assert not service.get("deployments")
    second = define_for_fargate(aws)
    id_ = site.deploy(second)
    with pytest.raises(ClientError, match="DeploymentLimitExceededException"):
        site.deploy(second)
    assert site.look(id_)["status"] == "InProgress"
    assert len(targets(aws, site.blue)) == len(targets(aws, site.green)) == 2
    assert site.weights() == {site.blue: 100}
    site.look(id_)
    assert site.weights() == {site.blue: 90, site.green: 10}
    site.look(id_)
    assert site.weights() == {site.green: 100}
    assert site.groups() == {site.blue, site.green}
    assert [each["status"] for each in site.service()["taskSets"]] == ["ACTIVE", "PRIMARY"]
    assert site.look(id_)["instanceTerminationWaitTimeStarted"] is True
    assert site.end(id_)["status"] == "Succeeded"
    (green,) = site.service()["taskSets"]
    assert (green["taskDefinition"], green["status"]) == (second, "PRIMARY")
    assert site.service()["taskDefinition"] != second, "a service keeps the task definition that it was created with"
    assert targets(aws, site.blue) == {}
    assert site.end(site.deploy(define_for_fargate(aws)))["status"] == "Succeeded"
    assert site.weights() == {site.blue: 100}


@example("codedeploy", "StopDeployment")
def deployment_that_is_stopped(aws: Aws) -> None:
    site = blue_green(aws)
    id_ = site.deploy(define_for_fargate(aws))
    site.look(id_)
    site.look(id_)
    aws("codedeploy").stop_deployment(deploymentId=id_, autoRollbackEnabled=True)
    stopped = site.look(id_)
    assert (stopped["status"], stopped["errorInformation"]["code"]) == ("Stopped", "MANUAL_STOP")
    back = site.look(stopped["rollbackInfo"]["rollbackDeploymentId"])
    assert (back["status"], back["creator"]) == ("Succeeded", "codeDeployRollback")
    assert site.weights() == {site.blue: 100}
    assert len(site.service()["taskSets"]) == 1
    with pytest.raises(ClientError, match="DeploymentAlreadyCompletedException"):
        aws("codedeploy").stop_deployment(deploymentId=id_)


@example("codedeploy", "GetDeploymentTarget")
def lifecycle_events(aws: Aws) -> None:
    site, client = blue_green(aws), aws("codedeploy")
    id_ = site.deploy(define_for_fargate(aws))
    asked = {"deploymentId": id_, "targetId": "main:web"}
    with pytest.raises(ClientError, match="DeploymentNotStartedException"):
        client.get_deployment_target(**asked)

    def events() -> dict[str, str]:
        found = client.get_deployment_target(**asked)["deploymentTarget"]["ecsTarget"]["lifecycleEvents"]
        return {each["lifecycleEventName"]: each["status"] for each in found}

    site.look(id_)
    with pytest.raises(ClientError, match="DeploymentTargetDoesNotExistException"):
        client.get_deployment_target(deploymentId=id_, targetId="web")
    assert list(events().values()) == [*["Succeeded"] * 4, "InProgress", "Pending"]
    assert events()["AllowTraffic"] == "InProgress", "a read doesn't advance the deployment"
    site.end(id_)
    assert set(events().values()) == {"Succeeded"}
    asked["deploymentId"] = stopped = site.deploy(define_for_fargate(aws))
    site.look(stopped)
    client.stop_deployment(deploymentId=stopped, autoRollbackEnabled=True)
    assert (events()["AllowTraffic"], events()["AfterAllowTraffic"]) == ("Failed", "Skipped")
