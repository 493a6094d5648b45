"""What AWS refuses, as the calls that it refuses; moto as it is takes them."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from tests.emulator.aws import Aws
from tests.emulator.examples import EXAMPLES, example
from tests.emulator.registry import newest, policy

__all__ = ["EXAMPLES"]


def refused(code: str, call: Any, **given: object) -> None:
    try:
        call(**given)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"{given} is not refused")


@example("ec2", "CreateVpc")
def reserved_range(aws: Aws) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html."""
    ec2 = aws("ec2")
    for block in ("10.30.0.0/16", "172.16.0.0/19", "192.168.0.0/28", "100.64.0.0/16", "8.8.0.0/16"):
        assert ec2.create_vpc(CidrBlock=block)["Vpc"]["CidrBlock"] == block
    for block in ("127.0.0.0/16", "169.254.0.0/16", "0.0.0.0/16", "224.0.0.0/16", "240.0.0.0/16", "10.0.0.0/15"):
        refused("InvalidVpc.Range", ec2.create_vpc, CidrBlock=block)
    assert ec2.create_vpc(CidrBlock="100.68.0.18/18")["Vpc"]["CidrBlock"] == "100.68.0.0/18"


@example("acm", "RequestCertificate")
def certificate_names(aws: Aws) -> None:
    """https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html: ten, the first one among them."""
    acm, names = aws("acm"), [f"{number}.example.com" for number in range(10)]
    acm.request_certificate(DomainName=names[0], SubjectAlternativeNames=names)
    acm.request_certificate(DomainName=f"{'a' * 52}.example.com")
    refused(
        "LimitExceededException",
        acm.request_certificate,
        DomainName="one-more.example.com",
        SubjectAlternativeNames=names,
    )
    refused("ValidationException", acm.request_certificate, DomainName=f"{'a' * 53}.example.com")


@example("scheduler", "CreateSchedule", "UpdateSchedule")
def schedule_expressions(aws: Aws) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html."""
    scheduler = aws("scheduler")
    rest: dict[str, Any] = {
        "Name": "one",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": f"arn:aws:sqs:us-east-1:{aws.account}:one", "RoleArn": f"arn:aws:iam::{aws.account}:role/a"},
    }
    scheduler.create_schedule(ScheduleExpression="cron(0 3 ? * MON-FRI *)", **rest)
    for right in ("cron(0/15 * L * ? 2026-2030)", "cron(0 9 ? * 3#2 *)", "rate(1 hour)", "at(2028-02-29T00:00:00)"):
        scheduler.update_schedule(ScheduleExpression=right, **rest)
    for wrong in ("cron(0 3 * * * *)", "cron(0 3 * * ?)", "rate(1 hours)", "rate(5 minute)", "at(2027-02-29T00:00:00)"):
        refused("ValidationException", scheduler.update_schedule, ScheduleExpression=wrong, **rest)
        refused("ValidationException", scheduler.create_schedule, ScheduleExpression=wrong, **(rest | {"Name": "two"}))


@example("cloudtrail", "DescribeTrails")
def one_of_two_trails(aws: Aws) -> None:
    bucket, cloudtrail = f"two-trails-{aws.account}", aws("cloudtrail")
    aws("s3").create_bucket(Bucket=bucket)
    arns = [cloudtrail.create_trail(Name=name, S3BucketName=bucket)["TrailARN"] for name in ("one", "two")]
    for asked in (arns[0], "one"):
        assert [each["Name"] for each in cloudtrail.describe_trails(trailNameList=[asked])["trailList"]] == ["one"]
    assert len(cloudtrail.describe_trails()["trailList"]) == 2


@example("guardduty", "CreateDetector")
def second_detector(aws: Aws) -> None:
    """https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_limits.html: one in an account and region."""
    guardduty = aws("guardduty")
    detector = guardduty.create_detector(Enable=True)["DetectorId"]
    refused("BadRequestException", guardduty.create_detector, Enable=True)
    guardduty.delete_detector(DetectorId=detector)
    guardduty.create_detector(Enable=True)


@example("ecr", "PutLifecyclePolicy", "StartLifecyclePolicyPreview", "GetLifecyclePolicyPreview")
def expiring_images(aws: Aws) -> None:
    client, everything = aws("ecr"), {"tagStatus": "any"}
    client.create_repository(repositoryName="one")
    contradiction = policy(newest(1, everything), newest(1, everything))
    refused(
        "InvalidParameterException",
        client.put_lifecycle_policy,
        repositoryName="one",
        lifecyclePolicyText=contradiction,
    )
    client.put_lifecycle_policy(repositoryName="one", lifecyclePolicyText=policy(newest(1, everything)))
    client.start_lifecycle_policy_preview(repositoryName="one")
    preview = client.get_lifecycle_policy_preview(repositoryName="one")
    assert (preview["status"], preview["summary"]) == ("COMPLETE", {"expiringImageTotalCount": 0})
