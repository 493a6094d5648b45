"""People and roles of other accounts, as those who may assume a role."""

from __future__ import annotations

from collections.abc import Sequence

from modules.policy import Condition, Statement

MFA: Condition = ("Bool", "aws:MultiFactorAuthPresent", ["true"])


def named_principals(arns: Sequence[str], *, conditions: Sequence[Condition] = ()) -> list[Statement]:
    """Let exactly these assume the role, under conditions; no statement where there are none."""
    if not arns:
        return []
    return [
        Statement(
            sid="NamedPrincipals", actions=["sts:AssumeRole"], principals={"AWS": arns}, conditions=list(conditions)
        )
    ]
