"""IAM's patterns: `*` matches any text, `?` any character.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html#reference_policies_elements_resource_wildcards
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
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
_SPECIAL = frozenset({"*", "?", ANY, *LITERAL.values()})
_SEGMENTS = 6
"""Parts of an ARN."""


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern."""
    return matcher(pattern)(text)


def matcher(pattern: str) -> Callable[[str], bool]:
    """Returns whether a text matches a pattern."""
    return _texts((pattern,), case=True).match


def matches_any(patterns: tuple[str, ...], text: str, *, case: bool = True) -> bool:
    """Whether a text matches any of several patterns; names of actions are compared without `case`."""
    return _texts(patterns, case=case).match(text if case else text.lower())


def matches_resource(patterns: tuple[str, ...], arn: str) -> bool:
    """Whether an ARN matches any pattern of a Resource or NotResource element.

    A `*` at the end of a segment matches across colons, and another one within its segment. Missing segments match all.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    return _resources(patterns).match(arn)


def includes(pattern: str, other: str) -> bool:
    """Whether a pattern surely matches all texts that another pattern matches. A `*` needs a `*` in the pattern."""
    return pattern in ("*", other) or bool(_included(pattern).fullmatch(other))


class _Matcher(NamedTuple):
    """Patterns by their form: few need a regular expression, which takes long to compile."""

    whole: frozenset[str]
    starts: tuple[str, ...]
    others: re.Pattern[str] | None

    @classmethod
    def of(cls, patterns: Iterable[str], expression: Callable[[str], str]) -> _Matcher:
        """Take patterns, and the function that returns the regular expression of one."""
        whole, starts, others = set(), [], []
        for text in patterns:
            if _SPECIAL.isdisjoint(text):
                whole.add(text)
            elif text.endswith("*") and _SPECIAL.isdisjoint(text[:-1]):
                starts.append(text[:-1])
            else:
                others.append(expression(text))
        return cls(frozenset(whole), tuple(starts), re.compile("|".join(others), re.DOTALL) if others else None)

    def match(self, text: str) -> bool:
        """Whether a text matches any."""
        return (
            text in self.whole
            or text.startswith(self.starts)
            or (self.others is not None and self.others.fullmatch(text) is not None)
        )


@cache
def _included(pattern: str) -> re.Pattern[str]:
    return re.compile(_escaped(pattern).replace(r"\*", ".*").replace(r"\?", "[^*]"), re.DOTALL)


@cache
def _texts(patterns: tuple[str, ...], *, case: bool) -> _Matcher:
    return _Matcher.of(
        (text if case else text.lower() for text in patterns),
        lambda text: _escaped(text).replace(r"\*", ".*").replace(r"\?", "."),
    )


@cache
def _resources(patterns: tuple[str, ...]) -> _Matcher:
    def expression(text: str) -> str:
        return re.sub(r"(\\\*)+(:|$)", r".*\2", _escaped(text).replace(r"\?", ".")).replace(r"\*", "[^:]*")

    return _Matcher.of(map(_completed, patterns), expression)


def _completed(text: str) -> str:
    """A resource element with all six segments."""
    return text + ":*" * (_SEGMENTS - 1 - text.count(":")) if text.startswith("arn:") else text


def _escaped(text: str) -> str:
    escaped = re.escape(text)
    for character, stand_in in LITERAL.items():
        escaped = escaped.replace(stand_in, f"[{character}]")
    return escaped.replace(ANY, ".*")


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
