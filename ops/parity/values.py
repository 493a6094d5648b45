"""Values that environments don't share, and where each is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final

from environments.effective import origin
from environments.schema import Environment


class _Absent:
    """Stands for the value of a key that a mapping doesn't have."""


ABSENT: Final = _Absent()
ValuePath = tuple[str, ...]
"""Fields, indexes and keys that lead to a value."""


@dataclass(frozen=True)
class ValueDifference:
    """A value that isn't the same in all environments."""

    path: ValuePath
    given: tuple[object, ...]
    """The value of each environment, in their order."""

    @property
    def setting(self) -> str:
        """Its path as text, such as `database.backup_days`."""
        return ".".join(self.path)


def differing(compared: Sequence[object], path: ValuePath = ()) -> Iterator[ValueDifference]:
    """The smallest values that differ: fields, items of lists that are equally long, and keys of mappings."""
    first, *others = compared
    if all(each == first for each in others):
        return
    for parts in _parts(compared):
        for part in parts:
            yield from differing([_part(each, part) for each in compared], (*path, part))
        return
    yield ValueDifference(path, tuple(compared))


def _parts(compared: Sequence[Any]) -> Iterator[Sequence[str]]:
    """The names of the parts that all have, if they can be compared part by part."""
    first = compared[0]
    if is_dataclass(first) and all(type(each) is type(first) for each in compared):
        yield [field.name for field in fields(first)]
    elif all(isinstance(each, Mapping) for each in compared):
        yield list(dict.fromkeys(key for each in compared for key in each))
    elif all(isinstance(each, tuple) and len(each) == len(first) for each in compared) and all(
        is_dataclass(item) for each in compared for item in each
    ):
        yield [str(number) for number in range(len(first))]


def _part(whole: Any, part: str) -> object:  # noqa: ANN401  (any value)
    if isinstance(whole, Mapping):
        return whole.get(part, ABSENT)
    return whole[int(part)] if isinstance(whole, tuple) else getattr(whole, part)


def at(whole: object, path: ValuePath) -> object:
    """The value at a path."""
    for part in path:
        whole = _part(whole, part)
    return whole


def changed(whole: Any, path: ValuePath, new: object) -> Any:  # noqa: ANN401  (the same type)
    """A copy with another value at a path."""
    if not path:
        return new
    part, *rest = path
    inner = changed(_part(whole, part), tuple(rest), new)
    if isinstance(whole, Mapping):
        others = {key: each for key, each in whole.items() if key != part}
        return others if inner is ABSENT else {**others, part: inner}
    if isinstance(whole, tuple):
        return tuple(inner if number == int(part) else each for number, each in enumerate(whole))
    return replace(whole, **{part: inner})


def where(environment: Environment, difference: ValueDifference, given: object) -> str:
    """File and line of an environment's value; empty if it has no such key."""
    return "" if given is ABSENT else str(origin(environment, difference.setting))


def text(value: object) -> str:
    """A value in one line; empty if there is none."""
    if value is None or value is ABSENT:
        return ""
    if is_dataclass(value):
        set_ = {field.name: getattr(value, field.name) for field in fields(value)}
        given = {name: each for name, each in set_.items() if each not in (None, (), "")}
        return f"{type(value).__name__}({', '.join(f'{name}={text(each)}' for name, each in given.items())})"
    if isinstance(value, tuple):
        return ", ".join(map(text, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {text(each)}" for key, each in value.items())
    return str(value)
