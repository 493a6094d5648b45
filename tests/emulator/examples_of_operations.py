"""What additions for operators' commands are for: tasks, their logs and targets, metrics, users of caches."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.aws import Aws
from tests.emulator.examples import EXAMPLES, container, define, deploy, example

DIGEST = f"sha256:{'7e' * 32}"
GROUP = "/aep/prod/web"


def deploy_behind_load_balancer(aws: Aws) -> str:
    """A service of two tasks with addresses, logs and targets; return its target group."""
    ec2, ecs, balancers = aws("ec2"), aws("ecs"), aws("elbv2")
    subnets = ec2.describe_subnets()["Subnets"][:2]
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    aws("logs").create_log_group(logGroupName=GROUP)
    target_group = balancers.create_target_group(
        Name="web", Protocol="HTTP", Port=8080, VpcId=subnets[0]["VpcId"], TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    ecs.create_cluster(clusterName="main")
    define_for_fargate(aws)
    ecs.create_service(
        cluster="main",
        serviceName="web",
        taskDefinition="web",
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration={
            "awsvpcConfiguration": {"subnets": [each["SubnetId"] for each in subnets], "securityGroups": [group]}
        },
        loadBalancers=[{"targetGroupArn": target_group, "containerName": "web", "containerPort": 8080}],
    )
    return str(target_group)


def define_for_fargate(aws: Aws, family: str = "web") -> str:
    """The next task definition; its container has no memory of its own."""
    options = {"awslogs-group": GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"}
    made = aws("ecs").register_task_definition(
        family=family,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[
            {"name": "web", "image": f"web@{DIGEST}", "logConfiguration": {"logDriver": "awslogs", "options": options}}
        ],
    )
    return str(made["taskDefinition"]["taskDefinitionArn"])


def found_tasks(aws: Aws) -> list[dict[str, Any]]:
    """The service's two tasks."""
    arns = aws("ecs").list_tasks(cluster="main", serviceName="web")["taskArns"]
    assert len(arns) == 2
    return list(aws("ecs").describe_tasks(cluster="main", tasks=arns)["tasks"])


def address(task: dict[str, Any]) -> str:
    """A task's private address."""
    details = {each["name"]: each["value"] for each in task["attachments"][0]["details"]}
    return str(details["privateIPv4Address"])


def targets(aws: Aws, target_group: str) -> dict[str, str]:
    """Health of targets by address."""
    answer = aws("elbv2").describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
    return {each["Target"]["Id"]: each["TargetHealth"]["State"] for each in answer}


@example("ecs", "ListTasks")
def tasks_of_service(aws: Aws) -> None:
    target_group = deploy_behind_load_balancer(aws)
    aws("ecs").create_service(cluster="main", serviceName="other", taskDefinition="web", desiredCount=0)
    assert aws("ecs").list_tasks(cluster="main", serviceName="other")["taskArns"] == []
    first, second = found_tasks(aws)
    assert first["availabilityZone"] != second["availabilityZone"]
    assert targets(aws, target_group) == {address(first): "healthy", address(second): "healthy"}
    assert (first["lastStatus"], first["group"], first["healthStatus"]) == ("RUNNING", "service:web", "UNKNOWN")
    assert first["startedBy"].startswith("ecs-svc/")
    assert first["createdAt"] <= first["pullStartedAt"] <= first["pullStoppedAt"] <= first["startedAt"]
    web = container(first)
    assert (web["image"], web["imageDigest"]) == (f"web@{DIGEST}", DIGEST)
    assert web["networkInterfaces"][0]["privateIpv4Address"] == address(first)
    assert web["runtimeId"].startswith(first["taskArn"].rpartition("/")[2])
    assert "exitCode" not in web
    streams = aws("logs").describe_log_streams(logGroupName=GROUP)["logStreams"]
    ids = {task["taskArn"].rpartition("/")[2] for task in (first, second)}
    assert {each["logStreamName"] for each in streams} == {f"web/web/{each}" for each in ids}


@example("ecs", "StopTask")
def stopped_task(aws: Aws) -> None:
    target_group = deploy_behind_load_balancer(aws)
    first, second = found_tasks(aws)
    stopped = aws("ecs").stop_task(cluster="main", task=first["taskArn"], reason="had enough")["task"]
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "had enough")
    left = {task["taskArn"]: address(task) for task in found_tasks(aws)}
    assert second["taskArn"] in left
    assert first["taskArn"] not in left
    assert targets(aws, target_group).keys() == set(left.values())


@example("ecs", "DeleteService")
def deleted_service(aws: Aws) -> None:
    target_group = deploy_behind_load_balancer(aws)
    assert found_tasks(aws)
    aws("ecs").delete_service(cluster="main", service="web", force=True)
    assert aws("ecs").list_tasks(cluster="main")["taskArns"] == []
    assert targets(aws, target_group) == {}
    assert aws("ec2").describe_network_interfaces()["NetworkInterfaces"] == []


