"""The few conditions whose outcome the stacks decide. All others are unknown."""

from __future__ import annotations

from collections.abc import Iterable

from ops.gate.permissions.statements import Condition, Statement, matches

PRINCIPAL = "aws:principalarn"
ALIASES = "kms:resourcealiases"
_LIKE = ("stringequals", "stringlike", "arnequals", "arnlike")
_UNLIKE = ("stringnotequals", "stringnotlike", "arnnotequals", "arnnotlike")


def holds(statement: Statement, principal: str, aliases: Iterable[str]) -> bool | None:
    """Whether a statement's conditions hold; None if the stacks can't say.

    Args:
        statement: The statement.
        principal: ARN of who acts.
        aliases: Aliases of the key that it is done to.
    """
    outcomes = [_holds(condition, principal, tuple(aliases)) for condition in statement.conditions]
    if False in outcomes:
        return False
    return None if None in outcomes else True


def _holds(condition: Condition, principal: str, aliases: tuple[str, ...]) -> bool | None:
    test = condition.test.lower().removesuffix("ifexists").removeprefix("foranyvalue:")
    known = {PRINCIPAL: (principal,), ALIASES: aliases}.get(condition.key.lower())
    if known is None or (not any(known) and condition.key.lower() == PRINCIPAL):
        return None
    hit = any(matches(condition.values, text) for text in known)
    return hit if test in _LIKE else not hit if test in _UNLIKE else None


def counts(statement: Statement, principal: str, aliases: Iterable[str] = ()) -> bool:
    """Whether a statement counts: an Allow unless its conditions surely fail, a Deny only if they surely hold."""
    outcome = holds(statement, principal, aliases)
    return outcome is not False if statement.allows else outcome is True
