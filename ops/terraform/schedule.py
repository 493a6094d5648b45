"""Runs work on phases side by side: each phase after those that it needs, as many at once as this machine can run."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from typing import TypeVar

import psutil

R = TypeVar("R")

PROVIDER_BYTES = 900_000_000
"""Memory that Terraform with the AWS provider 5.100.0 needs (measured: 0.63 to 0.85 GB), with some margin."""
WAITING_JOBS = 4
"""Applies mostly wait for AWS: this many run at once even on fewer cores."""


def jobs(*, waiting: bool = False) -> int:
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
