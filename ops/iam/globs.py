"""IAM's patterns: `*` matches any text, `?` any character.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html#reference_policies_elements_resource_wildcards
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple


class Wild(NamedTuple):
    """Any number of characters, or any one character, without some."""

    excludes: str = ""
    many: bool = True


Token = str | Wild
"""One character, `?` for any one, or a wildcard."""
Pattern = tuple[Token, ...]
LITERAL = {"*": "\ue000", "?": "\ue001"}
"""Private characters that stand for `*` and `?` themselves: a policy's `${*}` and `${?}`, and values from a request."""
ANY = "\ue002"
"""A private character that stands for any text, also for one with colons."""
_SEGMENTS = 6
"""Parts of an ARN."""


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern."""
    return matches_any((pattern,), text)


def matches_any(patterns: tuple[str, ...], text: str, *, case: bool = True) -> bool:
    """Whether a text matches any of several patterns; names of actions are compared without `case`."""
    return _expression(patterns, case=case, any_character=".").fullmatch(text) is not None


def matches_resource(patterns: tuple[str, ...], arn: str) -> bool:
    """Whether an ARN matches any pattern of a Resource or NotResource element.

    A `*` at the end of a segment matches across colons, and another one within its segment. Missing segments match all.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    return _resources(patterns).fullmatch(arn) is not None


def includes(pattern: str, other: str) -> bool:
    """Whether a pattern surely matches all texts that another pattern matches. A `*` needs a `*` in the pattern."""
    return pattern in ("*", other) or bool(_expression((pattern,), case=True, any_character="[^*]").fullmatch(other))


@cache
def _expression(patterns: tuple[str, ...], *, case: bool, any_character: str) -> re.Pattern[str]:
    texts = (_escaped(text).replace(r"\*", ".*").replace(r"\?", any_character) for text in patterns)
    return _compiled(texts, re.DOTALL if case else re.DOTALL | re.IGNORECASE)


@cache
def _resources(patterns: tuple[str, ...]) -> re.Pattern[str]:
    texts = (_escaped(_completed(text)).replace(r"\?", ".") for text in patterns)
    return _compiled((re.sub(r"(\\\*)+(:|$)", r".*\2", text).replace(r"\*", "[^:]*") for text in texts), re.DOTALL)


def _completed(text: str) -> str:
    """A resource element with all six segments."""
    return text + ":*" * (_SEGMENTS - 1 - text.count(":")) if text.startswith("arn:") else text


def _escaped(text: str) -> str:
    escaped = re.escape(text)
    for character, stand_in in LITERAL.items():
        escaped = escaped.replace(stand_in, f"[{character}]")
    return escaped.replace(ANY, ".*")


def _compiled(texts: Iterable[str], flags: int) -> re.Pattern[str]:
    # Without patterns, nothing matches.
    alternatives = list(texts)
    return re.compile("|".join(alternatives) if alternatives else r"\Z.", flags)


def pattern(text: str) -> Pattern:
    """A text as a pattern."""
    return tuple(Wild() if character == "*" else character for character in text)


def some(excludes: str = "") -> Pattern:
    """One or more characters, without some."""
    return (Wild(excludes, many=False), Wild(excludes))


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
        if _many(left):
            open_.append((i + 1, j))
        if _many(right):
            open_.append((i, j + 1))
        if left is None or right is None or (_many(left) and _many(right)) or not _meet(left, right):
            continue
        open_.append((i if _many(left) else i + 1, j if _many(right) else j + 1))
    return False


def _many(token: Token | None) -> bool:
    return isinstance(token, Wild) and token.many


def _meet(one: Token, other: Token) -> bool:
    """Whether some character matches both tokens."""
    if isinstance(one, Wild):
        return isinstance(other, Wild) or other not in one.excludes
    return one not in other.excludes if isinstance(other, Wild) else one == other or "?" in (one, other)
