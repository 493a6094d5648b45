"""The table of operations: what AWS's reference of actions doesn't say about them (operations.toml).

Its templates have parts of the reference (`${Region}`, and `${Operation}`), and in braces paths of a call's parameters
(`{Target.RoleArn}`, through all lists) or what the emulator looks up (`{@secret}`, lookups.py).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("operations.toml")


@dataclass(frozen=True, kw_only=True)
class Row:
    """What every row has."""

    source: str
    """AWS's page that says it."""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Renamed(Row):
    """Operations whose action has another name. Without an action, AWS authorizes every caller."""

    operations: tuple[str, ...]
    """As `service:Operation`, the service as boto3 names it; `*` is a wildcard."""
    action: str = ""
    having: str = ""
    """Path of a parameter, or `path=value`: the row is about calls that have it (templates.py)."""


@dataclass(frozen=True, kw_only=True)
class Part(Row):
    """Where a part of an ARN comes from, if no parameter has its name."""

    types: tuple[str, ...]
    """Resource types, `service:type`; `*` is a wildcard."""
    name: str
    """The part, as the reference names it: `ClusterName`."""
    values: tuple[str, ...]
    """Templates; the first that has a value counts."""


@dataclass(frozen=True, kw_only=True)
class Resources(Row):
    """The resources of operations, if their parameters don't name them as the reference does."""

    operations: tuple[str, ...]
    arns: tuple[str, ...]
    """Templates."""


@dataclass(frozen=True, kw_only=True)
class Needed(Row):
    """An action that AWS authorizes too, within an operation."""

    operations: tuple[str, ...]
    action: str
    resources: tuple[str, ...] = ("*",)
    """Templates. AWS authorizes the action on each; if none has a value, it doesn't authorize it."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Templates by condition key."""
    tagged: bool = False
    """Whether AWS authorizes it only if the call has tags."""
    having: str = ""
    """As of a renamed operation."""


@dataclass(frozen=True, kw_only=True)
class Key(Row):
    """A condition key that comes from parameters."""

    actions: tuple[str, ...]
    name: str
    values: tuple[str, ...]
    """Templates; the first that has a value counts."""
    arn: str = ""
    """ARN around a value that is a name, which is `{}` in it."""
    dns: bool = False
    """Whether AWS normalizes values as names of records (templates.py)."""


_KINDS: Mapping[str, Callable[..., Row]] = {
    "action": Renamed,
    "part": Part,
    "resource": Resources,
    "needed": Needed,
    "key": Key,
}


class Table:
    """All rows, found by operation, action or resource type."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Take the contents of operations.toml.

        Raises:
            TypeError: A row has an unknown or lacks a required element.
        """
        self._rows: dict[str, list[Any]] = {
            kind: [_KINDS[kind](**{name: _frozen(value) for name, value in row.items()}) for row in rows]
            for kind, rows in data.items()
        }

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every row."""
        return tuple(row for rows in self._rows.values() for row in rows)

    @cache  # noqa: B019  (one table a process)
    def actions(self, operation: str) -> tuple[Renamed, ...]:
        """The rows of an operation whose action has another name: the first that fits the call counts."""
        return tuple(self._about("action", "operations", operation))

    @cache  # noqa: B019
    def resources(self, operation: str) -> tuple[Resources, ...]:
        """The rows about an operation's resources."""
        return tuple(self._about("resource", "operations", operation))

    @cache  # noqa: B019
    def needed(self, operation: str) -> tuple[Needed, ...]:
        """The rows of further actions."""
        return tuple(self._about("needed", "operations", operation))

    @cache  # noqa: B019
    def keys(self, action: str) -> tuple[Key, ...]:
        """The condition keys of an action."""
        return tuple(self._about("key", "actions", action))

    @cache  # noqa: B019
    def part(self, type_: str, name: str) -> Part | None:
        """The row about a part of the ARNs of a resource type."""
        return next((row for row in self._about("part", "types", type_) if row.name == name), None)

    def _about(self, kind: str, element: str, name: str) -> Iterator[Any]:
        for row in self._rows.get(kind, ()):
            if any(fnmatchcase(name, each) for each in getattr(row, element)):
                yield row


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


@cache
def table() -> Table:
    """The committed table."""
    return Table(tomllib.loads(FILE.read_text(encoding="utf-8")))
