"""Running, reading and interrupting Terraform; a script of a few lines replaces it, so that each case is exact."""

from __future__ import annotations

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
        binary.write_text(f"#!/usr/bin/env bash\n{body}\n")
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


def test_an_interruption_reaches_it_once_and_lets_it_finish(script: Script, tmp_path: Path) -> None:
    """A second signal would make Terraform drop what it is at."""
    before = signal.getsignal(signal.SIGINT)  # Ignored where a shell runs the tests in the background.
    terraform = script("trap 'echo caught >> caught' INT\ntouch ready\nfor i in $(seq 100); do sleep 0.02; done")
    done: list[Done] = []
    with terraform.passing_signals_on():
        worker = threading.Thread(target=lambda: done.append(terraform.run(tmp_path, "apply", listener=lambda _: None)))
        worker.start()
        for _ in range(500):
            if (tmp_path / "ready").exists():
                break
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        worker.join()
    assert (tmp_path / "caught").read_text() == "caught\n"
    assert done == [Done(0)]
    assert terraform.interrupted.is_set()
    assert signal.getsignal(signal.SIGINT) is before


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
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", "elsewhere")
    found = variables(tmp_path, inherited())
    assert (found["GOGC"], found["TF_PLUGIN_CACHE_DIR"]) == ("50", "elsewhere")
