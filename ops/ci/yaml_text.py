"""YAML with comments from plain values, as workflows are written. A library that keeps comments is for tests only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

_PLAIN = re.compile(r"""[A-Za-z_./$](?:[\w ./$*{}\[\]()&|<=>!'"?+@,~%;-]|:(?=\S))*(?<! )""")
"""Strings that need no quotes: they begin and contain nothing that YAML reads as something else."""
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n", "~"})
"""Words that YAML 1.1 reads as a boolean or null. https://yaml.org/type/bool.html"""


class Noted(NamedTuple):
    """A value with a comment on its line."""

    value: Value
    comment: str


Value: TypeAlias = "str | int | bool | Noted | Sequence[Value] | Mapping[str, Value]"


def as_yaml(document: Mapping[str, Value], head: str = "") -> str:
    """A document as YAML.

    Args:
        document: Its keys, in order.
        head: A comment before it.
    """
    comment = "".join(f"# {line}\n" for line in head.splitlines())
    return comment + "\n".join(_mapping(document, 0)) + "\n"


def _mapping(values: Mapping[str, Value], depth: int) -> Iterator[str]:
    for key, given in values.items():
        value, comment = given if isinstance(given, Noted) else (given, "")
        start, end = f"{'  ' * depth}{key}:", f" # {comment}" if comment else ""
        if isinstance(value, str) and "\n" in value:
            yield f"{start} |{end}"
            yield from (f"{'  ' * (depth + 1)}{line}".rstrip() for line in value.splitlines())
        elif isinstance(value, Mapping) and value:
            yield start + end
            yield from _mapping(value, depth + 1)
        elif isinstance(value, Sequence) and not isinstance(value, str) and any(_nested(part) for part in value):
            yield start + end
            yield from _items(value, depth + 1)
        else:
            yield f"{start} {_inline(value)}{end}"


def _nested(part: Value) -> bool:
    return isinstance(part, Mapping | Noted) or (isinstance(part, str) and len(part) > 40)


def _items(parts: Sequence[Value], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for part in parts:
        value, comment = part if isinstance(part, Noted) else (part, "")
        if isinstance(value, Mapping):
            first, *rest = _mapping(value, depth + 1)
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {_inline(value)}" + (f" # {comment}" if comment else "")


def _inline(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(_quoted(part) for part in value)}]"
    return str(value)


def _quoted(part: Value) -> str:
    """A part of a list on one line, where a comma and brackets have a meaning."""
    text = _inline(part)
    return json.dumps(part) if isinstance(part, str) and re.search(r"[,\[\]{}]", text) and text == part else text
