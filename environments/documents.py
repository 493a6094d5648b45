"""Every kind of policy document, with AWS's limit on its size, in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple


class DocumentKind(NamedTuple):
    """What AWS allows as one kind of policy document."""

    label: str
    longest: int
    """Characters; AWS calls them bytes where a policy has ASCII only, as ours have."""
    source: str
    about: tuple[str, ...] = ()
    """Types of resources that its statements can be about, as `service:type`; none means any."""
    together: bool = False
    """Whether the limit is for all such documents of one role, user or group together."""
    as_is: bool = False
    """Whether Terraform's provider sends it unchanged. It removes the blanks of all others."""
    needs: frozenset[str] = frozenset({"principals", "resources"})
    """What each of its statements must name."""
    rejects: frozenset[str] = frozenset()
    """What none of its statements may name."""


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
_RESOURCES, _PRINCIPALS = frozenset({"resources"}), frozenset({"principals"})
_DOCS = "https://docs.aws.amazon.com/"
_IAM = _DOCS + "IAM/latest/UserGuide/reference_iam-quotas.html"

MANAGED = DocumentKind("managed policy", 6_144, _IAM, needs=_RESOURCES, rejects=_PRINCIPALS)
INLINE = DocumentKind("role's inline policies", 10_240, _IAM, together=True, needs=_RESOURCES, rejects=_PRINCIPALS)
INLINE_OF_GROUP = INLINE._replace(label="group's inline policies", longest=5_120)
INLINE_OF_USER = INLINE._replace(label="user's inline policies", longest=2_048)
# By default; AWS raises it to 8,192 on request.
TRUST = DocumentKind("trust policy", 2_048, _IAM, ("sts:role",), needs=_PRINCIPALS, rejects=_RESOURCES)
BUCKET = DocumentKind(
    "bucket policy",
    20_480,
    _DOCS + "AmazonS3/latest/userguide/add-bucket-policy.html",
    ("s3:bucket", "s3:object"),
)
KEY = DocumentKind(
    "key policy", 32_768, _DOCS + "kms/latest/developerguide/key-policy-overview.html#key-policy-format", ("kms:key",)
)
SECRET = DocumentKind(
    "secret's policy",
    20_480,
    _DOCS + "secretsmanager/latest/apireference/API_PutResourcePolicy.html",
    ("secretsmanager:Secret",),
)
REPOSITORY = DocumentKind(
    "repository policy",
    10_240,
    _DOCS + "AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html",
    ("ecr:repository",),
    needs=_PRINCIPALS,
)
REGISTRY = DocumentKind("registry policy", 10_240, _DOCS + "AmazonECR/latest/APIReference/API_PutRegistryPolicy.html")
TOPIC = DocumentKind(
    "topic policy",
    30_720,
    _DOCS + "sns/latest/dg/sns-access-policy-language-api-permissions-reference.html#sns-policy-quotas",
    ("sns:topic",),
)
QUEUE = DocumentKind(
    "queue policy",
    8_192,
    _DOCS + "AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html",
    ("sqs:queue",),
)
ENDPOINT = DocumentKind("VPC endpoint policy", 20_480, _DOCS + "vpc/latest/privatelink/vpc-limits-endpoints.html")
LOGS = DocumentKind(
    "CloudWatch Logs resource policy",
    5_120,
    _DOCS + "AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html",
)
ORGANIZATION = DocumentKind(
    "service control policy",
    5_120,
    _DOCS + "organizations/latest/userguide/orgs_reference_limits.html",
    as_is=True,
    needs=_RESOURCES,
    rejects=_PRINCIPALS,
)


OPERATORS = re.compile(
    r"Null|((ForAllValues|ForAnyValue):)?"
    r"(String(Not)?(Equals|EqualsIgnoreCase|Like)|(Numeric|Date)((Not)?Equals|(LessThan|GreaterThan)(Equals)?)"
    r"|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?"
)
"""IAM's condition operators; `Null` is the only one without `IfExists`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""
TRUTH = re.compile(r"(?:(?:ForAllValues|ForAnyValue):)?(?:Null|Bool(?:IfExists)?)")
"""Operators whose values are `true` and `false` only."""


class Holder(NamedTuple):
    """An attribute of a Terraform resource that holds a policy document."""

    document: DocumentKind
    subject: str
    """Attribute that identifies what the policy belongs to: the resource itself, or the one that it is attached to."""
    attached_to: str = ""
    """Type of the resource that it is attached to, if that has a policy of its own."""


HOLDERS: Mapping[tuple[str, str], Holder] = {
    ("aws_cloudwatch_log_resource_policy", "policy_document"): Holder(LOGS, "policy_name"),
    ("aws_ecr_registry_policy", "policy"): Holder(REGISTRY, "registry_id"),
    ("aws_ecr_repository_policy", "policy"): Holder(REPOSITORY, "repository", "aws_ecr_repository"),
    ("aws_iam_group_policy", "policy"): Holder(INLINE_OF_GROUP, "group"),
    ("aws_iam_policy", "policy"): Holder(MANAGED, "name"),
    ("aws_iam_role", "assume_role_policy"): Holder(TRUST, "name"),
    ("aws_iam_role_policy", "policy"): Holder(INLINE, "role"),
    ("aws_iam_user_policy", "policy"): Holder(INLINE_OF_USER, "user"),
    ("aws_kms_external_key", "policy"): Holder(KEY, "id"),
    ("aws_kms_key", "policy"): Holder(KEY, "key_id"),
    ("aws_kms_key_policy", "policy"): Holder(KEY, "key_id", "aws_kms_key"),
    ("aws_kms_replica_key", "policy"): Holder(KEY, "key_id"),
    ("aws_organizations_policy", "content"): Holder(ORGANIZATION, "name"),
    ("aws_s3_bucket", "policy"): Holder(BUCKET, "bucket"),
    ("aws_s3_bucket_policy", "policy"): Holder(BUCKET, "bucket", "aws_s3_bucket"),
    ("aws_secretsmanager_secret", "policy"): Holder(SECRET, "arn"),
    ("aws_secretsmanager_secret_policy", "policy"): Holder(SECRET, "secret_arn", "aws_secretsmanager_secret"),
    ("aws_sns_topic", "policy"): Holder(TOPIC, "arn"),
    ("aws_sns_topic_policy", "policy"): Holder(TOPIC, "arn", "aws_sns_topic"),
    ("aws_sqs_queue", "policy"): Holder(QUEUE, "url"),
    ("aws_sqs_queue_policy", "policy"): Holder(QUEUE, "queue_url", "aws_sqs_queue"),
    ("aws_vpc_endpoint", "policy"): Holder(ENDPOINT, "id"),
    ("aws_vpc_endpoint_policy", "policy"): Holder(ENDPOINT, "vpc_endpoint_id"),
}
"""By type of Terraform's resource and attribute: all policy documents that Terraform's provider takes here."""
