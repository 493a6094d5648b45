"""Work on several phases at once: all side by side, or each after those that it needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from ops.terraform import schedule
from ops.terraform.report import PhaseResult, Result

if TYPE_CHECKING:
    from ops.terraform.session import Session
    from ops.terraform.stack import Stack

Work = Callable[["Stack"], PhaseResult]


def side_by_side(
    session: Session,
    stacks: Mapping[str, Stack],
    work: Work,
    *,
    jobs: int = 0,
    took: Mapping[str, float] = MappingProxyType({}),
) -> list[PhaseResult]:
    """Work on all phases; a failure of one doesn't stop the others.

    Args:
        session: The session; after an interruption no phase begins.
        stacks: The phases.
        work: Works on one phase and returns its result.
        jobs: How many phases at once; 0: as many as cores and memory allow.
        took: Seconds that phases took in the last run. The longest begins first, so that none runs alone at the end.
    """
    longest_first = sorted(stacks, key=lambda name: took.get(name, math.inf), reverse=True)
    ordered = {name: stacks[name] for name in longest_first}
    results = _run(session, ordered, {}, work, jobs=jobs or schedule.jobs(), good=lambda result: True)
    return sorted(results, key=lambda result: list(stacks).index(result.phase))


def in_order(session: Session, stacks: Mapping[str, Stack], work: Work) -> list[PhaseResult]:
    """Work on each phase after those that it reads; once one fails, no other begins."""
    needs = {name: stack.phase.reads for name, stack in stacks.items()}
    return _run(session, stacks, needs, work, jobs=schedule.jobs(waiting=True), good=lambda result: result.result.good)


def in_reverse(session: Session, stacks: Mapping[str, Stack], work: Work) -> list[PhaseResult]:
    """Work on each phase after those that read it; once one fails, no other begins."""
    needs = {name: [other for other, reader in stacks.items() if name in reader.phase.reads] for name in stacks}
    return _run(session, stacks, needs, work, jobs=schedule.jobs(waiting=True), good=lambda result: result.result.good)


def _run(
    session: Session,
    stacks: Mapping[str, Stack],
    needs: Mapping[str, Collection[str]],
    work: Work,
    *,
    jobs: int,
    good: Callable[[PhaseResult], bool],
) -> list[PhaseResult]:
    def left_out(phase: str) -> PhaseResult:
        result = PhaseResult(phase, Result.NOT_BEGUN)
        session.progress.end(result)
        return result

    results = schedule.run(
        list(stacks),
        needs,
        lambda name: work(stacks[name]),
        jobs=jobs,
        good=good,
        left_out=left_out,
        stopping=session.terraform.interrupted.is_set,
    )
    return list(results.values())
