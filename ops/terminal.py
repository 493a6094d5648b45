"""Asks you on the terminal for a hidden value, also if standard input and output are redirected."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ops.errors import OpsError

ANSWER_SECONDS = 600
"""How long to wait for an answer."""
_LOOK_SECONDS = 0.2
"""Seconds between two checks of `cancelled`."""
_LONGEST = 1024
"""Bytes of a line, with its end. Linux takes 4,096, macOS 1,024 (their `MAX_CANON`), and drops what is beyond."""


class NoTerminalError(OpsError):
    """There is no terminal to ask on."""


class NoAnswerError(OpsError):
    """You didn't answer the question, or it was cancelled."""


def ask_hidden(question: str, cancelled: Callable[[], bool] = lambda: False) -> str:
    """Ask on the terminal; the answer isn't shown.

    Args:
        question: The text to print on the terminal.
        cancelled: Whether to stop asking. Ctrl-C reaches only the main thread; other threads learn of it here.

    Raises:
        NoTerminalError: There is no terminal, or this program runs in its background.
        NoAnswerError: You pressed Ctrl-D, the answer is longer than a terminal's line, `cancelled` is true, or there
            was no answer within ten minutes.
    """
    with _terminal() as terminal, _without_echo(terminal):
        os.write(terminal, question.encode())
        end = time.monotonic() + ANSWER_SECONDS
        try:
            while time.monotonic() < end and not cancelled():
                if select.select([terminal], [], [], _LOOK_SECONDS)[0]:
                    line = os.read(terminal, _LONGEST)
                    if len(line) == _LONGEST:
                        raise NoAnswerError(f"a terminal takes up to {_LONGEST - 2:,} bytes")
                    typed = line.decode(errors="replace").rstrip("\r\n")
                    if not typed.strip():
                        raise NoAnswerError("nothing was typed")
                    return typed
        finally:
            os.write(terminal, b"\n")
    late = f"there was no answer within {ANSWER_SECONDS // 60} minutes"
    raise NoAnswerError("the question was interrupted" if cancelled() else late)


@contextmanager
def _terminal() -> Iterator[int]:
    """The controlling terminal, else the terminal on standard input."""
    for path in ("/dev/tty", _name_of_input()):
        try:
            # O_NOCTTY: as controlling terminal, its Ctrl-C would stop more than this program.
            terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
        except OSError:
            continue
        try:
            if _in_front(terminal):
                yield terminal
                return
        finally:
            os.close(terminal)
    raise NoTerminalError("there is no terminal to ask on")


def _name_of_input() -> str:
    with suppress(OSError, ValueError, AttributeError):  # Standard input may be closed, or not be a file.
        return os.ttyname(sys.stdin.fileno())
    return ""


def _in_front(terminal: int) -> bool:
    """Whether this program may read from the terminal: the system stops a background program that reads."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return True  # A terminal that isn't the controlling one has no background.


@contextmanager
def _without_echo(terminal: int) -> Iterator[None]:
    before = termios.tcgetattr(terminal)
    hidden = [*before]
    hidden[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSAFLUSH, hidden)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
