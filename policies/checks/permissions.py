"""IAM: a `*` has a reason, in whichever of its forms it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ops.iam.policy import IamStatement
from policies.rule import Resource, rule
from policies.statements import DOCUMENT, HOLDER_KINDS, written_in

_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"


def _allows(policy: Resource) -> list[IamStatement]:
    """The statements that allow; none if they can't be read, which the first check reports."""
    try:
        return [each for each in written_in(policy) if each.allows]
    except ValueError:
        return []


@rule("CKV_ROLLOUT_35", source=_SOURCE, on=HOLDER_KINDS, data=DOCUMENT)
def actions_are_named(policy: Resource) -> Iterator[str]:
    """No statement allows actions of services that it doesn't name."""
    try:
        list(written_in(policy))
    except ValueError as error:
        yield f"has a policy that can't be read ({error}); write it as an aws_iam_policy_document"
    for each in _allows(policy):
        if each.all_services:
            what = "all actions but some" if each.not_actions else "actions of every service"
            yield f"{each.label} allows {what}; name the services and actions"


@rule("CKV_ROLLOUT_36", source=_SOURCE, on=HOLDER_KINDS, data=DOCUMENT)
def wildcard_has_reason(policy: Resource) -> Iterator[str]:
    """A statement that allows on every resource says why."""
    for each in _allows(policy):
        if each.all_resources and not _reason(policy, each):
            what = "all resources but some" if each.not_resources else f"'{_widest(each)}'"
            yield f"{each.label} allows on {what} without a reason; name the resources, or say why with because="


def _widest(statement: IamStatement) -> str:
    return min((each for each in statement.resources if "*" in each or "?" in each), key=len)


def _reason(policy: Resource, statement: IamStatement) -> str:
    """What modules/policy.py writes beside a document for a statement that has to be wide."""
    comment = policy.get("//")
    because = comment.get("because") if isinstance(comment, Mapping) else None
    return str(because.get(statement.sid, "")) if isinstance(because, Mapping) else ""


@rule(
    "CKV_ROLLOUT_37",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
    on=HOLDER_KINDS,
    data=DOCUMENT,
)
def principals_are_named(policy: Resource) -> Iterator[str]:
    """No principal is everybody without a condition."""
    for each in _allows(policy):
        if each.not_principals:
            yield f"{each.label} allows everybody but some; name the principals that it allows"
        elif each.everyone and not each.conditions:
            yield f"{each.label} allows everybody; name principals, or add a condition"
