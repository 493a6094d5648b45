"""Measures the gate against stock checkov on the same folder, and how it grows with the number of environments.

Each measured command is a new process over what synth wrote, after one run that fills the caches. Runs alternate, so
that a busy moment of the machine meets both; times are medians. Processor time, of all processes together, hardly
depends on what else the machine does. Memory is the highest resident memory of a process: the gate has one for each
environment, as many at a time as there are cores. They share what they imported and read; how the rest grows is a
promise of its own. The highest of all together is printed too (benchmarks/synth.py says how it is counted). The gate
runs more checks than stock checkov, on rendered values and one view of all stacks. A folder of copies alone is gated by
`python -m benchmarks.gate FOLDER`.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psutil

import environments
from benchmarks.promises import Promise
from benchmarks.synth import OUT, ROOT, Way, count, memory, surroundings
from modules.phases import PHASES
from ops.gate.run import run
from ops.gate.stacks import Expected
from ops.gate.understood.frame import frames

COPIED = "prod"
SIZES = (1, 3, 10)
MOST = {"wall time": 0.8, "processor time": 0.45, "memory of a process": 1.0}
"""The promised ratios."""
FLAT = 1.2
"""The most that the memory of a process may grow from the second of these sizes to the last, which is 3.3 times it."""


class Cost(NamedTuple):
    """What a command takes."""

    wall: float
    processor: float
    megabytes: float
    """Of the largest process."""
    together: float
    """Megabytes of all processes; what they share counts once."""
    own: float
    """Megabytes of the largest process for an environment, without what it shares with the others."""

    def __str__(self) -> str:
        times = f"{self.wall:6.2f} s wall {self.processor:6.2f} s processor"
        return (
            f"{times} {self.megabytes:4.0f} MB a process ({self.own:.0f} of its own) {self.together:4.0f} MB together"
        )


def promises(runs: int) -> Iterator[Promise]:
    """Measure both."""
    with tempfile.TemporaryDirectory() as temporary:
        yield from _compared(Path(temporary) / "out", runs)
        yield from _grown(Path(temporary) / "copies", runs)


def _compared(folder: Path, runs: int) -> Iterator[Promise]:
    """Gate and stock checkov on the same stacks."""
    shutil.copytree(OUT / "stacks", folder / "stacks")
    stock = [str(Path(sys.executable).with_name("checkov")), "-d", str(folder), "--framework", "terraform_json"]
    ways = [
        Way("gate", [sys.executable, "-m", "ops", "gate", "--out", str(folder)], {}, folder),
        Way("stock checkov", [*stock, "--skip-download", "--quiet", "--compact", "--soft-fail"], {}, folder),
    ]
    costs = measured(ways, runs)
    print(f"  {len(list(folder.glob('stacks/*/')))} stacks, {count(folder)} blocks, median of {runs} runs")
    for way, cost in zip(ways, costs, strict=True):
        print(f"  {way.name:15} {cost}")
    for (name, most), ours, theirs in zip(MOST.items(), *costs, strict=False):
        yield Promise(f"{name}, of stock checkov's", ours / theirs, most)


def _grown(folder: Path, runs: int) -> Iterator[Promise]:
    """The gate on copies of one environment."""
    print(f"  growth with copies of {COPIED}")
    costs: list[Cost] = []
    for size in SIZES:
        copies = folder / str(size)
        for number, phase in ((number, phase.name) for number in range(size) for phase in PHASES):
            shutil.copytree(OUT / "stacks" / f"{COPIED}-{phase}", copies / "stacks" / f"copy{number}-{phase}")
        command = [sys.executable, "-m", "benchmarks.gate", str(copies)]
        (cost,) = measured([Way(f"{size} environments", command, {}, copies)], runs)
        costs.append(cost)
        times = cost.processor / costs[0].processor
        print(f"  {size:2} environments {count(copies):6} blocks {cost}   {times:4.1f} times one")
    grown = costs[-1].own / costs[1].own
    what = f"memory of an environment's own process: {SIZES[-1]} environments, of {SIZES[1]}"
    yield Promise(what, grown, FLAT)


def judge(folder: Path) -> int:
    """Gate a folder of copies, whatever their names are."""
    phases = tuple(phase.name for phase in PHASES)
    names = sorted({path.name.split("-")[0] for path in (folder / "stacks").iterdir()})
    of_one = frames(environments.load(COPIED))
    of_all = {f"{name}-{phase}": of_one[f"{COPIED}-{phase}"] for name in names for phase in phases}
    expected = Expected(dict.fromkeys(names, phases), frames=of_all)
    outcome = run(out=folder, policies=ROOT / "policies", expected=expected, today=datetime.now(UTC).date())
    return 0 if outcome.resources else 2


def measured(ways: Sequence[Way], runs: int) -> list[Cost]:
    """Run ways in turn, after one run of each that doesn't count."""
    times: dict[str, list[tuple[float, float]]] = {way.name: [] for way in ways}
    for number in range(runs + 1):
        for way in ways:
            taken = timed(way)
            if number:
                times[way.name].append(taken)
    costs = []
    for way in ways:
        wall, processor = (statistics.median(each) for each in zip(*times[way.name], strict=True))
        costs.append(Cost(wall, processor, *peaks(way)))
    return costs


def peaks(way: Way) -> tuple[float, float, float]:
    """Run a variant and sample its memory: the most of one process, of all, and of a child alone, in megabytes."""
    largest = together = own = 0
    with psutil.Popen(
        way.command, cwd=ROOT, env=surroundings(way), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            children = process.children(recursive=True)
            largest = max(largest, *(held(each, "rss") for each in (process, *children)))
            together = max(together, sum(map(memory, (process, *children))))
            own = max((own, *(held(each, "uss") for each in children)))
            time.sleep(0.02)
    return largest / 1e6, together / 1e6, own / 1e6


def held(process: psutil.Process, kind: str) -> int:
    """Bytes of a process in memory: `rss` with what it shares, `uss` without."""
    try:
        return int(getattr(process.memory_full_info(), kind))
    except psutil.NoSuchProcess:
        return 0


def timed(way: Way) -> tuple[float, float]:
    """Run a variant; return its wall and processor seconds. Findings don't matter here; a scan error does."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        way.command, cwd=ROOT, env=surroundings(way), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in {0, 1}:
        raise RuntimeError(f"{way.name} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(judge(Path(sys.argv[1])))
