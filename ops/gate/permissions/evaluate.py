"""Whether a principal may do an action, and by what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ops.gate.permissions.statements import PlacedStatement
from ops.gate.permissions.world import Held, Principal, Target
from ops.iam.conditions import RequestContext, all_hold
from ops.iam.mfa import PRINCIPAL
from ops.iam.policy import IamStatement, Principals

_ALIASES = "kms:resourcealiases"
_ARN_TESTS = ("ArnEquals", "ArnLike", "StringEquals", "StringLike")


@dataclass(frozen=True)
class Answer:
    """What stands for and against it."""

    identity: tuple[Held, ...]
    """What its own policies allow it by."""
    direct: tuple[PlacedStatement, ...]
    """What the target's own policy allows it by."""
    stopped: str
    """What stops what its own policies allow; empty if nothing does."""

    @property
    def allowed(self) -> bool:
        """Whether it may."""
        return bool(self.direct or (self.identity and not self.stopped))


def ask(principal: Principal, action: str, target: Target | None) -> Answer:
    """Evaluate one action of one principal on one target; None stands for any target at all.

    As AWS does it within an account, except that an Allow counts unless its conditions surely fail, and a Deny only
    if they surely hold. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
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
        return Answer((), direct, "")
    if denied:
        return Answer(identity, direct, "the target's own policy")
    if principal.boundary is not None and not granting(principal.boundary, action, arn, principal.arn, aliases):
        return Answer(identity, direct, "its permissions boundary")
    if target and target.block.kind == "aws_kms_key" and target.policy is not None and not _delegates(target, action):
        return Answer(identity, direct, "the key's own policy, which leaves nothing to IAM")
    return Answer(identity, direct, "")


def granting(
    held: Iterable[Held], action: str, arn: str | None, principal: str, aliases: Iterable[str] = ()
) -> tuple[Held, ...]:
    """What of some statements allows an action; nothing if one denies it."""
    covering = [
        each for each in held if each.statement.covers(action, arn) and counts(each.statement, principal, aliases)
    ]
    return tuple(covering) if all(each.statement.allows for each in covering) else ()


def counts(statement: IamStatement, principal: str, aliases: Iterable[str] = ()) -> bool:
    """Whether a statement counts: unknown conditions count as met in an Allow and as unmet in a Deny.

    Args:
        statement: The statement.
        principal: ARN of the caller; empty if it is unknown.
        aliases: Aliases of the key that it is done to. The stacks decide these two condition keys only.
    """
    known = {key: values for key, values in ((PRINCIPAL, (principal,)), (_ALIASES, tuple(aliases))) if any(values)}
    context = RequestContext(known, frozenset({_ALIASES} - known.keys()), whole=False)
    outcome = all_hold(statement.conditions, context)
    return outcome is not False if statement.allows else outcome is True


def callers(statement: IamStatement) -> list[tuple[str, str]]:
    """Whom a statement of a trust or of a target's own policy is about, each with its kind.

    Principals that conditions narrow are the narrower ones: roles of another account, jobs of GitHub.
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
            narrower = [f"anybody whom {identifier} knows"]
        found += [(kind, each) for each in narrower or [identifier]]
    return found


def addresses(statement: IamStatement, principal: Principal) -> bool:
    """Whether a statement of a target's own policy is about a principal: by its ARN, its account, or as anybody."""
    identifiers = {identifier for _, identifier in _meant(statement)}
    return bool(identifiers & {"*", principal.arn}) or _is_root(statement)


def _meant(statement: IamStatement) -> Principals:
    """Whom a statement counts for: all principals but some are everybody in an Allow, and nothing in a Deny."""
    if statement.not_principals:
        return (("AWS", "*"),) if statement.allows else ()
    return statement.principals


def _is_root(statement: IamStatement) -> bool:
    return any(kind == "AWS" and identifier.endswith(":root") for kind, identifier in statement.principals)


def _delegates(key: Target, action: str) -> bool:
    """Whether a key's policy lets its account's IAM decide."""
    return any(each.allows and _is_root(each) and each.covers(action, key.arn) for each in key.policy or ())
