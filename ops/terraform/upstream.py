"""The outputs that a phase reads of other phases, and whether they are published."""

from __future__ import annotations

import re

from ops.aws.states import States
from ops.terraform.stack import Stack

_READ = re.compile(r"data\.terraform_remote_state\.(\w+)\.outputs\.(\w+)")


def outputs_read(stack: Stack) -> dict[str, set[str]]:
    """Names of the outputs that a stack reads, by phase."""
    read: dict[str, set[str]] = {phase: set() for phase in stack.phase.reads}
    for phase, output in _READ.findall(stack.file.read_text(encoding="utf-8")):
        read[phase].add(output)
    return read


def waits_for(stack: Stack, states: States) -> tuple[str, ...]:
    """Phases that must be applied before a stack can be planned.

    A partly applied phase must be applied again if it lacks an output that the stack reads or, if the stack reads
    none, if it has no outputs at all.
    """
    return tuple(
        phase
        for phase, read in outputs_read(stack).items()
        if (state := states.get(phase)) is None or not state.outputs or not read <= state.outputs.keys()
    )


def published(stack: Stack, states: States, *, again: bool = False) -> dict[str, str]:
    """SHA-256 of the current outputs of each phase that a stack reads."""
    found = {phase: states.get(phase, again=again) for phase in stack.phase.reads}
    return {phase: state.outputs_digest for phase, state in found.items() if state is not None}
