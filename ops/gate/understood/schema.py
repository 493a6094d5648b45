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

OF_META = frozenset(
    {
        *("create_before_destroy", "ignore_changes", "postcondition"),
        *("provider", "replace_triggered_by", "timeouts"),
    }
)
"""Keys of a type's table about meta-arguments of its resources, which must be exactly so.

Of `ignore_changes`, ROLLOUT_TRAFFIC and ROLLOUT_DEPLOYMENT find less; `provider` has the aliases that a resource may
use; `timeouts` has seconds, and more are fine: Terraform marks what isn't complete in time as tainted, and replaces it.
https://developer.hashicorp.com/terraform/language/resources/syntax#operation-timeouts
"""
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


def deprecated() -> dict[str, list[str]]:
    """Paths that the provider calls deprecated, by type, as in `rule.prefix`; an empty path is the type itself."""
    found: dict[str, list[str]] = _extract()["deprecated"]
    return found
