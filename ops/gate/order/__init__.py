"""Checks that every resource depends on what AWS needs first, by the references and `depends_on` of all stacks.

`table` lists what AWS needs first. A resource of another phase comes first if that phase is read, directly or through
others: a phase can't be planned until the phases that it reads are applied. See docs/reachability.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any

from environments.schema import Environment
from modules.phases import PHASES
from ops.gate.index import Index, shown
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.order.table import NEEDS, Needs
from ops.gate.templates import spans
from ops.iam.policy import listed

__all__ = ["CHECKS", "ORDER", "what_comes_first"]

ORDER = "ROLLOUT_ORDER"
_SOURCE = "https://developer.hashicorp.com/terraform/language/meta-arguments#depends_on"
CHECKS = {ORDER: Check(ORDER, "Every resource depends on what AWS needs first", _SOURCE, own=True)}


def what_comes_first(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Compare one environment's stacks with the table of what AWS needs first.

    Args:
        view: The merged view of all its stacks.
        environment: Its values.

    Raises:
        ScanFailedError: A resource has count, for_each or dynamic, so the number of instances is unknown.
    """
    index, ledger = Index(view), Ledger()
    graph = DependencyGraph(index, view)
    for needs in NEEDS:
        for block in index.all(needs.kind):
            if needs.when(block.settings):
                ledger.examine(ORDER, [block.block])
                for what in _missing(graph, index, needs, block, environment):
                    ledger.wrong(ORDER, block.block, f"{what}; otherwise {needs.why} ({needs.source})")
    return ledger.records()


def _missing(
    graph: DependencyGraph, index: Index, needs: Needs, block: ScannedBlock, environment: Environment
) -> Iterator[str]:
    required = needs.required and (environment.creates_account_resources or not needs.once)
    others = [each for each in index.all(needs.first) if _belongs(graph, needs, block, each)]
    for values in filled(needs.where, block.settings):
        found = [each for each in others if all(each.settings.get(name) == value for name, value in values.items())]
        for other in found:
            phase, upstream = (each.block.stack.removeprefix(f"{environment.name}-") for each in (block, other))
            if phase == upstream and address(other) not in graph.before(block):
                yield f"must depend on {other.block.address}"
            elif phase != upstream and upstream not in _read_by(phase):
                yield f"must come after {shown(other)}, but doesn't read its phase"
        if required and not found:
            named = "".join(f" with {name} {value!r}" for name, value in values.items())
            yield f"needs {needs.first}{named}, which doesn't exist"


def _belongs(graph: DependencyGraph, needs: Needs, block: ScannedBlock, other: ScannedBlock) -> bool:
    if not needs.by:
        return True
    ends = graph.ends(block, needs.by)
    return bool(ends & (graph.references(other) if needs.at == "*" else graph.ends(other, needs.at)))


@cache
def _read_by(phase: str) -> frozenset[str]:
    """Phases that are applied before a phase can be planned."""
    reads = next((each.reads for each in PHASES if each.name == phase), ())
    return frozenset(reads).union(*map(_read_by, reads))


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
