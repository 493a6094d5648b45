"""Measures how long the commands' help takes, against importing Typer alone.

Medians of processor seconds, of runs that alternate.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.promises import Promise

ROOT = Path(__file__).parents[1]
BASELINE = ("-c", "import typer")
HELP = {name: ("-m", "ops", *name.split(), "--help") for name in ("", "plan", "verify", "cutover run", "secrets set")}
PROMISED = 1.7
RUNS = 5
"""How often each way is run for each run that is asked for: they are short."""


def seconds(arguments: tuple[str, ...]) -> float:
    """Processor seconds of one run of Python."""
    with subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"python {' '.join(arguments)} failed")
    return usage.ru_utime + usage.ru_stime


def promises(runs: int) -> Iterator[Promise]:
    """Measure the help of some commands."""
    times: dict[tuple[str, ...], list[float]] = {arguments: [] for arguments in (BASELINE, *HELP.values())}
    for _ in range(RUNS * runs):
        for arguments, measured in times.items():
            measured.append(seconds(arguments))
    medians = {arguments: statistics.median(measured) for arguments, measured in times.items()}
    for name, arguments in HELP.items():
        what = " ".join(("ops", *name.split(), "--help"))
        yield Promise(f"`{what}`: times `import typer`", medians[arguments] / medians[BASELINE], PROMISED)
