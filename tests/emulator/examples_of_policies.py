"""Policy documents that AWS refuses for their size or their principals, each beside one that it takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.emulator.aws import Aws
from tests.emulator.examples import example
from tests.emulator.examples_of_limits import refused

_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"


def document(size: int, *, trust: bool = False, own: bool = False, indent: int | None = None) -> str:
    """A document of a length, blanks not counted: an identity's, a trust policy, or a resource's own."""
    statement: dict[str, Any] = {"Sid": "", "Effect": "Allow"}
    if trust or own:
        statement["Principal"] = {"Service": "ecs-tasks.amazonaws.com"}
    statement["Action"] = "sts:AssumeRole" if trust else "s3:GetObject"
    if not trust:
        statement["Resource"] = "*"
    content = {"Version": "2012-10-17", "Statement": [statement]}
    rest = len(json.dumps(content, separators=(",", ":")))
    statement["Sid"] = "a" * (size - rest)
    return json.dumps(content, indent=indent, separators=None if indent else (",", ":"))


def naming(arn: str, action: str) -> str:
    """A trust policy, or a resource's own, for one principal."""
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": action}
    resource = {} if action == "sts:AssumeRole" else {"Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | resource]})


def who_exists(aws: Aws, code: str, action: str, put: Callable[..., object]) -> None:
    """A principal has to be there: an account, and a user or a role of this account or of another one.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    iam, name = aws("iam"), f"who-{action.partition(':')[0]}"
    put(policy=naming("arn:aws:iam::444455556666:root", action))
    put(policy=naming("444455556666", action))
    for arn in (
        f"arn:aws:iam::{aws.account}:user/{name}",
        f"arn:aws:iam::{aws.account}:role/{name}",
        f"arn:aws:sts::{aws.account}:assumed-role/{name}/session",
    ):
        refused(code, put, policy=naming(arn, action))
    refused(code, put, policy=naming(f"arn:aws:iam::444455556666:user/{name}", action))
    put(policy=naming(iam.create_user(UserName=name)["User"]["Arn"], action))
    trust = naming("arn:aws:iam::444455556666:root", "sts:AssumeRole")
    put(
        policy=naming(
            iam.create_role(RoleName=name, Path="/ops/", AssumeRolePolicyDocument=trust)["Role"]["Arn"], action
        )
    )
    refused(code, put, policy=naming(f"arn:aws:iam::{aws.account}:role/{name}", action))
    put(policy=naming(f"arn:aws:sts::{aws.account}:assumed-role/{name}/session", action))


@example("iam", "CreatePolicy", "CreatePolicyVersion")
def managed_policy(aws: Aws) -> None:
    """6,144 characters; IAM doesn't count blanks."""
    iam = aws("iam")
    arn = iam.create_policy(PolicyName="fits", PolicyDocument=document(6_144, indent=9))["Policy"]["Arn"]
    refused("LimitExceeded", iam.create_policy, PolicyName="long", PolicyDocument=document(6_145))
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(6_144))
    refused("LimitExceeded", iam.create_policy_version, PolicyArn=arn, PolicyDocument=document(6_145))
    named = document(200).replace('"Sid":"a', '"Sid":"-')
    refused("MalformedPolicyDocument", iam.create_policy, PolicyName="named", PolicyDocument=named)


@example("iam", "CreateRole", "UpdateAssumeRolePolicy", "PutRolePolicy")
def role(aws: Aws) -> None:
    """2,048 characters of trust, and 10,240 of all inline policies together."""
    iam = aws("iam")
    iam.create_role(RoleName="fits", AssumeRolePolicyDocument=document(2_048, trust=True))
    longer = document(2_049, trust=True)
    refused("LimitExceeded", iam.create_role, RoleName="long", AssumeRolePolicyDocument=longer)
    iam.update_assume_role_policy(RoleName="fits", PolicyDocument=document(2_048, trust=True, indent=4))
    refused("LimitExceeded", iam.update_assume_role_policy, RoleName="fits", PolicyDocument=longer)
    iam.put_role_policy(RoleName="fits", PolicyName="one", PolicyDocument=document(6_000))
    iam.put_role_policy(RoleName="fits", PolicyName="two", PolicyDocument=document(4_240))
    iam.put_role_policy(RoleName="fits", PolicyName="two", PolicyDocument=document(4_240))
    refused("LimitExceeded", iam.put_role_policy, RoleName="fits", PolicyName="two", PolicyDocument=document(4_241))
    who_exists(
        aws,
        "MalformedPolicyDocument",
        "sts:AssumeRole",
        lambda policy: iam.update_assume_role_policy(RoleName="fits", PolicyDocument=policy),
    )
    stranger = naming(f"arn:aws:iam::{aws.account}:user/stranger", "sts:AssumeRole")
    refused("MalformedPolicyDocument", iam.create_role, RoleName="stranger", AssumeRolePolicyDocument=stranger)
    malformed_trust(iam, aws.account)


