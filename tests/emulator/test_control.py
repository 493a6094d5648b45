"""What can be ordered from the emulator beside AWS's own calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.client import Control, OrderError
from rehearsal.emulator.process import Emulator
from tests.emulator.aws import Aws
from tests.emulator.conftest import DEFAULT_ACCOUNT
from tests.emulator.examples import container, define, deploy, found_service, run

pytestmark = pytest.mark.slow

CALLS = {
    "json": ("ecs", "ListClusters"),
    "query": ("iam", "ListRoles"),
    "ec2": ("ec2", "DescribeVpcs"),
    "rest-xml": ("route53", "ListHostedZones"),
    "s3": ("s3", "ListBuckets"),
    "rest-json": ("guardduty", "ListDetectors"),
    "signed with another name": ("cloudwatch", "DescribeAlarms"),
}


def call(aws: Aws, service: str, operation: str) -> object:
    client = aws(service)
    method = next(name for name, known in client.meta.method_to_api_mapping.items() if known == operation)
    return getattr(client, method)()


def test_the_quota_of_names_in_a_certificate_can_be_raised(control: Control, aws: Aws) -> None:
    control.raise_certificate_names(12)
    names = [f"{number}.example.com" for number in range(12)]
    aws("acm").request_certificate(DomainName=names[0], SubjectAlternativeNames=names)
    with pytest.raises(ClientError, match="LimitExceededException"):
        aws("acm").request_certificate(DomainName="more.example.com", SubjectAlternativeNames=names)


def test_an_image_of_an_external_registry_of_another_account_has_a_scan(control: Control, aws: Aws) -> None:
    ecr, digests = aws("ecr"), [f"sha256:{digit * 64}" for digit in "ab"]
    control.scan_found_nothing("444455556666", "one", digests[0])

    def status(account: str, digest: str) -> str:
        given = {"registryId": account, "repositoryName": "one", "imageId": {"imageDigest": digest}}
        found = ecr.describe_image_scan_findings(**given)
        assert not found["imageScanFindings"]["findingSeverityCounts"]
        return str(found["imageScanStatus"]["status"])

    assert status("444455556666", digests[0]) == "COMPLETE"
    for account, digest in (("444455556666", digests[1]), (DEFAULT_ACCOUNT, digests[0])):
        with pytest.raises(ClientError, match="RepositoryNotFoundException"):
            status(account, digest)


@pytest.mark.parametrize("ahead", [0, 120])
def test_a_response_has_one_date_which_is_awss(control: Control, aws: Aws, ahead: int) -> None:
    control.clock(ahead)
    try:
        response = aws("route53").list_hosted_zones()["ResponseMetadata"]["HTTPHeaders"]
    finally:
        control.clock(0)
    date = parsedate_to_datetime(response["date"])
    assert response["date"].endswith(" GMT") and response["date"].count("GMT") == 1
    assert abs((date - datetime.now(UTC)).total_seconds() - ahead) < 60


@pytest.mark.parametrize(("service", "operation"), CALLS.values(), ids=CALLS)
def test_a_planted_error_is_told_in_the_protocol_of_the_service(
    service: str, operation: str, emulator: Emulator, control: Control
) -> None:
    aws = Aws(DEFAULT_ACCOUNT, emulator.endpoint)
    control.fail(service, operation, "ExpiredToken", times=1, message="it is over")
    with pytest.raises(ClientError, match=r"ExpiredToken.*it is over"):
        call(aws, service, operation)
    assert call(aws, service, operation)


def test_errors_come_after_some_calls_and_end(aws: Aws, control: Control) -> None:
    control.fail("ecs", "CreateCluster", "ServerException", times=2, status=500, after=1)
    answered = []
    for name in "abcd":
        try:
            aws("ecs").create_cluster(clusterName=name)
            answered.append(name)
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert answered == ["a", "d"]
    assert len(aws("ecs").list_clusters()["clusterArns"]) == len(answered)


def test_what_isnt_known_cannot_be_ordered(control: Control) -> None:
    with pytest.raises(OrderError, match="Nonsense"):
        control.fail("ecs", "Nonsense", "Throttling", times=1)


def test_a_zone_of_a_chosen_id_stands_in_the_chosen_account_only(aws: Aws, control: Control) -> None:
    other = "444455556666"
    for _ in range(2):
        control.seed_zone(other, "Z0EXAMPLE00STAGING00", "example.com")
    assert aws("route53").list_hosted_zones()["HostedZones"] == []
    client = replace(aws, account=other)("route53")
    assert client.get_hosted_zone(Id="Z0EXAMPLE00STAGING00")["HostedZone"]["Name"] == "example.com."


def test_logins_lead_to_the_registry_that_was_chosen(aws: Aws, control: Control) -> None:
    other = "444455556666"
    control.seed_registry(other, "http://127.0.0.1:5000")
    answer = aws("ecr").get_authorization_token(registryIds=[other, aws.account])["authorizationData"]
    endpoints = [each["proxyEndpoint"] for each in answer]
    assert endpoints == ["http://127.0.0.1:5000", f"https://{aws.account}.dkr.ecr.us-east-1.amazonaws.com"]


def test_a_deployment_is_rolled_back_once(aws: Aws, control: Control) -> None:
    earlier = deploy(aws)
    control.roll_back("main", "web")
    for following, running in ((define(aws), earlier), *[(define(aws),) * 2]):
        aws("ecs").update_service(cluster="main", service="web", taskDefinition=following)
        service = found_service(aws)
        assert service["taskDefinition"] == running
        states = {each["taskDefinition"]: each["rolloutState"] for each in service["deployments"]}
        assert states == {running: "COMPLETED"} | ({} if following == running else {following: "FAILED"})
    assert any("deployment failed" in event["message"] for event in service["events"])


def test_a_first_deployment_that_fails_has_nothing_to_return_to(aws: Aws, control: Control) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-failure-detection.html."""
    control.roll_back("main", "web")
    deploy(aws)
    for _ in range(2):
        service = found_service(aws)
        (failed,) = service["deployments"]
        assert (failed["status"], failed["rolloutState"], service["runningCount"]) == ("PRIMARY", "FAILED", 0)
    aws("ecs").update_service(cluster="main", service="web", taskDefinition=define(aws))
    assert found_service(aws)["runningCount"] == found_service(aws)["desiredCount"] > 0


