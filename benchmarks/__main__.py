"""Measures what the project promises of its speed: `python -m benchmarks [NAME ...] [--runs N]`.

Prints each promise with what was measured, and writes them into the table of docs/performance.md. The exit code is 1 if
a promise isn't kept, and 2 if a benchmark failed; its rows stay then. Each benchmark compares with a named baseline in
the same run, in processor seconds where it can: machines are noisy.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from benchmarks.promises import Promise, printed, write
from environments.suggestions import choices

NAMES = ("synth", "growth", "gate", "help", "evaluation", "export", "report", "rehearse")


def main() -> int:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what is promised.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--check", action="store_true", help="check the names, and run nothing")
    parser.add_argument("--runs", type=_runs, default=3, help="runs of each way; the median counts (default: 3)")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in NAMES]:
        sys.stderr.write(f"error: no benchmark {unknown[0]!r}; {choices(unknown[0], NAMES)}\n")
        return 2
    codes = [_run(name, given.runs) for name in given.names or NAMES if not given.check]
    return max(codes, default=0)


def _run(name: str, runs: int) -> int:
    """Run one benchmark; 1 if a promise isn't kept, and 2 if the benchmark failed."""
    print(name, flush=True)
    try:
        found: list[Promise] = list(import_module(f"benchmarks.{name}").promises(runs))
        print(printed(found), flush=True)
        write(name, found, NAMES)
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        sys.stderr.write(f"error: benchmark {name} failed, and its rows in the table stay as they are: {text}\n")
        return 2
    return 0 if all(each.met for each in found) else 1


def _runs(given: str) -> int:
    if not given.isdecimal() or not int(given):
        raise argparse.ArgumentTypeError(f"{given!r}: must be a number from 1")
    return int(given)


if __name__ == "__main__":
    sys.exit(main())
