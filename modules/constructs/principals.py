"""Who may assume roles: people of other accounts, and GitHub's jobs."""

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


class GithubIdentity:
    """GitHub as an identity provider: jobs get credentials without any key that could leak.

    An account has one provider of GitHub's tokens, so another stage of the account may make it.
    """

    def __init__(self, scope: Construct, id_: str, *, spec: Access, names: Names) -> None:
        self.arn = names.arn("iam", f"oidc-provider/{_ISSUER}", region="")
        if names.environment.creates_account_resources:
            # AWS checks GitHub's certificate by its own trust store; thumbprints are not needed.
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
