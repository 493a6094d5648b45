"""After a job failed while it rolled out a phase: saves what only its runner has, and says what to do."""

from __future__ import annotations

from environments.names import Names
from ops.errors import OpsError
from ops.markdown import code
from ops.terraform.recover import Recovery
from ops.terraform.session import Session
from ops.terraform.stack import Stack


def keep(session: Session, stack: Stack) -> str:
    """Save the state that Terraform could not save: it is on this runner only, which ends with the job.

    Returns:
        What was done, in a sentence; empty if there is nothing to save.
    """
    if not stack.unsaved.exists():
        return ""
    left = f"Terraform could not save the state of {stack.phase.name}, and it is on this runner only"
    if held := session.states.lock(stack.phase.name).holder():
        return f"{left}: the state is locked ({held}), so what this run created isn't in the state."
    try:
        complete = Recovery(session, stack, confirm=lambda _: None).run()
    except OpsError as error:
        return f"{left}. It can't be saved now either: {error}."
    return "The state that Terraform could not save is saved now." if complete else f"{left}. `recover` saved a part."


def found(session: Session, stack: Stack) -> list[str]:
    """What is known about a phase's state, in sentences.

    Raises:
        OpsError: AWS's response is an error.
    """
    phase, states = stack.phase.name, session.states
    lines = [keep(session, stack)]
    held = states.lock(phase).holder()
    lines.append(f"The state is locked: {held}." if held else "The state isn't locked.")
    state, record = states.get(phase, again=True), states.record(phase)
    if state and state.tainted:
        lines.append(f"Created but marked tainted: {', '.join(state.tainted)}.")
    if record:
        lines.append(f"The last apply that ended well: {record.applied_at}, by {record.caller}.")
    return [line for line in lines if line]


def as_markdown(stack: Stack, known: list[str]) -> str:
    """What is known, and the commands that continue, as Markdown."""
    name, phase = stack.environment.name, stack.phase
    role = Names(stack.environment).role(phase.role)
    steps = (
        "Read the message of the failed step.",
        f"As `{role}`, on your machine: `make recover ENV={name} PHASE={phase.name}`. It removes a lock that is left, "
        "and keeps interrupted creations. If the state is in order, it changes nothing.",
        "Fix the cause. An error of the network has none.",
        "Run the workflow again with *Re-run all jobs*: it plans again. *Re-run failed jobs* would apply the plan of "
        "the failed run, which is refused, because the state changed since.",
    )
    return "\n".join(
        [
            f"### {phase.name} of {name} failed midway",
            "",
            *(f"- {code(line)}" for line in known),
            "",
            *(f"{number}. {step}" for number, step in enumerate(steps, 1)),
            "",
            f"No later phase of {name} has begun. What messages mean: docs/operating.md, docs/ci.md.",
            "",
        ]
    )
