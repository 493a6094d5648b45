"""A question on a terminal can be read, and Ctrl-C declines it."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from ops.command import confirm, reporting
from ops.terraform.process import Terraform
from ops.terraform.progress import PhaseProgress
from ops.terraform.session import Session

columns = (SpinnerColumn(), TextColumn("{task.fields[doing]}"))
terraform = Terraform()
with Progress(*columns, console=Console(stderr=True, force_terminal=True), transient=True) as progress:
    shown = PhaseProgress(progress)
    session = Session(None, None, None, None, terraform, shown)
    with reporting(), terraform.passing_signals_on():
        shown.begin("state", "planning")
        with session.asking():
            confirm("Apply it?", yes=False)
        print("agreed", terraform.interrupted.is_set())
"""


def at_a_terminal(answer: bytes | None) -> tuple[int, str]:
    """Run the program on a terminal of its own, and answer once it asks; None is Ctrl-C. Its exit code and output."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    ) as process:
        os.close(slave)
        said, answered, end = b"", False, time.monotonic() + 120
        while time.monotonic() < end:
            if select.select([master], [], [], 0.1)[0]:
                try:
                    said += os.read(master, 4096)
                except OSError:  # The program has ended.
                    break
            if b"[y/N]:" in said and not answered:
                answered = True
                time.sleep(0.5)
                if answer is None:
                    process.send_signal(signal.SIGINT)
                else:
                    os.write(master, answer)
        process.kill()
        code = process.wait()
    os.close(master)
    return code, said.decode()


@pytest.mark.slow
def test_a_yes_is_taken() -> None:
    ended, said = at_a_terminal(b"y\n")
    assert ended == 0, said
    assert "agreed False" in said


@pytest.mark.slow
def test_ctrl_c_at_a_question_is_a_no() -> None:
    ended, said = at_a_terminal(None)
    assert ended == 1, said
    assert "nothing was changed" in said


@pytest.mark.slow
def test_a_no_is_taken_and_nothing_moves_over_the_question() -> None:
    ended, said = at_a_terminal(b"n\n")
    assert ended == 1, said
    assert "nothing was changed" in said
    _, _, asked = said.partition("Apply it?")
    assert "\x1b" not in asked.splitlines()[0], "the line is wiped or written over"
