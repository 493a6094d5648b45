"""Fills the table's templates with a call's parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

_HOLE = re.compile(r"(\$?\{[^{}]*\})")
Lookup = Callable[[str], tuple[str, ...]]


class Templates:
    """The values that a call has for a template's holes."""

    def __init__(self, scope: Mapping[str, str], parameters: Mapping[str, Any], lookup: Lookup) -> None:
        """Take where values come from.

        Args:
            scope: Values of `${…}`, by name.
            parameters: Of the call.
            lookup: Returns the values of `{@…}`.
        """
        self._scope, self._parameters, self._lookup = scope, parameters, lookup

    def fill(self, template: str) -> tuple[str, ...]:
        """The texts of a template: one for each combination of values, and none if a hole has no value."""
        parts = [self._values(part) if _HOLE.fullmatch(part) else (part,) for part in _HOLE.split(template)]
        return tuple(dict.fromkeys("".join(each) for each in product(*parts)))

    def first(self, templates: tuple[str, ...]) -> tuple[str, ...]:
        """The texts of the first template that has any."""
        return next((found for template in templates if (found := self.fill(template))), ())

    def _values(self, hole: str) -> tuple[str, ...]:
        name = hole.strip("${}")
        if hole.startswith("$"):
            return (self._scope[name],)
        return self._lookup(name[1:]) if name.startswith("@") else at(self._parameters, name)


def at(parameters: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """The texts at a dotted path of parameters, through all lists on the way."""
    found: list[Any] = [parameters]
    for name in path.split("."):
        found = [each[name] for each in _flat(found) if isinstance(each, Mapping) and each.get(name) is not None]
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in _flat(found))


def under(parameters: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """The pairs at a dotted path of parameters, without lists on the way; none if there are none."""
    found: Any = parameters
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def has(parameters: Mapping[str, Any], having: str) -> bool:
    """Whether a call has a parameter (`path`), or has it with a value (`path=value`)."""
    path, _, value = having.partition("=")
    found = at(parameters, path)
    return value in found if value else bool(found)


def record_name(name: str) -> str:
    r"""A record's name as Route 53 puts it into condition keys: `*.Example.com.` is `\052.example.com`.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html
    """
    return re.sub(r"[^a-z0-9_.\\-]", lambda found: f"\\{ord(found[0]):03o}", name.lower().rstrip("."))


def _flat(found: list[Any]) -> Iterator[Any]:
    for each in found:
        if isinstance(each, list):
            yield from _flat(each)
        else:
            yield each


def tags(parameters: Mapping[str, Any]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The tags that a call sets, and the names of those that it sets or removes.

    Services name them `Tags`, `tags`, `TagsList`, `TagSpecifications`, `Tagging`, `ResourceTags`, `TagKeys`.
    """
    found: dict[str, str] = {}
    names: list[str] = []
    for name, value in parameters.items():
        if "tag" in name.lower():
            _collect(value, found, names)
    return found, tuple(dict.fromkeys([*found, *names]))


def _collect(value: object, found: dict[str, str], names: list[str]) -> None:
    if isinstance(value, list):
        for each in value:
            if isinstance(each, str):
                names.append(each)
            else:
                _collect(each, found, names)
    elif isinstance(value, Mapping):
        lower = {str(name).lower(): each for name, each in value.items()}
        nested = lower.get("tags", lower.get("tagset"))
        key = lower.get("key", lower.get("tagkey"))
        if isinstance(nested, list):
            _collect(nested, found, names)
        elif isinstance(key, str) and lower.keys() <= {"key", "value", "tagkey", "tagvalue"}:
            found[key] = str(lower.get("value", lower.get("tagvalue", "")))
        else:
            found.update({str(name): str(each) for name, each in value.items() if isinstance(each, str)})
