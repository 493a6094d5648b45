"""Reads the tables of this folder."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
STACK = "stack.toml"


@cache
def stack() -> dict[str, dict[str, str]]:
    """What a stack may have beside the attributes of its resources, by table."""
    return tomllib.loads((HERE / STACK).read_text(encoding="utf-8"))


@cache
def types() -> dict[str, dict[str, Any]]:
    """The table of each type, by section and type as in `data.aws_iam_policy_document`; resources have no section."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(HERE.glob("*.toml")):
        if path.name != STACK:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
            for section in ("data", "ephemeral"):
                found |= {f"{section}.{kind}": table for kind, table in tables.pop(section, {}).items()}
            found |= tables
    return found


def adding(line: str, file: str = STACK) -> str:
    """How to make the gate understand something, and what that means."""
    return (
        f"remove it; or, if a check or proof finds every dangerous value of it, add `{line}` to "
        f"{(HERE / file).relative_to(HERE.parents[2]).as_posix()}"
    )
