"""File and line of a value: where to fix it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import environments

VARIABLES = ("ENVIRONMENT", "ORGANIZATION")
"""What the fields of a module of values are parts of."""


class Source(NamedTuple):
    """Where a value comes from."""

    place: str
    """File and line, as in `environments/prod.py:31`."""
    default: bool = False
    """Whether no file of values has it; the place is then the line of the default in the schema."""

    def __str__(self) -> str:
        return f"default, {self.place}" if self.default else self.place


class _Written(NamedTuple):
    """An expression and the module that it is written in."""

    node: ast.expr
    module: str


def place(module: str, field: str, given: object, variables: Sequence[str] = VARIABLES) -> str | None:
    """Where a field of an environment is written, as `environments/prod.py:31`.

    A field that isn't written, because its default is used, has the place of what it belongs to.

    Args:
        module: The environment's module, which is imported.
        field: Path of the field, such as `product.services.0.port`.
        given: Its value. If the file has another one, the value isn't from there.
        variables: What the field may be a part of; the first that the module has.
    """
    found = _whole(module, variables)
    parts = field.split(".")
    while found and parts and (inner := _part(found, parts[0])):
        found = inner
        parts.pop(0)
    if not found or (not parts and not _is(found.node, given)):
        return None
    return _shown(found)


def source(module: str, field: str, whole: object, variables: Sequence[str] = VARIABLES) -> Source:
    """Where the value of a field comes from: the values' files, or the schema's default.

    Args:
        module: The environment's module, which is imported.
        field: Path of the field, such as `product.services.0.port`.
        whole: What the path begins at, such as the environment.
        variables: The variable of `whole`: the first that the module has.

    Returns:
        The line that has the value. If that can't be read without running the file, as in what a function returns, the
        line of the expression that leads to it.
    """
    found = _whole(module, variables)
    if not found:
        return Source(environments.shown(environments.FOLDER / f"{module.rpartition('.')[2]}.py"))
    parts, holder = field.split("."), whole
    while parts and (inner := _part(found, parts[0])):
        found, holder = inner, _inner(holder, parts.pop(0))
    default = _default(holder, parts) if parts and _constructs(found, type(holder)) else None
    return Source(default, default=True) if default else Source(_shown(found))


def _default(holder: object, parts: Sequence[str]) -> str | None:
    """File and line of the default that a value is from; none if the schema has none for it."""
    passed: list[tuple[type, Field[Any], object]] = []
    for part in parts:
        if is_dataclass(holder):
            passed += [(type(holder), each, getattr(holder, part)) for each in fields(holder) if each.name == part]
        holder = _inner(holder, part)
    for cls, each, value in reversed(passed):
        known = each.default if each.default_factory is MISSING else each.default_factory()
        if known is not MISSING and known == value:
            return _field_line(cls, each.name)
    return None


def _field_line(cls: type, name: str) -> str | None:
    file = getattr(sys.modules.get(cls.__module__), "__file__", None) or ""
    for statement in _statements(file) if file else ():
        if isinstance(statement, ast.ClassDef) and statement.name == cls.__name__:
            for line in statement.body:
                if isinstance(line, ast.AnnAssign) and ast.unparse(line.target) == name:
                    return f"{environments.shown(file)}:{line.lineno}"
    return None


def _inner(value: Any, part: str) -> Any:  # noqa: ANN401  (any value of a field)
    if isinstance(value, Mapping):
        return next((inner for key, inner in value.items() if str(key) == part), None)
    if isinstance(value, tuple | list):
        return value[int(part)] if part.isdigit() and int(part) < len(value) else None
    return getattr(value, part, None)


def _whole(module: str, variables: Sequence[str]) -> _Written | None:
    return next(filter(None, (_variable(name, module) for name in variables)), None)


def _shown(written: _Written) -> str:
    return f"{environments.shown(sys.modules[written.module].__file__ or '')}:{written.node.lineno}"


def _is(node: ast.expr, given: object) -> bool:
    try:
        written = ast.literal_eval(node)
    except ValueError:
        return True
    return bool(written == given or (isinstance(written, tuple) and given in written))


def _part(whole: _Written, part: str) -> _Written | None:
    """A part of an expression: an argument of a call, an item of a tuple, or the value of a key."""
    node, found, unpacked = whole.node, None, None
    match node:
        case ast.Call():
            found = next((keyword.value for keyword in node.keywords if keyword.arg == part), None)
            if not found:
                bases = [*_unpacked(whole), *filter(None, [_replaced(whole)])]
                return next(filter(None, (_part(base, part) for base in bases)), None)
        case ast.Tuple() | ast.List() | ast.BinOp() if part.isdigit():
            items = _items(whole)
            return _resolved(items[int(part)]) if len(items) > int(part) else None
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and str(key.value) == part:
                    found = value
                elif key is None and (base := _resolved(_Written(value, whole.module))):
                    unpacked = _part(base, part) or unpacked
            if not found:
                return unpacked
    return _resolved(_Written(found, whole.module)) if found else None


def _items(whole: _Written) -> list[_Written]:
    """The items of a tuple, also of one that others are unpacked into or added to, up to the first unknown one."""
    found: list[_Written] = []
    match whole.node:
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first = _sequence(_Written(left, whole.module))
            second = _sequence(_Written(right, whole.module))
            return (first or []) + (second or []) if first is not None else []
        case ast.Tuple(elts=items) | ast.List(elts=items):
            for item in items:
                if not isinstance(item, ast.Starred):
                    found.append(_Written(item, whole.module))
                elif (inner := _sequence(_Written(item.value, whole.module))) is None:
                    return found
                else:
                    found += inner
    return found


def _sequence(written: _Written) -> list[_Written] | None:
    """All items of an expression; none if they can't be read without running it."""
    resolved = _resolved(written)
    if not resolved or not isinstance(resolved.node, ast.Tuple | ast.List | ast.BinOp):
        return None
    if isinstance(resolved.node, ast.BinOp):
        return _items(resolved)
    whole = all(
        _sequence(_Written(item.value, resolved.module)) is not None
        for item in resolved.node.elts
        if isinstance(item, ast.Starred)
    )
    return _items(resolved) if whole else None


