"""Whether a statement applies to a request: its action, its resource, its principal and its conditions.

Everything that judges policies asks here. The evaluator knows a request completely; the gate's checks know a part of
it, and of the policies. What depends on the rest is unknown (None), and counts against what is asked: an Allow counts
only if it surely applies, and a Deny unless it surely doesn't; for "possibly" allowed, the other way round.
Comparing statements with each other is another question (`ops/gate/endpoints.py`, `ops/plan_gate/widening.py`).
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import cache, lru_cache
from typing import NamedTuple

from environments.arns import account_of, root_of
from ops.iam.conditions import PolicyCondition, RequestContext, filled, holds
from ops.iam.globs import ANY, matches_resource
from ops.iam.policy import IamStatement

_EVERYONE = ("AWS", "*")
_GATEWAYS = frozenset({"s3", "dynamodb"})
"""Services with gateway endpoints. https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html"""


_BEFORE_RESOURCE = 5
"""Colons before the part of an ARN that may have policy variables."""


class Grant(StrEnum):
    """Whom a statement names."""

    DIRECT = "direct"
    """The user, the session, the service, the identity provider, or everyone."""
    ROLE = "role"
    ACCOUNT = "account"
    """The account, which delegates the decision to its IAM policies."""


class Caller(NamedTuple):
    """How policies can name a caller."""

    kind: str
    """AWS, Service or Federated."""
    direct: frozenset[tuple[str, str]]
    role: str
    """ARN of its role; empty if it has none."""
    account: frozenset[tuple[str, str]]
    is_root: bool
    """Whether it is the account's root user, which may do everything that no policy denies."""


class Question(NamedTuple):
    """A request, as one kind of policy is asked about it."""

    action: str
    resource: str | None
    """ARN; None means any resource, which only a Deny on `*` includes."""
    context: RequestContext
    caller: Caller | None = None
    """Whom a statement must name; None for policies that are attached to the caller, which name no principal."""
    bounded: bool = False
    """Whether the caller has a permissions boundary."""
    endpoint: bool = False
    """Whether the policy is that of a VPC endpoint."""


def applies(statement: IamStatement, question: Question) -> bool | None:
    """Whether a statement applies to a request; None if that is unknown."""
    if not statement.about(question.action):
        return False
    on = _on(statement, question)
    if on is False:
        return False
    named = names_caller(statement, question)
    if named is False:
        return False
    met = all_hold(statement, question.context)
    return met if met is False or (on and named) else None


def counts(statement: IamStatement, question: Question, *, possibly: bool = False) -> bool:
    """Whether a statement counts for a request.

    Args:
        statement: The statement.
        question: The request.
        possibly: Whether the question is if the request is possibly allowed, not if it surely is.
    """
    outcome = applies(statement, question)
    return outcome if outcome is not None else possibly is statement.allows


def all_hold(statement: IamStatement, context: RequestContext) -> bool | None:
    """Whether all conditions of a statement hold; None if none surely fails and at least one is unknown."""
    all_known = True
    for condition in statement.conditions:
        outcome = _holds(condition, context, statement.unknown)
        if outcome is False:
            return False
        all_known = all_known and outcome is not None
    return True if all_known else None


def names_caller(statement: IamStatement, question: Question) -> bool | None:
    """Whether a statement names the caller; None if that is unknown."""
    caller = question.caller
    if caller is None:
        return True
    if question.endpoint and question.action.partition(":")[0].lower() in _GATEWAYS:
        # "If you specify the principal in the following format, access is granted only to the root user"
        # https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policies-gateway
        return _EVERYONE in statement.principals or caller.is_root
    if grant(statement, caller, bounded=question.bounded) is not None:
        return True
    return None if _marked((name for _, name in statement.principals), statement.unknown) else False


def grant(statement: IamStatement, caller: Caller, *, bounded: bool = False) -> Grant | None:
    """How a statement with principals names a caller; None if it doesn't.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html

    Args:
        statement: The statement.
        caller: The caller.
        bounded: Whether it has a permissions boundary.
    """
    if statement.not_principals:
        return None if _spared(statement, caller) and (statement.allows or not bounded) else Grant.DIRECT
    named = set(statement.principals)
    if named & caller.direct:
        return Grant.DIRECT
    if ("AWS", caller.role) in named:
        return Grant.ROLE
    return Grant.ACCOUNT if named & caller.account else None


