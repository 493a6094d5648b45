"""Who can show MFA to a policy, and who is shut out by a condition that asks for it.

MFA belongs to an IAM user. "The temporary credentials returned by AssumeRole do not include MFA information in the
context"; for federated callers AWS can't know whether their provider asked for it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from environments.arns import account_of, root_of
from ops.iam.conditions import RequestContext, Values, all_hold

PRESENT, AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"
KEYS = frozenset({PRESENT, AGE})
PRINCIPAL = "aws:principalarn"
_POSITIVE = frozenset({"stringequals", "stringlike", "arnequals", "arnlike"})
_NEVER = {
    "role": "is a role, and a session from AssumeRole carries no MFA",
    "assumed-role": "is a role's session, and a session from AssumeRole carries no MFA",
    "federated-user": "is a federated user, which has no MFA device",
}


@dataclass(frozen=True)
class Trust:
    """One statement of a trust policy, as far as MFA goes."""

    label: str
    allows: bool
    principals: tuple[tuple[str, str], ...]
    """Kind and identifier."""
    conditions: tuple[tuple[str, str, Values], ...]
    """Operator, key and values."""

    @property
    def asks(self) -> bool:
        """Whether any of its conditions is about MFA."""
        return any(key.lower() in KEYS for _, key, _ in self.conditions)

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """Whom it is about: where a condition narrows an account to some of its principals, those."""
        narrower = [
            value
            for test, key, values in self.conditions
            if key.lower() == PRINCIPAL and test.lower().removesuffix("ifexists") in _POSITIVE
            for value in values
        ]
        others = [each for each in self.principals if each[0] != "AWS"]
        if narrower and len(others) < len(self.principals):
            return (*others, *(("AWS", value) for value in narrower))
        return self.principals


def never(kind: str, identifier: str) -> str:
    """Why a principal can never show MFA; empty if it may."""
    if kind == "Service":
        return "is a service"
    if kind == "Federated":
        return "is federated, and AWS can't know whether its provider asked for MFA"
    return _NEVER.get(identifier.split(":", 5)[-1].partition("/")[0], "")


def shut_out(statements: Sequence[Trust]) -> Iterator[str]:
    """What is wrong with a trust policy: each principal that a condition on MFA keeps out for good, in words.

    A condition with IfExists keeps no role out, and asks none for MFA either; that is wrong as well.
    """
    for each in (statement for statement in statements if statement.allows):
        for kind, who in each.named:
            why = never(kind, who)
            if why and each.asks:
                yield f"{each.label} asks {who} for MFA, but it {why}; a role can't have an MFA condition"
            elif why:
                for denial in _denials(statements, kind, who):
                    yield f"{denial.label} denies {who}, which {each.label} allows, for want of MFA: it {why}"


def _denials(statements: Iterable[Trust], kind: str, who: str) -> Iterator[Trust]:
    """Statements that deny a principal because it shows no MFA."""
    for each in statements:
        if each.allows or not each.asks or not _about(each, kind, who):
            continue
        # AWS's pages don't say whether the key is missing in a role's session, or false: a denial counts in both cases.
        arn = {"aws:PrincipalArn": who}
        contexts = (
            RequestContext.of(arn, absent=KEYS, whole=False),
            RequestContext.of({**arn, PRESENT: "false"}, absent={AGE}, whole=False),
        )
        if any(all_hold(each.conditions, context) is not False for context in contexts):
            yield each


def _about(statement: Trust, kind: str, who: str) -> bool:
    by = {(kind, who), ("AWS", "*")}
    if who.startswith("arn:"):
        by |= {("AWS", account_of(who)), ("AWS", root_of(who))}
    return bool(by & set(statement.principals))