@example("ecs", "RunTask")
def task_of_its_own(aws: Aws) -> None:
    deploy_behind_load_balancer(aws)
    (service,) = aws("ecs").describe_services(cluster="main", services=["web"])["services"]
    (task,) = aws("ecs").run_task(
        cluster="main", taskDefinition="web", launchType="FARGATE", networkConfiguration=service["networkConfiguration"]
    )["tasks"]
    looks = [task]
    while looks[-1]["lastStatus"] != "STOPPED" and len(looks) < 9:
        looks += aws("ecs").describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"]
    assert container(looks[-1])["exitCode"] == 0
    stream = f"web/web/{task['taskArn'].rpartition('/')[2]}"
    events = aws("logs").get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)["events"]
    assert [each["message"] for each in events] == ["started", "ended with exit code 0"]


@example("ecr", "GetAuthorizationToken")
def login(aws: Aws) -> None:
    (given,) = aws("ecr").get_authorization_token()["authorizationData"]
    assert given["expiresAt"] > datetime.now(UTC)


@example("ecr", "DescribeImageScanFindings")
def scan_of_another_account(aws: Aws) -> None:
    account = f"4{aws.account[1:]}"
    other = Aws(account, aws.endpoint)("ecr")
    of = {"repositoryName": "scanned"}
    other.create_repository(**of)
    manifest = {"imageManifest": '{"layers": []}', "imageManifestMediaType": "x"}
    pushed = other.put_image(**of, **manifest, imageTag="one")["image"]["imageId"]
    other.start_image_scan(**of, imageId=pushed)
    ours = aws("ecr").describe_image_scan_findings(registryId=account, **of, imageId=pushed)
    assert ours["imageScanStatus"]["status"] == "COMPLETE"


def _measure(aws: Aws) -> dict[str, Any]:
    """Twenty values, and the time that they are in."""
    now = datetime.now(UTC)
    data = [{"MetricName": "TargetResponseTime", "Values": [float(number) for number in range(20, 0, -1)]}]
    aws("cloudwatch").put_metric_data(Namespace="AWS/ApplicationELB", MetricData=data)
    return {"StartTime": now - timedelta(minutes=1), "EndTime": now + timedelta(minutes=1)}


@example("cloudwatch", "GetMetricData")
def percentiles(aws: Aws) -> None:
    when = _measure(aws)
    metric = {"Namespace": "AWS/ApplicationELB", "MetricName": "TargetResponseTime"}
    queries = [
        {"Id": name, "MetricStat": {"Metric": metric, "Period": 300, "Stat": name}} for name in ("p0", "p50", "p95")
    ]
    results = aws("cloudwatch").get_metric_data(MetricDataQueries=queries, **when)["MetricDataResults"]
    assert {each["Id"]: each["Values"] for each in results} == {"p0": [1.0], "p50": [10.0], "p95": [19.0]}


@example("cloudwatch", "GetMetricStatistics")
def extended_statistics(aws: Aws) -> None:
    when = _measure(aws)
    (point,) = aws("cloudwatch").get_metric_statistics(
        Namespace="AWS/ApplicationELB",
        MetricName="TargetResponseTime",
        Period=300,
        ExtendedStatistics=["p95"],
        **when,
    )["Datapoints"]
    assert point["ExtendedStatistics"] == {"p95": 19.0}


@example("elasticache", "ModifyUser")
def changed_user(aws: Aws) -> None:
    client = aws("elasticache")
    client.create_user(
        UserId="app", UserName="app", Engine="redis", AccessString="off -@all", AuthenticationMode={"Type": "iam"}
    )
    mode = {"Type": "password", "Passwords": ["planted-password-1"]}
    client.modify_user(UserId="app", AccessString="on ~* +@all", AuthenticationMode=mode)
    (user,) = client.describe_users(UserId="app")["Users"]
    assert (user["AccessString"], user["Status"]) == ("on ~* +@all", "active")
    assert user["Authentication"] == {"Type": "password", "PasswordCount": 1}


@example("logs", "AssociateKmsKey", "DisassociateKmsKey")
def key_of_a_group(aws: Aws) -> None:
    client, key = aws("logs"), "arn:aws:kms:us-east-1:111122223333:key/one"
    client.create_log_group(logGroupName=GROUP)
    client.associate_kms_key(logGroupName=GROUP, kmsKeyId=key)
    assert client.describe_log_groups()["logGroups"][0]["kmsKeyId"] == key
    client.disassociate_kms_key(logGroupName=GROUP)
    assert "kmsKeyId" not in client.describe_log_groups()["logGroups"][0]
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.associate_kms_key(logGroupName="none", kmsKeyId=key)


