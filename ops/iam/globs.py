"""IAM's patterns: `*` matches any text, `?` any character.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html#reference_policies_elements_resource_wildcards
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple


class Wild(NamedTuple):
    """Any number of characters, but for some."""

    excludes: str = ""


Token = str | Wild
"""One character, `?` for any one, or any number of them."""
Pattern = tuple[Token, ...]


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern."""
    return matches_any((pattern,), text)


def matches_any(patterns: tuple[str, ...], text: str, *, case: bool = True) -> bool:
    """Whether a text matches any of several patterns; names of actions are compared without `case`."""
    return _expression(patterns, case=case, any_character=".").fullmatch(text) is not None


def includes(pattern: str, other: str) -> bool:
    """Whether a pattern surely matches all texts that another pattern matches. A `*` needs a `*` in the pattern."""
    return pattern in ("*", other) or bool(_expression((pattern,), case=True, any_character="[^*]").fullmatch(other))


@cache
def _expression(patterns: tuple[str, ...], *, case: bool, any_character: str) -> re.Pattern[str]:
    texts = (re.escape(text).replace(r"\*", ".*").replace(r"\?", any_character) for text in patterns)
    return re.compile("|".join(texts) if patterns else r"\Z.", re.DOTALL if case else re.DOTALL | re.IGNORECASE)


def pattern(text: str) -> Pattern:
    """A text as a pattern."""
    return tuple(Wild() if character == "*" else character for character in text)


def overlap(one: Pattern, other: Pattern) -> bool:
    """Whether some text matches both."""
    seen: set[tuple[int, int]] = set()
    open_ = [(0, 0)]
    while open_:
        i, j = place = open_.pop()
        if place in seen:
            continue
        seen.add(place)
        left = one[i] if i < len(one) else None
        right = other[j] if j < len(other) else None
        if left is None and right is None:
            return True
        if isinstance(left, Wild):
            open_.append((i + 1, j))
        if isinstance(right, Wild):
            open_.append((i, j + 1))
        if isinstance(left, Wild) and _takes(left, right):
            open_.append((i, j + 1))
        elif isinstance(right, Wild) and _takes(right, left):
            open_.append((i + 1, j))
        elif left is not None and right is not None and (left == right or "?" in (left, right)):
            open_.append((i + 1, j + 1))
    return False


def _takes(wild: Wild, token: Token | None) -> bool:
    """Whether a wildcard can stand for a character of the other pattern."""
    return isinstance(token, str) and token not in wild.excludes
