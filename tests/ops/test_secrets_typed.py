"""Values that are typed or pasted at a terminal: by a process, which reaches AWS on its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import partial

import pytest

from ops.aws.session import Aws
from ops.secrets.status import container
from rehearsal.emulator.process import Emulator
from tests.ops import seeded
from tests.ops.seeded import ALL, PROD
from tests.terminal import at_a_terminal

KEY = "OPENAI_API_KEY"


@pytest.fixture(scope="module")
def secrets(emulator: Emulator) -> Iterator[Aws]:
    """An account with all secrets, each with a value."""
    with seeded.account(emulator) as aws:
        seeded.secrets(aws, values=ALL)
        yield aws


def versions(aws: Aws) -> list[str]:
    return [container(aws, PROD, name).version for name in ALL]


@pytest.mark.requirement("R4.2")
def test_a_typed_value_is_asked_for_twice_and_not_echoed(secrets: Aws) -> None:
    command = [sys.executable, "-m", "ops", "secrets", "set", "prod", KEY]
    answers = {"Continue?": "y", f"Value of {KEY}:": "sk-typed", "Again:": "sk-typed"}
    ended = at_a_terminal(command, os.environ, {question: partial(str, text) for question, text in answers.items()})
    assert (ended.code, ended.asked) == (0, 3), ended.said
    assert "sk-typed" not in ended.said
    assert seeded.secret_value(secrets, KEY) == "sk-typed"


def test_a_long_pasted_value_is_stored_whole_and_its_length_is_shown_before_the_question(secrets: Aws) -> None:
    value = "x" * 4_500 + "y" * 500
    command = [sys.executable, "-m", "ops", "secrets", "set", "prod", KEY]
    answers = {"Continue?": "y", f"Value of {KEY}:": value, "Again:": value}
    ended = at_a_terminal(command, os.environ, {question: partial(str, text) for question, text in answers.items()})
    assert ended.code == 0, ended.said
    assert 0 < ended.said.index("has 5,000 bytes") < ended.said.index("Continue?")
    assert seeded.secret_value(secrets, KEY) == value


def test_two_different_values_change_nothing(secrets: Aws) -> None:
    before = versions(secrets)
    command = [sys.executable, "-m", "ops", "secrets", "set", "prod", KEY, "--yes"]
    answers = {f"Value of {KEY}:": "sk-typed", "Again:": "sk-typde"}
    ended = at_a_terminal(command, os.environ, {question: partial(str, text) for question, text in answers.items()})
    assert ended.code == 2
    assert "the two values differ; nothing was changed" in ended.said
    assert versions(secrets) == before
