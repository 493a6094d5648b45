"""The tables of adoption: what to ask AWS about a type, and what of it can't be changed in place."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Question:
    """How to find a resource of a type; the fields are explained in `questions.toml`."""

    id: str = ""
    ask: tuple[str, str] | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    items: str = "@"
    where: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    through: tuple[str, str] | None = None
    absent: frozenset[str] = frozenset()
    parent: tuple[str, str] | None = None
    beside: str = ""
    created: str = ""


class FixedAttribute(NamedTuple):
    """An attribute that can't be changed in place."""

    kind: str
    """What it is about: `encryption`, `engine`, `range`, `name` or `settings`."""
    name: str
    """The attribute, as Terraform names it."""
    configured: str
    """Expression of the value in the stack; empty if the question decides by it."""
    actual: str
    """Expression of the value in AWS."""
    way_out: str


@cache
def questions() -> Mapping[str, Question]:
    """By type, what to ask AWS."""
    return {kind: _question(**entry) for kind, entry in _read("questions.toml").items()}


def _question(**entry: Any) -> Question:  # noqa: ANN401  (a table of TOML)
    pairs: dict[str, Any] = {name: tuple(entry.pop(name)) for name in ("ask", "through", "parent") if name in entry}
    return Question(arguments=entry.pop("with", {}), absent=frozenset(entry.pop("absent", ())), **pairs, **entry)


@cache
def fixed() -> Mapping[str, tuple[FixedAttribute, ...]]:
    """By type, the attributes that can't be changed in place."""
    found: dict[str, tuple[FixedAttribute, ...]] = {}
    for entry in _read("fixed.toml")["fixed"]:
        for kind, attributes in entry["attributes"].items():
            for name, expressions in attributes.items():
                configured, actual = expressions or ("", "")
                one = FixedAttribute(entry["kind"], name, configured, actual, entry["way_out"])
                found[kind] = (*found.get(kind, ()), one)
    return found


OTHERWISE = (
    "leave the resource as it is and outside of Terraform, and refer to it, or delete it and let the stack create it"
)
"""The way out for an attribute that the table doesn't have."""


def ways_out(kind: str, attributes: Collection[str]) -> tuple[str, ...]:
    """The way out for each attribute of a type that can't be changed in place, without repetition.

    Args:
        kind: The type.
        attributes: Paths as in `encryption_configuration.kms_key`; the table has their first part.
    """
    known = {each.name: each.way_out for each in fixed().get(kind, ())}
    found = [known.get(each.partition(".")[0].partition("[")[0], OTHERWISE) for each in attributes]
    return tuple(dict.fromkeys(found or [OTHERWISE]))


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / name).read_text(encoding="utf-8"))
