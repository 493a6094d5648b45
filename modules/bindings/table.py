"""The bindings' classes and their arguments, as `make bindings-table` took them from the pinned packages.

One line a class: its name, what it is, Terraform's type, and its arguments. Lines are parsed when a class is used.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("table.txt.gz")
PACKAGES = ("cdktf", "cdktf-cdktf-provider-aws")
"""The packages that the table is taken from."""
TEXT, NUMBER, BOOLEAN, ANY, FLAT, BLOCK, UNKNOWN = "snbafd?"
"""Kinds of arguments. FLAT is any value without maps, BLOCK a resource; only node knows how to write UNKNOWN."""
LIST, MAP, STRUCT = "[{@"
"""First letters of kinds: before the kind of the elements, or the name of a class."""
_GZIP = 31
"""zlib's window bits for gzip's format: https://docs.python.org/3/library/zlib.html#zlib.decompress"""


class Attribute(NamedTuple):
    """An argument of a class."""

    name: str
    terraform: str
    """Terraform's name."""
    kind: str
    required: bool
    null: bool
    """Whether it is written as null if it isn't given."""


class Class(NamedTuple):
    """A class of cdktf or the AWS provider."""

    name: str
    role: str
    """`resource`, `data`, `provider`, `backend`, `remote_state`, `output`, `variable`; `struct` of an argument."""
    type: str
    """Terraform's type; `-` where there is none."""
    attributes: Mapping[str, Attribute]
    """By name."""


class Table:
    """The classes."""

    def __init__(self, text: str) -> None:
        lines = iter(text.splitlines())
        self.packages = dict(next(lines).split() for _ in PACKAGES)
        """Versions of the packages that it was taken from."""
        self.provider, self.provider_version = next(lines).split()
        """Source and version of Terraform's provider."""
        self._lines = {line.partition(" ")[0]: line for line in lines}
        self._classes: dict[str, Class] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._lines

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __getitem__(self, name: str) -> Class:
        if name not in self._classes:
            self._classes[name] = _class(self._lines[name])
        return self._classes[name]


@cache
def table() -> Table:
    """The committed table."""
    return Table(zlib.decompress(FILE.read_bytes(), _GZIP).decode())


def line(of: Class) -> str:
    """A class as a line of the table."""
    attributes = (
        f"{each.name}{'' if each.terraform == each.name else f'={each.terraform}'}:"
        f"{'!' if each.required else ''}{'~' if each.null else ''}{each.kind}"
        for each in of.attributes.values()
    )
    return " ".join((of.name, of.role, of.type or "-", *attributes))


def _class(text: str) -> Class:
    name, role, type_, *attributes = text.split(" ")
    return Class(name, role, type_, {each.name: each for each in map(_attribute, attributes)})


def _attribute(text: str) -> Attribute:
    names, _, kind = text.partition(":")
    name, _, terraform = names.partition("=")
    return Attribute(name, terraform or name, kind.lstrip("!~"), "!" in kind[:1], "~" in kind[:2])
