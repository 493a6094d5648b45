"""IAM: every form of `*` has a reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ops.iam.conditions import PolicyCondition
from ops.iam.policy import IamStatement
from policies.rule import Resource, rule
from policies.statements import DOCUMENT, written_in

_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"


def _allows(policy: Resource) -> list[IamStatement]:
    """The Allow statements; none if they can't be read, which the first check reports."""
    try:
        return [each for each in written_in(policy) if each.allows]
    except ValueError:
        return []


@rule("CKV_ROLLOUT_35", source=_SOURCE, on="aws_*", data=DOCUMENT)
def actions_are_named(policy: Resource) -> Iterator[str]:
    """A statement names the services whose actions it allows."""
    try:
        statements = written_in(policy)
    except ValueError as error:
        yield f"has a policy that can't be read ({error}); write it as an aws_iam_policy_document"
        return
    for each in statements:
        if each.allows and each.all_services:
            what = "all actions but some" if each.not_actions else "actions of every service"
            yield f"{each.label} allows {what}; name the services and actions"


@rule("CKV_ROLLOUT_36", source=_SOURCE, on="aws_*", data=DOCUMENT)
def wildcard_has_reason(policy: Resource) -> Iterator[str]:
    """A statement that allows actions on every resource gives a reason."""
    for each in _allows(policy):
        if each.all_resources and not _reason(policy, each):
            what = "all resources but some" if each.not_resources else f"'{_widest(each)}'"
            yield f"{each.label} allows on {what} without a reason; name the resources, or give a reason with because="


def _widest(statement: IamStatement) -> str:
    return min((each for each in statement.resources if "*" in each or "?" in each), key=len)


def _reason(policy: Resource, statement: IamStatement) -> str:
    """The reason for a wide statement, which modules/policy.py writes to the document's comment."""
    comment = policy.get("//")
    because = comment.get("because") if isinstance(comment, Mapping) else None
    return str(because.get(statement.sid, "")) if isinstance(because, Mapping) else ""


_PUBLIC = (
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"
    "#access-control-block-public-access-policy-status"
)
_CALLER = frozenset(
    {
        *("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:userid"),
        *("aws:sourceaccount", "aws:sourcearn", "aws:sourceip", "aws:sourceorgid", "aws:sourceorgpaths"),
        *("aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce", "aws:username", "kms:calleraccount"),
        *("s3:dataaccesspointaccount", "s3:dataaccesspointarn"),
    }
)
"""Condition keys that identify the caller or its network. To AWS, a policy with a fixed value of one isn't public."""
_TESTS = frozenset({"stringequals", "stringlike", "arnequals", "arnlike", "ipaddress"})


@rule("CKV_ROLLOUT_37", source=_PUBLIC, on="aws_*", data=DOCUMENT)
def principals_are_named(policy: Resource) -> Iterator[str]:
    """A statement that allows all principals has a condition on the caller."""
    for each in _allows(policy):
        if each.not_principals:
            yield f"{each.label} allows all principals but some; name the principals that it allows"
        elif each.everyone and not any(map(_narrows, each.conditions)):
            yield f"{each.label} allows all principals; name them, or add a condition on their account or organization"


def _narrows(condition: PolicyCondition) -> bool:
    """Whether a condition limits callers: each value fixes the account, the organization or the network."""
    test = condition.test.lower().removeprefix("foranyvalue:")
    return condition.key.lower() in _CALLER and test in _TESTS and not any(map(_open, condition.values))


def _open(value: str) -> bool:
    """Whether a value doesn't fix an account, an organization or a range of addresses."""
    parts = value.split(":", 5)
    account, name = parts[4:] if len(parts) == 6 and parts[0] == "arn" else ("", value)
    return value.endswith("/0") or bool(set("*?") & set(account or name[:5]))


@rule(
    "CKV_ROLLOUT_93",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
    on="aws_*",
    data=DOCUMENT,
)
def conditions_name_what_they_allow(policy: Resource) -> Iterator[str]:
    """An Allow's conditions name what they let through, not all but some."""
    for each in _allows(policy):
        for condition in each.conditions:
            if "Not" in condition.test:
                yield f"{each.label} allows all but some values of {condition.key}; name those that it allows"
