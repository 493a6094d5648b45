"""Reads the tables of this folder."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
STACK = "stack.toml"
AS_SYNTHESIZED = "change the environment's values, and synthesize again: make synth"
"""How to correct a value that comes from the environment's."""


@cache
def stack() -> dict[str, dict[str, str]]:
    """What a stack may have beside the attributes of its resources, by table."""
    return tomllib.loads((HERE / STACK).read_text(encoding="utf-8"))


@cache
def types() -> dict[str, dict[str, Any]]:
    """The table of each type, by section and type as in `data.aws_iam_policy_document`; resources have no section."""
    return {kind: known for _, kind, known in _tables()}


@cache
def _files() -> dict[str, str]:
    return {kind: file for file, kind, _ in _tables()}


def _tables() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The file and the table of each type."""
    for path in sorted(HERE.glob("*.toml")):
        if path.name != STACK:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
            for section in ("data", "ephemeral"):
                tables |= {f"{section}.{kind}": known for kind, known in tables.pop(section, {}).items()}
            yield from ((path.name, kind, known) for kind, known in tables.items())


def file(kind: str) -> str:
    """The file with the table of a type."""
    return f"ops/gate/understood/{_files()[kind]}"


def adding(line: str, kind: str = "") -> str:
    """How to make the gate understand something, and what that means.

    Args:
        line: The line of a table that would add it.
        kind: The type that it is about; empty for what isn't of a resource.
    """
    file = _files().get(kind, "") if kind else STACK
    return (
        f"remove it; or, if a check or proof finds every dangerous value of it, add `{line}` to "
        f"ops/gate/understood/{file}, whose first lines explain the words"
    )
