"""Dependencies in the merged view as Terraform computes them: references and `depends_on`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from ops.gate.index import Index
from ops.gate.model import ScannedBlock
from ops.gate.templates import spans
from ops.iam.policy import listed

_ADDRESS = re.compile(r"(?<![\w.-])(?P<data>data\.)?(?P<kind>[a-z]\w*)\.(?P<name>[A-Za-z_][\w-]*)")
_FIELD = re.compile(r"{(\w+)}")
_BARE = frozenset({"depends_on", "replace_triggered_by"})
"""Arguments whose addresses are written without `${…}`."""


class DependencyGraph:
    """The dependencies of one environment's blocks, by address in the merged view."""

    def __init__(self, index: Index, view: Sequence[ScannedBlock]) -> None:
        """Take the merged view."""
        self._index = index
        self._blocks = {
            address(each): each for each in view if each.section in {"resource", "data"} and not each.synthetic
        }
        self._locals = {
            f"local.{name}": value for each in view if each.section == "locals" for name, value in each.settings.items()
        }
        self._references: dict[str, frozenset[str]] = {}
        self._before: dict[str, frozenset[str]] = {}

    def references(self, block: ScannedBlock) -> frozenset[str]:
        """Blocks that a block refers to directly, or names in `depends_on`."""
        own = address(block)
        if own not in self._references:
            self._references[own] = frozenset(self._named(block.settings))
        return self._references[own]

    def before(self, block: ScannedBlock) -> frozenset[str]:
        """All blocks that Terraform creates before a block, and destroys after it."""
        own = address(block)
        if own not in self._before:
            found, pending = set[str](), [own]
            while pending:
                for each in self.references(self._blocks[pending.pop()]) - found:
                    found.add(each)
                    pending.append(each)
            self._before[own] = frozenset(found)
        return self._before[own]

    def ends(self, block: ScannedBlock, path: str) -> frozenset[str]:
        """What a path of attributes leads to from a block: addresses of blocks, and literal values."""
        return frozenset(self._ends(block.settings, path.split(".")))

    def _ends(self, settings: Mapping[str, Any], path: Sequence[str]) -> Iterator[str]:
        for value in listed(settings.get(path[0])):
            block = self._index.follow(value)
            if len(path) == 1:
                yield address(block) if block else str(value)
            elif isinstance(value, Mapping):
                yield from self._ends(value, path[1:])
            elif block:
                yield from self._ends(block.settings, path[1:])

    def _named(self, value: object, *, bare: bool = False) -> Iterator[str]:
        if isinstance(value, str):
            for expression in [value] if bare else [value[start:end] for start, end in spans(value)]:
                for found in _ADDRESS.finditer(expression):
                    if found[0] in self._blocks:
                        yield found[0]
                    elif found[0] in self._locals:
                        yield from self._named(self._locals[found[0]])
        elif isinstance(value, Mapping):
            for name, each in value.items():
                yield from self._named(each, bare=name in _BARE)
        elif isinstance(value, list):
            for each in value:
                yield from self._named(each, bare=bare)


def filled(templates: Mapping[str, str], settings: Mapping[str, Any]) -> list[dict[str, str]]:
    """Templates filled with a block's settings: one for each combination of settings with several values."""
    fields = sorted({name for template in templates.values() for name in _FIELD.findall(template)})
    return [
        {name: template.format(**dict(zip(fields, values, strict=True))) for name, template in templates.items()}
        for values in product(*(listed(settings.get(name)) for name in fields))
    ]


def address(block: ScannedBlock) -> str:
    """A block's address in the merged view."""
    return f"{'data.' if block.section == 'data' else ''}{block.kind}.{block.name}"
