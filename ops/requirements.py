"""Reads the requirements files that `make lock` compiles: the pinned version of each package, and its hashes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PINNED = re.compile(r"^([\w.-]+)==([^\s;\\]+)((?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE)
_SHA256 = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class Requirement(NamedTuple):
    """A pinned package. A package occurs twice if other versions of Python need another version of it."""

    name: str
    version: str
    sha256: tuple[str, ...]
    """Of each file that may be installed."""


def read(text: str) -> Iterator[Requirement]:
    """The packages of a requirements file, in its order."""
    for name, version, rest in _PINNED.findall(text):
        yield Requirement(name, version, tuple(sorted(_SHA256.findall(rest))))


def versions(text: str) -> dict[str, str]:
    """The version of each package by name; several are separated by commas."""
    found: dict[str, list[str]] = {}
    for each in read(text):
        found.setdefault(each.name, []).append(each.version)
    return {name: ", ".join(given) for name, given in found.items()}
