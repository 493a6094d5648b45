"""Measures the evaluation of the sample requests of an environment's roles.

Each run evaluates every sample request that the gate asks of the environment's roles, against their policies in the
synthesized stacks. The baseline is reading the same policies again for each request, as an evaluator without compiled
statements does; runs alternate, and times are medians.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from benchmarks.promises import Promise
from benchmarks.synth import OUT
from ops.gate.stacks import expected_stacks
from ops.iam.evaluation import Document, Policies, evaluate
from ops.roles.policies import Asked, Roles

ENVIRONMENT = "prod"
MILLISECONDS = 0.4
"""What a request may take on average."""
BASELINE_SAMPLE = 20
"""One of how many requests the baseline evaluates: it is slow."""


def promises(runs: int) -> Iterator[Promise]:
    """Measure both ways."""
    expected = expected_stacks()
    asked = list(Roles.read(OUT, expected.values[ENVIRONMENT], expected).samples())
    few = asked[::BASELINE_SAMPLE]
    ways: tuple[tuple[str, Sequence[Asked], Callable[[Policies], Policies]], ...] = (
        ("compiled once", asked, lambda policies: policies),
        ("read for each request", few, _read_again),
    )
    times: dict[str, list[float]] = {name: [] for name, *_ in ways}
    for _ in range(runs + 1):
        for name, requests, prepared in ways:
            start = time.process_time()
            for each in requests:
                evaluate(each.request, prepared(each.policies))
            times[name].append(1000 * (time.process_time() - start) / len(requests))
    # The first run compiles.
    first, (fast, slow) = times["compiled once"][0], (statistics.median(each[1:]) for each in times.values())
    print(f"{len(asked)} requests of {ENVIRONMENT}, median of {runs} runs, processor time a request")
    print(f"  compiled once          {fast:6.3f} ms   the first run {first:6.3f} ms")
    print(f"  read for each request  {slow:6.3f} ms   ratio {slow / fast:5.1f}")
    yield Promise("milliseconds for a request", fast, MILLISECONDS)


def _read_again(policies: Policies) -> Policies:
    """The same policies, with statements that nothing is known about."""

    def read(documents: Sequence[Document]) -> tuple[Document, ...]:
        return tuple(Document(each.name, tuple(replace(one) for one in each.statements)) for each in documents)

    return policies._replace(
        identity=read(policies.identity),
        resource=read(policies.resource),
        boundary=read((policies.boundary,))[0] if policies.boundary else None,
        endpoint=read((policies.endpoint,))[0] if policies.endpoint else None,
    )
