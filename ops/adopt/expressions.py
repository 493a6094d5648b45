"""Expressions of the tables: JMESPath (https://jmespath.org/specification.html) with a few functions, in templates."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import jmespath
from jmespath import exceptions, functions

NEW = "\0a resource that the stack creates"
"""In place of an attribute of a resource that doesn't exist yet, or can't be taken over."""
UNKNOWN = "\0unknown"
"""In place of a value that can't be followed, such as a policy document."""
_NONE = "\0none"
_EXPRESSION = re.compile(r"\{([^{}]*)\}")


class _Functions(functions.Functions):  # type: ignore[misc]  # untyped
    """JMESPath finds them by their names: `_func_` and the name in expressions."""

    @functions.signature({"types": ["string"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_last_part(self, text: str, separator: str) -> str:
        return text.rpartition(separator)[2]

    @functions.signature({"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_without_scheme(self, url: str) -> str:
        return url.partition("://")[2]

    @functions.signature({"types": ["string"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_overlaps(self, one: str, other: str) -> bool:
        return ipaddress.ip_network(one).overlaps(ipaddress.ip_network(other))

    @functions.signature({"types": ["array", "object", "null"]})  # type: ignore[untyped-decorator]
    def _func_first(self, blocks: Any) -> Any:  # noqa: ANN401  (any JSON value)
        """A block that may be written as a list of one."""
        return next(iter(blocks), None) if isinstance(blocks, list) else blocks

    @functions.signature({"types": ["string", "boolean", "null"]})  # type: ignore[untyped-decorator]
    def _func_boolean(self, value: str | bool | None) -> bool | None:
        return value == "true" if isinstance(value, str) else value


_OPTIONS = jmespath.Options(custom_functions=_Functions())


@cache
def _compiled(expression: str) -> Any:  # noqa: ANN401  (untyped)
    return jmespath.compile(expression)


def evaluate(expression: str, context: Mapping[str, Any]) -> Any:  # noqa: ANN401  (any JSON value)
    """The value of an expression; None if there is none, or a function gets what it isn't for, such as no range."""
    try:
        return _compiled(expression).search(context, _OPTIONS)
    except (exceptions.JMESPathTypeError, ValueError):
        return None


def filled(template: Any, context: Mapping[str, Any]) -> Any:  # noqa: ANN401  (any JSON value)
    """A template with the values of its expressions; a text that is one expression becomes its value."""
    if isinstance(template, Mapping):
        return {key: filled(value, context) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(each, context) for each in template]
    if not isinstance(template, str):
        return template
    if whole := _EXPRESSION.fullmatch(template):
        return evaluate(whole[1], context)
    return _EXPRESSION.sub(lambda found: _text(evaluate(found[1], context)), template)


def names(template: Any) -> set[str]:  # noqa: ANN401  (any JSON value)
    """The words of all texts in a template, among which are the arguments that its expressions read."""
    if isinstance(template, str):
        return set(re.findall(r"[A-Za-z_]\w*", template))
    parts = [*template.keys(), *template.values()] if isinstance(template, Mapping) else template
    return {name for each in parts for name in names(each)} if isinstance(parts, (list, tuple)) else set()


def lacks(value: Any) -> bool:  # noqa: ANN401  (any JSON value)
    """Whether a value, or a part of it, is none, new or unknown."""
    if isinstance(value, Mapping):
        return any(map(lacks, value.values()))
    if isinstance(value, list):
        return any(map(lacks, value))
    return value is None or (isinstance(value, str) and "\0" in value)


def same(one: Any, other: Any) -> bool:  # noqa: ANN401  (any JSON value)
    """Whether a stack's value is AWS's: texts, numbers and switches are equal if they are written alike."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return _text(one) == _text(other)


def _text(value: object) -> str:
    return _NONE if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def shown(value: Any) -> str:  # noqa: ANN401  (any JSON value)
    """A value for a message."""
    if isinstance(value, list):
        return ", ".join(shown(each) for each in value if each is not None)
    return "none" if value is None else _text(value).removeprefix("\0")
