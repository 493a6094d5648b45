"""Messages for errors of Terraform: what happened, and what to do."""

from __future__ import annotations

from collections.abc import Callable

import environments
from environments.names import Names
from modules.imports import BLOCK
from ops.aws.states import States
from ops.errors import OpsError, RefusedError
from ops.terraform.process import Done
from ops.terraform.saved import plan_it
from ops.terraform.stack import Stack

_LONGEST = 1200
"""Characters of Terraform's own message in ours; its log has the whole message."""


def refuse_unsaved(stack: Stack) -> None:
    """Refuse to continue with a state that lacks resources of a previous run.

    Raises:
        RefusedError: A previous run could not save its state; it is in a file beside the stack.
    """
    if stack.unsaved.exists():
        raise RefusedError(f"a previous run could not save its state; it is kept in {stack.unsaved}; {_recover(stack)}")


def advice(stack: Stack, done: Done, states: States, go_on: str = "") -> str:
    """Terraform's error message with advice, or the advice alone for a known error.

    Args:
        stack: The stack.
        done: How Terraform ended.
        states: The states.
        go_on: What to do if the state has all that was created; for known errors the advice says it.
    """
    message = "; ".join(" ".join(error.split()) for error in done.errors)
    for words, explanation in _KNOWN.items():
        if words in message and (text := explanation(stack, states)):
            return text
    if done.killed:
        return f"Terraform was killed before it could save the state and free its lock; {_recover(stack)}"
    if stack.unsaved.exists():
        kept = f"Terraform could not save the state; it is kept in {stack.unsaved}; {_recover(stack)}"
        return f"{kept} ({message[:_LONGEST]})"
    return "; ".join(part for part in (message[:_LONGEST], go_on) if part)


def _locked(stack: Stack, states: States) -> str:
    try:
        lock = states.lock(stack.phase.name).holder()
    except OpsError as error:
        return f"the state is locked ({error})"
    if lock is None:
        return "the state was locked, and isn't any more; try again"
    return f"the state is locked: {lock}; wait for that run, or if it has ended: {_recover(stack)}"


def _stale(stack: Stack, _: States) -> str:
    return f"the state changed since the plan was saved; {plan_it(stack)}"


def _full(stack: Stack, _: States) -> str:
    return f"the disk of {stack.folder} is full; free some space, then {plan_it(stack)}"


def _tainted(stack: Stack, states: States) -> str:
    """A tainted or imported resource: Terraform would replace it, and prevent_destroy forbids that."""
    state = states.get(stack.phase.name, again=True)
    if state is None or not state.tainted:
        return _fixed(stack) if stack.content.get(BLOCK) else ""
    why = "created but marked tainted, because the apply was interrupted; Terraform would replace it"
    return f"{', '.join(state.tainted)}: {why}; {_recover(stack)}"


def _fixed(stack: Stack) -> str:
    """An imported resource that Terraform would replace."""
    name, phase = stack.environment.name, stack.phase.name
    return (
        "Terraform would replace a resource that it imports, and prevent_destroy forbids that: an attribute can't be "
        f"changed in place; bin/ops adopt {name} {phase} names it with its way out (docs/adopt.md)"
    )


def _absent(stack: Stack, _: States) -> str:
    """An id in `existing` that AWS doesn't have."""
    where = environments.shown(environments.existing_file(stack.environment))
    again = f"bin/ops adopt {stack.environment.name} {stack.phase.name} --write"
    return f"AWS has no resource for an id in {where}; {again} writes it again, then make synth gate"


def _expired(stack: Stack, _: States) -> str:
    """Without credentials Terraform can neither save the state nor free its lock."""
    kept = f", and the state is kept in {stack.unsaved}" if stack.unsaved.exists() else ""
    return f"the credentials expired while Terraform ran{kept}; sign in again, then {_recover(stack)}"


def _plain_record(stack: Stack, _: States) -> str:
    """A plain record that was written after the plan."""
    command = f"bin/ops cutover prepare {stack.environment.name}"
    return f"AWS refuses a weighted record beside a plain one of the same name; {command}, then {plan_it(stack)}"


def _not_steady(stack: Stack, _: States) -> str:
    """A deployment that failed or is still in progress. The provider waits in both cases, and doesn't report why."""
    names, product = Names(stack.environment), stack.environment.product
    services = " ".join(names.service(service.name) for service in product.services)
    return (
        "a service isn't steady: its tasks don't start, or stop, and a first deployment can't roll back; "
        f"why tasks stopped: bin/ops tasks {stack.environment.name} --stopped; the events of ECS: "
        f"aws ecs describe-services --cluster {names.prefix} --services {services} --query "
        "'services[].[serviceName, deployments[].rolloutStateReason, events[:5].message]'; "
        f"fix it, then {plan_it(stack)}"
    )


_KNOWN: dict[str, Callable[[Stack, States], str]] = {
    "Error acquiring the state lock": _locked,
    "Saved plan is stale": _stale,
    "no space left on device": _full,
    "Instance cannot be destroyed": _tainted,
    "Cannot import non-existent remote object": _absent,
    "ExpiredToken": _expired,
    "non-weighted set exists with the same name and type": _plain_record,
    "waiting for state to become 'tfSTABLE'": _not_steady,
}
"""By Terraform's and AWS's own words. An empty text means that the error is another one."""


def _recover(stack: Stack) -> str:
    return f"make recover ENV={stack.environment.name} PHASE={stack.phase.name}"
