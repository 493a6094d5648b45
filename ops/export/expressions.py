"""Writes a JSON value as Terraform's own expression.

Terraform takes a text in JSON as a template: https://developer.hashicorp.com/terraform/language/syntax/json#expression-mapping.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ops.gate.templates import spans

WIDTH = 100
"""A list longer than that has one element a line."""
INDENT = "  "
_IDENTIFIER = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_KEYWORDS = frozenset({"for", "null", "true", "false"})
"""Names that mean something else as the first word of an object."""
_ESCAPES = str.maketrans(
    {
        **{chr(code): f"\\u{code:04x}" for code in (*range(0x20), 0x7F)},
        **{'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"},
    }
)
"""https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences."""
_BYTE_ORDER_MARK = "\ufeff"
_STRIPS = re.compile(r"^\$\{~|~\}$")
_DIRECTIVE = re.compile(r"(?<!%)%\{")


class InexpressibleError(Exception):
    """A JSON value has no equal in HCL, or means something that the export doesn't write."""


def is_identifier(text: str) -> bool:
    """Whether a text can be the name of an attribute or a block."""
    return _IDENTIFIER.fullmatch(text) is not None


def template(text: str) -> str:
    """A text that may hold `${…}`: as the expression if it is one and nothing else, otherwise as a quoted template.

    Raises:
        InexpressibleError: It is no template that can be written on one line.
    """
    if text.startswith(_BYTE_ORDER_MARK):  # Terraform 1.11 leaves it out of a template in JSON, and doesn't in HCL.
        raise InexpressibleError("begins with a byte order mark")
    if "{" not in text:
        return _quoted(text)
    if "\r" in text and "${" in text:  # Terraform 1.11 doesn't evaluate what follows it in JSON, and does in HCL.
        raise InexpressibleError("has a carriage return in a template")
    if _DIRECTIVE.search(text):
        raise InexpressibleError("has a template directive %{…}, which isn't exported")
    parts, at = [], 0
    for start, end in spans(text):
        inside = text[start + 2 : end - 1]
        if text[end - 1] != "}" or not inside.strip():
            raise InexpressibleError("has a ${ that isn't closed, or nothing in it")
        if "\n" in inside:
            raise InexpressibleError("has an expression of more than one line")
        if (start, end) == (0, len(text)) and not inside.startswith("~") and not inside.endswith("~"):
            return inside.strip()
        if "\n" in text and _STRIPS.search(text[start:end]):  # In HCL, Terraform 1.11 strips beyond the end of a line.
            raise InexpressibleError("has a strip marker ~ in a text of several lines")
        parts += [text[at:start].translate(_ESCAPES), text[start:end]]
        at = end
    return f'"{"".join(parts)}{text[at:].translate(_ESCAPES)}"'


def literal(value: Any) -> list[str]:  # noqa: ANN401 - any JSON value
    """A value that Terraform doesn't evaluate, such as a setting of the backend: `${` is two characters of it."""
    return expression(value, evaluated=False)


def expression(value: Any, *, evaluated: bool = True) -> list[str]:  # noqa: ANN401 - any JSON value
    """The lines of a JSON value's expression, as `terraform fmt` writes them.

    Args:
        value: The value; the order of lists and keys stays.
        evaluated: Whether its texts are templates.

    Raises:
        InexpressibleError: A text in it can't be written.
    """
    if isinstance(value, str):
        return [template(value) if evaluated else _verbatim(value)]
    if value is None or isinstance(value, bool):
        return [{None: "null", True: "true", False: "false"}[value]]
    if isinstance(value, int | float):
        return [json.dumps(value)]
    if isinstance(value, Mapping):
        pairs = [(_key(key, evaluated), expression(each, evaluated=evaluated)) for key, each in value.items()]
        return ["{", *indented(aligned(pairs)), "}"] if pairs else ["{}"]
    if isinstance(value, Sequence):
        return _list([expression(each, evaluated=evaluated) for each in value])
    raise InexpressibleError(f"has a {type(value).__name__}, which isn't JSON")


def aligned(pairs: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    """Lines of names and values; `terraform fmt` aligns the equals signs of neighbours with values of one line."""
    lines: list[str] = []
    chain: list[tuple[str, str]] = []

    def close() -> None:
        width = max((len(name) for name, _ in chain), default=0)
        lines.extend(f"{name:<{width}} = {value}" for name, value in chain)
        chain.clear()

    for name, (first, *rest) in pairs:
        if rest:
            close()
            lines += [f"{name} = {first}", *rest]
        else:
            chain.append((name, first))
    close()
    return lines


def indented(lines: Iterable[str]) -> list[str]:
    """Lines one level deeper; empty lines stay empty."""
    return [f"{INDENT}{line}" if line else line for line in lines]


def sequence(texts: Sequence[str]) -> list[str]:
    """A list of expressions that are written already, such as addresses."""
    return _list([[text] for text in texts])


def _list(elements: Sequence[Sequence[str]]) -> list[str]:
    if all(len(lines) == 1 for lines in elements):
        joined = f"[{', '.join(lines[0] for lines in elements)}]"
        if len(elements) < 2 or len(joined) <= WIDTH:
            return [joined]
    inside = [line for *first, last in elements for line in (*first, f"{last},")]
    return ["[", *indented(inside), "]"]


def _key(key: str, evaluated: bool) -> str:
    if is_identifier(key) and key not in _KEYWORDS:
        return key
    written = template(key) if evaluated else _verbatim(key)
    return written if written.startswith('"') else f"({written})"


def _verbatim(text: str) -> str:
    return _quoted(re.sub(r"[$%](?=\{)", lambda sign: sign[0] * 2, text))


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'
