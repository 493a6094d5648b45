"""How long the commands' help takes, against importing Typer alone: `python -m benchmarks.help`.

Medians of processor seconds, of runs that alternate. Promised: at most 1.7 times.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BASELINE = ("-c", "import typer")
HELP = {name: ("-m", "ops", *name.split(), "--help") for name in ("", "plan", "verify", "cutover run", "secrets set")}
RUNS = 15
PROMISED = 1.7


def seconds(arguments: tuple[str, ...]) -> float:
    """Processor seconds of one run of Python."""
    with subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"python {' '.join(arguments)} failed")
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Print the ratios; the exit code is 1 if one is above what is promised."""
    times: dict[tuple[str, ...], list[float]] = {arguments: [] for arguments in (BASELINE, *HELP.values())}
    for _ in range(RUNS):
        for arguments, measured in times.items():
            measured.append(seconds(arguments))
    medians = {arguments: statistics.median(measured) for arguments, measured in times.items()}
    ratios = {name: medians[arguments] / medians[BASELINE] for name, arguments in HELP.items()}
    for name, ratio in ratios.items():
        print(f"ops {name} --help".replace("  ", " ").ljust(28), f"{ratio:.2f} times `import typer`")
    return int(max(ratios.values()) > PROMISED)


if __name__ == "__main__":
    sys.exit(main())
