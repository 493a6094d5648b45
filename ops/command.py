"""Shared by the operators' commands: arguments, messages, confirmation and errors."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modules.interrupts import INTERRUPTED, Interrupted
from modules.phases import PHASES, phase
from modules.process import UNREAD, is_unread
from ops.errors import AbsentError, OpsError, RefusedError
from ops.printable import printable, without_commands

if TYPE_CHECKING:
    from environments.schema import Environment


def complete_environment(incomplete: str) -> list[str]:
    """Return the environments that a shell may complete this to."""
    import environments

    return [name for name in environments.known() if name.startswith(incomplete)]


def complete_phase(incomplete: str) -> list[str]:
    """Return the phases that a shell may complete this to."""
    return [known.name for known in PHASES if known.name.startswith(incomplete)]


EnvironmentName = Annotated[
    str,
    typer.Argument(metavar="ENVIRONMENT", help="Name of an environment.", autocompletion=complete_environment),
]
Phases = Annotated[
    list[str] | None,
    typer.Argument(metavar="PHASE", help="Phases; by default all.", autocompletion=complete_phase),
]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask before changing anything.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")]
Out = Annotated[Path, typer.Option(help="Folder that synth wrote.", metavar="DIR")]


_EMPTY = re.compile(r"--?[\w-]+=")


@contextmanager
def reporting(code: int | None = None) -> Iterator[None]:
    """Print errors that you can fix as one line on stderr, and exit with their code.

    Args:
        code: Exit code in place of the errors' own, where a command has others.
    """
    try:
        yield
    except OpsError as error:
        say(f"error: {error}")
        raise typer.Exit(code or error.exit_code) from None
    except KeyboardInterrupt as error:
        say(str(error) or "interrupted")
        raise typer.Exit(error.exit_code if isinstance(error, Interrupted) else INTERRUPTED) from None
    except OSError as error:  # A full or read-only disk, a missing folder, or no permission.
        if is_unread(error):
            raise typer.Exit(UNREAD) from None
        say(f"error: {on_disk(error)}")
        raise typer.Exit(code or OpsError.exit_code) from None


def on_disk(error: OSError) -> str:
    """An error of the system in one line: what it is, and the file if there is one."""
    where = " → ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    return ": ".join(part for part in (where, error.strerror or str(error)) if part)


def load(name: str) -> Environment:
    """Return the environment of that name.

    Raises:
        AbsentError: No environment has that name; the message lists the names.
        OpsError: Its values are wrong; the message lists the problems.
    """
    import environments
    from environments.schema.validation import InvalidEnvironmentError

    try:
        return environments.load(name)
    except environments.UnknownEnvironmentError as error:
        raise AbsentError(str(error)) from None
    except InvalidEnvironmentError as error:
        raise OpsError(str(error)) from None


def load_chosen(names: Sequence[str] = ()) -> list[Environment]:
    """Return the environments of these names, each once; without names, all.

    Raises:
        OpsError: There is none, no environment has a name, or values are wrong.
    """
    import environments
    from environments.schema.validation import InvalidEnvironmentError

    if names:
        return [load(name) for name in dict.fromkeys(names)]
    try:
        return list(environments.load_all())
    except (environments.UnknownEnvironmentError, InvalidEnvironmentError) as error:
        raise OpsError(str(error)) from None


def check_phases(names: Sequence[str] | None) -> None:
    """Check that phases of these names exist; if one doesn't, print one line and exit."""
    with reporting():
        for name in names or ():
            try:
                phase(name)
            except LookupError as error:
                raise OpsError(str(error)) from None


def refuse_empty(words: Sequence[str]) -> None:
    """Check that no option or argument before `--` is empty: a command never takes that for one that was left out.

    Workflows fill options from variables. If a variable isn't set, `--stored=""` must not become a rollout of all that
    is planned now, nor `--only=""` one of every environment.

    Raises:
        OpsError: One is empty.
    """
    before = ""
    for word in words:
        if word == "--":
            return
        if not word or _EMPTY.fullmatch(word):
            what = word.removesuffix("=") or f"what follows {printable(before)}"
            raise OpsError(f"{what} is empty; pass a value, or leave it out (in a workflow: the variable isn't set)")
        before = word


def say(text: str) -> None:
    """Print a message on stderr. Only data goes to stdout."""
    show(text, err=True)


def show(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print data on stdout, without what would control a terminal or, in a job of GitHub, the runner.

    Args:
        text: The data.
        err: Whether it goes to stderr, because other data goes to stdout.
        nl: Whether a line break follows.
    """
    safe = printable(text, keep="\n\t")
    typer.echo(without_commands(safe) if "GITHUB_ACTIONS" in os.environ else safe, err=err, nl=nl)  # noqa: TID251


def confirm(question: str, *, yes: bool) -> None:
    """Ask you to confirm a change; `yes` skips the question.

    Raises:
        RefusedError: You declined, or there is no terminal to ask on.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise RefusedError(f"{question} No terminal to ask on; pass --yes (make: YES=1)")
    try:
        agreed = typer.confirm(printable(question, keep="\n\t"), err=True)
    except typer.Abort:  # Ctrl-C, or the end of input
        agreed = False
    if not agreed:
        raise RefusedError("nothing was changed")
