"""After a job failed while it rolled out a phase: saves what only its runner has, and says what to do."""

from __future__ import annotations

from enum import StrEnum

from environments.names import Names
from ops.errors import OpsError
from ops.markdown import code
from ops.rollout.stored import unverified
from ops.terraform.recover import Recovery
from ops.terraform.session import Session
from ops.terraform.stack import Stack

_RECOVER = (
    "As `{role}`, on your machine: `make recover ENV={name} PHASE={phase}`. It removes a lock that is left, and keeps "
    "interrupted creations. If the state is in order, it changes nothing."
)


class Failure(StrEnum):
    """What failed, as the title says it."""

    MIDWAY = "failed midway"
    UNVERIFIED = "is applied, but its exit criteria failed"
    RELEASE = "failed in a release or rollback"


_STEPS = {
    Failure.MIDWAY: (
        "Read the message of the failed step.",
        _RECOVER,
        "Fix the cause. An error of the network has none.",
        "Run the workflow again with *Re-run all jobs*: it plans again. *Re-run failed jobs* would apply the plan of "
        "the failed run, which is refused, because the state changed since. If `main` has a newer commit since, run "
        "`main` by hand instead: an older commit would undo the newer one.",
    ),
    Failure.UNVERIFIED: (
        "Read in the log of the failed step which criteria failed.",
        "Fix the cause. If it needs a commit, the run of that commit checks the criteria again.",
        "Otherwise use *Re-run failed jobs*: the plan is applied already, so it only checks the criteria. *Re-run all "
        "jobs* does so too. To check them on your machine: `make verify ENV={name} PHASE={phase}`.",
    ),
    Failure.RELEASE: (
        "Read the message of the failed step. Its last lines say what continues in AWS, and how to stop it.",
        _RECOVER,
        "Fix the cause. An error of the network has none.",
        "Use *Re-run failed jobs*: the job works on `main` as it is then, plans again, and finds what is done already.",
    ),
}
"""What to do, by failure."""


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


def failure(session: Session, stack: Stack) -> Failure:
    """What failed in a rollout: the apply, or the exit criteria after it.

    Raises:
        OpsError: AWS's response is an error.
    """
    return Failure.UNVERIFIED if unverified(session, stack) else Failure.MIDWAY


def as_markdown(stack: Stack, known: list[str], what: Failure = Failure.MIDWAY) -> str:
    """What is known, and the commands that continue, as Markdown."""
    name, phase = stack.environment.name, stack.phase
    given = {"role": Names(stack.environment).role(phase.role), "name": name, "phase": phase.name}
    later = "" if what is Failure.RELEASE else f"No later phase of {name} has begun. "
    return "\n".join(
        [
            f"### {phase.name} of {name} {what}",
            "",
            *(f"- {code(line)}" for line in known),
            "",
            *(f"{number}. {step.format(**given)}" for number, step in enumerate(_STEPS[what], 1)),
            "",
            f"{later}What messages mean: docs/operating.md, docs/ci.md.",
            "",
        ]
    )
