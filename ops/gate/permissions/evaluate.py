"""Whether a principal may call an action, and which statements allow or stop it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ops.gate.permissions.actors import Held, Principal, Target
from ops.gate.permissions.statements import PlacedStatement
from ops.iam.conditions import RequestContext, all_hold
from ops.iam.mfa import PRINCIPAL
from ops.iam.policy import IamStatement, Principals

_ALIASES = "kms:resourcealiases"
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

    As AWS does within an account, but unknown conditions count as met in an Allow and as unmet in a Deny.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    arn, aliases = (target.arn, target.aliases) if target else (None, ())
    own = [
        each
        for each in (target.policy or () if target else ())
        if addresses(each, principal) and each.covers(action, arn) and counts(each, principal.arn, aliases)
    ]
    denied = any(not each.allows for each in own)
    direct = () if denied else tuple(each for each in own if each.allows and not _is_root(each))
    identity = granting(principal.identity, action, arn, principal.arn, aliases)
    if not identity:
        return Decision((), direct, "")
    if denied:
        return Decision(identity, direct, "the target's own policy")
    if principal.boundary is not None and not granting(principal.boundary, action, arn, principal.arn, aliases):
        return Decision(identity, direct, "its permissions boundary")
    if target and target.block.kind == "aws_kms_key" and target.policy is not None and not _delegates(target, action):
        return Decision(identity, direct, "the key's own policy (it doesn't delegate to IAM policies)")
    return Decision(identity, direct, "")


def granting(
    held: Iterable[Held], action: str, arn: str | None, principal: str, aliases: Iterable[str] = ()
) -> tuple[Held, ...]:
    """The statements that allow an action; empty if one denies it."""
    covering = [
        each for each in held if each.statement.covers(action, arn) and counts(each.statement, principal, aliases)
    ]
    return tuple(covering) if all(each.statement.allows for each in covering) else ()


def counts(statement: IamStatement, principal: str, aliases: Iterable[str] = ()) -> bool:
    """Whether a statement counts: unknown conditions count as met in an Allow and as unmet in a Deny.

    Args:
        statement: The statement.
        principal: ARN of the caller; empty if unknown.
        aliases: Aliases of the key. Only these two condition keys are known from the stacks.
    """
    known = {key: values for key, values in ((PRINCIPAL, (principal,)), (_ALIASES, tuple(aliases))) if any(values)}
    context = RequestContext(known, frozenset({_ALIASES} - known.keys()), whole=False)
    outcome = all_hold(statement.conditions, context)
    return outcome is not False if statement.allows else outcome is True


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


def addresses(statement: IamStatement, principal: Principal) -> bool:
    """Whether a statement of a target's own policy applies to a principal: by ARN, by account, or to all."""
    identifiers = {identifier for _, identifier in _meant(statement)}
    return bool(identifiers & {"*", principal.arn}) or _is_root(statement)


def _meant(statement: IamStatement) -> Principals:
    """The principals that a statement counts for: NotPrincipal counts as everyone in an Allow, as none in a Deny."""
    if statement.not_principals:
        return (("AWS", "*"),) if statement.allows else ()
    return statement.principals


def _is_root(statement: IamStatement) -> bool:
    return any(kind == "AWS" and identifier.endswith(":root") for kind, identifier in statement.principals)


def _delegates(key: Target, action: str) -> bool:
    """Whether a key's policy lets the account's IAM policies decide."""
    return any(each.allows and _is_root(each) and each.covers(action, key.arn) for each in key.policy or ())
