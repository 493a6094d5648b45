"""Whether environments have the secrets that their values name. Names only."""

from __future__ import annotations

from dataclasses import dataclass

from environments.names import Names
from environments.schema import Environment
from ops.aws.errors import explained
from ops.aws.session import Aws


@dataclass(frozen=True)
class Compared:
    """One environment's secrets, as they are and as they should be."""

    environment: str
    there: tuple[str, ...]
    missing: tuple[str, ...]
    """Named in the values, and not there."""
    extra: tuple[str, ...]
    """There, and not in the values."""


def compared(aws: Aws, environment: Environment) -> Compared:
    """List what is there below the environment's path, and compare it with its values.

    Raises:
        AwsError: Secrets Manager can't be asked; the deployer may not list.
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
