"""Measures the evaluation of the sample requests of an environment's roles.

    python -m benchmarks.evaluation [--environment prod] [--runs N]

Each run evaluates every sample request that the gate asks of the environment's roles, against their policies in the
synthesized stacks. The baseline is reading the same policies again for each request, as an evaluator without compiled
statements does; runs alternate, and times are medians. The exit code says whether the promise is kept.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.gate import verdict
from benchmarks.synth import ROOT
from ops.gate.stacks import expected_stacks
from ops.iam.evaluation import Document, Policies, evaluate
from ops.roles.policies import Asked, Roles

MILLISECONDS = 0.4
"""What a request may take on average."""
BASELINE_SAMPLE = 20
"""One of how many requests the baseline evaluates: it is slow."""


def main() -> int:
    """Measure both, and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evaluation", description="Measure the evaluation.")
    parser.add_argument("--environment", default="prod", help="whose roles are asked (default: prod)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each way; the median counts (default: 5)")
    parser.add_argument("--out", type=Path, default=ROOT / "cdktf.out", help="what synth wrote (default: cdktf.out)")
    arguments = parser.parse_args()
    if not (arguments.out / "stacks").is_dir():
        print(f"benchmarks.evaluation: {arguments.out} holds no stacks; synthesize first: make synth", file=sys.stderr)
        return 2
    expected = expected_stacks()
    asked = list(Roles.read(arguments.out, expected.values[arguments.environment], expected).samples())
    few = asked[::BASELINE_SAMPLE]
    ways: tuple[tuple[str, Sequence[Asked], Callable[[Policies], Policies]], ...] = (
        ("compiled once", asked, lambda policies: policies),
        ("read for each request", few, _read_again),
    )
    times: dict[str, list[float]] = {name: [] for name, *_ in ways}
    for _ in range(arguments.runs + 1):
        for name, requests, prepared in ways:
            start = time.process_time()
            for each in requests:
                evaluate(each.request, prepared(each.policies))
            times[name].append(1000 * (time.process_time() - start) / len(requests))
    # The first run compiles.
    first, (fast, slow) = times["compiled once"][0], (statistics.median(each[1:]) for each in times.values())
    kept = fast <= MILLISECONDS
    print(
        f"{len(asked)} requests of {arguments.environment}, median of {arguments.runs} runs, processor time a request"
    )
    print(f"  compiled once          {fast:6.3f} ms   the first run {first:6.3f} ms")
    print(f"  read for each request  {slow:6.3f} ms   ratio {slow / fast:5.1f}")
    print(f"  at most {MILLISECONDS} ms   {verdict(kept)}")
    return 0 if kept else 1


def _read_again(policies: Policies) -> Policies:
    """The same policies, with statements that nothing is known about."""

    def read(documents: Sequence[Document]) -> tuple[Document, ...]:
        return tuple(Document(each.name, tuple(replace(one) for one in each.statements)) for each in documents)

    return replace(
        policies,
        identity=read(policies.identity),
        resource=read(policies.resource),
        boundary=read((policies.boundary,))[0] if policies.boundary else None,
        endpoint=read((policies.endpoint,))[0] if policies.endpoint else None,
    )


if __name__ == "__main__":
    sys.exit(main())
