"""Does the same work for several inputs: each in a forked process, one per core at a time, or all in this process."""

from __future__ import annotations

import gc
import multiprocessing
import os
import platform
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import TypeVar, cast

from modules.interrupts import SIGNALS, deferred
from ops.gate.other_providers import everything

T = TypeVar("T")
R = TypeVar("R")


def each(
    work: Callable[[T], R],
    inputs: Sequence[T],
    *,
    begins: Callable[[T], None],
    ended: Callable[[T, str], R],
    processes: int | None = None,
) -> list[R]:
    """The results of a function, in the order of the inputs.

    A single input is worked on in this process. So are several where a fork isn't safe, with one line of warning, and
    for comparison (other_providers.ALL). A process has what this one imported and read, so it starts at once.

    Args:
        work: The function. Its results can be pickled, and it raises nothing.
        inputs: What it is called with.
        begins: Is called in this process when the work on an input begins.
        ended: Returns the result for an input whose process ended without one; takes how it ended.
        processes: How many at most; by default, one per core that this process may use.
    """
    if len(inputs) > 1 and not everything():
        why = why_no_fork()
        if not why:
            return _forked(work, inputs, begins, ended, min(len(inputs), processes or _cores()))
        sys.stderr.write(f"warning: the gate is slower than it can be: {why}; one process checks all environments\n")
    results = []
    with without_collections() as collect:
        for number, one in enumerate(inputs):
            begins(one)
            results.append(work(one))
            if number + 1 < len(inputs):
                collect()
    return results


def why_no_fork() -> str:
    """Why a fork of this process isn't safe; empty if it is.

    https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods
    """
    if sys.platform == "darwin" or not hasattr(os, "fork"):
        return f"processes can't be forked safely on {platform.system()}"
    return "other threads are running" if threading.active_count() > 1 else ""


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _forked(
    work: Callable[[T], R],
    inputs: Sequence[T],
    begins: Callable[[T], None],
    ended: Callable[[T, str], R],
    limit: int,
) -> list[R]:
    context = multiprocessing.get_context("fork")
    results: dict[int, R] = {}
    running: dict[Connection, tuple[int, multiprocessing.process.BaseProcess]] = {}
    numbers = iter(range(len(inputs)))

    def start(number: int) -> None:
        begins(inputs[number])
        with deferred():  # An exception that a signal raises during a fork would be lost.
            here, there = context.Pipe(duplex=False)
            process = context.Process(target=_send, args=(work, inputs[number], there), daemon=True)
            process.start()
            there.close()  # So that only the process has it, and its end is seen here.
            running[here] = number, process

    try:
        for number in islice(numbers, limit):
            start(number)
        while running:
            for connection in cast("list[Connection]", wait(list(running))):
                number, process = running[connection]
                with suppress(EOFError, OSError):
                    results[number] = connection.recv()
                process.join()
                if number not in results:
                    results[number] = ended(inputs[number], _how(process.exitcode))
                del running[connection]
                connection.close()
                for following in islice(numbers, 1):
                    start(following)
    finally:
        for _, process in running.values():
            process.kill()
            process.join()
    return [results[number] for number in range(len(inputs))]


def _send(work: Callable[[T], R], one: T, connection: Connection) -> None:
    """Work on an input, in a process of its own, and send the result."""
    # A signal that interrupts the command ends this process silently: the command reports it.
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    with without_collections(), suppress(BrokenPipeError):  # The command has ended.
        connection.send(work(one))


@contextmanager
def without_collections() -> Iterator[Callable[[], object]]:
    """Inside this context, Python only collects garbage when the function is called.

    The gate creates little of it, and each automatic collection would look at a million objects that stay.
    """
    enabled = gc.isenabled()
    gc.freeze()
    gc.disable()
    try:
        yield gc.collect
    finally:
        gc.freeze()  # Otherwise, the next new object would start a collection of all that was created here.
        gc.unfreeze()
        if enabled:
            gc.enable()


def _how(code: int | None) -> str:
    """How a process ended."""
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
