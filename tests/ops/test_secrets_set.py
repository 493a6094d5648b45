"""A value gets where it belongs and nowhere else."""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.aws.session import Aws
from ops.secrets.status import container
from ops.secrets.unusual import unusual
from rehearsal.emulator.client import Control
from tests.cases import every_case
from tests.ops import seeded
from tests.ops.cli import run
from tests.ops.emulated import Emulated
from tests.ops.seeded import ALL, PROD

PLANTED = "sk-planted-5f3a"
KEY = "OPENAI_API_KEY"


@pytest.fixture(scope="module")
def secrets(emulated: Emulated) -> Iterator[Aws]:
    """An account with all secrets, each with a value."""
    with seeded.account(emulated) as aws:
        seeded.secrets(aws, values=ALL)
        yield aws


@pytest.fixture
def faults(emulated: Emulated) -> Control:
    """Plants faults; nothing is emptied."""
    return Control(emulated.endpoint, PROD.account_id, PROD.region)


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


@pytest.mark.parametrize("verb", ["set", "rotate"])
def test_what_is_unusual_is_shown_before_the_question(secrets: Aws, verb: str) -> None:
    before, value = versions(secrets), '\ufeff"ghp_1234567890abcdefABCDEF1234567890abcd" '
    done = run("secrets", verb, "prod", KEY, "--stdin", given=value)
    assert done.exit_code == 1, "there is no terminal to ask on"
    found = "begins with a BOM (byte order mark); it ends with a blank or line break; it is in quotes; it looks like a "
    assert f"has 46 bytes; caution: it {found}GitHub token\n" in done.stderr
    assert "ghp_" not in done.output
    assert versions(secrets) == before


def test_a_dry_run_shows_what_is_unusual_about_a_piped_value(secrets: Aws) -> None:
    done = run("secrets", "set", "prod", KEY, "--stdin", "--dry-run", given="'sk-x'")
    assert (done.exit_code, "6 bytes; caution: it is in quotes" in done.stderr) == (0, True)


@every_case("value", ["sk-\0x", "\0", "sk-x\0", "sk".encode("utf-16-le")])
def test_nul_is_refused(secrets: Aws, value: str | bytes) -> None:
    before = versions(secrets)
    for verb in ("set", "rotate"):
        done = run("secrets", verb, "prod", KEY, "--stdin", "--yes", given=value)
        assert (done.exit_code, "has a NUL character" in done.stderr) == (2, True), done.output
    assert versions(secrets) == before


@every_case(
    ("name", "value", "found"),
    [
        (KEY, "\ufeffsk-x", ["begins with a BOM (byte order mark)"]),
        (KEY, " sk-x", ["begins with a blank or line break"]),
        (KEY, "\tsk-x\n", ["begins and ends with a blank or line break"]),
        (KEY, "“sk-x”", ["is in quotes"]),
        (KEY, "'sk-x'", ["is in quotes"]),
        (KEY, "OPENAI_API_KEY=sk-x", ["begins with NAME=, as in a file of variables"]),
        (KEY, "export OTHER='sk-x'", ["begins with NAME=, as in a file of variables"]),
        ("token", "token = sk-x", ["begins with NAME=, as in a file of variables"]),
        (KEY, '"OPENAI_API_KEY=sk-x"', ["is in quotes", "begins with NAME=, as in a file of variables"]),
        (KEY, "one\r\ntwo", ["has 2 lines"]),
        (KEY, "sk-\x1b[200~x\x1b[201~", ["has control characters (2)"]),
        (KEY, "sk-\u200bx\u00a0y", ["has invisible characters or blanks other than the space bar's (2)"]),
        (KEY, "AKIAIOSFODNN7EXAMPLE", ["looks like an AWS access key ID"]),
        (KEY, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ["looks like an AWS secret access key"]),
        (KEY, "github_pat_11ABCDEFG0123456789_abcdefghij", ["looks like a GitHub token"]),
        (KEY, f"sk-ant-{'x' * 30}", ["looks like an Anthropic API key"]),
        ("ANTHROPIC_API_KEY", f"sk-proj-{'x' * 30}", ["looks like an OpenAI API key"]),
        (
            "TOKEN",
            "TOKEN=ghs_1234567890abcdefABCDEF1234567890abcd",
            ["begins with NAME=, as in a file of variables", "looks like a GitHub token"],
        ),
        # Nothing is unusual about these.
        (KEY, f"sk-proj-{'x' * 30}", []),
        ("GITHUB_TOKEN", "ghp_1234567890abcdefABCDEF1234567890abcd", []),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", []),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", []),
        (KEY, "0123456789abcdef0123456789abcdef01234567", []),
        ("AUDIT_ENCRYPTION_KEY", "kZ3vQ0J1c2Vzcw9tZXRoaW5nLWVsc2UtaGVyZQ==", []),
        ("AUDIT_ENCRYPTION_KEY", "ABCDEFGH====", []),
        ("DATABASE_URL", "postgres://user:a=b@host/db?sslmode=require", []),
        ("PASSPHRASE", "correct horse 'battery' staple é", []),
        ("PASSWORD", '"', []),
    ],
)
def test_what_is_unusual_about_a_value(name: str, value: str, found: list[str]) -> None:
    assert list(unusual(name, value)) == found


def test_a_generated_key_has_256_random_bits(secrets: Aws) -> None:
    for _ in range(2):
        assert run("secrets", "set", "prod", "AUDIT_ENCRYPTION_KEY", "--generate", "--yes").exit_code == 0
    values = [seeded.secret_value(secrets, "AUDIT_ENCRYPTION_KEY", stage) for stage in ("AWSCURRENT", "AWSPREVIOUS")]
    assert [len(base64.urlsafe_b64decode(value)) for value in values] == [32, 32]
    assert values[0] != values[1]


@every_case(
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