@lru_cache(1024)
def caller_of(principal: str, role: str = "", kind: str = "") -> Caller:
    """A caller.

    Args:
        principal: ARN of a role, a session or an IAM user; an AWS service; or the ARN of an identity provider.
        role: ARN of a session's role, which has its path (`aws:PrincipalArn`).
        kind: AWS, Service or Federated; found from the principal if left out.
    """
    kind = kind or _kind(principal)
    if kind != "AWS":
        return Caller(kind, frozenset({_EVERYONE, (kind, principal)}), "", frozenset(), is_root=False)
    account = frozenset({("AWS", root_of(principal)), ("AWS", account_of(principal))})
    what = principal.split(":", 5)[-1]
    if what.startswith("role/"):
        return Caller(kind, frozenset({_EVERYONE}), principal, account, is_root=False)
    direct = frozenset({_EVERYONE, ("AWS", principal)})
    if not what.startswith("assumed-role/"):
        return Caller(kind, direct, "", account, is_root=what == "root")
    named = f"{root_of(principal).removesuffix('root')}role/{what.split('/')[1]}"
    return Caller(kind, direct, role or named, account, is_root=False)


def _kind(principal: str) -> str:
    if not principal.startswith("arn:"):
        return "Service"
    return "Federated" if ":oidc-provider/" in principal or ":saml-provider/" in principal else "AWS"


def _on(statement: IamStatement, question: Question) -> bool | None:
    """Whether it includes the resource. A part of its ARNs that is unknown may be any text.

    "The resource that includes a policy variable with no value will not match any resource", but "this might cause the
    entire statement to be invalid": whether an Allow with such a variable applies is unknown. A variable has no value
    before the fifth colon, where AWS doesn't replace any.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
    """
    if question.resource is None or statement.is_filled:
        return statement.on(question.resource)
    mark, excepts = statement.unknown, bool(statement.not_resources)
    elements = [
        filled(each, question.context, pattern=True, colons=_BEFORE_RESOURCE)
        for each in statement.not_resources or statement.resources
    ]
    possible = tuple(each.possibly.replace(mark, ANY) if mark else each.possibly for each in elements)
    found = matches_resource(tuple(each.surely for each in elements), question.resource) is not excepts
    if found is not (matches_resource(possible, question.resource) is not excepts):
        return None
    return None if found and statement.allows and any(each.lacks for each in elements) else found


def _spared(statement: IamStatement, caller: Caller) -> bool:
    """Whether NotPrincipal excludes a caller: its account must be named too; a permissions boundary prevents it.

    A session's role must be named, and the session itself if any of the role's is: "all principals are denied except
    the assumed-role user".
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    named = set(statement.not_principals)
    itself = caller.direct - {_EVERYONE}
    if caller.role:
        one_of_several = any(name.startswith(_sessions(caller.role)) for _, name in named)
        if ("AWS", caller.role) not in named or (one_of_several and not named & itself):
            return False
    elif not named & itself:
        return False
    return not caller.account or bool(named & caller.account)


@cache
def _sessions(role: str) -> str:
    """How the ARNs of a role's sessions begin; they leave out its path."""
    return f"{root_of(role).removesuffix('root').replace(':iam:', ':sts:')}assumed-role/{role.rpartition('/')[2]}/"


def _holds(condition: PolicyCondition, context: RequestContext, mark: str) -> bool | None:
    """Whether a condition holds. Another value than the unknown one may decide it: one that matches."""
    outcome = holds(condition.test, condition.key, condition.values, context)
    if not _marked(condition.values, mark):
        return outcome
    decided = "not" not in condition.test.lower()
    return outcome if outcome is decided else None


def _marked(texts: Iterable[str], mark: str) -> bool:
    """Whether a part of any text is unknown."""
    return bool(mark) and any(mark in each for each in texts)
