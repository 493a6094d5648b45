"""The message for a mistyped name: of every command, before anything else is looked for, with the nearest name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from environments.suggestions import did_you_mean
from ops.tasks.command import NOT_RUN
from tests.cases import every_case
from tests.ops.cli import run
from tests.ops.test_runbooks import command_of, everything


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rollback", "service", "prod", "web"), "no service named 'web' in prod; known: backend, frontend"),
        (
            ("exec", "prod", "web"),
            "no service, scheduled task or migration named 'web' in prod; known: backend, frontend",
        ),
        (("secrets", "copy-names", "prod", "--from", "prod"), "--from prod is prod itself; name another environment"),
    ],
)
def test_a_mistyped_name_is_told_before_anything_else_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "PATH"):
        monkeypatch.delenv(variable, raising=False)
    done = run(*words)
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_group_names_its_commands() -> None:
    done = run("secrets", "prod")
    assert done.exit_code == 2
    assert "No such command 'prod'; known: status, set, rotate, copy-names." in done.stderr


def test_the_list_of_a_group_has_each_text_whole() -> None:
    """Click cuts a command's first sentence at the width of a line."""
    groups = sorted({path[0] for path in everything() if len(path) > 1})
    assert len(groups) > 5
    for group in groups:
        listed = run(group, "--help").stdout.partition("Commands:")[2]
        assert listed and "..." not in listed, listed


RIGHT = {
    "ENVIRONMENT": "prod",
    "PHASE": "network",
    "SERVICE": "backend",
    "SECRET": "OPENAI_API_KEY",
    "ROLE": "planner",
    "WHAT": "database",
}
MISTYPED = {"ENVIRONMENT": "prd", "PHASE": "netwrok", "SERVICE": "bakend", "SECRET": "OPENAI_API_KY", "WHAT": "databse"}


def arguments() -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Each name that a command takes: the command with a mistyped one, the mistyped one, and the one that is meant."""
    for path in everything():
        taken = [each for each in command_of(path).params if each.param_type_name == "argument"]
        for place, argument in enumerate(taken):
            kind = str(argument.metavar)
            if kind not in MISTYPED:
                continue
            others = (
                RIGHT.get(str(each.metavar), "x") if index != place else MISTYPED[kind]
                for index, each in enumerate(taken)
                if index <= place or each.required
            )
            required = [
                word
                for option in command_of(path).params
                if option.param_type_name == "option" and option.required
                for word in (option.opts[0], "staging")
            ]
            yield (*path, *others, *required), MISTYPED[kind], RIGHT[kind]


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch, scratch: Path) -> Path:
    """A machine without credentials, programs, a network or stacks."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "PATH"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    return scratch


@every_case(("words", "given", "meant"), arguments(), ids=str)
def test_every_command_names_the_nearest_name(nothing: Path, words: tuple[str, ...], given: str, meant: str) -> None:
    done = run(*words)
    assert (done.exit_code, done.stdout) == (NOT_RUN if words[0] == "run" else 2, ""), done.stdout
    assert repr(given) in done.stderr or f"{given}: is neither" in done.stderr
    assert f"did you mean {meant}?" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not [*nothing.rglob("*")]


def test_the_gate_names_a_mistyped_stack_also_if_there_are_none(nothing: Path) -> None:
    for given, meant in (("prd", "prod"), ("prod-netwrok", "prod-network")):
        done = run("gate", given)
        assert done.exit_code == 2
        assert f"{given}: is neither a stack nor an environment" in done.stdout
        assert f"did you mean {meant}?" in done.stdout
        assert "holds no stacks" not in done.stdout
    assert "holds no stacks" in run("gate", "prod").stdout
    assert nothing


@every_case(
    ("given", "meant"),
    [
        ("PROD", "prod"),
        ("production", "prod"),
        ("prod_starter", "prod-starter"),
        (" prod ", "prod"),
        ("prod.py", "prod"),
        ("environments/prod_starter.py", "prod-starter"),
        ("obs", "observability"),
        ("NETWORK", "network"),
        ("openai_api_key", "OPENAI_API_KEY"),
        ("example/shop-wbe", "example/shop-web"),
        ("p", ""),
        ("", ""),
        ("xyzzy", ""),
    ],
)
def test_a_name_is_near_in_other_case_as_a_file_or_a_beginning(given: str, meant: str) -> None:
    known = ["prod", "prod-starter", "network", "observability", "OPENAI_API_KEY"]
    if "/" in meant:
        known = ["example/shop-web", "other/shop-wbx"]
    assert did_you_mean(given, known) == (f"did you mean {meant}? " if meant else "")


@every_case(
    ("name", "advice"),
    [
        ("prd", "; `make new-environment NAME=prd` creates one)"),
        ("PRD", "/)"),
        ("all", "/)"),
        ("schema", "/)"),
        ("aep", "/aep.py has no `ENVIRONMENT = `)"),
    ],
)
def test_advice_to_create_an_environment_leads_to_no_next_error(name: str, advice: str) -> None:
    assert run("status", name).stderr.endswith(f"{advice}\n")
