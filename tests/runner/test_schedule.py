"""Phases run side by side, in order, and no more at once than is allowed."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from environments import load
from modules.phases import PHASES
from ops.terraform import schedule
from ops.terraform.report import PhaseResult, Result
from ops.terraform.schedule import in_reverse, side_by_side
from ops.terraform.session import Session
from ops.terraform.stack import Stack

READS = {phase.name: phase.reads for phase in PHASES}


@dataclass
class Work:
    """Notes what runs when."""

    bad: frozenset[str] = frozenset()
    begun: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    most: int = 0
    early: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, name: str) -> str:
        with self.lock:
            self.begun.append(name)
            self.most = max(self.most, len(self.begun) - len(self.done))
            self.early += [need for need in READS[name] if need in self.wanted and need not in self.done]
        time.sleep(0.0005)
        with self.lock:
            self.done.append(name)
        return "bad" if name in self.bad else "good"

    wanted: frozenset[str] = frozenset(READS)


NAMES = st.sets(st.sampled_from(sorted(READS)), min_size=1)


@pytest.mark.slow
@settings(max_examples=60)
@given(names=NAMES, bad=NAMES | st.just(set()), jobs=st.integers(1, 4))
def test_each_begins_after_what_it_needs_and_nothing_after_a_failure(names: set[str], bad: set[str], jobs: int) -> None:
    work = Work(bad=frozenset(bad), wanted=frozenset(names))
    ordered = [name for name in READS if name in names]
    results = schedule.run(
        ordered, READS, work, jobs=jobs, good=lambda result: result == "good", left_out=lambda name: "left out"
    )
    assert list(results) == ordered
    assert not work.early
    assert work.most <= jobs
    for name, result in results.items():
        assert result == ("left out" if name not in work.begun else "bad" if name in bad else "good")
    if not names & bad:
        assert set(work.done) == names
    for failed in names & bad & set(work.begun):
        assert not [name for name in work.begun if failed in READS[name]]


def test_independent_phases_run_at_the_same_time() -> None:
    together = threading.Barrier(2, timeout=10)
    results = schedule.run(
        ["network", "registry"],
        READS,
        lambda name: together.wait() is not None,
        jobs=2,
        good=bool,
        left_out=lambda name: False,
    )
    assert results == {"network": True, "registry": True}


def test_what_took_longest_before_begins_first_and_is_answered_in_its_place() -> None:
    session = cast(Session, SimpleNamespace(terraform=SimpleNamespace(interrupted=threading.Event())))
    stacks = cast(dict[str, Stack], {name: name for name in ("state", "network", "hardening", "cutover")})
    begun: list[str] = []

    def work(stack: Stack) -> PhaseResult:
        begun.append(str(stack))
        return PhaseResult(str(stack), Result.NO_CHANGES)

    results = side_by_side(session, stacks, work, jobs=1, took={"state": 5.0, "hardening": 13.0, "network": 6.0})
    assert begun == ["cutover", "hardening", "network", "state"]
    assert [each.phase for each in results] == list(stacks)


def test_nothing_begins_once_it_is_to_stop() -> None:
    work = Work()
    stop = threading.Event()

    def stopped_by(name: str) -> str:
        stop.set()
        return work(name)

    results = schedule.run(
        list(READS),
        READS,
        stopped_by,
        jobs=1,
        good=lambda result: result == "good",
        left_out=lambda name: "left out",
        stopping=stop.is_set,
    )
    assert work.begun == ["state"]
    assert set(results.values()) == {"good", "left out"}


@pytest.mark.parametrize(("available", "most"), [(0, 1), (2 * schedule.PROVIDER_BYTES, 2), (10**12, 4)])
def test_there_is_always_room_for_one_and_never_for_more_than_memory_bears(
    monkeypatch: pytest.MonkeyPatch, available: int, most: int
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=available))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert schedule.default_jobs() == schedule.default_jobs(waiting=True) == most


def test_in_reverse_each_comes_after_those_that_read_it() -> None:
    session = cast(
        Session, SimpleNamespace(terraform=SimpleNamespace(interrupted=threading.Event()), progress=Silent())
    )
    stacks = {each.name: Stack(load("staging"), each, Path()) for each in PHASES}
    gone: list[str] = []

    def destroy(stack: Stack) -> PhaseResult:
        gone.append(stack.phase.name)
        return PhaseResult(stack.phase.name, Result.FAILED if stack.phase.name == "account" else Result.DESTROYED)

    results = {each.phase: each.result for each in in_reverse(session, stacks, destroy)}
    for name in gone:
        assert not [other for other in READS if name in READS[other] and other not in gone[: gone.index(name)]]
    assert results["state"] is Result.NOT_BEGUN, "account reads it and is still there"


class Silent:
    """A progress that shows nothing."""

    def end(self, result: PhaseResult) -> None:
        """Show nothing."""
