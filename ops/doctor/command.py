"""`bin/ops doctor`: the command line of the checks of this machine."""

from __future__ import annotations

import json
from itertools import chain, repeat
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.command import Json, complete_environment, load, reporting, show
from ops.errors import OpsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ops.conditions import ConditionResult
    from ops.doctor.checks import Check
    from ops.doctor.machine import Machine

HEADING, WIDTH = 12, 108
"""Columns of a heading and of the text beside it."""
Name = Annotated[
    str | None,
    typer.Argument(
        metavar="ENVIRONMENT",
        help="An environment; without one, credentials and AWS's services aren't checked.",
        autocompletion=complete_environment,
    ),
]
For = Annotated[
    list[str] | None,
    typer.Option("--for", metavar="COMMAND", help="Only what this command needs; may be given several times."),
]


def doctor(environment: Name = None, *, commands: For = None, as_json: Json = False) -> None:
    """Check tools, versions, credentials, clock, network and disk, and report what is missing for which command.

    Changes nothing, asks nothing, and ends within a minute. Run it first when a command fails.

    Exit code 0: all that is needed is there; 1: something is missing or unknown.
    """
    with reporting():
        try:
            from ops.conditions import Condition, exit_code, watched
            from ops.doctor.checks import needed_by
            from ops.doctor.machine import bounded
        except ImportError as error:
            raise _MissingPackageError(f"{error}; run make setup") from None

        _check_commands(commands or ())
        machine = _machine(environment)
        chosen = [*needed_by(frozenset(commands or ()))]
        conditions = [Condition(each.name, bounded(each.check)) for each in chosen]
        found = [*zip(chosen, watched(conditions, machine, at_once=len(conditions)), strict=True)]
        show(json.dumps(_as_data(found), indent=2) if as_json else _text(found))
        raise typer.Exit(min(1, exit_code(result for _, result in found)))


class _MissingPackageError(OpsError):
    """The checks can't be loaded."""

    exit_code = 1


def _machine(name: str | None) -> Machine:
    """The machine, with the environment if its values are valid.

    Raises:
        OpsError: No environment has that name.
    """
    import environments
    from environments.schema.validation import InvalidEnvironmentError
    from ops.doctor.machine import Machine

    if name is None:
        return Machine()
    try:
        return Machine(environments.load(name))
    except InvalidEnvironmentError as error:
        return Machine(problem=" ".join(str(error).split()))
    except environments.UnknownEnvironmentError:
        return Machine(load(name))  # It raises the error as every command does.


def _check_commands(names: Sequence[str]) -> None:
    from environments.suggestions import choices
    from ops.__main__ import COMMANDS
    from ops.doctor.checks import CHECKS, EVERY

    of_checks = {command for check in CHECKS for command in check.commands} - {EVERY}
    known = sorted(of_checks | {entry.name for entry in COMMANDS})
    for name in names:
        if name not in known:
            raise OpsError(f"unknown command {name!r}; {choices(name, known)}")


def _missing(found: Sequence[tuple[Check, ConditionResult]]) -> dict[str, list[str]]:
    """The checks that don't pass, by the command that needs them."""
    missing: dict[str, list[str]] = {}
    for check, result in found:
        if not result.passed:
            for command in check.commands:
                missing.setdefault(command, []).append(check.name)
    return missing


def _as_data(found: Sequence[tuple[Check, ConditionResult]]) -> dict[str, Any]:
    return {
        "checks": [
            {
                "name": check.name,
                "status": result.status,
                "found": result.evidence,
                "needed_by": check.commands,
                "what_to_do": "" if result.passed else check.advice,
            }
            for check, result in found
        ],
        "missing": _missing(found),
    }


def _text(found: Sequence[tuple[Check, ConditionResult]]) -> str:
    from ops.conditions import summary
    from ops.tasks.running import aligned

    rows = [(result.status, check.name, result.evidence) for check, result in found]
    wrong = [check for check, result in found if not result.passed]
    parts = [aligned(("STATUS", "CHECK", "FOUND"), *rows), *map("\n".join, _advice(wrong))]
    return "\n\n".join([*parts, summary(result for _, result in found)])


def _advice(wrong: Sequence[Check]) -> Iterator[list[str]]:
    """What to do, once for checks with the same advice, and the commands that need it."""
    for advice in dict.fromkeys(check.advice for check in wrong):
        same = [check for check in wrong if check.advice == advice]
        commands = dict.fromkeys(command for check in same for command in check.commands)
        table = {
            "CHECK": ", ".join(check.name for check in same),
            "WHAT TO DO": advice,
            "NEEDED BY": ", ".join(commands),
        }
        yield [
            f"{name:<{HEADING}}{line}"
            for heading, text in table.items()
            for name, line in zip(chain([heading], repeat("")), wrap(text, WIDTH, break_on_hyphens=False), strict=False)
        ]
