"""Who can show MFA to a policy, and who is shut out by a condition that asks for it.

MFA belongs to an IAM user. "The temporary credentials returned by AssumeRole do not include MFA information in the
context"; for federated callers AWS can't know whether their provider asked for it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from environments.arns import account_of, root_of
from ops.iam.conditions import RequestContext, all_hold
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
    """Whether any of a statement's conditions is about MFA."""
    return any(condition.key.lower() in KEYS for condition in statement.conditions)


def named(statement: IamStatement) -> Principals:
    """The principals that a statement is about: where a condition narrows an account to some of its own, those."""
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
    """Why a principal can never show MFA; empty if it may."""
    if kind == "Service":
        return "is a service"
    if kind == "Federated":
        return "is federated, and AWS can't know whether its provider asked for MFA"
    return _NEVER.get(identifier.split(":", 5)[-1].partition("/")[0], "")


def shut_out(statements: Sequence[IamStatement]) -> Iterator[str]:
    """What is wrong with a trust policy: each principal that a condition on MFA keeps out for good, in words.

    A condition with IfExists keeps no role out, and asks none for MFA either; that is wrong as well.
    """
    for each in (statement for statement in statements if statement.allows):
        for kind, who in named(each):
            why = never(kind, who)
            if why and asks(each):
                yield f"{each.label} asks {who} for MFA, but it {why}; a role can't have an MFA condition"
            elif why:
                for denial in _denials(statements, kind, who):
                    yield f"{denial.label} denies {who}, which {each.label} allows, for want of MFA: it {why}"


def _denials(statements: Iterable[IamStatement], kind: str, who: str) -> Iterator[IamStatement]:
    """Statements that deny a principal because it shows no MFA."""
    for each in statements:
        if each.allows or not asks(each) or not _about(each, kind, who):
            continue
        # AWS's pages don't say whether the key is missing in a role's session, or false: a denial counts in both cases.
        arn = {"aws:PrincipalArn": who}
        contexts = (
            RequestContext.of(arn, absent=KEYS, whole=False),
            RequestContext.of({**arn, PRESENT: "false"}, absent={AGE}, whole=False),
        )
        if any(all_hold(each.conditions, context) is not False for context in contexts):
            yield each


def _about(statement: IamStatement, kind: str, who: str) -> bool:
    by = {(kind, who)}
    if who.startswith("arn:"):
        by |= {("AWS", account_of(who)), ("AWS", root_of(who))}
    return statement.names(by)
