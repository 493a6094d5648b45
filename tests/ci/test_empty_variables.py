"""A variable of a workflow or an example that isn't set: the command is refused in one line, and does nothing else."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

from ops.ci import engines, workflows
from tests.cases import every_case
from tests.ci.workflow_rules import SAMPLES, filled, lines
from tests.ops.cli import run
from tests.products import HERE, values

FILES = {path.name: text for path, text in {**workflows.workflows(), **engines.examples()}.items()}
LINES = sorted({line for name, text in FILES.items() for line in lines(name, text) if line.startswith("bin/ops ")})
MEANINGS = {
    "APPROVALS": "no option: nothing is approved",
    "PWD": "a shell's own; it is never empty",
}
"""Variables of which an empty one has a meaning."""
GIVEN = {
    **SAMPLES,
    "ENVIRONMENT": "mini-demo",
    "GIVEN": "mini-demo",
    "SERVICE": "app",
    "BASE": "HEAD",
    "DIGEST": f"sha256:{'0' * 64}",
    "RELEASE_FILE": "README.md",
    "GITHUB_OUTPUT": "outputs",
}
ARGUMENTS = {
    "ENVIRONMENT": "unknown environment ''",
    "SERVICE": "no service named '' in mini-demo",
    "RELEASE_FILE": "is a link, a folder",
}
"""What the message has if an argument after `--` is empty: each command checks its own."""


def variables(line: str) -> list[str]:
    return sorted(set(re.findall(r"\$\{?(\w+)", line)))


def cases() -> Iterator[tuple[str, str]]:
    """Each command with each of its variables; an earlier step refuses those that are a part of a longer text."""
    for line in LINES:
        words = {word.partition("=")[2] or word for word in shlex.split(re.sub(r":\?", "", line).replace("${", "$"))}
        alone = {word.strip("${}") for word in words if re.fullmatch(r"\$\{?\w+\}?", word)}
        yield from ((line, name) for name in variables(line) if name not in MEANINGS and name in alone)


def test_all_variables_of_commands_are_known() -> None:
    """A new one needs a value here; the table below then has it."""
    assert {name for line in LINES for name in variables(line)} <= {*GIVEN, *MEANINGS}
    assert len(list(cases())) > 40


@every_case(("line", "name"), cases())
def test_an_empty_variable_is_an_error(line: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLOUT_ENVIRONMENTS", "mini-demo")
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
    monkeypatch.setenv("GITHUB_TOKEN", "a-workflows-token")
    words = shlex.split(filled(line, {**GIVEN, name: ""}).removeprefix("bin/ops "))
    with values(HERE / "mini"):
        done = run(*words)
    assert done.exit_code in {1, 2}, done.output
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("error: ")
    options = words[: words.index("--")] if "--" in words else words
    empty = any(not word or word.endswith("=") for word in options)
    assert (" is empty; pass a value" if empty else ARGUMENTS[name]) in done.stderr


@every_case(
    ("words", "message"),
    [
        (("rollout", "prod", "edge", "--stored", ""), "what follows --stored is empty"),
        (("rollout", "prod", "edge", "--stored=", "--yes"), "--stored is empty"),
        (("rollout", "prod", "edge", "--stored", "0" * 63, "--yes"), "isn't a SHA-256; pass the one that --store"),
        (("rollout", "prod", "edge", "--stored=true", "--yes"), "'true' isn't a SHA-256"),
        (("rollout", "prod", "edge", "--store", "--wait="), "--wait is empty"),
        (("plan", ""), "what follows plan is empty"),
        (("ci", "watch", "drift", ""), "what follows drift is empty"),
    ],
)
def test_an_empty_or_malformed_option_is_never_one_that_was_left_out(words: tuple[str, ...], message: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert (done.stdout, done.stderr.count("\n")) == ("", 1), done.stderr
    assert message in done.stderr


def test_an_empty_word_of_a_command_in_a_container_is_its_own() -> None:
    """After `--`, words are those of another program: `sh -c ""`."""
    with values(HERE / "mini"):
        done = run("run", "mini-demo", "none", "--", "sh", "-c", "")
    assert "is empty" not in done.stderr
