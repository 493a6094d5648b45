"""Secrets, without ever reading a value."""

from __future__ import annotations

from ops.verify.context import Context
from ops.verify.model import met


def secrets_have_values(context: Context) -> str:
    """Every secret has a value."""
    names = [context.names.secret(secret.name) for secret in context.environment.product.secrets]
    empty = [name for name in names if not _has_value(context, name)]
    return met([f"{name} has no value" for name in empty], f"{len(names)} secrets below {context.names.path}/")


def _has_value(context: Context, name: str) -> bool:
    described = context.ask("secretsmanager", "describe_secret", SecretId=name)
    labels = described.get("VersionIdsToStages", {}).values()
    return not described.get("DeletedDate") and any("AWSCURRENT" in each for each in labels)
