"""The extract of the AWS provider's schema: the attributes and blocks that a configuration may set, by type."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("schema.json")
META = frozenset(
    {
        *("count", "for_each", "dynamic", "provisioner", "connection"),
        *("provider", "lifecycle", "depends_on", "timeouts", "//"),
    }
)
"""What any block may have: https://developer.hashicorp.com/terraform/language/meta-arguments."""

SECTIONS = {"resource": "", "data": "data.", "ephemeral": "ephemeral."}
"""The start of a type's name in the tables, by its section of a stack's file."""


@cache
def _extract() -> dict[str, Any]:
    extract: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return extract


def version() -> str:
    """The provider's version that the tables are about."""
    return str(_extract()["version"])


def required() -> dict[str, str]:
    """What a stack's `required_providers` must say of AWS's provider."""
    return {"source": "aws", "version": version()}


def types() -> dict[str, dict[str, Any]]:
    """The attributes of each type: Terraform's types, an object for a block, `block` for a block without a table."""
    types: dict[str, dict[str, Any]] = _extract()["types"]
    return types
