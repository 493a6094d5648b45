"""Commands that pages show exist and take these arguments, and each command has a page that shows it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from ops.__main__ import COMMANDS
from tests.cases import every_case
from tests.ops.cli import COMMAND, run

ROOT = Path(__file__).parents[2]
PAGES = sorted({ROOT / "README.md", *(ROOT / "docs").rglob("*.md")})
PROGRAM = re.compile(r"(?:python -m |bin/)ops ")
ENDS = {"|", "&&", "||", ";", ">", ">>", "<", "2>", "&"}
"""What ends a command in a shell's line."""
WITHOUT_RUNBOOK = {
    "gate": "make runs it; docs/gate.md says what its findings mean",
    "gate-plan": "make runs it before each apply; docs/gate.md",
    "account": "prints docs/account.md",
    "adopt": "changes nothing in AWS; docs/adopt.md",
    "affected": "changes nothing and needs no account; docs/ci.md",
    "ci": "workflows call it; docs/ci.md",
    "cost": "changes nothing and needs no account; docs/cost.md",
    "roles": "changes nothing and needs no account; docs/roles.md",
    "parity": "changes nothing and needs no account; docs/parity.md",
    "upgrade": "changes nothing in AWS; docs/keeping-up.md",
    "sbom": "changes nothing and needs no account; docs/keeping-up.md",
    "export": "changes nothing and needs no account; docs/export.md",
    "diagram": "writes images; docs/report.md",
    "report": "writes a page; docs/report.md",
    "docs": "writes pages of the project; make docs",
    "prices": "writes a file of the project; docs/cost.md",
    "new-product": "writes files of the project; docs/tutorial.md",
    "new-environment": "writes files of the project; README.md",
}
HEAVY = ("boto3", "botocore", "pydantic", "rich", "jinja2", "moto", "checkov", "environments", "cdktf", "jsii")


def commands(page: Path) -> Iterator[list[str]]:
    """Arguments of every `bin/ops` in the page's shell blocks."""
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for line in "\n".join(blocks).replace("\\\n", " ").splitlines():
        if program := PROGRAM.search(line):
            words = shlex.split(line[program.end() :], comments=True)
            ends = [index for index, word in enumerate(words) if word in ENDS]
            yield words[: min(ends, default=len(words))]


def parsed(arguments: list[str]) -> tuple[str, ...]:
    """Parse a command as Typer does, without running it; return its name, with those of its groups."""
    command, path = COMMAND, tuple[str, ...]()
    context = command.make_context("ops", list(arguments))
    while isinstance(command, typer.core.TyperGroup):
        rest = [*context._protected_args, *context.args]
        name, found, rest = command.resolve_command(context, rest)
        assert found and name
        command, path = found, (*path, name)
        context = command.make_context(name, rest, parent=context)
    return path


def registered(group: typer.core.TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Names of all commands, with those of their groups."""
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            yield from registered(command, (*path, name))
        else:
            yield (*path, name)


def command_of(path: tuple[str, ...]) -> Any:
    """The command of that name, with those of its groups."""
    command: Any = COMMAND
    for name in path:
        command = command.commands[name]
    return command


def everything() -> list[tuple[str, ...]]:
    assert isinstance(COMMAND, typer.core.TyperGroup)
    return list(registered(COMMAND))


SHOWN = [(page.relative_to(ROOT).as_posix(), arguments) for page in PAGES for arguments in commands(page)]


@every_case(("page", "arguments"), SHOWN, ids=[f"{page}: {shlex.join(words)}" for page, words in SHOWN])
def test_commands_that_pages_show_can_be_typed(page: str, arguments: list[str]) -> None:
    assert parsed(arguments) in everything(), page


def test_what_cant_be_typed_is_found() -> None:
    for wrong in (["verfy", "prod"], ["verify"], ["verify", "prod", "--frobnicate"], ["risks", "a", "b"]):
        with pytest.raises(Exception, match=r"No such|Missing|unexpected"):
            parsed(wrong)


@every_case("command", everything(), ids=" ".join)
def test_every_command_has_a_runbook_that_shows_it(command: tuple[str, ...]) -> None:
    if command[0] in WITHOUT_RUNBOOK:
        return
    pages = [page for page, arguments in SHOWN if tuple(arguments[: len(command)]) == command]
    assert any(page.startswith("docs/runbooks/") for page in pages), pages


def test_exceptions_are_commands() -> None:
    assert set(WITHOUT_RUNBOOK) <= {command[0] for command in everything()}


@every_case("command", [(), *everything()], ids=" ".join)
def test_every_command_has_help(command: tuple[str, ...]) -> None:
    done = run(*command, "--help")
    assert done.exit_code == 0, done.output
    assert "Usage" in done.stdout


@pytest.mark.slow
def test_help_loads_nothing_that_takes_long() -> None:
    """One process shows the help of every command; what one of them loads stays loaded."""
    code = f"""
import contextlib, io, sys
from ops.__main__ import app
for command in {[(), *everything()]}:
    with contextlib.redirect_stdout(io.StringIO()):
        app([*command, "--help"], standalone_mode=False)
    heavy = [name for name in {HEAVY} if name in sys.modules]
    assert not heavy, (command, heavy)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_the_list_of_commands_has_them_all_and_a_mistyped_one_gets_a_suggestion() -> None:
    listed = run("--help").stdout
    for entry in COMMANDS:
        assert entry.name in listed and entry.help in listed
    assert "Did you mean 'plan'?" in run("pln").output


def test_the_version_is_the_project_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert run("--version").stdout == f"{project['name']} {project['version']}\n"


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("ops plan staging netw", "network"),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                ("ops go", "golive"),
                ("ops plan sta", "staging"),
                ("ops rehearse prod-starter --to sta", "staging"),
                ("ops secrets copy-names prod --from sta", "staging"),
                ("ops new-product shop --region eu-north", "eu-north-1"),
                ("ops new-environment demo --product ae", "aep"),
            )
        ),
    ],
)
def test_shells_complete_commands_and_names(typed: str, completed: str, tmp_path: Path) -> None:
    words = {"_OPS_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    link = tmp_path / "ops"
    link.symlink_to(ROOT / "bin" / "ops")
    done = subprocess.run([link], env=os.environ | words, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.split() == [completed]


def test_the_command_refuses_packages_whose_setup_was_interrupted(tmp_path: Path) -> None:
    script, python = tmp_path / "bin" / "ops", tmp_path / ".venv" / "bin" / "python"
    for path in (script, python):
        path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "bin" / "ops", script)
    python.write_text("#!/bin/sh\necho started\n")
    python.chmod(0o755)
    done = subprocess.run([script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "make setup didn't end; run make setup in" in done.stderr
    (tmp_path / ".venv" / ".ready").touch()
    done = subprocess.run([script], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "started\n"
