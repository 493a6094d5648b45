"""The way into an account's registry."""

from __future__ import annotations

import base64

from ops.aws import Aws, explained, only
from ops.promote.registry import Repository


def repository(aws: Aws, account_id: str, region: str, name: str) -> Repository:
    """A repository of an account, which may be another one than the caller's.

    The token opens whatever the caller's and the repository's policies allow; the account decides the address only.
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
    """
    with explained(f"log in to the registry of account {account_id}"):
        answer = aws.client("ecr", region=region).get_authorization_token(registryIds=[account_id])
    login = only(answer["authorizationData"], f"logins to the registry of account {account_id}")
    user, _, password = base64.b64decode(login["authorizationToken"]).decode().partition(":")
    return Repository(login["proxyEndpoint"], name, (user, password))
