"""What an operator needs when Terraform fails: what happened, and what to do."""

from __future__ import annotations

from ops.errors import OpsError
from ops.terraform.process import Done
from ops.terraform.saved import plan_it
from ops.terraform.stack import Stack
from ops.terraform.states import States

_LONGEST = 1200
"""Characters of Terraform's own words that are repeated; all of them are in its log."""


def advice(stack: Stack, done: Done, states: States) -> str:
    """Terraform's complaint, with what is known about it."""
    recover = f"make recover ENV={stack.environment.name} PHASE={stack.phase.name}"
    said = "; ".join(" ".join(each.split()) for each in done.errors)
    if "Error acquiring the state lock" in said:
        return _locked(stack, states, recover)
    if "Saved plan is stale" in said:
        return f"the state changed since the plan was saved; {plan_it(stack)}"
    if "no space left on device" in said:
        return f"the disk of {stack.folder} is full; free some space, then {plan_it(stack)}"
    if done.killed:
        return f"Terraform was killed, and could neither save all that it made nor free its lock; {recover}"
    if stack.unsaved.exists():
        return f"Terraform could not save the state; it is kept in {stack.unsaved}; {recover} ({said[:_LONGEST]})"
    return said[:_LONGEST]


def _locked(stack: Stack, states: States, recover: str) -> str:
    try:
        lock = states.lock(stack.phase.name)
    except OpsError as error:
        return f"the state is locked ({error})"
    if lock is None:
        return "the state was locked until just now; try again"
    return f"the state is locked: {lock}; wait for that run, or if it is dead: {recover}"
