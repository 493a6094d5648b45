"""Permissions: which policies decide a call, and how AWS returns that it is denied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends
from moto.organizations.models import organizations_backends
from moto.s3.models import s3_backends

from rehearsal.emulator.access import calls
from rehearsal.emulator.access.requests import UnmappedError
from tests.emulator.access import REGION, Evaluated, allowed, denied, document, statement_of


@pytest.fixture
def one(tmp_path: Path) -> Evaluated:
    return Evaluated(tmp_path / "access.jsonl")


FORMS: dict[str, tuple[str, Callable[[Any], Any], str, int, str]] = {
    "json 1.1": (
        "ecs",
        lambda each: each.describe_clusters(clusters=["a"]),
        "AccessDeniedException",
        400,
        "ecs:DescribeClusters",
    ),
    "json 1.0": ("sqs", lambda each: each.create_queue(QueueName="a"), "AccessDenied", 403, "sqs:CreateQueue"),
    "query": ("iam", lambda each: each.get_role(RoleName="one"), "AccessDenied", 403, "iam:GetRole"),
    "query of SNS": ("sns", lambda each: each.create_topic(Name="a"), "AuthorizationError", 403, "sns:CreateTopic"),
    "query, signed as monitoring": (
        "cloudwatch",
        lambda each: each.delete_alarms(AlarmNames=["a"]),
        "AccessDenied",
        403,
        "cloudwatch:DeleteAlarms",
    ),
    "ec2": ("ec2", lambda each: each.describe_vpcs(), "UnauthorizedOperation", 403, "ec2:DescribeVpcs"),
    "rest-json": (
        "scheduler",
        lambda each: each.get_schedule(Name="a"),
        "AccessDeniedException",
        403,
        "scheduler:GetSchedule",
    ),
    "rest-xml": ("route53", lambda each: each.get_hosted_zone(Id="Z1"), "AccessDenied", 403, "route53:GetHostedZone"),
    "rest-xml of S3": ("s3", lambda each: each.get_object(Bucket="a", Key="b"), "AccessDenied", 403, "s3:GetObject"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_denied_call_fails_as_the_service_does(one: Evaluated, form: str) -> None:
    service, call, code, status, action = FORMS[form]
    with pytest.raises(ClientError) as refused:
        call(one.client(service))
    answer = refused.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    message = answer["Error"]["Message"]
    assert f"User: {one.caller.arn} is not authorized to perform: {action}" in message
    assert f"because no identity-based policy allows the {action} action" in message
    assert message.startswith("You are not authorized to perform this operation. ") is (form == "ec2")


def test_a_denied_head_has_no_body(one: Evaluated) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html ."""
    with pytest.raises(ClientError) as refused:
        one.client("s3").head_bucket(Bucket="a")
    assert refused.value.response["Error"] == {"Code": "403", "Message": "Forbidden"}


def test_the_message_names_the_resource(one: Evaluated) -> None:
    with denied("ecs:DescribeClusters", f"on resource: {one.arn('ecs', 'cluster/a')} because"):
        one.client("ecs").describe_clusters(clusters=["a"])


def test_an_identity_policy_allows(one: Evaluated) -> None:
    one.allow("ecs:DescribeClusters", on=one.arn("ecs", "cluster/a"))
    ecs = one.client("ecs")
    with allowed():
        ecs.describe_clusters(clusters=["a"])
    with denied("ecs:DescribeClusters", one.arn("ecs", "cluster/b")):
        ecs.describe_clusters(clusters=["a", "b"])


def test_an_explicit_deny_says_so(one: Evaluated) -> None:
    one.allow("ecs:*")
    one.iam.put_role_policy("one", "No", document(statement_of("ecs:ListClusters", effect="Deny")))
    with denied("ecs:ListClusters", "with an explicit deny in an identity-based policy"):
        one.client("ecs").list_clusters()


def test_a_managed_policy_counts_in_its_default_version(one: Evaluated) -> None:
    policy = one.iam.create_policy("", "/", document(statement_of("ecs:ListClusters")), "managed", [])
    one.iam.attach_role_policy(policy.arn, "one")
    with allowed():
        one.client("ecs").list_clusters()
    one.iam.create_policy_version(policy.arn, document(statement_of("ecs:ListServices")), "true")
    with denied("ecs:ListClusters", "no identity-based policy"):
        one.client("ecs").list_clusters()


