"""Lists in messages, kept short."""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN = 4


def few(names: Iterable[str]) -> str:
    """The first few of them, and how many more there are."""
    ordered = sorted(names)
    more = f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return ", ".join(each or "''" for each in ordered[:_SHOWN]) + more
