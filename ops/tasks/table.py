"""Rows as aligned text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime


def minute(moment: datetime | None) -> str:
    """A time in UTC, to the minute; a dash if there is none."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else "-"


def aligned(*rows: Sequence[str]) -> str:
    """Rows of cells, each column as wide as its widest cell; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