def test_a_boundary_limits(one: Evaluated) -> None:
    one.allow("ecs:*")
    policy = one.iam.create_policy("", "/", document(statement_of("ecs:List*")), "boundary", [])
    one.iam.put_role_permissions_boundary("one", policy.arn)
    with allowed():
        one.client("ecs").list_clusters()
    with denied("ecs:DescribeClusters", "because no permissions boundary allows"):
        one.client("ecs").describe_clusters(clusters=["a"])


def test_a_session_policy_limits(one: Evaluated) -> None:
    one.allow("ecs:*")
    one.session(session_policies=(document(statement_of("ecs:List*")),))
    with allowed():
        one.client("ecs").list_clusters()
    with denied("ecs:DescribeClusters", "because no session policy allows"):
        one.client("ecs").describe_clusters(clusters=["a"])


def test_a_service_control_policy_limits(one: Evaluated) -> None:
    one.allow("ecs:*")
    organizations = organizations_backends["390000000000"]["aws"]
    if organizations.org is None:
        organizations.create_organization("us-east-1", FeatureSet="ALL")
    account = organizations.create_account(AccountName="one", Email="one@example.com")
    organizations.accounts[-1].id = one.account
    assert account
    with allowed():
        one.client("ecs").list_clusters()
    content = document(statement_of("ecs:ListClusters", effect="Deny"))
    made = organizations.create_policy(
        Name="guardrails", Description="", Content=content, Type="SERVICE_CONTROL_POLICY"
    )
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=root)
    with denied("ecs:ListClusters", "with an explicit deny in a service control policy"):
        one.client("ecs").list_clusters()
    with allowed():
        one.client("ecs").list_services(cluster="a")


def test_the_policy_of_a_bucket_denies(one: Evaluated) -> None:
    name = f"bucket-{one.account}"
    bucket = s3_backends[one.account]["aws"].create_bucket(name, REGION)
    bucket.policy = document(
        statement_of("s3:PutObject", effect="Deny", on=f"arn:aws:s3:::{name}/*", Null={"s3:if-none-match": "true"}),
        principal={"AWS": "*"},
    ).encode()
    one.allow("s3:PutObject")
    with allowed():
        one.client("s3").put_object(Bucket=name, Key="a", Body=b"", IfNoneMatch="*")
    with denied("s3:PutObject", "with an explicit deny in a resource-based policy"):
        one.client("s3").put_object(Bucket=name, Key="a", Body=b"")


def endpoint(one: Evaluated, service: str, policy: str) -> str:
    """A VPC with an endpoint, from which the role calls."""
    ec2: Any = ec2_backends[one.account][REGION]
    vpc = str(ec2.create_vpc("10.0.0.0/16").id)
    ec2.create_vpc_endpoint(
        vpc, f"com.amazonaws.{REGION}.{service}", "Interface", policy, [], [], security_group_ids=[]
    )
    one.session(vpc=vpc)
    return vpc


def test_the_policy_of_an_endpoint_limits_calls_from_its_vpc(one: Evaluated) -> None:
    one.allow("logs:*")
    endpoint(one, "logs", document(statement_of("logs:PutLogEvents"), principal="*"))
    logs = one.client("logs")
    with allowed():
        logs.put_log_events(logGroupName="a", logStreamName="b", logEvents=[{"timestamp": 1, "message": "a secret"}])
    with denied("logs:DescribeLogGroups", "because no VPC endpoint policy allows"):
        logs.describe_log_groups()
    one.session(vpc="")
    with allowed():
        logs.describe_log_groups()
    assert "a secret" not in one.records.read_text(encoding="utf-8")


def test_an_endpoint_of_another_service_or_vpc_is_not_on_the_way(one: Evaluated) -> None:
    one.allow("logs:*", "ecr:*")
    endpoint(one, "ecr.api", document(statement_of("ecr:BatchGetImage"), principal="*"))
    with allowed():
        one.client("logs").describe_log_groups()
    with denied("ecr:GetAuthorizationToken", "because no VPC endpoint policy allows"):
        one.client("ecr").get_authorization_token()
    one.session(vpc="vpc-other")
    with allowed():
        one.client("ecr").get_authorization_token()


