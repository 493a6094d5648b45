"""SIGINT, SIGQUIT, SIGTERM and SIGHUP: each interrupts a command once, wherever it is; some steps are finished first.

A terminal that closes sends SIGHUP, often twice, and takes the output away; systems that stop a program send SIGTERM.
SIGQUIT, of another key than Ctrl-C, would otherwise end a command at once: without echo on the terminal, with Terraform
alone, or with DNS at 10 %.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)
"""Signals that interrupt a command."""
_OF_SYSTEMS = (signal.SIGTERM, signal.SIGHUP)
"""Those that no key sends."""
INTERRUPTED = 128 + signal.SIGINT
"""Exit code after Ctrl-C, as in shells."""
GONE = frozenset({errno.EPIPE, errno.EIO})
"""Errors of an output that nothing reads any more: a pipe whose reader has ended, and a terminal that was closed."""


class Interrupted(KeyboardInterrupt):
    """A signal interrupts the command."""

    def __init__(self, number: int) -> None:
        """Args: number: The signal's number."""
        self.signal = signal.Signals(number)
        super().__init__(f"interrupted by {self.signal.name}")

    @property
    def exit_code(self) -> int:
        """As in shells: 128 plus the signal's number."""
        return 128 + self.signal


def heard() -> tuple[signal.Signals, ...]:
    """The signals that this process doesn't ignore: `nohup` ignores SIGHUP, and a shell's background jobs SIGINT."""
    return tuple(number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN)


def interrupt(number: int, _: FrameType | None = None) -> None:
    """Raise Interrupted in the main thread; after SIGTERM or SIGHUP, another one of them does nothing."""
    if number in _OF_SYSTEMS:
        for each in _OF_SYSTEMS:
            signal.signal(each, _ignore)  # Not SIG_IGN, which programs inherit.
    raise Interrupted(number)


def install() -> None:
    """Let signals, and the end of its output, interrupt this process; a signal that it ignores stays ignored."""
    for number in heard():
        signal.signal(number, interrupt)
    if sys.stderr:  # None: it was closed.
        sys.stderr = lasting(sys.stderr.fileno(), sys.stderr.encoding)


@contextmanager
def deferred(*, last: bool = False) -> Iterator[None]:
    """Inside this context, signals wait.

    Args:
        last: Whether this is the last thing that the command does, so that it ends as if there had been no signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Signals never interrupt another thread.
        return
    waiting: list[int] = []
    before = {number: signal.signal(number, lambda number, _: waiting.append(number)) for number in heard()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if waiting and not last:
        signal.raise_signal(waiting[0])


def lasting(descriptor: int, encoding: str) -> io.TextIOWrapper:
    """A stream for messages. Once nothing reads them, it drops them and interrupts the command, which ends in order."""
    return io.TextIOWrapper(
        _Lasting(descriptor),  # type: ignore[arg-type]  # a raw stream: messages aren't buffered
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=True,
        write_through=True,
    )


class _Lasting(io.RawIOBase):
    """Writes to a file descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._gone = descriptor, False

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def write(self, content: bytes | memoryview) -> int:  # type: ignore[override]  # also what TextIOWrapper passes
        size = len(content)
        while content and not self._gone:
            try:
                content = content[os.write(self._descriptor, content) :]
            except OSError as error:
                if error.errno not in GONE:
                    raise
                self._gone = True
                # To the main thread: it may be waiting for this one, and only a signal of its own wakes it.
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
        return size


def _ignore(_: int, __: FrameType | None) -> None:
    """Do nothing: the signal before is being handled."""
