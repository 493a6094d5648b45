"""Checks a restored database: its migration level and the rows of named tables, read by a task in the private subnets.

The task runs in a service's image and reads the present database and the copy with the same queries, so that what the
copy must have isn't a number that somebody has to know.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from environments.schema import Database
from ops.errors import OpsError
from ops.stored import parse
from ops.tasks.one_off import OneOff
from ops.tasks.running import workload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from environments.schema import Environment
    from ops.aws.session import Aws
    from ops.tasks.log_lines import Line

VARIABLE = "DATABASE_CHECK"
"""Environment variable with what the program asks."""
PROGRAM = Path(__file__).with_name("program.py")
LEVEL = "migration level"
"""Name of the query of the migration level; the others have the names of tables, which have no spaces."""
SECONDS = 15 * 60
"""How long the task may take: counting the rows of a large table reads all of it."""
_Values = Mapping[str, object]


@dataclass(frozen=True)
class Read:
    """What the program printed: of each database, the value of each query or its error."""

    restored: dict[str, object]
    present: dict[str, object]


@dataclass(frozen=True)
class Expected:
    """What you know about the copy; by default it is compared with the present database."""

    level: str = ""
    """Its migration level."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """Minimum of rows, by table."""


@dataclass(frozen=True)
class Checked:
    """The result of a check."""

    read: Read
    problems: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """What was read, one line for each query."""
        for name, value in self.read.restored.items():
            yield f"{name}: restored {_shown(value)}, present {_shown(self.read.present.get(name))}"


def queries(values: Database) -> dict[str, str]:
    """The queries, by name."""
    # A name is a table's, of small letters, digits and underscores: environments/schema/infrastructure.py.
    counts = {table: f"select count(*) from {table}" for table in values.check.tables}  # noqa: S608
    return {LEVEL: values.check.level, **counts}


def read(aws: Aws, environment: Environment, host: str, progress: Callable[[str], None]) -> Read:
    """Run the program in a task, and return what it printed.

    Args:
        aws: The account; the caller may run tasks.
        environment: The environment.
        host: Host and port of the copy.
        progress: Called with each change of the task's status.

    Raises:
        OpsError: The product has no migration whose service could ask, the task failed, or it printed no result.
    """
    values, migration = environment.database, environment.product.migration
    if values is None or migration is None:
        raise OpsError(
            f"{environment.name} has no database, or {environment.product.name} no migration whose service can ask it: "
            "product.migration in environments/"
        )
    task = OneOff(aws, environment, workload(environment, migration.service))
    asked = {"url": environment.product.database_secret, "host": host, "queries": queries(values)}
    command = values.check.command or ("python", "-c", PROGRAM.read_text(encoding="utf-8"))
    prepared = task.prepare(command, {VARIABLE: json.dumps(asked)})
    lines: list[str] = []

    def keep(line: Line) -> None:
        lines.append(line.message)

    ended = task.follow(task.start(prepared), seconds=SECONDS, progress=progress, line=keep)
    said = _result(lines)
    if said is None:
        last = f"; its last line: {lines[-1]}" if lines else ""
        raise OpsError(
            f"task {ended.task}, which reads both databases, ended with {ended} and printed no result{last}; the image "
            f"of {migration.service} needs Python with psycopg, psycopg2 or asyncpg, or database.check.command: "
            "docs/runbooks/restore.md"
        )
    return said


def judge(found: Read, values: Database, expected: Expected) -> Checked:
    """Compare the copy with what you know of it or, without that, with the present database."""
    return Checked(found, tuple(_problems(found, values, expected)))


def _problems(found: Read, values: Database, expected: Expected) -> Iterator[str]:
    unread = found.restored.get("error")
    if isinstance(unread, str):
        yield f"the copy can't be read: {unread}"
        return
    level, wanted = found.restored.get(LEVEL), expected.level or found.present.get(LEVEL)
    if isinstance(level, dict) or level is None:
        yield f"its migration level can't be read: {_shown(level)}"
    elif isinstance(wanted, dict) or wanted is None:
        yield "the present database's migration level can't be read; pass the one that the copy must have: --level"
    elif str(level) != str(wanted):
        yield f"its migration level is {level}, not {wanted}"
    for table in values.check.tables:
        rows, present = found.restored.get(table), found.present.get(table)
        least = expected.rows.get(table)
        if least is None and isinstance(present, int):
            least = math.ceil(present * (100 - values.check.missing_rows) / 100)
        if not isinstance(rows, int):
            yield f"table {table} can't be counted: {_shown(rows)}"
        elif least is None:
            yield f"table {table} has {rows} rows, and the present one can't be counted; pass --rows {table}=NUMBER"
        elif rows < least:
            yield f"table {table} has {rows} rows, fewer than {least}"


def _result(lines: Sequence[str]) -> Read | None:
    """The last line that is a result: an image may log before it."""
    for line in reversed(lines):
        try:
            return parse(Read, line)
        except ValueError:
            continue
    return None


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return f"error ({value.get('error', value)})"
    return "nothing" if value is None else str(value)
