"""Runs work on phases side by side: each phase after those that it needs, as many at once as this machine can run."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import psutil

from ops.terraform.report import PhaseResult, Result

if TYPE_CHECKING:
    from ops.terraform.session import Session
    from ops.terraform.stack import Stack

R = TypeVar("R")
Work = Callable[["Stack"], PhaseResult]

PROVIDER_BYTES = 900_000_000
"""Memory that Terraform with the AWS provider 5.100.0 needs (measured: 0.63 to 0.85 GB), with some margin."""
WAITING_JOBS = 4
"""Applies mostly wait for AWS: this many run at once even on fewer cores."""


def default_jobs(*, waiting: bool = False) -> int:
    """How many Terraforms may run at once here: limited by cores (unless they mostly wait) and free memory."""
    cores = os.cpu_count() or 1
    wanted = max(cores, WAITING_JOBS) if waiting else cores
    return max(1, min(wanted, psutil.virtual_memory().available // PROVIDER_BYTES))


def run(
    names: Sequence[str],
    needs: Mapping[str, Collection[str]],
    work: Callable[[str], R],
    *,
    jobs: int,
    good: Callable[[R], bool],
    left_out: Callable[[str], R],
    stopping: Callable[[], bool] = lambda: False,
) -> dict[str, R]:
    """Call `work` with every name, each after the names that it needs.

    Once a result isn't good, or `stopping` returns true, no other call begins; running calls finish.

    Args:
        names: What to work on, in the order in which calls begin and results are returned.
        needs: The names that each name needs first; others than `names` are ignored.
        work: Returns a result.
        jobs: How many calls at once.
        good: Whether a result is a success.
        left_out: Returns the result of a name whose call did not begin.
        stopping: Whether no more calls may begin.
    """
    graph = {name: [need for need in needs.get(name, ()) if need in names] for name in names}
    order = TopologicalSorter(graph)
    order.prepare()
    results: dict[str, R] = {}
    running: dict[Future[R], str] = {}
    ready: list[str] = []
    failed = False
    with ThreadPoolExecutor(jobs) as pool:
        while order.is_active():
            ready = sorted([*ready, *order.get_ready()], key=list(names).index)
            while ready and len(running) < jobs and not failed and not stopping():
                name = ready.pop(0)
                running[pool.submit(work, name)] = name
            if not running:
                break
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                name = running.pop(future)
                results[name] = future.result()
                failed = failed or not good(results[name])
                order.done(name)
    return {name: results[name] if name in results else left_out(name) for name in names}


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
    results = _run(session, ordered, {}, work, jobs=jobs or default_jobs(), good=lambda result: True)
    return sorted(results, key=lambda result: list(stacks).index(result.phase))


def in_order(session: Session, stacks: Mapping[str, Stack], work: Work) -> list[PhaseResult]:
    """Work on each phase after those that it reads; once one fails, no other begins."""
    needs = {name: stack.phase.reads for name, stack in stacks.items()}
    return _run(session, stacks, needs, work, jobs=default_jobs(waiting=True), good=lambda result: result.result.good)


def in_reverse(session: Session, stacks: Mapping[str, Stack], work: Work) -> list[PhaseResult]:
    """Work on each phase after those that read it; once one fails, no other begins."""
    needs = {name: [other for other, reader in stacks.items() if name in reader.phase.reads] for name in stacks}
    return _run(session, stacks, needs, work, jobs=default_jobs(waiting=True), good=lambda result: result.result.good)


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

    results = run(
        list(stacks),
        needs,
        lambda name: work(stacks[name]),
        jobs=jobs,
        good=good,
        left_out=left_out,
        stopping=session.terraform.interrupted.is_set,
    )
    return list(results.values())
