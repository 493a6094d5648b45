"""Waiting for AWS, with a time limit and a status."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from ops.printable import printable

PAUSE = 3.0
"""Seconds between two polls."""


@dataclass(frozen=True)
class Time:
    """A clock."""

    sleep: Callable[[float], None] = time.sleep
    elapsed: Callable[[], float] = time.monotonic


CLOCK = Time()
"""The real clock."""


def pause() -> None:
    """Wait until the next poll."""
    time.sleep(PAUSE)


def polls(seconds: float, clock: Time = CLOCK, every: float | None = None) -> Iterator[float]:
    """The elapsed seconds at each poll, until `seconds` have passed; there is at least one poll.

    Args:
        seconds: How long to poll.
        clock: The clock.
        every: Seconds between two polls; PAUSE if left out.
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
    """Show a status on a terminal's stderr; the yielded function changes its text."""
    with Console(stderr=True).status(Text(printable(text))) as status:
        yield lambda text: status.update(Text(printable(text)))