def malformed_trust(iam: Any, account: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html and the pages of elements."""
    allow = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    anyone = {name: value for name, value in allow.items() if name != "Principal"}
    wrong: list[list[dict[str, Any]]] = [
        [{**allow, "Resource": "*"}],
        [{**allow, "NotResource": "*"}],
        [anyone],
        [allow, anyone],
        [{**allow, "Sid": "One"}, {**allow, "Sid": "One"}],
        *([{**allow, "Sid": sid}] for sid in ("one two", "one-two", "one_two")),
        *(
            [{**allow, "Principal": {"AWS": principal}}]
            for principal in (
                f"arn:aws:iam::{account}:group/people",
                f"arn:aws:iam::{account}:role/*",
                f"arn:aws:iam::{account[:11]}:root",
                f"arn:aws:sts::{account}:assumed-role/fits",
                account[:11],
                "people",
            )
        ),
    ]
    for statements in wrong:
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        refused("MalformedPolicyDocument", iam.create_role, RoleName="wrong", AssumeRolePolicyDocument=text)
        refused("MalformedPolicyDocument", iam.update_assume_role_policy, RoleName="fits", PolicyDocument=text)
    right = [{**allow, "Sid": "One"}, {**allow, "Sid": "Two2"}, {**allow, "Principal": "*"}, allow, allow]
    text = json.dumps({"Version": "2012-10-17", "Statement": right})
    iam.create_role(RoleName="right", AssumeRolePolicyDocument=text)


@example("iam", "UpdateRole")
def session(aws: Aws) -> None:
    """An hour to twelve: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html."""
    iam, trust = aws("iam"), document(200, trust=True)
    for seconds in (3_600, 43_200):
        iam.create_role(RoleName=f"for-{seconds}", AssumeRolePolicyDocument=trust, MaxSessionDuration=seconds)
        iam.update_role(RoleName="for-3600", MaxSessionDuration=seconds)
    refused("ValidationError", iam.update_role, RoleName="for-3600", MaxSessionDuration=43_201)
    refused("ValidationError", iam.create_role, RoleName="a", AssumeRolePolicyDocument=trust, MaxSessionDuration=43_201)
    # boto3 refuses less than an hour itself; AWS does too.
    unchecked = aws("iam", parameter_validation=False)
    refused("ValidationError", unchecked.update_role, RoleName="for-3600", MaxSessionDuration=3_599)


@example("iam", "AttachRolePolicy", "DeletePolicy")
def attached_policies(aws: Aws) -> None:
    """Ten: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""
    iam = aws("iam")
    iam.create_role(RoleName="full", AssumeRolePolicyDocument=document(200, trust=True))
    arns = [
        iam.create_policy(PolicyName=f"n{number}", PolicyDocument=document(200))["Policy"]["Arn"]
        for number in range(11)
    ]
    for arn in [*arns[:10], arns[0]]:
        iam.attach_role_policy(RoleName="full", PolicyArn=arn)
    refused("LimitExceeded", iam.attach_role_policy, RoleName="full", PolicyArn=arns[10])
    refused("DeleteConflict", iam.delete_policy, PolicyArn=arns[0])
    iam.detach_role_policy(RoleName="full", PolicyArn=arns[0])
    iam.attach_role_policy(RoleName="full", PolicyArn=arns[10])
    iam.create_policy_version(PolicyArn=arns[0], PolicyDocument=document(300))
    refused("DeleteConflict", iam.delete_policy, PolicyArn=arns[0])
    iam.delete_policy_version(PolicyArn=arns[0], VersionId="v2")
    iam.delete_policy(PolicyArn=arns[0])


@example("kms", "CreateKey", "PutKeyPolicy")
def key_policy(aws: Aws) -> None:
    """32 kilobytes: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html."""
    kms = aws("kms")
    key = kms.create_key(Policy=document(32_768, own=True))["KeyMetadata"]["KeyId"]
    refused("LimitExceededException", kms.create_key, Policy=document(32_769, own=True))
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(32_768, own=True))
    refused(
        "LimitExceededException", kms.put_key_policy, KeyId=key, PolicyName="default", Policy=document(32_769, own=True)
    )
    who_exists(
        aws,
        "MalformedPolicyDocumentException",
        "kms:Encrypt",
        lambda policy: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy),
    )
    stranger = naming(f"arn:aws:iam::{aws.account}:user/stranger", "kms:Encrypt")
    refused("MalformedPolicyDocumentException", kms.create_key, Policy=stranger)


