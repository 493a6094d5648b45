"""Running, reading and interrupting Terraform; a script of a few lines replaces it, so that each case is exact."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import pytest

from ops.credentials.shared import Credentials
from ops.errors import OpsError
from ops.terraform.inherited import inherited
from ops.terraform.process import Done, Event, Terraform
from ops.terraform.session import COLLECTOR, variables

Script = Callable[[str], Terraform]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Makes a Terraform of a shell script."""

    def make(body: str) -> Terraform:
        (tmp_path / "bin").mkdir()
        binary = tmp_path / "bin" / "terraform"
        binary.write_text(f"#!/bin/sh\n{body}\n")
        binary.chmod(0o755)
        return Terraform({**os.environ, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"})

    return make


def event(**content: object) -> str:
    return f"echo '{json.dumps(content)}'"


def test_events_are_passed_on_and_kept_as_they_come(script: Script, tmp_path: Path) -> None:
    heard: list[Event] = []
    terraform = script("\n".join([event(type="version"), "echo plain words", event(type="outputs")]))
    done = terraform.run(tmp_path, "apply", log=tmp_path / "log", listener=heard.append)
    assert done == Done(0)
    assert [each["type"] for each in heard] == ["version", "text", "outputs"]
    assert (tmp_path / "log").read_text().splitlines()[1] == "plain words"


def test_complaints_are_told_with_their_address(script: Script, tmp_path: Path) -> None:
    said = {"summary": "creating it", "detail": "AccessDenied", "address": "aws_vpc.main"}
    terraform = script(event(**{"@level": "error", "type": "diagnostic", "diagnostic": said}) + "\nexit 1")
    assert terraform.run(tmp_path, "apply", listener=lambda _: None).errors == (
        "creating it (aws_vpc.main): AccessDenied",
    )


def test_words_on_stderr_are_told_where_there_is_no_event(script: Script, tmp_path: Path) -> None:
    terraform = script("echo 'Error: no such thing' >&2; exit 1")
    assert terraform.run(tmp_path, "init").errors == ("Error: no such thing",)
    assert terraform.run(tmp_path, "plan", listener=lambda _: None).errors == ("Error: no such thing",)


def test_a_lot_on_both_pipes_blocks_nothing(script: Script, tmp_path: Path) -> None:
    terraform = script(
        "for i in 1 2 3; do head -c 300000 /dev/zero | tr '\\0' x >&2; head -c 300000 /dev/zero | tr '\\0' y; done"
    )
    assert len(terraform.run(tmp_path, "show").output) == 900_000


def test_a_killed_one_is_known_as_such(script: Script, tmp_path: Path) -> None:
    assert script("kill -9 $$").run(tmp_path, "apply", listener=lambda _: None).killed


@pytest.mark.slow
def test_an_interruption_reaches_it_once_and_lets_it_finish(script: Script, tmp_path: Path) -> None:
    """A second signal would make Terraform drop what it is at."""
    before = signal.getsignal(signal.SIGINT)
    terraform = script(
        "trap 'echo caught >> caught' INT\nall=$(seq 100)\ntouch ready\nfor i in $all; do sleep 0.02; done"
    )
    done: list[Done] = []
    with terraform.passing_signals_on():
        worker = threading.Thread(target=lambda: done.append(terraform.run(tmp_path, "apply", listener=lambda _: None)))
        worker.start()
        wait_for(tmp_path / "ready")
        os.kill(os.getpid(), signal.SIGINT)
        worker.join()
    assert (tmp_path / "caught").read_text() == "caught\n"
    assert done == [Done(0)]
    assert terraform.interrupted.is_set()
    assert signal.getsignal(signal.SIGINT) is before


UNTIL_INTERRUPTED = """
trap 'echo caught >> caught; for i in 1 2 3; do echo "saving $i"; sleep 0.05; done; touch saved; exit 1' INT
all=$(seq 500)
touch ready
for i in $all; do echo "still creating $i"; sleep 0.02; done
"""
"""Prints all the time, and saves its state when it is interrupted once.

Bash loses a signal that comes during `$(seq 500)`, so that is first; Debian's sh doesn't.
"""


def wait_for(path: Path) -> None:
    for _ in range(500):
        if path.exists():
            return
        time.sleep(0.01)
    raise AssertionError(f"{path} never came")


@pytest.mark.parametrize("numbers", [["SIGHUP"], ["SIGTERM"], ["SIGHUP", "SIGTERM", "SIGHUP"], ["SIGINT", "SIGINT"]])
def test_every_signal_is_one_interruption(script: Script, tmp_path: Path, numbers: list[str]) -> None:
    """A terminal that closes sends SIGHUP more than once; a second interruption makes Terraform drop what it is at."""
    terraform, done = script(UNTIL_INTERRUPTED), list[Done]()
    with terraform.passing_signals_on():
        worker = threading.Thread(target=lambda: done.append(terraform.run(tmp_path, "apply", listener=lambda _: None)))
        worker.start()
        wait_for(tmp_path / "ready")
        for number in numbers:
            os.kill(os.getpid(), signal.Signals[number])
        worker.join()
    assert ((tmp_path / "caught").read_text(), (tmp_path / "saved").exists()) == ("caught\n", True)
    assert done[0].code == 1


def test_a_sighup_that_the_parent_ignores_stays_ignored(script: Script, tmp_path: Path) -> None:
    """As with nohup."""
    terraform = script("exit 0")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with terraform.passing_signals_on():
            os.kill(os.getpid(), signal.SIGHUP)
        assert not terraform.interrupted.is_set()
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("error", [BrokenPipeError(errno.EPIPE, "Broken pipe"), OSError(errno.EIO, "I/O error")])
def test_terraform_is_read_to_its_end_when_the_terminal_is_gone(script: Script, tmp_path: Path, error: OSError) -> None:
    """It saves its state only if its output is still read; it is stopped, since its progress is seen by no one."""
    heard = 0

    def listen(_: Event) -> None:
        nonlocal heard
        heard += 1
        if heard == 3:
            raise error

    terraform = script(UNTIL_INTERRUPTED)
    done = terraform.run(tmp_path, "apply", log=tmp_path / "log", listener=listen)
    assert (done.code, heard, terraform.interrupted.is_set()) == (1, 3, True)
    assert (tmp_path / "saved").exists()
    assert (tmp_path / "log").read_text().splitlines()[-1] == "saving 3"


def test_a_fault_of_the_program_is_raised_after_terraform_has_ended(script: Script, tmp_path: Path) -> None:
    def listen(_: Event) -> None:
        raise LookupError("a fault")

    with pytest.raises(LookupError):
        script(UNTIL_INTERRUPTED).run(tmp_path, "apply", listener=listen)
    assert (tmp_path / "saved").exists()


def test_none_begins_once_all_was_interrupted(script: Script, tmp_path: Path) -> None:
    """Ctrl-C that comes between two of them isn't lost."""
    terraform = script("touch begun")
    terraform.interrupt()
    done = terraform.run(tmp_path, "apply", listener=lambda _: None)
    assert (done.code, done.errors) == (-signal.SIGINT, ("interrupted before it began",))
    assert not (tmp_path / "begun").exists()


def test_a_full_disk_ends_the_record_and_not_terraform(script: Script, tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to("/dev/full")
    heard: list[Event] = []
    lines = "\n".join([event(type="version")] * 2000)
    terraform = script(f"{lines}\ntouch through")
    assert terraform.run(tmp_path, "apply", log=tmp_path / "log", listener=heard.append) == Done(0)
    assert (len(heard), (tmp_path / "through").exists()) == (2000, True)


def test_a_record_is_added_to(script: Script, tmp_path: Path) -> None:
    """A second run must not lose the events of the first."""
    terraform = script(event(type="version"))
    for _ in range(2):
        terraform.run(tmp_path, "apply", log=tmp_path / "log")
    assert len((tmp_path / "log").read_text().splitlines()) == 2


def test_each_run_gets_credentials_as_variables_and_nowhere_else(script: Script, tmp_path: Path) -> None:
    """They are asked for each time, since they may have been renewed."""
    terraform = script('echo "$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_PROFILE" >> seen\necho "$0 $*" >> typed')
    keys = iter(("first", "second"))

    class Renewed:
        def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
            return {**inherited, "AWS_ACCESS_KEY_ID": next(keys), "AWS_SECRET_ACCESS_KEY": "hidden"}

    terraform.credentials = cast(Credentials, Renewed())
    for command in ("init", "apply"):
        terraform.run(tmp_path, command, log=tmp_path / "log")
    assert (tmp_path / "seen").read_text() == "first hidden \nsecond hidden \n"
    assert "hidden" not in (tmp_path / "typed").read_text() + (tmp_path / "log").read_text() + repr(os.environ)


def test_a_missing_terraform_is_named(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="no terraform here; install the version"):
        Terraform({"PATH": str(tmp_path)}).run(tmp_path, "version")


def test_the_callers_own_variables_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOGC", raising=False)
    assert variables(tmp_path, inherited())["GOGC"] == COLLECTOR["GOGC"]
    monkeypatch.setenv("GOGC", "50")
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", str(tmp_path))
    found = variables(tmp_path, inherited())
    assert (found["GOGC"], found["TF_PLUGIN_CACHE_DIR"]) == ("50", str(tmp_path))
