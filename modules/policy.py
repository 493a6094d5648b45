"""IAM policy documents as data sources, which the scanner can read (it can't read `jsonencode`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct, TerraformStack
from modules.ids import address, reference

Condition = tuple[str, str, Sequence[str]]
"""Operator, condition key, values: ("StringEquals", "aws:SourceAccount", ["…"])."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement. An Allow with a bare `*` among its actions or resources needs a reason (R0.3)."""

    sid: str
    actions: Sequence[str] = ()
    not_actions: Sequence[str] = ()
    resources: Sequence[str] = ()
    effect: Literal["Allow", "Deny"] = "Allow"
    principals: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By kind: AWS, Service or Federated."""
    conditions: Sequence[Condition] = ()
    because: str = ""
    """Why the wildcard is needed. The synthesized JSON contains it."""

    def __post_init__(self) -> None:
        wide = self.effect == "Allow" and "*" in (*self.actions, *self.resources)
        if wide and not self.because:
            raise ValueError(f"policy statement {self.sid!r}: a '*' among actions or resources needs `because=`")


def document(scope: Construct, id_: str, *statements: Statement, blanks: bool = True) -> str:
    """Create the policy document `<id_>_document` and return the expression of its JSON.

    Args:
        scope: The stack.
        id_: Id of the document, without `_document`.
        statements: Its statements.
        blanks: Whether its JSON has line breaks and indentation, which some services count towards their limit.

    Raises:
        ValueError: Two statements have the same sid.
    """
    if len({statement.sid for statement in statements}) != len(statements):
        raise ValueError(f"policy document {id_!r}: two statements have the same sid; give each its own")
    aws.DataAwsIamPolicyDocument(scope, f"{id_}_document", statement=[_block(statement) for statement in statements])
    policy = ("data.aws_iam_policy_document", f"{id_}_document")
    reasons = {statement.sid: statement.because for statement in statements if statement.because}
    if reasons:
        # On the stack: cdktf 0.21 loses the override of a comment on the data source itself.
        TerraformStack.of(scope).add_override(f"{address(*policy)}.//.because", reasons)
    return reference(*policy, "json" if blanks else "minified_json")


def _block(statement: Statement) -> aws.DataAwsIamPolicyDocumentStatement:
    return aws.DataAwsIamPolicyDocumentStatement(
        sid=statement.sid,
        effect=statement.effect,
        actions=list(statement.actions) or None,
        not_actions=list(statement.not_actions) or None,
        resources=list(statement.resources) or None,
        principals=[
            aws.DataAwsIamPolicyDocumentStatementPrincipals(type=kind, identifiers=list(identifiers))
            for kind, identifiers in statement.principals.items()
        ]
        or None,
        condition=[
            aws.DataAwsIamPolicyDocumentStatementCondition(test=test, variable=variable, values=list(values))
            for test, variable, values in statement.conditions
        ]
        or None,
    )


def trust(service: str, names: Names) -> Statement:
    """Let an AWS service assume a role, only on behalf of this account (against the confused deputy).

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    return Statement(
        sid="Assume",
        actions=["sts:AssumeRole"],
        principals={"Service": [service]},
        conditions=[("StringEquals", "aws:SourceAccount", [names.environment.account_id])],
    )


def tls_only(actions: Sequence[str], resources: Sequence[str]) -> Statement:
    """Deny requests without TLS."""
    return Statement(
        sid="TlsOnly",
        effect="Deny",
        actions=actions,
        resources=resources,
        principals={"AWS": ["*"]},
        conditions=[("Bool", "aws:SecureTransport", ["false"])],
    )
