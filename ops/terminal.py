"""Asks you on the terminal for a hidden value, also if standard input and output are redirected."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ops.errors import OpsError

ANSWER_SECONDS = 600
"""How long to wait for an answer."""
_LOOK_SECONDS = 0.2
"""Seconds between two checks of `cancelled`."""
LONGEST = 65_536
"""Bytes of an answer: Secrets Manager's limit of a value.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
"""
_PASTE_SECONDS = 0.1
"""What arrives so soon after Enter was pasted together with it."""
_ENTER = ord("\n")
_BACKSPACE = b"\x08\x7f"
_REST_SECONDS = 5
"""How long to drop the rest of a paste, so that it doesn't reach the shell as commands."""


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
        NoAnswerError: You pressed Ctrl-D, the answer is too long, isn't UTF-8 or has several lines, `cancelled` is
            true, or there was no answer within ten minutes.
    """
    with _terminal() as terminal, _byte_by_byte(terminal) as keys:
        os.write(terminal, question.encode())
        try:
            line = _read_line(terminal, keys, cancelled)
        except OSError as error:
            raise NoAnswerError(f"the terminal was closed ({error.strerror})") from None
        finally:
            with suppress(OSError):
                os.write(terminal, b"\n")
    typed = line.decode(errors="replace")
    if not typed.strip():
        raise NoAnswerError("nothing was typed")
    if "\ufffd" in typed:
        raise NoAnswerError("what was typed isn't UTF-8 text")
    return typed


@dataclass(frozen=True)
class _Keys:
    """Keys that edit the line, as this terminal has them (`stty -a`)."""

    erase: frozenset[int]
    kill: int
    end: int


def _read_line(terminal: int, keys: _Keys, cancelled: Callable[[], bool]) -> bytes:
    """What was typed or pasted before Enter."""
    typed, end = bytearray(), time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < end and not cancelled():
        if not select.select([terminal], [], [], _LOOK_SECONDS)[0]:
            continue
        read = os.read(terminal, LONGEST)
        if not read:
            raise NoAnswerError("the terminal was closed")
        for place, key in enumerate(read, start=1):
            if key in keys.erase:
                typed[:] = typed.decode(errors="ignore")[:-1].encode()
            elif key == keys.kill:
                typed.clear()
            elif key in (_ENTER, keys.end):
                if read[place:] or select.select([terminal], [], [], _PASTE_SECONDS)[0]:
                    _drop_rest(terminal)
                    raise NoAnswerError("more than one line was pasted at once")
                return bytes(typed)
            else:
                typed.append(key)
        if len(typed) > LONGEST:
            _drop_rest(terminal)
            raise NoAnswerError(f"it has more than {LONGEST:,} bytes")
    late = f"there was no answer within {ANSWER_SECONDS // 60} minutes"
    raise NoAnswerError("the question was interrupted" if cancelled() else late)


def _drop_rest(terminal: int) -> None:
    end = time.monotonic() + _REST_SECONDS
    while time.monotonic() < end and select.select([terminal], [], [], _LOOK_SECONDS)[0]:
        if not os.read(terminal, LONGEST):
            return


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
def _byte_by_byte(terminal: int) -> Iterator[_Keys]:
    """Without echo, and without the terminal's line: that one drops what is beyond 4,095 bytes (macOS: 1,024).

    Two equal pastes would be cut equally. Ctrl-C works as before.
    https://man7.org/linux/man-pages/man3/termios.3.html (canonical and noncanonical mode)
    """
    before = termios.tcgetattr(terminal)
    changed = [*before[:6], [*before[6]]]
    changed[0] &= ~termios.IXON
    changed[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
    termios.tcsetattr(terminal, termios.TCSAFLUSH, changed)
    erase, kill, end = (ord(before[6][key]) for key in (termios.VERASE, termios.VKILL, termios.VEOF))
    try:
        yield _Keys(frozenset({erase, *_BACKSPACE}), kill, end)
    finally:
        with suppress(termios.error):  # The terminal may be closed by now.
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