@example("s3", "PutBucketPolicy")
def bucket_policy(aws: Aws) -> None:
    """20 KB: https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html."""
    s3, bucket = aws("s3"), f"limits-{aws.account}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=document(20_480, own=True))
    refused("MalformedPolicy", s3.put_bucket_policy, Bucket=bucket, Policy=document(20_481, own=True))
    who_exists(
        aws,
        "MalformedPolicy",
        "s3:GetObject",
        lambda policy: s3.put_bucket_policy(Bucket=bucket, Policy=policy),
    )


@example("secretsmanager", "PutResourcePolicy")
def secret_policy(aws: Aws) -> None:
    """20,480: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html."""
    secrets = aws("secretsmanager")
    secrets.create_secret(Name="one")
    secrets.put_resource_policy(SecretId="one", ResourcePolicy=document(20_480, own=True))
    refused(
        "InvalidParameterException",
        secrets.put_resource_policy,
        SecretId="one",
        ResourcePolicy=document(20_481, own=True),
    )
    who_exists(
        aws,
        "MalformedPolicyDocumentException",
        "secretsmanager:GetSecretValue",
        lambda policy: secrets.put_resource_policy(SecretId="one", ResourcePolicy=policy),
    )


@example("ecr", "SetRepositoryPolicy", "PutRegistryPolicy")
def registry_policies(aws: Aws) -> None:
    """10,240: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html."""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="one")
    ecr.set_repository_policy(repositoryName="one", policyText=document(10_240, own=True))
    refused(
        "InvalidParameterException",
        ecr.set_repository_policy,
        repositoryName="one",
        policyText=document(10_241, own=True),
    )
    replicate = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": ["ecr:ReplicateImage"],
        "Resource": f"arn:aws:ecr:us-east-1:{aws.account}:repository/*",
    }

    def policy(length: int) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "a" * length, **replicate}]})

    ecr.put_registry_policy(policyText=policy(9_000))
    refused("InvalidParameterException", ecr.put_registry_policy, policyText=policy(10_241))


@example("sns", "SetTopicAttributes")
def topic_policy(aws: Aws) -> None:
    """30 KB: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html."""
    sns = aws("sns")
    topic = {"TopicArn": sns.create_topic(Name="one")["TopicArn"], "AttributeName": "Policy"}
    sns.set_topic_attributes(**topic, AttributeValue=document(30_720, own=True))
    refused("InvalidParameter", sns.set_topic_attributes, **topic, AttributeValue=document(30_721, own=True))
    sns.set_topic_attributes(**{**topic, "AttributeName": "DisplayName"}, AttributeValue="a" * 100)


@example("logs", "PutResourcePolicy")
def log_policy(aws: Aws) -> None:
    """5,120: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html."""
    logs = aws("logs")
    logs.put_resource_policy(policyName="one", policyDocument=document(5_120, own=True))
    refused(
        "InvalidParameterException",
        logs.put_resource_policy,
        policyName="one",
        policyDocument=document(5_121, own=True),
    )


@example("organizations", "CreatePolicy")
def service_control_policy(aws: Aws) -> None:
    """5,120, with blanks: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html."""
    organizations = aws("organizations")
    organizations.create_organization(FeatureSet="ALL")
    given = {"Description": "one", "Type": "SERVICE_CONTROL_POLICY"}
    organizations.create_policy(Name="fits", Content=document(5_120), **given)
    for content in (document(5_121), document(5_100, indent=4)):
        refused("ConstraintViolationException", organizations.create_policy, Name="long", Content=content, **given)


@example("ec2", "ModifyVpcEndpoint")
def endpoint_policy(aws: Aws) -> None:
    """20,480, with blanks: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html."""
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    given = {"VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.s3", "VpcEndpointType": "Gateway"}
    made = ec2.create_vpc_endpoint(**given, PolicyDocument=document(20_480, own=True))
    refused("InvalidPolicyDocument", ec2.create_vpc_endpoint, **given, PolicyDocument=document(20_481, own=True))
    id_ = made["VpcEndpoint"]["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=id_, PolicyDocument=document(20_480, own=True))
    refused(
        "InvalidPolicyDocument", ec2.modify_vpc_endpoint, VpcEndpointId=id_, PolicyDocument=document(20_481, own=True)
    )
