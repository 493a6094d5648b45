"""What is proven of a whole environment, beside the checks that judge one block at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import environments
from ops.gate import applying, order, permissions, policy_documents, reachability
from ops.gate.model import Check, Distrust, Doubt, Record, Scan, ScannedBlock, UntrustedError
from ops.gate.stacks import World

_Run = Callable[[], list[Record]]

CHECKS: dict[str, Check] = {
    **reachability.CHECKS,
    **permissions.CHECKS,
    **order.CHECKS,
    **applying.CHECKS,
    **policy_documents.CHECKS,
}


def prove(worlds: Iterable[World], views: Iterable[Sequence[ScannedBlock]]) -> Scan:
    """Check network, permissions and order of creation against their tables, and every policy against AWS's rules.

    Args:
        worlds: What was read; the stacks outside any environment have no tables, so only their policies are judged.
        views: Their merged views, in the same order.
    """
    records: list[Record] = []
    distrust: list[Distrust] = []
    for world, view in zip(worlds, views, strict=True):
        for proof, run in _proofs(world, view):
            try:
                records += run()
            except UntrustedError as error:
                distrust += error.reasons
            except Exception as error:
                what = f"raised {type(error).__name__}: {error}"
                where = f"{proof.__name__} of {world.name}"
                distrust.append(Distrust(Doubt.CHECK_RAISED, where, what, f"fix {proof.__module__}"))
    return Scan(tuple(sorted(records)), tuple(distrust))


def _proofs(world: World, view: Sequence[ScannedBlock]) -> Iterator[tuple[Callable[..., object], _Run]]:
    """Each proof, and what runs it."""
    yield policy_documents.idle_statements, partial(policy_documents.idle_statements, view)
    yield policy_documents.document_sizes, partial(policy_documents.document_sizes, view, world)
    if world.name in environments.known():
        environment = environments.load(world.name)
        for proof in (
            reachability.reachability,
            permissions.who_may_what,
            order.what_comes_first,
            applying.who_applies_can,
        ):
            yield proof, partial(proof, view, environment)
