"""Waiting for AWS, seen and bounded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PAUSE = 3.0
"""Seconds between two looks."""


def pause() -> None:
    """Wait until the next look."""
    time.sleep(PAUSE)


def looks(seconds: float) -> Iterator[float]:
    """Time for another look, with the seconds gone, until there is none left. There is one look at least."""
    started = time.monotonic()
    gone = 0.0
    while True:
        yield gone
        pause()
        gone = time.monotonic() - started
        if gone >= seconds:
            return


@contextmanager
def shown(text: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal's stderr what is waited for; what is yielded changes the text."""
    from rich.console import Console  # noqa: PLC0415  (loads slowly)

    with Console(stderr=True).status(text) as status:
        yield status.update
