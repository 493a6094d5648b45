"""Whether two patterns can mean the same text."""

from __future__ import annotations

from typing import NamedTuple


class Wild(NamedTuple):
    """Any number of characters, but for some."""

    excludes: str = ""


Token = str | Wild
"""One character, `?` for any one, or any number of them."""
Pattern = tuple[Token, ...]


def pattern(text: str) -> Pattern:
    """IAM's own patterns: `*` is any text, `?` any character."""
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
