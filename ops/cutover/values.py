"""Where an environment's values say its weight, for the person who has to write the new one there."""

from __future__ import annotations

import ast
from pathlib import Path

import environments
from environments.schema import Environment


def place(environment: Environment, weight: int) -> str | None:
    """What to change in the values, and in which line, once DNS says `weight`; none if they say it already."""
    if environment.cutover.weight == weight:
        return None
    own = environments.FOLDER / f"{environment.name.replace('-', '_')}.py"
    siblings = sorted(environments.FOLDER / f"{name.replace('-', '_')}.py" for name in environments.known())
    for file in (own, *siblings):
        line = _line(file, environment)
        if line:
            return f"environments/{file.name}:{line}: weight={weight}"
    return f"environments/{own.name}: cutover=Cutover(weight={weight}, …)"


def _line(file: Path, environment: Environment) -> int | None:
    """The line of `Cutover(weight=…)` in a file of the same stage."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Cutover":
            for keyword in node.keywords:
                if keyword.arg == "weight" and environment.stage in words:
                    return keyword.value.lineno
    return None