def test_a_call_through_an_endpoint_names_it_and_hides_its_public_address(one: Evaluated) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceip."""
    vpc = endpoint(one, "logs", document(statement_of("*"), principal="*"))
    one.allow("logs:DescribeLogGroups", StringEquals={"aws:SourceVpc": vpc})
    with allowed():
        one.client("logs").describe_log_groups()
    one.session(vpc="")
    with denied("logs:DescribeLogGroups", "no identity-based policy"):
        one.client("logs").describe_log_groups()
    one.session(vpc=vpc)
    one.allow("logs:DescribeLogGroups", IpAddress={"aws:SourceIp": "127.0.0.1"})
    with denied("logs:DescribeLogGroups", "no identity-based policy"):
        one.client("logs").describe_log_groups()
    one.allow("logs:DescribeLogGroups", IpAddress={"aws:VpcSourceIp": "127.0.0.1"})
    with allowed():
        one.client("logs").describe_log_groups()
    through, direct, *_ = (each["context"] for each in one.recorded())
    assert through["aws:sourcevpc"] == [vpc]
    assert "aws:sourcevpce" in through
    assert "aws:sourcevpce" not in direct


def test_session_tags_are_the_principals(one: Evaluated) -> None:
    one.allow("ecs:ListClusters", StringEquals={"aws:PrincipalTag/team": "platform"})
    with denied("ecs:ListClusters", "no identity-based policy"):
        one.client("ecs").list_clusters()
    one.session(tags=(("team", "platform"),))
    with allowed():
        one.client("ecs").list_clusters()


def test_an_unmapped_operation_of_a_role_is_a_gap(one: Evaluated) -> None:
    with pytest.raises(UnmappedError, match="rds:DeleteDBProxy: nothing says which rds:DeleteDBProxy"):
        one.client("rds").delete_db_proxy(DBProxyName="a")


def test_an_unmapped_operation_of_an_iam_user_asks_for_everything(one: Evaluated) -> None:
    user = one.iam.create_user(REGION, "person", "/", [])
    one.session(arn=user.arn, principal_arn=user.arn, user="person")
    with denied("rds:DeleteDBProxy", "no identity-based policy"):
        one.client("rds").delete_db_proxy(DBProxyName="a")


def test_a_role_that_iam_does_not_have_is_not_evaluated(one: Evaluated) -> None:
    """The first credentials, and sessions of Identity Center, whose policies are in another account."""
    one.session(principal_arn=f"arn:aws:iam::{one.account}:role/OrganizationAccountAccessRole")
    with allowed():
        one.client("ecs").list_clusters()
    assert not one.records.exists()


def test_a_service_linked_role_is_not_evaluated(one: Evaluated) -> None:
    arn = one.create("AWSServiceRoleForECS", path="/aws-service-role/ecs.amazonaws.com/")
    one.session(principal_arn=arn)
    with allowed():
        one.client("ecs").list_clusters()


def test_a_record_says_what_decided(one: Evaluated) -> None:
    one.allow("ecs:RunTask", on=one.arn("ecs", "task-definition/a:*"), sid="Run")
    with allowed():
        one.client("ecs").run_task(cluster="c", taskDefinition="a:1")
    (found,) = one.recorded()
    assert found.pop("seconds") > 0
    assert found == {
        "principal": one.caller.arn,
        "role": one.caller.principal_arn,
        "operation": "ecs:RunTask",
        "action": "ecs:RunTask",
        "resource": one.arn("ecs", "task-definition/a:1"),
        "context": {
            "aws:requestedregion": [REGION],
            "aws:resourceaccount": [one.account],
            "ecs:cluster": [one.arn("ecs", "cluster/c")],
        },
        "allowed": True,
        "reason": "statement 'Run' of the identity-based policy Run",
        "statements": [{"kind": "identity-based policy", "policy": "Run", "sid": "Run"}],
    }


def test_what_finds_operations_is_created_once() -> None:
    """It takes five milliseconds, and a rehearsal evaluates thousands of calls."""
    assert calls._router("ecs") is calls._router("ecs")
