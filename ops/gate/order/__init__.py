"""Checks that every resource depends on what AWS needs first, by the references and `depends_on` of all stacks.

`table` lists what AWS needs first. A resource of another phase comes first if that phase is read, directly or through
others: a phase can't be planned until the phases that it reads are applied. See docs/reachability.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from environments.schema import Environment
from modules.phases import PHASES
from ops.gate.index import Index, shown
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.order.graph import DependencyGraph, address, filled
from ops.gate.order.table import NEEDS, Needs

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
