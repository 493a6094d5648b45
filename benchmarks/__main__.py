"""Measures what the project promises of its speed: `python -m benchmarks [NAME ...] [--runs N]`.

Prints each promise with what was measured, and writes them into the table of docs/performance.md. The exit code is 1 if
a promise isn't kept. Each benchmark compares with a named baseline in the same run, in processor seconds where it can:
machines are noisy.
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
    parser.add_argument("--runs", type=int, default=3, help="runs of each way; the median counts (default: 3)")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in NAMES]:
        sys.stderr.write(f"error: no benchmark {unknown[0]!r}; {choices(unknown[0], NAMES)}\n")
        return 2
    kept = True
    for name in given.names or NAMES:
        print(name, flush=True)
        found: list[Promise] = list(import_module(f"benchmarks.{name}").promises(given.runs))
        print(printed(found), flush=True)
        write(name, found, NAMES)
        kept &= all(each.met for each in found)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
