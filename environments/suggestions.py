"""What to write instead of a name that isn't known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHORTEST = 2
"""Characters of a beginning that can stand for a name."""


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The nearest known name as a question with a space after it; empty if none is near.

    A name is near if few characters differ, or one is the beginning of the other. Case, underscores, a folder and the
    ending of a file don't count.
    """
    names = {_plain(name): name for name in known}
    plain = _plain(given if any("/" in name for name in names) else given.rpartition("/")[2].removesuffix(".py"))
    near = get_close_matches(plain, names, n=1) or _beginning(plain, names)
    return f"did you mean {names[near[0]]}? " if near else ""


def choices(given: str, known: Iterable[str]) -> str:
    """The nearest known name, if one is near, and all known names in their order."""
    names = list(known)
    return f"{did_you_mean(given, names)}known: {', '.join(names) or 'none'}"


def _plain(name: str) -> str:
    """A name in lower case, with hyphens for underscores."""
    return name.strip().casefold().replace("_", "-")


def _beginning(given: str, names: Iterable[str]) -> list[str]:
    """The only name that begins with what is given, or is its beginning."""
    fitting = [name for name in names if name.startswith(given) or given.startswith(name)]
    return fitting if len(fitting) == 1 and len(given) >= _SHORTEST else []
