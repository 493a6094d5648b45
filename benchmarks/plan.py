"""Measures plans and validations with the provider's cached schema, and checks that their output is equal without it.

Each phase of a rolled-out environment is planned and its plan shown as JSON, without the cached schema and with it, in
turn and one after another, by the same code with the same settings. All stacks are validated as tests do it, with one
provider process, in turn with Terraform's own way. Costs are processor seconds of this process and of all that it
starts, without the emulator's; the medians of the runs count.
"""

from __future__ import annotations

import os
import resource
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from benchmarks.promises import Promise
from ops.terraform.cached import CHANGES, NO_CHANGES, plan, show
from ops.terraform.initialize import initialize
from ops.terraform.plan import caller_flags
from ops.terraform.provider.package import installed
from ops.terraform.provider.process import running
from ops.terraform.provider.schema import used
from ops.terraform.provider.setting import CachedSchema
from ops.terraform.session import Session
from ops.terraform.stack import Stack
from rehearsal.context import Rehearsal
from rehearsal.equal import comparable
from tests.terraform.run import terraform
from tests.terraform.warm import Warm

SAVED = "benchmark.tfplan"
LEVELS = (CachedSchema.NO, CachedSchema.PLAN)
Costs = dict[CachedSchema, float]


PLANNING, VALIDATING = 3, 5
"""How many times cheaper each must be with the cached schema, over all stacks."""


def promises(rehearsal: Rehearsal, runs: int) -> Iterator[Promise]:
    """Measure plans and validations of what is rolled out."""
    stacks = rehearsal.session.stacks()
    for stack in stacks.values():
        initialize(rehearsal.session.terraform, stack)
    total: Costs = dict.fromkeys(LEVELS, 0.0)
    for phase, stack in stacks.items():
        costs = compared(f"planning {phase}", partial(planned, rehearsal.session, stack), runs)
        total = {level: total[level] + costs[level] for level in LEVELS}
    print(line("planning all", total), flush=True)
    yield _promise("planning", total, PLANNING)
    yield _promise(
        "validating", compared("validating all", partial(validated, list(stacks.values())), runs), VALIDATING
    )


def compared(what: str, work: Callable[[CachedSchema], str], runs: int) -> Costs:
    """Do work both ways in turn, and print what it costs.

    Raises:
        RuntimeError: Two outputs differ.
    """
    taken: dict[CachedSchema, list[float]] = {level: [] for level in LEVELS}
    outputs = set()
    for _ in range(runs):
        for level in LEVELS:
            before = processor_time()
            outputs.add(work(level))
            taken[level].append(processor_time() - before)
    if len(outputs) > 1:
        raise RuntimeError(f"{what}: the output differs")
    costs = {level: statistics.median(each) for level, each in taken.items()}
    print(line(what, costs), flush=True)
    return costs


def _promise(what: str, costs: Costs, least: float) -> Promise:
    ratio = costs[CachedSchema.NO] / costs[CachedSchema.PLAN]
    return Promise(f"{what} all phases: times cheaper with the cached schema", ratio, least, least=True)


def line(what: str, costs: Costs) -> str:
    """The costs of both ways, and how many times cheaper the second is."""
    slow, fast = costs[CachedSchema.NO], costs[CachedSchema.PLAN]
    return f"  {what:26} {slow:6.2f} {fast:6.2f}   {slow / fast:5.2f} times"


def planned(session: Session, stack: Stack, level: CachedSchema) -> str:
    """Plan a stack and show the plan.

    Raises:
        RuntimeError: Terraform can't plan it.
    """
    session = replace(session, cached_schema=level)
    done = plan(session, stack, f"-out={SAVED}", *caller_flags(session.aws.caller, stack))
    if done.code not in {NO_CHANGES, CHANGES}:
        raise RuntimeError(f"{stack.name}: {' '.join(done.errors)}")
    return comparable(show(session, stack, stack.folder / SAVED))


def validated(stacks: Sequence[Stack], level: CachedSchema) -> str:
    """What `terraform validate` prints about initialized stacks, in Terraform's own way or as tests do it.

    Raises:
        RuntimeError: A stack isn't valid.
    """
    environment = dict(os.environ)
    if level is CachedSchema.NO:
        done = [terraform(stack.folder, "validate", environment=environment) for stack in stacks]
    else:
        package = installed(stacks[0].folder)
        schema = package.schema(environment)
        with running(package.program, environment) as address:
            provider = Warm(stacks[0].folder, schema, address)
            done = [provider.validate(each.folder, used(schema, [each.file.read_bytes()])) for each in stacks]
    if invalid := [each.stderr for each in done if each.returncode]:
        raise RuntimeError("".join(invalid))
    return "".join(each.stdout for each in done)


def processor_time() -> float:
    """Processor seconds of this process and of what it started and what has ended, and theirs."""
    found = [resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in found)
