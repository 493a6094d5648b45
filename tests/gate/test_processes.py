"""Work on several inputs in processes gives what it gives in one, and says how a process ended."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from modules.interrupts import Interrupted, interrupt
from ops.gate import other_providers, processes
from ops.gate import run as gate
from ops.gate.model import Block, ErrorKind, Outcome, ScannedBlock, ScanResult
from ops.gate.scanner import Scanner
from ops.gate.stacks import EnvironmentStacks
from tests.cases import every_case
from tests.gate.project import POLICIES, Project

FORK = multiprocessing.get_context("fork")
SLOWER = "warning: the gate is slower than it can be: "
LARGE = 200_000
"""More bytes than a pipe holds."""
in_processes = pytest.mark.usefixtures("forking")
"""For a test whose work would end the tests, or show nothing, in this process."""


@pytest.fixture
def forking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the gate fork beside an idle thread that an earlier test left."""
    monkeypatch.setattr(processes, "why_no_fork", lambda: "")


def each(work: Callable[[int], object], count: int, limit: int | None = None) -> list[object]:
    return processes.each(work, range(count), begins=lambda _: None, ended=lambda _, how: how, processes=limit)


@pytest.mark.slow
@every_case("limit", [1, 2, 3, 9])
@in_processes
def test_results_are_in_the_order_of_inputs(limit: int) -> None:
    def work(number: int) -> tuple[int, str]:
        time.sleep(0.02 * (number == 0))
        return number, "x" * LARGE

    assert each(work, 5, limit) == [(number, "x" * LARGE) for number in range(5)]
    assert multiprocessing.active_children() == []


@in_processes
def test_several_inputs_are_worked_on_in_other_processes_at_the_same_time() -> None:
    begun: list[int] = []
    found = processes.each(lambda _: os.getpid(), range(4), begins=begun.append, ended=lambda _, __: 0, processes=4)
    assert begun == [0, 1, 2, 3]
    assert len({*found, os.getpid()}) == 5


@pytest.mark.slow
@in_processes
def test_as_many_processes_as_allowed_and_no_more() -> None:
    def meeting(parties: int, seconds: float) -> Callable[[int], bool]:
        barrier = FORK.Barrier(parties, timeout=seconds)

        def work(_: int) -> bool:
            try:
                barrier.wait()
            except threading.BrokenBarrierError:
                return False
            return True

        return work

    for limit in (2, 3):
        assert each(meeting(limit, 60), 6, limit) == [True] * 6
        assert each(meeting(limit + 1, 0.3), 6, limit) == [False] * 6


def test_one_input_stays_in_this_process() -> None:
    assert each(lambda _: os.getpid(), 1) == [os.getpid()]


def test_beside_a_thread_all_stay_in_this_process_with_one_line_of_warning(capsys: pytest.CaptureFixture[str]) -> None:
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait)
    thread.start()
    try:
        assert set(each(lambda _: os.getpid(), 3)) == {os.getpid()}
    finally:
        go_on.set()
        thread.join()
    assert capsys.readouterr() == ("", f"{SLOWER}other threads are running; one process checks all environments\n")


def test_without_a_safe_fork_all_stay_in_this_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert set(each(lambda _: os.getpid(), 3)) == {os.getpid()}
    assert capsys.readouterr().err.startswith(f"{SLOWER}processes can't be forked safely")


def test_for_comparison_all_stay_in_this_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(other_providers.SWITCH, "all")
    assert set(each(lambda _: os.getpid(), 3)) == {os.getpid()}
    assert capsys.readouterr() == ("", "")


@in_processes
def test_a_process_that_ends_is_named_and_the_others_go_on() -> None:
    def work(number: int) -> int:
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 2:
            os._exit(3)
        return number

    assert each(work, 5, 2) == [0, "was ended by SIGKILL", "ended with exit code 3", 3, 4]


@in_processes
def test_a_killed_process_is_a_scan_error_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    def scan(_: Scanner, view: list[ScannedBlock]) -> ScanResult:
        if view:
            os.kill(os.getpid(), signal.SIGKILL)
        return ScanResult((), ())

    monkeypatch.setattr(Scanner, "scan", scan)
    view = [ScannedBlock(Block("one-network", "aws_vpc.a", "cdk.tf.json", 1), "resource", "aws_vpc", "a", {})]
    stacks = [EnvironmentStacks("one", {}), EnvironmentStacks("other", {})]
    found, _, checks = gate._checked(stacks, [view, []], POLICIES / "checks", lambda _, __: None)
    assert [(error.kind, error.where) for error in found.errors] == [(ErrorKind.SCANNER, "one")]
    assert "SIGKILL" in found.errors[0].what
    assert len(checks) > 400


def test_a_killed_process_is_the_only_error_about_its_stacks(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(_: object, inputs: Sequence[Any], *, ended: Callable[[Any, str], object], **__: object) -> list[object]:
        return [ended(each, "was ended by SIGKILL") for each in inputs]

    monkeypatch.setattr(processes, "each", killed)
    verdict = project.judge()
    assert [error.what for error in verdict.errors] == ["its process was ended by SIGKILL before it had a result"]
    assert verdict.outcome is Outcome.ERROR


@in_processes
def test_a_signal_ends_the_processes_silently(capfd: pytest.CaptureFixture[str]) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    parent = os.getpid()

    def work(number: int) -> int:
        if number == 0:
            os.kill(parent, signal.SIGTERM)
        time.sleep(60)
        return number

    signal.signal(signal.SIGTERM, interrupt)
    try:
        with pytest.raises(Interrupted):
            each(work, 2, 2)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert multiprocessing.active_children() == []
    assert capfd.readouterr() == ("", "")


def test_garbage_is_collected_between_inputs_only() -> None:
    states = processes.each(lambda _: gc.isenabled(), [0], begins=lambda _: None, ended=lambda _, __: True)
    assert states == [False]
    assert gc.isenabled()


def test_what_was_created_is_not_searched_for_garbage() -> None:
    created: list[list[object]] = []
    with processes.without_collections():
        before = gc.get_stats()[0]["collections"]
        created += ([] for _ in range(200_000))
    created.append([])
    assert gc.get_stats()[0]["collections"] == before
