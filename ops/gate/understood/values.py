"""Values as Terraform converts them, so that a check of `true` also sees `"true"`, `"1"` and `!false`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ops.gate.templates import expression
from ops.gate.understood import schema

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
"""https://developer.hashicorp.com/terraform/language/expressions/types#type-conversion, and the numbers 1 and 0."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def converted(section: str, kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A block's settings, with literals of another type than the provider's schema says converted to that type."""
    types = schema.types().get(kind if section == "resource" else f"{section}.{kind}", {})
    return {name: _value(value, types.get(name)) for name, value in settings.items()}


def _value(value: Any, type_: object) -> Any:  # noqa: ANN401  (any JSON value)
    if isinstance(type_, dict):
        if isinstance(value, list):
            return [_value(each, type_) for each in value]
        return (
            {name: _value(each, type_.get(name)) for name, each in value.items()} if isinstance(value, dict) else value
        )
    if type_ in ("bool", "number") and isinstance(value, str):
        text = (expression(value) or value).strip()
        negations = len(text) - len(text.lstrip("!"))
        literal = text.lstrip("!").strip().strip('"')
        if type_ == "bool" and literal in _BOOLEANS:
            return _BOOLEANS[literal] ^ bool(negations % 2)
        if type_ == "number" and not negations and _NUMBER.fullmatch(literal):
            return float(literal) if "." in literal else int(literal)
    return value
