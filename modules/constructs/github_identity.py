"""GitHub as an identity provider: jobs get credentials without any key that could leak."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.iam_openid_connect_provider import IamOpenidConnectProvider
from constructs import Construct

from environments.names import Names
from modules.policy import Statement

_ISSUER = "token.actions.githubusercontent.com"
_AUDIENCE = "sts.amazonaws.com"


class GithubIdentity:
    """The account's provider of GitHub's tokens: an account has one."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, repository: str) -> None:
        """Make the provider, unless another stage of the account does.

        Args:
            scope: The stack.
            id_: Id of the provider.
            names: The environment's names.
            repository: The one whose jobs may come in, as GitHub's tokens name it.
        """
        self.arn = names.arn("iam", f"oidc-provider/{_ISSUER}", region="")
        if names.environment.creates_account_resources:
            # AWS checks GitHub's certificate by its own trust store; thumbprints are not needed.
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
            IamOpenidConnectProvider(scope, id_, url=f"https://{_ISSUER}", client_id_list=[_AUDIENCE])
            self.arn = f"${{aws_iam_openid_connect_provider.{id_}.arn}}"
        self._repository = repository

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
