"""Terraform's `${…}` templates, as far as the gate needs them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

_REFERENCE = re.compile(r"(?<![\w.-])((?:data\.|ephemeral\.)?[A-Za-z_][\w-]*)\.([A-Za-z_][\w-]*)")
_UNNESTED = re.compile(r'[^{}"]*\}')
_QUOTED_OR_BRACE = re.compile(r'\\?"(?:[^"\\]|\\[^"])*\\?"|[{}]')


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each `${…}`, with balanced braces and quotes; `$${` is a literal."""
    at = text.find("${")
    while at >= 0:
        if at > 0 and text[at - 1] == "$":
            at = text.find("${", at + 2)
            continue
        end = _end(text, at + 2)
        yield at, end
        at = text.find("${", end)


def _end(text: str, at: int) -> int:
    if simple := _UNNESTED.match(text, at):
        return simple.end()
    depth = 1
    for token in _QUOTED_OR_BRACE.finditer(text, at):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return len(text)


def expression(text: str) -> str | None:
    """The expression, if the whole text is one `${…}`; else None."""
    whole = text.startswith("${") and next(spans(text), None) == (0, len(text))
    return text[2:-1].strip() if whole else None


_PLAIN = re.compile(
    r"(?P<data>data\.)?(?P<kind>[a-z]\w*)\.(?P<name>[A-Za-z_][\w-]*)(?P<attribute>(?:\.\w+|\[(?:\d+|\"[^\"]*\")\])*)"
)


def plain(value: object) -> re.Match[str] | None:
    """The parts of a value that is one reference and nothing else: data, kind, name and attribute."""
    return _plain(value) if isinstance(value, str) else None


@lru_cache(10_000)
def _plain(text: str) -> re.Match[str] | None:
    return _PLAIN.fullmatch(expression(text) or "")


def references(value: object) -> Iterator[tuple[str, str]]:
    """The first two parts of each reference in the expressions of a JSON value, as in `("local", "image")`."""
    if isinstance(value, str):
        for start, end in spans(value):
            yield from _REFERENCE.findall(value[start + 2 : end - 1])
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from references(each)


def rewrite(text: str, change: Callable[[str], str]) -> str:
    """The text with every expression changed."""
    parts, at = [], 0
    for start, end in spans(text):
        parts += [text[at : start + 2], change(text[start + 2 : end - 1]), "}"]
        at = end
    return "".join([*parts, text[at:]])


def literal(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A JSON value whose strings are templates, as an expression."""
    if isinstance(value, str):
        return expression(value) or json.dumps(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {literal(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value)


def parse_json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Parse JSON that has `${…}` in or between its strings.

    Raises:
        ValueError: It isn't JSON.
    """
    held: list[str] = []
    parts, at = [], 0
    for start, end in spans(text):
        before = text[at:start]
        held.append(text[start:end].replace('\\"', '"'))
        parts += [before, f"\ue000{len(held) - 1}\ue001"]
        at = end
    holed = "".join([*parts, text[at:]])
    # A placeholder outside a string (such as a number) must become a string to be JSON.
    in_strings = re.sub(r'"(?:[^"\\]|\\.)*"', lambda string: string[0].replace("\ue000", "\ue002"), holed)
    whole = re.sub("\ue000(\\d+)\ue001", '"\ue002\\1\ue001"', in_strings)

    def restore(value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, str):
            return re.sub("\ue002(\\d+)\ue001", lambda hole: held[int(hole[1])], value)
        if isinstance(value, dict):
            return {restore(key): restore(each) for key, each in value.items()}
        if isinstance(value, list):
            return [restore(each) for each in value]
        return value

    return restore(json.loads(whole))
