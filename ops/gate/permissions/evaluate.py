"""Whether a principal may call an action, and which statements allow or stop it.

`ops/iam/evaluation.py` gives one decision with one reason. The table of permissions needs more: every statement that
allows an action, also where another policy stops it, and an action on any target. What a statement is about, both ask
`ops/iam/matching.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from environments.arns import root_of
from ops.gate.permissions.actors import Held, Principal, Target
from ops.gate.permissions.statements import PlacedStatement
from ops.iam.conditions import RequestContext
from ops.iam.matching import Caller, Grant, Question, caller_of, counts, grant
from ops.iam.mfa import PRINCIPAL
from ops.iam.policy import IamStatement, Principals

_ALIASES = "kms:resourcealiases"
_ANY = RequestContext(whole=False)
_ARN_TESTS = ("ArnEquals", "ArnLike", "StringEquals", "StringLike")


@dataclass(frozen=True)
class Decision:
    """The statements that allow an action, and what stops it."""

    identity: tuple[Held, ...]
    """Statements of its own policies that allow it."""
    direct: tuple[PlacedStatement, ...]
    """Statements of the target's own policy that allow it."""
    stopped: str
    """What stops the action that its own policies allow; empty if nothing does."""

    @property
    def allowed(self) -> bool:
        """Whether the action is allowed."""
        return bool(self.direct or (self.identity and not self.stopped))


def ask(principal: Principal, action: str, target: Target | None) -> Decision:
    """Evaluate one action of one principal on one target; None means any target.

    As AWS does within an account, if it possibly allows the action: unknown conditions count as met in an Allow and as
    unmet in a Deny.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    asked = question(principal, action, target)
    named = [(each, _grant(each, principal, target)) for each in counting(principal, action, target)]
    denied = any(not each.allows for each, _ in named)
    direct = () if denied else tuple(each for each, by in named if by is not Grant.ACCOUNT)
    identity = granting(principal.identity, asked)
    if not identity:
        return Decision((), direct, "")
    if denied:
        return Decision(identity, direct, "the target's own policy")
    if principal.boundary is not None and not granting(principal.boundary, asked):
        return Decision(identity, direct, "its permissions boundary")
    delegates = any(by is Grant.ACCOUNT for _, by in named)
    if target and target.block.kind == "aws_kms_key" and target.policy is not None and not delegates:
        return Decision(identity, direct, "the key's own policy (it doesn't delegate to IAM policies)")
    return Decision(identity, direct, "")


def counting(principal: Principal, action: str, target: Target | None) -> list[PlacedStatement]:
    """The statements of a target's own policy that count for an action of a principal."""
    if target is None or not target.policy:
        return []
    bounded = principal.boundary is not None
    asked = question(principal, action, target)._replace(caller=_caller(principal, target), bounded=bounded)
    return [each for each in target.policy if counts(each, asked, possibly=True)]


def granting(held: Iterable[Held], asked: Question) -> tuple[Held, ...]:
    """The statements that allow an action; empty if one denies it."""
    found = tuple(each for each in held if counts(each.statement, asked, possibly=True))
    return found if all(each.statement.allows for each in found) else ()


def question(principal: Principal, action: str, target: Target | None) -> Question:
    """An action of a principal; only the caller's ARN and a key's aliases are known from the stacks."""
    aliases = target.aliases if target else ()
    known = {key: values for key, values in ((PRINCIPAL, (principal.arn,)), (_ALIASES, aliases)) if any(values)}
    context = RequestContext(known, frozenset({_ALIASES} - known.keys()), whole=False)
    return Question(action, target.arn if target else None, context)


def through(principal: Principal, action: str, target: Target) -> Question:
    """An action of a principal, as the policy of a VPC endpoint is asked about it."""
    return question(principal, action, target)._replace(caller=_caller(principal, target), endpoint=True)


def allows(statement: IamStatement, action: str, target: Target) -> bool:
    """Whether a statement possibly allows an action on a target, to callers that it names."""
    return statement.allows and counts(statement, Question(action, target.arn, _ANY), possibly=True)


def callers(statement: IamStatement) -> list[tuple[str, str]]:
    """The principals of a statement in a trust policy or a target's own policy, each with its kind.

    Where conditions narrow a principal, the narrower ones are returned: roles of another account, jobs of GitHub.
    """
    found = []
    for kind, identifier in _meant(statement):
        narrower = [
            value
            for condition in statement.conditions
            if condition.test in _ARN_TESTS
            and (
                (kind == "AWS" and condition.key.lower() == PRINCIPAL)
                or (kind == "Federated" and condition.key.endswith(":sub"))
            )
            for value in condition.values
        ]
        if kind == "Federated" and not narrower:
            narrower = [f"anyone known to {identifier}"]
        found += [(kind, each) for each in narrower or [identifier]]
    return found


def _caller(principal: Principal, target: Target) -> Caller:
    """A group is no principal of a policy: a user of the account calls."""
    return caller_of(principal.arn or root_of(target.arn).replace(":root", ":user/any"))


def _grant(statement: IamStatement, principal: Principal, target: Target | None) -> Grant | None:
    return grant(statement, _caller(principal, target)) if target else None


def _meant(statement: IamStatement) -> Principals:
    """The principals that a statement counts for: NotPrincipal counts as everyone in an Allow, as none in a Deny."""
    if statement.not_principals:
        return (("AWS", "*"),) if statement.allows else ()
    return statement.principals
