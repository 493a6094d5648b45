"""Writes values to Secrets Manager; no message or log has them.

The cache's user gets a new password, and the application the URL with it (docs/adr/0006, docs/adr/0012).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from environments.names import Names
from environments.schema import Environment
from ops.aws.errors import AwsError, explained, only
from ops.aws.session import Aws
from ops.aws.waiting import polls, shown
from ops.command import say
from ops.secrets.status import CURRENT, container

PENDING = "AWSPENDING"
"""Label of a version that isn't valid yet.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""
ACCESS = "on ~* &* +@all -@admin"
"""What the application's user may do: everything but administration (docs/adr/0006)."""
_WAIT_SECONDS = 10 * 60
_PASSWORD_BYTES = 32


@contextmanager
def unseen(value: SecretStr, doing: str) -> Iterator[None]:
    """Like `explained`, for calls that carry a value: errors don't have it, and there is no debug log.

    botocore's debug log has whole requests: https://docs.aws.amazon.com/boto3/latest/reference/core/boto3.html.
    """
    before = logging.root.manager.disable
    logging.disable(max(before, logging.DEBUG))
    try:
        with explained(doing):
            yield
    except AwsError as error:
        raise AwsError(str(error).replace(value.get_secret_value(), "…")) from None
    finally:
        logging.disable(before)


def write(aws: Aws, environment: Environment, name: str, value: SecretStr, *, label: str | None = None) -> str:
    """Write a new version of a secret and return its id. The previous version stays, as AWSPREVIOUS.

    Args:
        aws: The account.
        environment: The environment.
        name: The secret.
        value: Its value.
        label: Staging label of the version; by default AWSCURRENT.

    Raises:
        AwsError: Secrets Manager refuses the value; nothing was changed.
    """
    secret = Names(environment).secret(name)
    labels: Any = {"VersionStages": [label]} if label else {}
    with unseen(value, f"write the secret {secret}"):
        written = aws.client("secretsmanager").put_secret_value(
            SecretId=secret, SecretString=value.get_secret_value(), **labels
        )
    return str(written["VersionId"])


def renew_cache_url(aws: Aws, environment: Environment, name: str) -> str:
    """Give the cache's user a new password, and make the URL with it current. Returns the version's id.

    The URL is written first, as pending, so that a missing permission or an outage stops this before the cache changes.
    A secret's first URL is written last: its first version is current at once, and `status` would report it as set.

    Raises:
        AwsError: A step failed; the message says what to do.
    """
    names = Names(environment)
    user, host = names.resource("app"), _cache_host(aws, names.cache)
    # Hexadecimal: it needs no escaping in a URL, and 64 characters are within ElastiCache's 16 to 128.
    password = SecretStr(secrets.token_hex(_PASSWORD_BYTES))
    url = SecretStr(f"rediss://{user}:{password.get_secret_value()}@{host}/0")
    previous = container(aws, environment, name).version
    version = write(aws, environment, name, url, label=PENDING) if previous else ""
    remedy = f"The password of the cache's user {user} and {name} may differ now: run the command again"
    try:
        _set_password(aws, user, password)
        _wait_until_active(aws, user)
        if not previous:
            return write(aws, environment, name, url)
        with explained(f"make the new version of {names.secret(name)} current"):
            aws.client("secretsmanager").update_secret_version_stage(
                SecretId=names.secret(name),
                VersionStage=CURRENT,
                MoveToVersionId=version,
                RemoveFromVersionId=previous,
            )
    except AwsError as error:
        raise AwsError(f"{error}. {remedy}") from error
    except KeyboardInterrupt:
        say(remedy)
        raise
    return version


def _cache_host(aws: Aws, replication_group: str) -> str:
    """Address and port of the cache's primary node."""
    with explained(f"find the cache {replication_group} (phase data creates it; administrators may read it)"):
        found = aws.client("elasticache").describe_replication_groups(ReplicationGroupId=replication_group)
    group = only(found["ReplicationGroups"], f"caches {replication_group}")
    # Cluster mode is off: there is one node group. Several would each have a part of the keys.
    # https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ReplicationGroup.html
    endpoint = only(group.get("NodeGroups", ()), f"node groups of the cache {replication_group}")["PrimaryEndpoint"]
    return f"{endpoint['Address']}:{endpoint['Port']}"


def _set_password(aws: Aws, user: str, password: SecretStr) -> None:
    with unseen(password, f"give the cache's user {user} its password"):
        aws.client("elasticache").modify_user(
            UserId=user,
            AccessString=ACCESS,
            AuthenticationMode={"Type": "password", "Passwords": [password.get_secret_value()]},
        )


def _wait_until_active(aws: Aws, user: str) -> None:
    with shown(f"waiting until the cache has {user}'s new password"):
        for _ in polls(_WAIT_SECONDS):
            with explained(f"read the cache's user {user}"):
                described = only(aws.client("elasticache").describe_users(UserId=user)["Users"], f"users {user}")
            if described["Status"] == "active":
                return
    raise AwsError(f"the cache's user {user} is still being changed after {_WAIT_SECONDS // 60} minutes")
