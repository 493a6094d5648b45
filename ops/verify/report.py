"""Results in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

from ops.verify.model import Light, Result


def as_text(results: Iterable[Result]) -> str:
    """Results by phase, one line each, and how many there are of each light."""
    return "\n".join(_lines(list(results)))


def summary(results: Iterable[Result]) -> str:
    """How many are green, red and untold."""
    counts = Counter(result.light for result in results)
    return ", ".join(f"{counts[light]} {light}" for light in Light)


def _lines(results: list[Result]) -> Iterator[str]:
    for phase, group in groupby(results, key=lambda result: result.phase):
        yield phase
        for result in group:
            yield f"  {result.light:<13}  {result.name}: {result.evidence}"
    yield summary(results)