def test_a_failed_deployment_is_soon_forgotten_so_that_the_provider_sees_a_steady_service(
    aws: Aws, control: Control
) -> None:
    deploy(aws)
    control.roll_back("main", "web")
    aws("ecs").update_service(cluster="main", service="web", taskDefinition=define(aws))
    assert [len(found_service(aws)["deployments"]) for _ in range(3)] == [2, 1, 1]


@pytest.mark.parametrize(
    ("code", "reason", "stop"),
    [
        (1, "Essential container in task exited", "EssentialContainerExited"),
        (None, "CannotPullContainerError: not found", "TaskFailedToStart"),
    ],
)
def test_a_task_stops_as_planted_and_the_next_one_does_not(
    code: int | None, reason: str, stop: str, aws: Aws, control: Control
) -> None:
    control.task_exit("migration", code, reason)
    last = run(aws)[-1]
    assert (last["stopCode"], last["stoppedReason"], container(last).get("exitCode")) == (stop, reason, code)
    assert container(run(aws)[-1])["exitCode"] == 0


def test_reset_forgets_every_account_and_what_is_planted(aws: Aws, emulator: Emulator, control: Control) -> None:
    accounts = [aws, Aws(DEFAULT_ACCOUNT, emulator.endpoint)]
    for used in (accounts, [aws]):
        for each in used:
            deploy(each)
            each("s3").create_bucket(Bucket=f"state-{each.account}")
        control.roll_back("main", "web")
        control.task_exit("migration", 1)
        control.fail("ecs", "ListClusters", "ServerException", times=1)
        control.reset()
        assert [each("ecs").list_clusters()["clusterArns"] for each in accounts] == [[], []]
        assert [each("s3").list_buckets()["Buckets"] for each in accounts] == [[], []]
    deploy(aws)
    following = define(aws)
    aws("ecs").update_service(cluster="main", service="web", taskDefinition=following)
    assert found_service(aws)["taskDefinition"] == following
    assert container(run(aws)[-1])["exitCode"] == 0
