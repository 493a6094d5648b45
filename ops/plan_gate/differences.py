"""What differs between two versions of a resource's values, by attribute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from ops.gate.documents import strict_json
from ops.plan_gate.model import UNKNOWN, Values

_NAMES = ("name", "key", "sid", "id", "rule_id", "device_name")
"""Attributes by which elements of a list are recognized, so that an inserted element doesn't look like a change."""


class Difference(NamedTuple):
    """A value that differs."""

    key: str
    """Its place, as in `rule[main].expiration.days`."""
    names: str
    """The names on the way, as in `rule.expiration.days`."""
    old: object
    new: object
    removed: bool = False
    """Whether the block that it is in is removed as a whole."""


def differences(
    old: object, new: object, key: str = "", names: str = "", *, removed: bool = False
) -> Iterator[Difference]:
    """All values of a resource that differ, outer ones first, with those inside JSON texts."""
    old, new = _parsed(old), _parsed(new)
    if old == new:
        return
    if key:
        yield Difference(key, names, old, new, removed)
    if isinstance(old, list) or isinstance(new, list):
        pairs = _elements(old, new)
    else:
        pairs = [("", _mapping(old), _mapping(new))]
    for label, one, other in pairs:
        if new == UNKNOWN:
            other = dict.fromkeys(one, UNKNOWN)  # noqa: PLW2901  (what is inside is unknown too)
        gone = removed or bool(key and one and not other)
        for name in dict.fromkeys([*one, *other]):
            place, path = f"{key}{label}.{name}".lstrip("."), f"{names}.{name}".lstrip(".")
            yield from differences(one.get(name), other.get(name), place, path, removed=gone)


def _elements(old: object, new: object) -> Iterable[tuple[str, Values, Values]]:
    """The blocks of two lists in pairs, each with its label; one block is the same as the other list's only one."""
    before, after = _labelled(old), _labelled(new)
    if len(before) <= 1 and len(after) <= 1:
        return [("", next(iter(before.values()), {}), next(iter(after.values()), {}))]
    return [(f"[{label}]", before.get(label, {}), after.get(label, {})) for label in dict.fromkeys([*before, *after])]


def _labelled(blocks: object) -> dict[str, Values]:
    """The blocks of a list by the attribute that names them, or else by their position."""
    found: dict[str, Values] = {}
    for index, block in enumerate(blocks if isinstance(blocks, list) else ()):
        if isinstance(block, Mapping):
            label = next((str(block[name]) for name in _NAMES if isinstance(block.get(name), str | int)), str(index))
            found[f"{label}#{index}" if label in found else label] = block
    return found


def _mapping(value: object) -> Values:
    return value if isinstance(value, Mapping) else {}


def _parsed(value: object) -> object:
    """The content of a JSON text; any other value, and JSON that parsers read differently, as it is."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        with suppress(ValueError):
            return strict_json(value)
    return value
