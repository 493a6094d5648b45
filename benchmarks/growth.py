"""Measures how synthesis grows with environments and services, in processor seconds.

Each size is measured in a process of its own. Its environments are copies of AEP's `prod` with other names, its
services copies of the last one; all are validated, built and written. The slope of the larger half of the sizes is
compared with that of the smaller half: growth is linear if it is at most a quarter steeper. One size alone, in
processor seconds and stacks: `python -m benchmarks.growth ENVIRONMENTS SERVICES`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import environments
from benchmarks.promises import Promise
from environments.schema import Environment
from environments.schema.validation import validate
from tests.products import AEP, values

SIZES: Mapping[str, Sequence[int]] = {"environments": (1, 8, 15, 22, 30), "services": (2, 14, 26, 38, 50)}
STEEPER = 1.25


def promises(runs: int) -> Iterator[Promise]:
    """Measure all sizes; the fastest run of each counts."""
    for what, sizes in SIZES.items():
        seconds = [min(measured(what, size) for _ in range(runs)) for size in sizes]
        for size, taken in zip(sizes, seconds, strict=True):
            print(f"  {size:3} {what:14} {taken:6.2f} s of processor")
        middle = len(sizes) // 2
        whole, lower, upper = (
            slope(sizes[part], seconds[part]) for part in (slice(None), slice(middle + 1), slice(middle, None))
        )
        print(f"  {1000 * whole:.0f} ms each")
        yield Promise(
            f"{what}: slope from {sizes[middle]} to {sizes[-1]}, of that to {sizes[middle]}", upper / lower, STEEPER
        )


def slope(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Seconds that one more takes, by least squares."""
    return statistics.linear_regression(sizes, seconds).slope


def measured(what: str, size: int) -> float:
    """Processor seconds of a size."""
    given = {"environments": (size, SIZES["services"][0]), "services": (1, size)}[what]
    command = (sys.executable, "-O", "-m", "benchmarks.growth", *map(str, given))
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0])


def synthesized(count: int, services: int) -> tuple[float, int]:
    """Synthesize copies; returns the processor seconds since Python has started, and how many stacks there are."""
    with values(AEP):
        base = environments.load("prod")
        from modules import synthesis  # noqa: PLC0415  (as main.py does)

        copies = [copied(base, number, services) for number in range(count)]
        names = [each.name for each in copies]
        with TemporaryDirectory() as folder, patch.object(synthesis, "known", lambda: names):
            synthesis.synthesize([validate(each) for each in copies], Path(folder), organization=False)
            stacks = len([*Path(folder).glob("stacks/*/cdk.tf.json")])
    return time.process_time(), stacks


def copied(base: Environment, number: int, services: int) -> Environment:
    """A copy of an environment under another name, with so many services."""
    product = base.product
    web = product.services[-1]
    more = [
        replace(web, name=f"copy{each}", paths=(f"/copy{each}/*",), priority=1000 + each)
        for each in range(services - len(product.services))
    ]
    return replace(base, name=f"prod{number}", product=replace(product, services=(*product.services, *more)))


if __name__ == "__main__":
    print(*synthesized(int(sys.argv[1]), int(sys.argv[2])))
