"""Waiting for AWS, shown and bounded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

PAUSE = 3.0
"""Seconds between two looks."""


@dataclass(frozen=True)
class Time:
    """A clock, and pauses by it."""

    sleep: Callable[[float], None] = time.sleep
    elapsed: Callable[[], float] = time.monotonic


CLOCK = Time()
"""The real one."""


def pause() -> None:
    """Wait until the next look."""
    time.sleep(PAUSE)


def looks(seconds: float, clock: Time = CLOCK, every: float | None = None) -> Iterator[float]:
    """Time for another look, with the seconds gone, until `seconds` have passed. There is one look at least.

    Args:
        seconds: How long to look.
        clock: Whose seconds.
        every: Seconds between two looks; PAUSE if left out.
    """
    started, gone = clock.elapsed(), 0.0
    while True:
        yield gone
        clock.sleep(PAUSE if every is None else every)
        gone = clock.elapsed() - started
        if gone >= seconds:
            return


@contextmanager
def shown(text: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal's stderr what is waited for; what is yielded changes the text."""
    with Console(stderr=True).status(text) as status:
        yield status.update
