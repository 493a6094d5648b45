"""`bin/ops restore`: the command line around restores."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from modules.output import OUT
from ops.command import DryRun, EnvironmentName, Json, Out, Yes, confirm, load, reporting, say, show
from ops.errors import OpsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from environments.schema import Environment
    from ops.restore.check import Checked, Expected


class What(StrEnum):
    """What can be restored."""

    DATABASE = "database"
    CACHE = "cache"
    SECRET = "secret"  # noqa: S105  (a word, not a value)
    STATE = "state"


_OPTIONS = {
    What.DATABASE: {"at", "snapshot", "as", "level", "rows"},
    What.CACHE: {"snapshot", "as"},
    What.SECRET: {"version"},
    What.STATE: {"version"},
}
_DIGITS = 18
"""Of a number of rows: PostgreSQL counts up to 9,223,372,036,854,775,807."""
_SHOWN = 80
"""Characters of a wrong option that are shown."""
_NAMED = {What.SECRET: "a secret", What.STATE: "a phase"}


def _whats(incomplete: str) -> list[str]:
    return [each for each in What if each.startswith(incomplete)]


def _kind(what: str) -> What:
    from environments.suggestions import choices

    if what not in set(What):
        raise OpsError(f"nothing to restore is called {what!r}; {choices(what, What)}")
    return What(what)


def restore(
    environment: EnvironmentName,
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="database, cache, secret or state.", autocompletion=_whats)
    ],
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Of a secret, or a phase whose state it is.", show_default=False)
    ] = "",
    *,
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="A time in UTC (2026-05-04T11:59:00Z), or latest.")
    ] = "",
    snapshot: Annotated[str, typer.Option("--snapshot", metavar="ID", help="A snapshot of the store.")] = "",
    version: Annotated[
        str, typer.Option("--version", metavar="ID", help="A version of the secret or state; by default the previous.")
    ] = "",
    as_: Annotated[str, typer.Option("--as", metavar="NAME", help="What the copy's name ends with, such as r1.")] = "",
    level: Annotated[
        str, typer.Option("--level", metavar="LEVEL", help="Migration level that the copy must have.")
    ] = "",
    rows: Annotated[
        list[str] | None,
        typer.Option("--rows", metavar="TABLE=NUMBER", help="Minimum of rows of a table in the copy."),
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    out: Out = OUT,
) -> None:
    """Restore a data store beside the present one and check it, or a previous value of a secret or state.

    The present database and cache stay as they are: a setting makes the copy the store, in a reviewed plan. Exit code
    1: the copy differs from what it must be, or you declined. Run again after an interruption: the restore continues.
    """
    given = {"at": at, "snapshot": snapshot, "version": version, "as": as_, "level": level, "rows": rows}
    with reporting():
        kind, chosen = _kind(what), load(environment)
        if other := sorted(key for key, value in given.items() if value and key not in _OPTIONS[kind]):
            raise OpsError(
                f"--{other[0]} isn't an option of restore {kind}; it has --{', --'.join(sorted(_OPTIONS[kind]))}"
            )
        if bool(name) != (kind in _NAMED):
            needed = f"name {_NAMED[kind]}" if kind in _NAMED else f"leave out {name!r}"
            raise OpsError(
                f"restore {kind}: {needed}, as in bin/ops restore {environment} {kind}{' NAME' * (kind in _NAMED)}"
            )
        if kind is What.STATE:
            _state(chosen, name, version, yes=yes, dry_run=dry_run, out=out)
        elif kind is What.SECRET:
            from ops.restore.secret import restore_secret

            restore_secret(chosen, name, version, yes=yes, dry_run=dry_run)
        elif kind is What.CACHE:
            from ops.restore.cache import restore_cache

            restore_cache(chosen, snapshot, as_, yes=yes, dry_run=dry_run)
        else:
            from ops.restore.check import Expected

            expected = Expected(level, _rows(rows or (), chosen))
            _database(chosen, at, snapshot, as_, expected, yes=yes, dry_run=dry_run, as_json=as_json)


def _database(
    chosen: Environment,
    at: str,
    snapshot: str,
    wanted: str,
    expected: Expected,
    *,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    from environments.names import Names
    from ops.aws.session import connect
    from ops.cutover.work import journal
    from ops.restore.check import judge, read
    from ops.restore.database import DatabaseRestore, address, check_source
    from ops.restore.drill import CHECKED, COMMAND, EVENT, FAILED
    from ops.restore.store import check_ending, choose, next_steps

    check_source(chosen, snapshot, at)
    check_ending(wanted)
    aws = connect(chosen)
    restoring = DatabaseRestore(aws, chosen)
    source = restoring.source(snapshot, at)
    ending, exists = choose(chosen, What.DATABASE, str(source), restoring.present(), wanted=wanted)
    copy = Names(chosen).store(ending)
    again = f"bin/ops restore {chosen.name} database {source.option} --as {ending}"
    say(f"{copy} exists, restored from {source}: continuing" if exists else f"{source} into a new instance, {copy}")
    say(f"{Names(chosen).database} stays as it is; account {aws.caller.account}")
    if dry_run:
        return
    confirm(f"Restore the database of {chosen.name} into {copy}?", yes=yes)
    written = journal(chosen, aws, f"{COMMAND} {What.DATABASE}")
    try:
        if not exists:
            restoring.start(source, copy)
        restoring.wait(copy)
        restoring.use_present_password(copy)
        instance = restoring.wait(copy)
        checked = judge(read(aws, chosen, address(instance), say), restoring.values, expected)
    except (OpsError, KeyboardInterrupt):
        say(f"nothing is lost: {Names(chosen).database} is unchanged; to continue: {again}")
        raise
    for line in checked.lines():
        show(line, err=as_json)
    outcome = FAILED if checked.problems else CHECKED
    evidence = {"copy": copy, "source": str(source), **asdict(checked)}
    written.append(EVENT, outcome, evidence=evidence, must=False)
    if as_json:
        show(json.dumps({"outcome": outcome, **evidence}, default=str))
    _explain(checked, again)
    for line in next_steps(chosen, What.DATABASE, ending):
        say(line)


def _explain(checked: Checked, again: str) -> None:
    """Say whether the copy is what it must be.

    Raises:
        Exit: It isn't.
    """
    if checked.problems:
        for problem in checked.problems:
            say(f"fail: {problem}")
        say(f"to check it again, also with --level and --rows: {again}")
        raise typer.Exit(1)
    say("pass: the copy has the migration level and the rows that it must have")


def _rows(given: Sequence[str], environment: Environment) -> dict[str, int]:
    """Minimum of rows by table.

    Raises:
        OpsError: It isn't TABLE=NUMBER, or `database.check` has no such table.
    """
    from environments.suggestions import choices

    tables = environment.database.check.tables if environment.database else ()
    found = {}
    for each in given:
        table, _, number = each.partition("=")
        if not (number.isdecimal() and len(number) <= _DIGITS):
            raise OpsError(f"--rows {each[:_SHOWN]!r} must be TABLE=NUMBER, such as --rows users=1200")
        if table not in tables:
            raise OpsError(f"--rows {each!r}: database.check.tables has no {table!r}; {choices(table, tables)}")
        found[table] = int(number)
    return found


def _state(environment: Environment, phase: str, version: str, *, yes: bool, dry_run: bool, out: object) -> None:
    """A previous version of a phase's state: what `recover --restore` does, or the list of versions."""
    from pathlib import Path

    from ops.aws.session import connect
    from ops.aws.states import States
    from ops.command import check_phases
    from ops.terraform.recover import listed, restoring
    from ops.terraform.state_command import recover

    check_phases([phase])
    if dry_run or not version:
        states = States(connect(environment), environment)
        for line in restoring(states, phase, version) if version else listed(states, phase):
            say(line)
        if version:
            return
        say(f"to restore one: bin/ops restore {environment.name} state {phase} --version VERSION")
        return
    recover(environment.name, phase, version, yes, Path(str(out)))