@example("logs", "FilterLogEvents")
def prefixed_streams(aws: Aws) -> None:
    client, now = aws("logs"), int(datetime.now(UTC).timestamp() * 1000)
    client.create_log_group(logGroupName=GROUP)
    for stream in ("web/web/1", "migration/migration/2"):
        client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        client.put_log_events(
            logGroupName=GROUP, logStreamName=stream, logEvents=[{"timestamp": now, "message": stream}]
        )
    for prefix, said in (("migration/", ["migration/migration/2"]), ("web/web/2", [])):
        events = client.filter_log_events(logGroupName=GROUP, logStreamNamePrefix=prefix)["events"]
        assert [each["message"] for each in events] == said


__all__ = ["EXAMPLES"]


@example("ecs", "ListServiceDeployments", "DescribeServiceRevisions")
def history(aws: Aws) -> None:
    deploy(aws)
    client, following = aws("ecs"), define(aws)
    client.update_service(cluster="main", service="web", taskDefinition=following)
    newest, first = client.list_service_deployments(cluster="main", service="web")["serviceDeployments"]
    assert (newest["status"], first["status"]) == ("SUCCESSFUL", "SUCCESSFUL")
    (revision,) = client.describe_service_revisions(serviceRevisionArns=[newest["targetServiceRevisionArn"]])[
        "serviceRevisions"
    ]
    assert revision["taskDefinition"] == following


@example("cloudtrail", "LookupEvents")
def changes_of_records(aws: Aws) -> None:
    """Calls that were made and calls that were refused, newest first, in the region that they were signed for.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
    """
    route53, trail = aws("route53"), aws("cloudtrail")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="one")["HostedZone"]["Id"]
    record = {
        "Name": "app.example.com",
        "Type": "A",
        "SetIdentifier": "one",
        "Weight": 10,
        "TTL": 60,
        "ResourceRecords": [{"Value": "192.0.2.1"}],
    }

    def look_up(**given: Any) -> dict[str, Any]:
        """Two a second are answered."""
        while True:
            try:
                return dict(trail.lookup_events(**given))
            except ClientError as error:
                if error.response["Error"]["Code"] != "ThrottlingException":
                    raise
            time.sleep(0.5)

    def change(action: str) -> None:
        changes = [{"Action": action, "ResourceRecordSet": record}]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Comment": "why", "Changes": changes})

    change("CREATE")
    with pytest.raises(ClientError, match="InvalidChangeBatch"):
        change("CREATE")
    named = [{"AttributeKey": "EventName", "AttributeValue": "ChangeResourceRecordSets"}]
    refused, made = (json.loads(found["CloudTrailEvent"]) for found in look_up(LookupAttributes=named)["Events"])
    assert refused["errorCode"] == "InvalidChangeBatch"
    assert "errorCode" not in made
    assert made["userIdentity"]["arn"] == aws("sts").get_caller_identity()["Arn"]
    assert (made["recipientAccountId"], made["awsRegion"]) == (aws.account, "us-east-1")
    asked = made["requestParameters"]
    assert asked["hostedZoneId"] == zone.removeprefix("/hostedzone/")
    (done,) = asked["changeBatch"]["changes"]
    assert done["action"] == "CREATE"
    assert done["resourceRecordSet"] == {
        "name": "app.example.com",
        "type": "A",
        "setIdentifier": "one",
        "weight": 10,
        "tTL": 60,
        "resourceRecords": [{"value": "192.0.2.1"}],
    }
    first = look_up(LookupAttributes=named, MaxResults=1)
    second = look_up(LookupAttributes=named, MaxResults=1, NextToken=first["NextToken"])
    assert [json.loads(page["Events"][0]["CloudTrailEvent"]) for page in (first, second)] == [refused, made]
    assert "NextToken" not in second
    before = datetime.now(UTC) - timedelta(days=1)
    assert look_up(LookupAttributes=named, EndTime=before)["Events"] == []
    with pytest.raises(ClientError, match="InvalidTimeRangeException"):
        look_up(StartTime=datetime.now(UTC), EndTime=before)
    with pytest.raises(ClientError, match="InvalidMaxResultsException"):
        look_up(MaxResults=51)
    with pytest.raises(ClientError, match="InvalidLookupAttributesException"):
        look_up(LookupAttributes=named * 2)
    with pytest.raises(ClientError, match="ThrottlingException"):
        for _ in range(20):
            trail.lookup_events()


@example("ecr", "GetDownloadUrlForLayer", "BatchCheckLayerAvailability")
def layers(aws: Aws) -> None:
    """A task that starts asks which layers there are, and where."""
    ecr, digest = aws("ecr"), f"sha256:{'0' * 64}"
    ecr.create_repository(repositoryName="one")
    found = ecr.batch_check_layer_availability(repositoryName="one", layerDigests=[digest])
    assert [(each["layerDigest"], each["layerAvailability"]) for each in found["layers"]] == [(digest, "AVAILABLE")]
    where = ecr.get_download_url_for_layer(repositoryName="one", layerDigest=digest)
    assert where["layerDigest"] == digest
    assert where["downloadUrl"].endswith(digest)
