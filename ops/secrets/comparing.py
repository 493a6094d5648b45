"""Compares the secrets of an environment with its values, by name."""

from __future__ import annotations

from dataclasses import dataclass

from environments.names import Names
from environments.schema import Environment
from ops.aws.errors import explained
from ops.aws.session import Aws


@dataclass(frozen=True)
class Compared:
    """The names of an environment's secrets: existing, missing and extra."""

    environment: str
    there: tuple[str, ...]
    missing: tuple[str, ...]
    """In the values, but not in Secrets Manager."""
    extra: tuple[str, ...]
    """In Secrets Manager, but not in the values."""


def compared(aws: Aws, environment: Environment) -> Compared:
    """List the secrets below the environment's path, and compare them with its values.

    Raises:
        AwsError: Secrets Manager's response is an error: the deployer may not list secrets, for instance.
    """
    path = f"{Names(environment).path}/"
    with explained(f"list the secrets of {environment.name} (administrators may)"):
        pages = (
            aws.client("secretsmanager")
            .get_paginator("list_secrets")
            .paginate(Filters=[{"Key": "name", "Values": [path]}])
        )
        names = [each["Name"] for page in pages for each in page["SecretList"]]
    there = {name.removeprefix(path) for name in names if name.startswith(path)}
    wanted = {secret.name for secret in environment.product.secrets}
    return Compared(
        environment.name, tuple(sorted(there)), tuple(sorted(wanted - there)), tuple(sorted(there - wanted))
    )
