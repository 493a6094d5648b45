"""IAM policy documents as data sources, which the scanner can see into (it can't see into `jsonencode`)."""

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
    """One statement. A bare `*` among its actions or resources needs a reason (R0.3)."""

    sid: str
    actions: Sequence[str] = ()
    not_actions: Sequence[str] = ()
    resources: Sequence[str] = ()
    effect: Literal["Allow", "Deny"] = "Allow"
    principals: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By kind: AWS, Service or Federated."""
    conditions: Sequence[Condition] = ()
    because: str = ""
    """Why the wildcard is right; it is written beside the statement in the JSON."""

    def __post_init__(self) -> None:
        wide = self.effect == "Allow" and "*" in (*self.actions, *self.resources)
        if wide and not self.because:
            raise ValueError(f"policy statement {self.sid!r}: a '*' among actions or resources needs `because=`")


def document(scope: Construct, id_: str, *statements: Statement, blanks: bool = True) -> str:
    """Make the policy document `<id_>_document` and return the expression of its JSON.

    Args:
        scope: The stack.
        id_: Name of the document, without its last part.
        statements: What it holds.
        blanks: Whether its JSON has line breaks and indentation, which some services count.

    Raises:
        ValueError: Two statements have the same sid.
    """
    if len({statement.sid for statement in statements}) != len(statements):
        raise ValueError(f"policy document {id_!r}: every sid may stand once")
    aws.DataAwsIamPolicyDocument(scope, f"{id_}_document", statement=[_block(statement) for statement in statements])
    policy = ("data.aws_iam_policy_document", f"{id_}_document")
    reasons = {statement.sid: statement.because for statement in statements if statement.because}
    if reasons:
        # By the stack: a data source's own overrides of its comment are lost in cdktf 0.21.
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
    """Let an AWS service assume a role, on behalf of this account only (the confused deputy).

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    return Statement(
        sid="Assume",
        actions=["sts:AssumeRole"],
        principals={"Service": [service]},
        conditions=[("StringEquals", "aws:SourceAccount", [names.environment.account_id])],
    )


def tls_only(actions: Sequence[str], resources: Sequence[str]) -> Statement:
    """Refuse requests without TLS."""
    return Statement(
        sid="TlsOnly",
        effect="Deny",
        actions=actions,
        resources=resources,
        principals={"AWS": ["*"]},
        conditions=[("Bool", "aws:SecureTransport", ["false"])],
    )
