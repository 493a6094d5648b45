"""Secrets without which `services` can't start."""

from __future__ import annotations

from environments.schema import Environment
from ops.aws.session import Aws
from ops.secrets.status import State, container, readers_of


def missing(aws: Aws, environment: Environment) -> tuple[str, ...]:
    """Secrets that a service reads and that have no value: its tasks don't start. One call for each secret.

    Raises:
        AwsError: Secrets Manager's response is an error.
    """
    needed = (secret.name for secret in environment.product.secrets if readers_of(environment, secret.name))
    return tuple(name for name in needed if container(aws, environment, name).state is not State.SET)
