"""IAM: a `*` has a reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.rule import Resource, rule
from policies.statements import Statement, of_any

_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"
_POLICIES = (
    "aws_iam_policy",
    "aws_iam_role_policy",
    "aws_iam_user_policy",
    "aws_iam_group_policy",
    "aws_kms_key",
    "aws_kms_key_policy",
    "aws_s3_bucket_policy",
    "aws_secretsmanager_secret_policy",
    "aws_sns_topic_policy",
    "aws_sqs_queue_policy",
    "aws_ecr_repository_policy",
)


@rule("CKV_ROLLOUT_35", source=_SOURCE, on=_POLICIES, data="aws_iam_policy_document")
def actions_are_named(policy: Resource) -> Iterator[str]:
    """No statement allows every action."""
    for each in of_any(policy):
        if each.allows and ("*" in each.actions or each.not_actions):
            yield f"{each.label} allows {'all actions but some' if each.not_actions else 'every action'}; name them"


@rule("CKV_ROLLOUT_36", source=_SOURCE, on=_POLICIES, data="aws_iam_policy_document")
def wildcard_has_reason(policy: Resource) -> Iterator[str]:
    """A statement that allows on every resource says why."""
    for each in of_any(policy):
        if each.allows and "*" in each.resources and not _reason(policy, each):
            yield f"{each.label} allows on '*' without a reason; name the resources, or say why with because="


def _reason(policy: Resource, statement: Statement) -> str:
    """What modules/policy.py writes beside a document for a statement that has to be wide."""
    comment = policy.get("//")
    because = comment.get("because") if isinstance(comment, Mapping) else None
    return str(because.get(statement.sid, "")) if isinstance(because, Mapping) else ""


@rule(
    "CKV_ROLLOUT_37",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
    on=(*_POLICIES, "aws_iam_role"),
    data="aws_iam_policy_document",
)
def principals_are_named(policy: Resource) -> Iterator[str]:
    """No principal is everybody without a condition."""
    for each in of_any(policy):
        if each.allows and "*" in each.principals and not each.conditions:
            yield f"{each.label} allows everybody; name principals, or add a condition"
