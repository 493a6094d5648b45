"""Signals that interrupt a command: once, not before a step is finished, and also when its output is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from modules.interrupts import SIGNALS, Interrupted, deferred
from tests.ops.cutover_fakes import listening

ROOT = Path(__file__).parents[2]
EVERY = pytest.mark.parametrize("number", SIGNALS, ids=lambda each: each.name)


PROGRAM = """
import os, signal, sys, time
import typer
from modules.interrupts import install
from ops.command import reporting, say

def main():
    with reporting():
        {body}

install()
app = typer.Typer()
app.command()(main)
app()
"""


def program(body: str) -> str:
    """A command of which the body is all that it does."""
    return PROGRAM.format(body=body.strip().replace("\n", "\n        "))


def run(body: str, *, before: str = "") -> subprocess.CompletedProcess[str]:
    command = 'exec "$0" -c "$1"'
    return subprocess.run(
        ["bash", "-c", f"{before}{command}", sys.executable, program(body)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "number",
    [SIGNALS[0], *(pytest.param(each, marks=pytest.mark.slow) for each in SIGNALS[1:])],
    ids=lambda each: each.name,
)
def test_each_signal_ends_a_command_with_its_own_exit_code(number: signal.Signals) -> None:
    done = run(f"os.kill(os.getpid(), {int(number)}); time.sleep(30)")
    assert (done.returncode, done.stderr) == (128 + number, f"interrupted by {number.name}\n")


@EVERY
def test_a_step_is_finished_first(number: signal.Signals) -> None:
    finished = False
    with listening(), pytest.raises(Interrupted, match=number.name):
        with deferred():
            os.kill(os.getpid(), number)
            finished = True
        pytest.fail("the signal comes right after the step")
    assert finished


@EVERY
def test_after_the_last_step_nothing_is_left_to_interrupt(number: signal.Signals) -> None:
    with listening():
        with deferred(last=True):
            os.kill(os.getpid(), number)
        assert signal.getsignal(number) is not signal.SIG_DFL


def test_a_step_in_a_step_waits_for_the_outer_one() -> None:
    with listening(), pytest.raises(Interrupted):
        with deferred():
            with deferred():
                os.kill(os.getpid(), signal.SIGTERM)
            inner = True
        pytest.fail("the signal comes right after the outer step")
    assert inner


@pytest.mark.slow
def test_a_terminal_that_closes_interrupts_once() -> None:
    """It sends SIGHUP more than once; the second must not stop what the first one began."""
    done = run("""
try:
    os.kill(os.getpid(), signal.SIGHUP)
finally:
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGTERM)
    say("cleaned up")
""")
    assert done.stderr == "cleaned up\ninterrupted by SIGHUP\n"


def test_ignored_signals_stay_ignored() -> None:
    """As nohup and background jobs of a shell have them."""
    done = run("os.kill(os.getpid(), 1); os.kill(os.getpid(), 2); say('went on')", before="trap '' HUP INT; ")
    assert (done.returncode, done.stderr) == (0, "went on\n")


@pytest.mark.slow
def test_a_command_whose_messages_are_no_longer_read_is_interrupted_in_order(tmp_path: Path) -> None:
    body = f"""
try:
    for _ in range(3000):
        say("working")
        time.sleep(0.01)
finally:
    say("nothing reads this")
    open({str(tmp_path / "in order")!r}, "w").close()
"""
    reading, writing = os.pipe()
    with subprocess.Popen([sys.executable, "-c", program(body)], cwd=ROOT, stderr=writing) as process:
        os.close(writing)
        assert os.read(reading, 8) == b"working\n"
        os.close(reading)
        assert process.wait(timeout=60)
    assert (tmp_path / "in order").exists()


@pytest.mark.slow
def test_messages_are_shown_as_before() -> None:
    assert run("say('a → b')").stderr == "a → b\n"
    assert run("say('a')", before="exec 2>&-; ").returncode == 0


@pytest.mark.slow
def test_tests_send_signals_and_outlive_them_whatever_their_parent_ignores() -> None:
    """With SIG_DFL, a closed terminal would end a run of the tests under `nohup`."""
    script = (
        "import os, tests.conftest; from modules.interrupts import SIGNALS, heard; "
        "assert heard() == SIGNALS; [os.kill(os.getpid(), number) for number in SIGNALS]; print('goes on')"
    )
    ignoring = "trap '' " + " ".join(number.name.removeprefix("SIG") for number in SIGNALS)
    done = subprocess.run(
        ["bash", "-c", f'{ignoring}; exec "$0" -c "$1"', sys.executable, script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "goes on\n", done.stderr
