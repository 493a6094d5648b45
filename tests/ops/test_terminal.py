"""A question on a terminal is read from there, whatever standard input and output are, and isn't shown."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cases import every_case

ROOT = Path(__file__).parents[2]
ASK = """
import sys
from ops.errors import OpsError
from ops.terminal import ask_hidden
try:
    print("typed", ask_hidden("Code? ", lambda: "cancelled" in sys.argv))
except OpsError as error:
    print(type(error).__name__, error)
"""
CONTROLLED = (
    "import os, sys; os.open(sys.argv[1], os.O_RDWR); os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
)
"""Opens a terminal as a new session's first, which makes it the controlling one, whatever standard input is."""
BEHIND = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ASK!r}], process_group=0)"
"""As a shell runs something with &."""


@dataclass
class Seen:
    terminal: str
    output: str


def ask(program: str, typed: bytes, *arguments: str, controlling: bool = True) -> Seen:
    """Run a program that asks on a terminal; type when it does."""
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    line = [sys.executable, "-c", CONTROLLED, name, "-c", program, *arguments]
    given = subprocess.DEVNULL if controlling else slave
    if not controlling:
        line = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(
        line, cwd=ROOT, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as process:
        said, end = b"", time.monotonic() + 30
        while process.poll() is None and time.monotonic() < end:
            if select.select([master], [], [], 0.05)[0]:
                said += os.read(master, 4096)
                if said.endswith(b"Code? "):
                    os.write(master, typed)
        process.kill()
        assert process.stdout
        output = process.stdout.read().decode()
        while select.select([master], [], [], 0)[0]:
            said += os.read(master, 4096)
    os.close(slave)
    os.close(master)
    return Seen(said.decode(), output)


@pytest.mark.parametrize("controlling", [True, False], ids=["controlling terminal", "standard input"])
def test_what_is_typed_is_read_and_not_shown(*, controlling: bool) -> None:
    seen = ask(ASK, b"123456\n", controlling=controlling)
    assert seen.output == "typed 123456\n", "and the question isn't in the output"
    assert seen.terminal.strip() == "Code?"


@pytest.mark.slow
@every_case(
    ("typed", "answer"),
    [
        # The terminal's own line has 4,095 bytes, 1,024 on macOS.
        (b"x" * 5_000 + b"\n", "x" * 5_000),
        (b"x" * 60_000 + b"\n", "x" * 60_000),
        (b"abcd\x7f\x08e\n", "abe"),
        ("aé\x7fb\n".encode(), "ab"),
        (b"wrong\x15right\n", "right"),
        (b"a\x13\x16b\n", "a\x13\x16b"),
        (b"a b\x04", "a b"),
    ],
    ids=["long", "longer", "backspace", "backspace of two bytes", "Ctrl-U", "control characters", "Ctrl-D at the end"],
)
def test_all_that_is_typed_is_read(typed: bytes, answer: str) -> None:
    assert ask(ASK, typed).output == f"typed {answer}\n"


@every_case(
    ("program", "typed", "arguments", "error"),
    [
        (ASK, b"\n", (), "NoAnswerError nothing was typed"),
        (ASK, b"\x04", (), "NoAnswerError nothing was typed"),
        (ASK, b"x" * 70_000 + b"\n", (), "NoAnswerError it has more than 65,536 bytes"),
        (ASK, b"-----BEGIN\nx\n-----END\n", (), "NoAnswerError more than one line was pasted at once"),
        (ASK, b"x\xff\n", (), "NoAnswerError what was typed isn't UTF-8 text"),
        (ASK, b"", ("cancelled",), "NoAnswerError the question was interrupted"),
        (BEHIND, b"", (), "NoTerminalError there is no terminal to ask on"),
    ],
    ids=["Enter", "Ctrl-D", "too long", "several lines", "not UTF-8", "cancelled", "in the background"],
)
@pytest.mark.slow
def test_without_an_answer_it_ends(program: str, typed: bytes, arguments: tuple[str, ...], error: str) -> None:
    assert ask(program, typed, *arguments).output == f"{error}\n"


def test_without_a_terminal_it_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == "NoTerminalError there is no terminal to ask on\n"


@pytest.mark.parametrize("key", [b"\x03", b"\x1c"], ids=["Ctrl-C", "Ctrl-backslash"])
def test_a_key_that_interrupts_leaves_the_terminal_as_it_was(key: bytes) -> None:
    """A shell that doesn't restore it itself, such as dash, would show nothing that is typed afterwards."""
    program = f"""
import termios
from modules.interrupts import Interrupted, install
install()
try:
    exec({ASK!r})
except Interrupted as error:
    print(error, bool(termios.tcgetattr(2)[3] & termios.ECHO))
"""
    with_terminal = f"import os; os.dup2(os.open('/dev/tty', os.O_RDWR), 2); exec({program!r})"
    seen = ask(with_terminal, b"secret" + key)
    assert seen.output.startswith("interrupted by SIG")
    assert seen.output.endswith("True\n")
