"""A value gets where it belongs and nowhere else."""

from __future__ import annotations

import base64
import logging
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from ops.aws.session import Aws
from ops.secrets.status import container
from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from tests.ops import seeded
from tests.ops.cli import run
from tests.ops.seeded import ALL, PROD
from tests.terminal import at_a_terminal

PLANTED = "sk-planted-5f3a"
KEY = "OPENAI_API_KEY"


@pytest.fixture(scope="module")
def secrets(emulator: Emulator) -> Iterator[Aws]:
    """An account with all secrets, each with a value."""
    with seeded.account(emulator) as aws:
        seeded.secrets(aws, values=ALL)
        yield aws


@pytest.fixture
def faults(emulator: Emulator) -> Control:
    """Plants faults; nothing is emptied."""
    return Control(emulator.endpoint, PROD.account_id, PROD.region)


def versions(aws: Aws) -> list[str]:
    return [container(aws, PROD, name).version for name in ALL]


@pytest.mark.requirement("R4.2")
@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_value_from_stdin_is_stored_and_shown_nowhere(
    secrets: Aws, scratch: Path, caplog: pytest.LogCaptureFixture, ending: str
) -> None:
    caplog.set_level(logging.DEBUG)
    done = run("secrets", "set", "prod", KEY, "--stdin", "--yes", "--json", given=PLANTED + ending)
    assert done.exit_code == 0, done.output
    assert caplog.records, "the debug log must be on, or the next line proves nothing"
    assert PLANTED not in done.output + caplog.text
    assert not [file for file in scratch.rglob("*") if file.is_file()]
    assert seeded.secret_value(secrets, KEY) == PLANTED
    assert ("the newline at the end of the value was removed" in done.stderr) == bool(ending)


@pytest.mark.requirement("R4.2")
def test_a_value_comes_from_a_file_descriptor(secrets: Aws) -> None:
    reading, writing = os.pipe()
    os.write(writing, PLANTED.encode())
    os.close(writing)
    assert run("secrets", "set", "prod", "ANTHROPIC_API_KEY", "--from-fd", str(reading), "--yes").exit_code == 0
    assert seeded.secret_value(secrets, "ANTHROPIC_API_KEY") == PLANTED


@pytest.mark.requirement("R4.2")
def test_a_typed_value_is_asked_for_twice_and_not_echoed(secrets: Aws) -> None:
    command = [sys.executable, "-m", "ops", "secrets", "set", "prod", KEY]
    answers = {"Continue?": "y", f"Value of {KEY}:": "sk-typed", "Again:": "sk-typed"}
    ended = at_a_terminal(command, os.environ, {question: partial(str, text) for question, text in answers.items()})
    assert (ended.code, ended.asked) == (0, 3), ended.said
    assert "sk-typed" not in ended.said
    assert seeded.secret_value(secrets, KEY) == "sk-typed"


def test_two_different_values_change_nothing(secrets: Aws) -> None:
    before = versions(secrets)
    command = [sys.executable, "-m", "ops", "secrets", "set", "prod", KEY, "--yes"]
    answers = {f"Value of {KEY}:": "sk-typed", "Again:": "sk-typde"}
    ended = at_a_terminal(command, os.environ, {question: partial(str, text) for question, text in answers.items()})
    assert ended.code == 2
    assert "the two values differ; nothing was changed" in ended.said
    assert versions(secrets) == before


def test_a_generated_key_has_256_random_bits(secrets: Aws) -> None:
    for _ in range(2):
        assert run("secrets", "set", "prod", "AUDIT_ENCRYPTION_KEY", "--generate", "--yes").exit_code == 0
    values = [seeded.secret_value(secrets, "AUDIT_ENCRYPTION_KEY", stage) for stage in ("AWSCURRENT", "AWSPREVIOUS")]
    assert [len(base64.urlsafe_b64decode(value)) for value in values] == [32, 32]
    assert values[0] != values[1]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        (KEY, ["--stdin"], "the value of OPENAI_API_KEY is empty"),
        (KEY, ["--generate"], "OPENAI_API_KEY can't be generated"),
        (KEY, ["--stdin", "--from-fd", "3"], "pass only one of --stdin, --from-fd and --generate"),
        (KEY, ["--from-fd", "999"], "--from-fd 999 can't be read"),
        (KEY, [], "no terminal to type the value"),
        ("DATABASE_URL", ["--stdin"], "raise database.credentials_version"),
        ("REDIS_URL", ["--stdin"], "comes with a new password of the cache's user"),
        (
            "OPENAI_KEY",
            ["--stdin"],
            "no secret named 'OPENAI_KEY' in prod; did you mean OPENAI_API_KEY? known: AUDIT",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(secrets: Aws, name: str, options: list[str], said: str) -> None:
    before = versions(secrets)
    for verb in ("set", "rotate"):
        done = run("secrets", verb, "prod", name, *options, "--yes", given="\n")
        assert done.exit_code == 2
        assert said in done.stderr.splitlines()[-1]
    assert versions(secrets) == before


def test_no_value_is_taken_from_the_command_line() -> None:
    assert run("secrets", "set", "prod", KEY, PLANTED).exit_code == 2


def test_bytes_that_are_no_text_are_refused_without_being_shown(secrets: Aws) -> None:
    done = run("secrets", "set", "prod", KEY, "--stdin", "--yes", given=PLANTED.encode() + b"\xff")
    assert done.exit_code == 2
    assert "isn't UTF-8 text" in done.stderr
    assert PLANTED not in done.output


def test_a_value_that_is_too_long_is_refused(secrets: Aws) -> None:
    done = run("secrets", "set", "prod", KEY, "--stdin", "--yes", given="x" * 65_537)
    assert done.exit_code == 2
    assert "65,537 bytes; Secrets Manager's limit is 65,536" in done.stderr


@pytest.mark.requirement("R4.2")
def test_an_error_that_repeats_the_value_is_told_without_it(secrets: Aws, faults: Control) -> None:
    faults.fail("secretsmanager", "PutSecretValue", "InvalidRequestException", 1, message=f"what is {PLANTED}?")
    done = run("secrets", "set", "prod", KEY, "--stdin", "--yes", given=PLANTED)
    assert done.exit_code == 2
    assert done.stderr.endswith("InvalidRequestException: what is …?\n")
    assert PLANTED not in done.output + repr(done.exception)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ([], 1, "No terminal to ask on"),
        (["--dry-run"], 0, "aep/prod/OPENAI_API_KEY in account 111122223333 will get the value you provide"),
    ],
)
def test_neither_a_question_without_answer_nor_a_dry_run_changes_anything(
    secrets: Aws, options: list[str], code: int, said: str
) -> None:
    before = versions(secrets)
    for verb in ("set", "rotate"):
        done = run("secrets", verb, "prod", KEY, "--stdin", *options, given=PLANTED)
        assert (done.exit_code, said in done.stderr) == (code, True), done.output
    assert versions(secrets) == before
