"""Measures how long an export takes, against synthesizing the same environments with node.

Each is the command that operators start; runs alternate. Medians of processor seconds of all their processes, which
hardly depend on what else the machine does.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.promises import Promise

ROOT = Path(__file__).parents[1]
VALUES = ROOT / "tests" / "products" / "aep"
NAMES = ("prod", "prod-starter", "staging")
PROMISED = 0.5


def seconds(command: Sequence[str], out: Path) -> float:
    """Processor seconds of a command and of the processes that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    given = {**os.environ, "ENVIRONMENTS": str(VALUES), "CDKTF_OUTDIR": str(out), "ENGINE": "node"}
    subprocess.run([sys.executable, *command], cwd=ROOT, env=given, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def promises(runs: int) -> Iterator[Promise]:
    """Measure both."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        synth = ["-O", "main.py", *NAMES]
        export = ["-m", "ops", "export", *NAMES, "--stacks", folder]
        measured = [(seconds(synth, out), seconds(export, out)) for _ in range(runs + 1)][1:]  # The first fills caches.
    synthesized, exported = (statistics.median(times) for times in zip(*measured, strict=True))
    print(f"  {', '.join(NAMES)}: synthesized in {synthesized:.2f} s of processor time, exported in {exported:.2f} s")
    yield Promise("times synthesizing them with node", exported / synthesized, PROMISED)
