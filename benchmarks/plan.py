"""Measures plans with the provider's cached schema against plans without it, and checks that their JSON is equal.

    python -m benchmarks.plan [--environment prod] [--runs N]

The environment is rolled out on emulated AWS. Then each phase is planned and its plan shown as JSON, without the cached
schema and with it, in turn and one after another, by the same code with the same settings. The stacks are validated in
turn too. Costs are processor
seconds of this process and of all that it starts, without the emulator's; the medians of the runs count. The exit code
is 1 if a limit is missed, or if two outputs differ.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import NamedTuple

from benchmarks.gate import verdict
from benchmarks.synth import ROOT
from environments import load
from modules.output import OUT
from ops.terraform.cached import CHANGES, NO_CHANGES, attaching, plan, show
from ops.terraform.initialize import initialize
from ops.terraform.provider.setting import CachedSchema
from ops.terraform.session import Session
from ops.terraform.stack import Stack
from rehearsal.context import emulated_environment
from rehearsal.equal import comparable
from rehearsal.steps import every_phase_applies

SAVED = "benchmark.tfplan"
LEVELS = (CachedSchema.NO, CachedSchema.PLAN)
Costs = dict[CachedSchema, float]


class Work(NamedTuple):
    """What is done with each stack."""

    name: str
    run: Callable[[Session, Stack], str]
    """Returns the output, which must be the same both ways."""
    least: float
    """How many times cheaper it must be with the cached schema, over all stacks."""


def main() -> int:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plan", description="Measure plans.")
    parser.add_argument("--environment", default="prod", help="what is planned (default: prod)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each way; the median counts (default: 3)")
    arguments = parser.parse_args()
    environment = load(arguments.environment)
    subprocess.run([sys.executable, "-O", "main.py", environment.name], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with emulated_environment(environment, OUT, "benchmark") as rehearsal:
        every_phase_applies(rehearsal)
        rehearsal.sign_in(None)
        for stack in rehearsal.session.stacks().values():
            initialize(rehearsal.session.terraform, stack)
        print(f"{environment.name}: processor seconds without and with the cached schema, {arguments.runs} runs")
        met = [compared(work, rehearsal.session, arguments.runs) for work in WORK]
    return 0 if all(met) else 1


def compared(work: Work, session: Session, runs: int) -> bool:
    """Do work on each stack both ways, and print its costs; whether all outputs are equal and the limit is met."""
    total: Costs = dict.fromkeys(LEVELS, 0.0)
    differing = []
    for phase, stack in session.stacks().items():
        taken: dict[CachedSchema, list[float]] = {level: [] for level in LEVELS}
        outputs = set()
        for _ in range(runs):
            for level in LEVELS:
                before = processor_time()
                outputs.add(work.run(replace(session, cached_schema=level), stack))
                taken[level].append(processor_time() - before)
        differing += [phase] if len(outputs) > 1 else []
        medians = {level: statistics.median(each) for level, each in taken.items()}
        total = {level: total[level] + medians[level] for level in LEVELS}
        print(line(f"{work.name} {phase}", medians), flush=True)
    ratio = total[CachedSchema.NO] / total[CachedSchema.PLAN]
    print(line(f"{work.name} all", total))
    print(f"  times cheaper (at least {work.least})      {ratio:5.2f}   {verdict(ratio >= work.least)}")
    print(f"  the same output           {f'NOT: {differing}' if differing else 'yes'}")
    return ratio >= work.least and not differing


def line(what: str, costs: Costs) -> str:
    """The costs of both ways, and how many times cheaper the second is."""
    slow, fast = costs[CachedSchema.NO], costs[CachedSchema.PLAN]
    return f"  {what:26} {slow:6.2f} {fast:6.2f}   {slow / fast:5.2f} times"


def planned(session: Session, stack: Stack) -> str:
    """Plan a stack and show the plan.

    Raises:
        RuntimeError: Terraform can't plan it.
    """
    done = plan(session, stack, f"-out={SAVED}")
    if done.code not in {NO_CHANGES, CHANGES}:
        raise RuntimeError(f"{stack.name}: {' '.join(done.errors)}")
    return comparable(show(session, stack, stack.folder / SAVED))


def validated(session: Session, stack: Stack) -> str:
    """What `terraform validate` prints about a stack."""
    terraform, more = session.terraform, nullcontext({})
    if session.cached_schema is not CachedSchema.NO:
        more = attaching(terraform, stack, session.cached_schema, [stack.file.read_bytes()])
    with more as variables:
        given = replace(terraform, variables={**terraform.variables, **variables})
        return given.run(stack.folder, "validate", "-json").output


WORK = (Work("planning", planned, 3), Work("validating", validated, 5))


def processor_time() -> float:
    """Processor seconds of this process and of what it started and what has ended, and theirs."""
    found = [resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in found)


if __name__ == "__main__":
    sys.exit(main())
