"""Shows on a terminal what a long command works on, and how far along it is; elsewhere nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

QUIET_SECONDS = 2.0
"""Shorter commands show nothing."""
_ERASE = "\r\x1b[K"


class Progress:
    """One line that counts steps."""

    def __init__(self, total: int, stream: TextIO) -> None:
        self._total, self._stream = total, stream
        self._count, self._shown = 0, False
        self._begin = time.monotonic()

    def step(self, what: str) -> None:
        """Begin the next step."""
        self._count += 1
        if self._stream.isatty() and time.monotonic() - self._begin >= QUIET_SECONDS:
            self._stream.write(f"{_ERASE}{what} ({self._count} of {self._total})")
            self._stream.flush()
            self._shown = True

    def erase(self) -> None:
        """Remove the line."""
        if self._shown:
            self._stream.write(_ERASE)
            self._stream.flush()


@contextmanager
def progress(total: int, stream: TextIO | None = None) -> Iterator[Progress]:
    """Count steps inside this context.

    Args:
        total: How many steps there are.
        stream: Where the line appears; by default stderr.
    """
    line = Progress(total, stream or sys.stderr)
    try:
        yield line
    finally:
        line.erase()
