"""Writes values of the schema as the Python that a person would write, in the project's format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from environments.schema import Edge, Environment, Product, Profile, Service

WIDTH = 120
_EXPANDED = (Environment, Product, Profile, Service, Edge)
"""Values that have one line for each setting, however short they are."""


class Reference(str):
    """Source text that stands for a value, such as `SHOP` for the product."""

    __slots__ = ()


def module(docstring: str, imports: Mapping[str, Sequence[str]], body: str) -> str:
    """A module's text.

    Args:
        docstring: Its first line, without quotes.
        imports: Names by the module that they are imported from.
        body: What follows the imports.
    """
    standard = [each for each in imports if "." not in each]
    own = [each for each in imports if "." in each]
    blocks = ["\n".join(_imported(each, imports[each]) for each in sorted(group)) for group in (standard, own) if group]
    return "\n\n".join([f'"""{docstring}"""', *blocks, body]) + "\n"


def _imported(source: str, names: Sequence[str]) -> str:
    line = f"from {source} import {', '.join(sorted(names))}"
    if len(line) <= WIDTH:
        return line
    return f"from {source} import (\n" + "".join(f"    {name},\n" for name in sorted(names)) + ")"


def types(value: object, references: Mapping[str, Reference]) -> set[str]:
    """Names of the schema's types that a value is written with."""
    return {type(part).__name__ for part in _parts(value, references) if is_dataclass(part)}


def _parts(value: Any, references: Mapping[str, Reference], path: str = "") -> Iterator[object]:  # noqa: ANN401
    if path in references:
        return
    yield value
    for name, inner in (
        _settings(value) if is_dataclass(value) else enumerate(value) if isinstance(value, tuple) else ()
    ):
        yield from _parts(inner, references, f"{path}.{name}".lstrip("."))


def assignment(
    name: str,
    value: object,
    references: Mapping[str, Reference] | None = None,
    comments: Mapping[str, str] | None = None,
) -> str:
    """`NAME = Type(…)`, without the settings that have their default.

    Args:
        name: The variable.
        value: A value of the schema.
        references: What is written instead of a setting's value, by the setting's path, such as `product`.
        comments: Lines above a setting, by its path.
    """
    return f"{name} = " + _Writer(references or {}, comments or {}).text(value, "", 0, len(name) + 3)


def replaced(name: str, old: Profile, new: Profile, indent: int) -> Reference:
    """`replace(NAME, …)` with the settings in which a profile differs from the one of that name.

    Args:
        name: The variable of the old one.
        old: The profile of that name.
        new: The profile to write.
        indent: Of the line of `profile=`.
    """
    inner, writer = indent + 4, _Writer({}, {})
    changed = [each.name for each in fields(new) if getattr(new, each.name) != getattr(old, each.name)]
    parts = [name, *(f"{each}={writer.text(getattr(new, each), '', inner, inner + len(each) + 1)}" for each in changed)]
    inline = f"replace({', '.join(parts)})"
    if indent + len(f"profile={inline},") <= WIDTH and "\n" not in inline:
        return Reference(inline)
    return Reference("\n".join(["replace(", *(" " * inner + f"{part}," for part in parts), " " * indent + ")"]))


class _Writer:
    def __init__(self, references: Mapping[str, Reference], comments: Mapping[str, str]) -> None:
        self.references, self.comments = references, comments

    def text(self, value: object, path: str, indent: int, used: int) -> str:
        """The source of a value that starts in column `used` of a line with that indent, with a comma after it."""
        inline = self._inline(value, path)
        commented = any(key.startswith(f"{path}." if path else "") for key in self.comments)
        fits = used + len(inline) < WIDTH and not commented and not isinstance(value, _EXPANDED) and "\n" not in inline
        if (
            path in self.references
            or fits
            or not (is_dataclass(value) or (isinstance(value, (tuple, Mapping)) and value))
        ):
            return inline
        inner, lines = " " * (indent + 4), []
        for prefix, part, inside in self._items(value, path):
            lines += [f"{inner}# {line}" for line in self.comments.get(inside, "").splitlines()]
            lines.append(f"{inner}{prefix}{self.text(part, inside, indent + 4, indent + 4 + len(prefix))},")
        start, end = _brackets(value)
        return "\n".join([start, *lines, " " * indent + end])

    def _inline(self, value: object, path: str) -> str:
        if path in self.references:
            return self.references[path]
        if isinstance(value, str):
            return _quoted(value)
        if not is_dataclass(value) and not isinstance(value, (tuple, Mapping)):
            return repr(value)
        start, end = _brackets(value)
        parts = [f"{prefix}{self._inline(part, inside)}" for prefix, part, inside in self._items(value, path)]
        return start + ", ".join(parts) + ("," if isinstance(value, tuple) and len(parts) == 1 else "") + end

    def _items(self, value: Any, path: str) -> Iterator[tuple[str, object, str]]:  # noqa: ANN401
        if isinstance(value, tuple):
            items = [("", str(index), part) for index, part in enumerate(value)]
        elif isinstance(value, Mapping):
            items = [(f"{_quoted(name)}: ", name, part) for name, part in value.items()]
        else:
            items = [(f"{name}=", name, part) for name, part in _settings(value)]
        for prefix, name, part in items:
            yield prefix, part, f"{path}.{name}".lstrip(".")


def _brackets(value: object) -> tuple[str, str]:
    if isinstance(value, Mapping):
        return "{", "}"
    return ("" if isinstance(value, tuple) else type(value).__name__) + "(", ")"


def _settings(value: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401  (a dataclass of the schema)
    for field in fields(value):
        given = getattr(value, field.name)
        if given != _default(field) or type(given) is not type(_default(field)):
            yield field.name, given


def _default(field: Field[object]) -> object:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _quoted(text: str) -> str:
    written = repr(text)
    return f'"{written[1:-1]}"' if written[0] == "'" and '"' not in written else written