def _unpacked(whole: _Written) -> list[_Written]:
    """What `**` unpacks into a call."""
    assert isinstance(whole.node, ast.Call)  # noqa: S101  (the caller matched it)
    values = [keyword.value for keyword in whole.node.keywords if keyword.arg is None]
    return [base for value in values if (base := _resolved(_Written(value, whole.module)))]


def _replaced(whole: _Written) -> _Written | None:
    """The first argument of `replace`, from which what isn't given comes."""
    node = whole.node
    if not isinstance(node, ast.Call) or not node.args:
        return None
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return _resolved(_Written(node.args[0], whole.module)) if called == "replace" else None


def _constructs(written: _Written, cls: type) -> bool:
    """Whether an expression creates a value of a class from arguments that can all be read."""
    while base := _replaced(written):
        written = base
    node = written.node
    if not isinstance(node, ast.Call):
        return False
    readable = all(isinstance(base.node, ast.Dict) or _is_dict(base.node) for base in _unpacked(written))
    return readable and _value(node.func, written.module) is cls


def _is_dict(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "dict" and not node.args


def _value(node: ast.expr, module: str) -> object:
    """The value of a name, or of a name in a module, in the imported module."""
    match node:
        case ast.Name(id=name):
            return vars(sys.modules[module]).get(name) if module in sys.modules else None
        case ast.Attribute(value=inner, attr=name):
            return getattr(_value(inner, module), name, None)
    return None


def _resolved(written: _Written) -> _Written | None:
    """What a name stands for, if the expression is one: in this module, or in the one that it is imported from."""
    match written.node:
        case ast.Name(id=name):
            return _variable(name, written.module) or written
        case ast.Attribute(value=inner, attr=name):
            if isinstance(module := _value(inner, written.module), ModuleType):
                return _variable(name, module.__name__) or written
            whole = _resolved(_Written(inner, written.module))
            return (whole and _part(whole, name)) or written
    return written


def _variable(name: str, module: str) -> _Written | None:
    file = getattr(sys.modules.get(module), "__file__", None)
    if not file:
        return None
    for statement in _statements(file):
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=target)], value=value)
                | ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value)
            ) if target == name:
                written = _Written(value, module)
                # `PORT = PORT` would never end.
                return written if getattr(value, "id", "") == name else _resolved(written)
            case ast.ImportFrom(module=str(source_of), names=imported):
                for alias in imported:
                    if (alias.asname or alias.name) == name:
                        return _variable(alias.name, source_of)
    return None


@cache
def _statements(file: str) -> list[ast.stmt]:
    return ast.parse(Path(file).read_text(encoding="utf-8")).body
