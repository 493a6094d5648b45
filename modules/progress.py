"""Shows on a terminal what a long command works on, and how far along it is; elsewhere nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

QUIET_SECONDS = 2.0
"""Shorter commands show nothing."""
Step = Callable[[str, int], None]
"""Is called when a step begins, with what it does and how many steps there are."""
_ERASE = "\r\x1b[K"


@contextmanager
def progress(stream: TextIO | None = None) -> Iterator[Step]:
    """Count steps inside this context.

    Args:
        stream: Where the line appears; by default stderr.

    Yields:
        A function that begins the next step; it takes what the step does, and how many steps there are.
    """
    stream = stream or sys.stderr
    begin, count, shown = time.monotonic(), 0, False

    def step(what: str, total: int) -> None:
        nonlocal count, shown
        count += 1
        if stream.isatty() and time.monotonic() - begin >= QUIET_SECONDS:
            stream.write(f"{_ERASE}{what} ({count} of {total})")
            stream.flush()
            shown = True

    try:
        yield step
    finally:
        if shown:
            stream.write(_ERASE)
            stream.flush()
