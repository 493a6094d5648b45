"""People of other accounts, as those who may assume a role."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from environments.arns import Partition
from environments.schema import IamUser, PermissionSet
from environments.schema.principals import Principal
from modules.policy import Condition, Statement

MFA: Condition = ("Bool", "aws:MultiFactorAuthPresent", ["true"])


def named_principals(
    principals: Sequence[Principal],
    *,
    partition: Partition,
    mfa: Sequence[Condition] = (),
    conditions: Sequence[Condition] = (),
) -> Iterator[Statement]:
    """Let exactly these assume the role: one statement for each kind of principal that is named.

    Args:
        principals: Who may.
        partition: The role's partition; roles can't be assumed across partitions.
        mfa: What IAM users have to show. Only they can: Identity Center asks for MFA, and AWS reports nothing of it to
            the trust policy.
            https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
        conditions: What is asked of everybody.
    """
    users = [each.arn for each in principals if isinstance(each, IamUser)]
    if users:
        yield Statement(
            sid="NamedPrincipals",
            actions=["sts:AssumeRole"],
            principals={"AWS": users},
            conditions=[*mfa, *conditions],
        )
    sets = [each for each in principals if isinstance(each, PermissionSet)]
    if sets:
        yield Statement(
            sid="IdentityCenter",
            actions=["sts:AssumeRole"],
            principals={"AWS": sorted({partition.root(each.account_id) for each in sets})},
            conditions=[
                ("ArnLike", "aws:PrincipalArn", [role for each in sets for role in each.roles(partition)]),
                *conditions,
            ],
        )
