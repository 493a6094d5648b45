"""Writes values to Secrets Manager; no message or log has them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from environments.names import Names
from environments.schema import Environment
from ops.aws.errors import AwsError, explained
from ops.aws.session import Aws


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
