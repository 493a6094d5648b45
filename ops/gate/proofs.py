"""What is proven of a whole environment, beside the checks that judge one block at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import environments
from ops.gate import order, permissions, reachability
from ops.gate.model import Check, Distrust, Doubt, Record, Scan, ScannedBlock, UntrustedError
from ops.gate.stacks import World

CHECKS: dict[str, Check] = {**reachability.CHECKS, **permissions.CHECKS, **order.CHECKS}


def prove(worlds: Iterable[World], views: Iterable[Sequence[ScannedBlock]]) -> Scan:
    """Hold each environment's network, permissions and order of creation against their tables.

    Args:
        worlds: What was read; the stacks outside any environment have no tables, and are left out.
        views: Their merged views, in the same order.
    """
    records: list[Record] = []
    distrust: list[Distrust] = []
    for world, view in zip(worlds, views, strict=True):
        if world.name not in environments.known():
            continue
        environment = environments.load(world.name)
        for proof in (reachability.reachability, permissions.who_may_what, order.what_comes_first):
            try:
                records += proof(view, environment)
            except UntrustedError as error:
                distrust += error.reasons
            except Exception as error:
                what = f"raised {type(error).__name__}: {error}"
                where = f"{proof.__name__} of {world.name}"
                distrust.append(Distrust(Doubt.CHECK_RAISED, where, what, f"mend {proof.__module__}"))
    return Scan(tuple(sorted(records)), tuple(distrust))
