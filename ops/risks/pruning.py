"""Removes from the register's files what matches nothing, and keeps their comments."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import tomlkit

import environments
from ops.errors import OpsError
from ops.gate.model import ErrorKind, Unused, Verdict

_ENTRY = re.compile(r"^(?=\[\[risk\]\])", re.MULTILINE)
_COMMENTS_AT_END = re.compile(r"(?:^[ \t]*(?:#.*)?\n)*\Z", re.MULTILINE)


@dataclass(frozen=True)
class Removal:
    """An entry's values that match nothing."""

    path: Path
    """The register's file."""
    risk: str
    """The entry's id."""
    values: tuple[Unused, ...]
    whole: bool
    """Whether one of its fields has no other value, so that the entry accepts nothing and is removed."""

    @property
    def text(self) -> str:
        """The removal as a line of text."""
        values = ", ".join(f"{each.value!r} in {each.field}" for each in self.values)
        return f"{environments.shown(self.path)} [[risk]] {self.risk}: {'the whole entry' if self.whole else values}"


def removals(verdict: Verdict) -> list[Removal]:
    """What to remove from the register.

    Raises:
        OpsError: The gate couldn't check everything, so what matches nothing is unknown.
    """
    errors = [error for error in verdict.errors if verdict.unused is None or error.kind is not ErrorKind.REGISTER]
    if verdict.unused is None or errors:
        problems = "; ".join(f"{error.where}: {error.what}" for error in errors)
        raise OpsError(f"what matches nothing is unknown until the gate can check everything: {problems}")
    found = []
    for (path, risk), group in groupby(verdict.unused, key=lambda unused: (unused.path, unused.risk)):
        values = tuple(group)
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["risk"]
        (entry,) = (entry for entry in entries if entry["id"] == risk)
        unused = {field: {each.value for each in values if each.field == field} for field in entry}
        whole = any(unused[field] and unused[field] >= set(entry[field]) for field in entry)
        found.append(Removal(path, risk, values, whole))
    return found


def pruned(text: str, changes: Sequence[Removal]) -> str | None:
    """The text of a file of the register without what the changes name; None if no entry is left."""
    gone = {change.risk for change in changes if change.whole}
    head, *entries = _ENTRY.split(text)
    kept = (_comments(entry) if tomllib.loads(entry)["risk"][0]["id"] in gone else entry for entry in entries)
    document = tomlkit.parse(head + "".join(kept))
    if "risk" not in document:
        return None
    for entry in document["risk"]:
        for change in changes:
            if change.risk == entry["id"]:
                for unused in change.values:
                    entry[unused.field].remove(unused.value)
    return tomlkit.dumps(document)


def _comments(entry: str) -> str:
    """The comments after an entry: they are about the next one."""
    found = _COMMENTS_AT_END.search(entry)
    return found[0].lstrip("\n") if found else ""
