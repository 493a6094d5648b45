"""File and line of a value: where to fix it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import environments


class _Written(NamedTuple):
    """An expression and the module that it is written in."""

    node: ast.expr
    module: str


def place(
    module: str, field: str, given: object, variables: Sequence[str] = ("ENVIRONMENT", "ORGANIZATION")
) -> str | None:
    """Where a field of an environment is written, as `environments/prod.py:31`.

    A field that isn't written, because its default is used, has the place of what it belongs to.

    Args:
        module: The environment's module, which is imported.
        field: Path of the field, such as `product.services.0.port`.
        given: Its value. If the file has another one, the value isn't from there.
        variables: What the field may be a part of; the first that the module has.
    """
    found = next(filter(None, (_variable(name, module) for name in variables)), None)
    parts = field.split(".")
    while found and parts and (inner := _part(found, parts[0])):
        found = inner
        parts.pop(0)
    if not found or (not parts and not _is(found.node, given)):
        return None
    return f"{environments.shown(sys.modules[found.module].__file__ or '')}:{found.node.lineno}"


def _is(node: ast.expr, given: object) -> bool:
    try:
        written = ast.literal_eval(node)
    except ValueError:
        return True
    return bool(written == given or (isinstance(written, tuple) and given in written))


def _part(whole: _Written, part: str) -> _Written | None:
    """A part of an expression: an argument of a call, an item of a tuple, or the value of a key."""
    node, found = whole.node, None
    match node:
        case ast.Call():
            found = next((keyword.value for keyword in node.keywords if keyword.arg == part), None)
            if not found and isinstance(node.func, ast.Name) and node.func.id == "replace" and node.args:
                replaced = _resolved(_Written(node.args[0], whole.module))
                return _part(replaced, part) if replaced else None
        case ast.Tuple() | ast.List() if part.isdigit() and int(part) < len(node.elts):
            if not any(isinstance(item, ast.Starred) for item in node.elts[: int(part) + 1]):
                found = node.elts[int(part)]
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and str(key.value) == part:
                    found = value
    return _resolved(_Written(found, whole.module)) if found else None


def _resolved(written: _Written) -> _Written | None:
    """What a name stands for, if the expression is one: in this module, or in the one that it is imported from."""
    if isinstance(written.node, ast.Name):
        return _variable(written.node.id, written.module) or written
    return written


def _variable(name: str, module: str) -> _Written | None:
    file = getattr(sys.modules.get(module), "__file__", None)
    if not file:
        return None
    for statement in _statements(file):
        match statement:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                return _resolved(_Written(value, module))
            case ast.ImportFrom(module=str(source), names=imported):
                for alias in imported:
                    if (alias.asname or alias.name) == name:
                        return _variable(alias.name, source)
    return None


@cache
def _statements(file: str) -> list[ast.stmt]:
    return ast.parse(Path(file).read_text(encoding="utf-8")).body
