"""Trust policies: for named users and permission sets, and for GitHub's jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from environments.arns import Partition
from environments.names import Names
from environments.schema import Access, IamUser, PermissionSet
from environments.schema.principals import Principal
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.ids import reference
from modules.policy import Condition, Statement

MFA: Condition = ("Bool", "aws:MultiFactorAuthPresent", ["true"])
_ISSUER = "token.actions.githubusercontent.com"
_AUDIENCE = "sts.amazonaws.com"


def named_principals(
    principals: Sequence[Principal],
    *,
    partition: Partition,
    mfa: Sequence[Condition] = (),
    conditions: Sequence[Condition] = (),
) -> Iterator[Statement]:
    """Let exactly these principals assume the role: one statement for each kind of principal.

    Args:
        principals: IAM users and permission sets.
        partition: The role's partition; roles can't be assumed across partitions.
        mfa: Conditions on MFA, for IAM users only. Identity Center requires MFA itself, and a trust policy can't see
            it.
            https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
        conditions: Conditions for all principals.
    """
    users = [principal.arn for principal in principals if isinstance(principal, IamUser)]
    if users:
        yield Statement(
            sid="NamedPrincipals",
            actions=["sts:AssumeRole"],
            principals={"AWS": users},
            conditions=[*mfa, *conditions],
        )
    permission_sets = [principal for principal in principals if isinstance(principal, PermissionSet)]
    if permission_sets:
        yield Statement(
            sid="IdentityCenter",
            actions=["sts:AssumeRole"],
            principals={
                "AWS": sorted({partition.root(permission_set.account_id) for permission_set in permission_sets})
            },
            conditions=[
                (
                    "ArnLike",
                    "aws:PrincipalArn",
                    [role for permission_set in permission_sets for role in permission_set.roles(partition)],
                ),
                *conditions,
            ],
        )


class GithubIdentity:
    """GitHub as an identity provider: jobs get temporary credentials, without access keys.

    An account has only one provider for GitHub's tokens, so another stage of the account may create it.
    """

    def __init__(self, scope: Construct, id_: str, *, spec: Access, names: Names) -> None:
        self.arn = names.arn("iam", f"oidc-provider/{_ISSUER}", region="")
        if names.environment.creates_account_resources:
            # AWS verifies GitHub's certificate with its own trust store, so thumbprints aren't needed.
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
            aws.IamOpenidConnectProvider(scope, id_, url=f"https://{_ISSUER}", client_id_list=[_AUDIENCE])
            self.arn = reference("aws_iam_openid_connect_provider", id_, "arn")
        self._repository = spec.github_repository or names.environment.product.repository

    def trust(self, environment: str) -> Statement:
        """Let jobs of one GitHub environment of the repository assume a role.

        https://docs.github.com/actions/reference/security/oidc
        """
        return Statement(
            sid="GithubJobs",
            actions=["sts:AssumeRoleWithWebIdentity"],
            principals={"Federated": [self.arn]},
            conditions=[
                ("StringEquals", f"{_ISSUER}:aud", [_AUDIENCE]),
                ("StringEquals", f"{_ISSUER}:sub", [f"repo:{self._repository}:environment:{environment}"]),
            ],
        )
