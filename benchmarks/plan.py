"""Measures plans with the provider's cached schema against plans without it, and checks that their JSON is equal.

Each phase of a rolled-out environment is planned and its plan shown as JSON, without the cached schema and with it, in
turn and one after another, by the same code with the same settings. The stacks are validated in turn too. Costs are
processor seconds of this process and of all that it starts, without the emulator's; the medians of the runs count.
"""

from __future__ import annotations

import resource
import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

from benchmarks.promises import Promise
from ops.terraform.cached import CHANGES, NO_CHANGES, attaching, plan, show
from ops.terraform.initialize import initialize
from ops.terraform.plan import caller_flags
from ops.terraform.provider.setting import CachedSchema
from ops.terraform.session import Session
from ops.terraform.stack import Stack
from rehearsal.context import Rehearsal
from rehearsal.equal import comparable

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


def promises(rehearsal: Rehearsal, runs: int) -> Iterator[Promise]:
    """Measure plans and validations of what is rolled out."""
    for stack in rehearsal.session.stacks().values():
        initialize(rehearsal.session.terraform, stack)
    for work in WORK:
        yield _compared(work, rehearsal.session, runs)


def _compared(work: Work, session: Session, runs: int) -> Promise:
    """Do work on each stack both ways, and print its costs.

    Raises:
        RuntimeError: Two outputs differ.
    """
    total: Costs = dict.fromkeys(LEVELS, 0.0)
    for phase, stack in session.stacks().items():
        taken: dict[CachedSchema, list[float]] = {level: [] for level in LEVELS}
        outputs = set()
        for _ in range(runs):
            for level in LEVELS:
                before = processor_time()
                outputs.add(work.run(replace(session, cached_schema=level), stack))
                taken[level].append(processor_time() - before)
        if len(outputs) > 1:
            raise RuntimeError(f"{work.name} {phase}: the output differs")
        medians = {level: statistics.median(each) for level, each in taken.items()}
        total = {level: total[level] + medians[level] for level in LEVELS}
        print(line(f"{work.name} {phase}", medians), flush=True)
    print(line(f"{work.name} all", total))
    ratio = total[CachedSchema.NO] / total[CachedSchema.PLAN]
    return Promise(f"{work.name} all phases: times cheaper with the cached schema", ratio, work.least, least=True)


def line(what: str, costs: Costs) -> str:
    """The costs of both ways, and how many times cheaper the second is."""
    slow, fast = costs[CachedSchema.NO], costs[CachedSchema.PLAN]
    return f"  {what:26} {slow:6.2f} {fast:6.2f}   {slow / fast:5.2f} times"


def planned(session: Session, stack: Stack) -> str:
    """Plan a stack and show the plan.

    Raises:
        RuntimeError: Terraform can't plan it.
    """
    done = plan(session, stack, f"-out={SAVED}", *caller_flags(session.aws.caller, stack))
    if done.code not in {NO_CHANGES, CHANGES}:
        raise RuntimeError(f"{stack.name}: {' '.join(done.errors)}")
    return comparable(show(session, stack, stack.folder / SAVED))


def validated(session: Session, stack: Stack) -> str:
    """What `terraform validate` prints about a stack."""
    terraform, level = session.terraform, session.cached_schema
    with ExitStack() as kept:
        if level is not CachedSchema.NO:
            used = kept.enter_context(attaching(terraform, stack, level, [stack.file.read_bytes()]))
            terraform = replace(terraform, variables={**terraform.variables, **used})
        return terraform.run(stack.folder, "validate", "-json").output


WORK = (Work("planning", planned, 3), Work("validating", validated, 5))


def processor_time() -> float:
    """Processor seconds of this process and of what it started and what has ended, and theirs."""
    found = [resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in found)
