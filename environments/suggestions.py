"""What to write instead of a name that isn't known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The nearest known name as a question with a space after it; empty if none is near."""
    near = get_close_matches(given, list(known), n=1)
    return f"did you mean {near[0]}? " if near else ""


def choices(given: str, known: Iterable[str]) -> str:
    """The nearest known name, if one is near, and all known names in their order."""
    names = list(known)
    return f"{did_you_mean(given, names)}known: {', '.join(names) or 'none'}"
