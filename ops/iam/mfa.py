"""Principals with MFA, and principals that a condition on MFA excludes.

MFA belongs to an IAM user. "The temporary credentials returned by AssumeRole do not include MFA information in the
context"; AWS doesn't know whether the provider of a federated caller used MFA.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ops.iam.conditions import RequestContext
from ops.iam.matching import all_hold, caller_of, grant
from ops.iam.policy import IamStatement, Principals

PRESENT, AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"
KEYS = frozenset({PRESENT, AGE})
PRINCIPAL = "aws:principalarn"
_POSITIVE = frozenset({"stringequals", "stringlike", "arnequals", "arnlike"})
_NEVER = {
    "role": "is a role, and a session from AssumeRole carries no MFA",
    "assumed-role": "is a role's session, and a session from AssumeRole carries no MFA",
    "federated-user": "is a federated user, which has no MFA device",
}


def asks(statement: IamStatement) -> bool:
    """Whether a statement has a condition on MFA."""
    return any(condition.key.lower() in KEYS for condition in statement.conditions)


def named(statement: IamStatement) -> Principals:
    """The principals of a statement; if a condition narrows an account to some of its principals, those."""
    narrower = [
        value
        for test, key, values in statement.conditions
        if key.lower() == PRINCIPAL and test.lower().removesuffix("ifexists") in _POSITIVE
        for value in values
    ]
    others = [each for each in statement.principals if each[0] != "AWS"]
    if narrower and len(others) < len(statement.principals):
        return (*others, *(("AWS", value) for value in narrower))
    return statement.principals


def never(kind: str, identifier: str) -> str:
    """Why a principal never has MFA; empty if it may."""
    if kind == "Service":
        return "is a service"
    if kind == "Federated":
        return "is federated, and AWS doesn't know whether its provider used MFA"
    return _NEVER.get(identifier.split(":", 5)[-1].partition("/")[0], "")


def shut_out(statements: Sequence[IamStatement]) -> Iterator[str]:
    """Problems of a trust policy: principals that a condition on MFA always excludes.

    A condition with IfExists excludes no role, but doesn't require MFA of it either; that is a problem too.
    """
    for each in (statement for statement in statements if statement.allows):
        for kind, who in named(each):
            why = never(kind, who)
            if why and asks(each):
                yield f"{each.label} requires MFA of {who}, which {why}; remove the MFA condition"
            elif why:
                for denial in _denials(statements, kind, who):
                    yield f"{denial.label} denies {who}, which {each.label} allows, without MFA: it {why}"


def _denials(statements: Iterable[IamStatement], kind: str, who: str) -> Iterator[IamStatement]:
    """Statements that deny a principal without MFA."""
    for each in statements:
        if each.allows or not asks(each) or grant(each, caller_of(who, kind=kind)) is None:
            continue
        # AWS doesn't document whether the key is missing in a role's session or false: a denial counts in both cases.
        arn = {"aws:PrincipalArn": who}
        contexts = (
            RequestContext.of(arn, absent=KEYS, whole=False),
            RequestContext.of({**arn, PRESENT: "false"}, absent={AGE}, whole=False),
        )
        if any(all_hold(each, context) is not False for context in contexts):
            yield each
