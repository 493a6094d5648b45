"""What a rollout would change: every phase planned by the planner, who changes nothing and needs no approval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from modules.phases import PHASES
from ops.printable import printable
from ops.terraform.plan import Planner, is_planner
from ops.terraform.report import PhaseResult, Result
from ops.terraform.schedule import side_by_side
from ops.terraform.session import Session
from ops.terraform.stack import Stack

OTHERS = "the deployer plans it: its provider assumes a role of the zone's account, which the planner may not"


def look(session: Session, phases: Sequence[str] | None = None) -> list[PhaseResult]:
    """Plan every phase that the caller can plan; the others wait for the deployer if they aren't applied as they are.

    The plans and the report are those of `ops plan`, which the comment on a pull request reads.

    Args:
        session: The environment's session.
        phases: Phases to plan; None for all.

    Raises:
        OpsError: AWS's response is an error, or a stack isn't synthesized.
    """
    stacks = {name: stack for name, stack in session.stacks().items() if phases is None or name in phases}
    beyond = {
        name: stack for name, stack in stacks.items() if is_planner(session.aws.caller, stack) and assumes_role(stack)
    }
    own = {name: stack for name, stack in stacks.items() if name not in beyond}
    results = {each.phase: each for each in side_by_side(session, own, Planner(session).plan)}
    for name, stack in beyond.items():
        if applied_as_it_is(session, stack):
            results[name] = PhaseResult(name, Result.NO_CHANGES, message="applied with this stack and these outputs")
        else:
            results[name] = PhaseResult(name, Result.WAITING, waits_for=("the deployer's plan",), message=OTHERS)
    found = [results[name] for name in stacks]
    session.report("plan", found)
    return found


def assumes_role(stack: Stack) -> bool:
    """Whether a provider of the stack assumes a role, as that of a zone in another account."""
    providers = stack.content.get("provider", {}).values()
    return any("assume_role" in each for listed in providers for each in (listed if isinstance(listed, list) else ()))


def for_planner(stacks: Iterable[Stack]) -> tuple[list[str], list[str]]:
    """Names of the phases that the planner can plan, and of those that it can't."""
    every = list(stacks)
    beyond = [stack.phase.name for stack in every if assumes_role(stack)]
    return [stack.phase.name for stack in every if stack.phase.name not in beyond], beyond


def applied_as_it_is(session: Session, stack: Stack) -> bool:
    """Whether a phase's last apply was of this stack, and no phase that it reads was applied since."""
    record = session.states.record(stack.phase.name)
    if record is None or (record.stack_sha256, record.environment) != (stack.digest, stack.environment.name):
        return False
    read = [session.states.record(name) for name in stack.phase.reads]
    when = datetime.fromisoformat(record.applied_at)
    return all(other is not None and datetime.fromisoformat(other.applied_at) <= when for other in read)


def needed(results: Sequence[PhaseResult]) -> dict[str, str]:
    """For each phase of the deployer, whether it must be planned and applied: `true` or `false`."""
    found = {each.phase for each in results if each.result is not Result.NO_CHANGES}
    return {phase.name: str(phase.name in found).lower() for phase in PHASES if phase.applied_by == "deployer"}


def stops(results: Sequence[PhaseResult]) -> int:
    """Exit code: 0, or 2 if a plan failed. What the plan gate refuses is shown; the deployer's plan decides."""
    return 2 if any(each.result in {Result.FAILED, Result.INTERRUPTED} for each in results) else 0


def as_markdown(session: Session, results: Sequence[PhaseResult]) -> str:
    """The results as a page: one line for each phase, then what each plan changes."""
    stacks, applied_by = session.stacks(), {phase.name: phase.applied_by for phase in PHASES}
    lines = [f"## {session.environment.name}", "", "| phase | applied by | result |", "|---|---|---|"]
    lines += [f"| {each.phase} | {applied_by[each.phase]} | {_cell(each.line)} |" for each in results]
    for each in results:
        summary = stacks[each.phase].saved_summary
        planned = each.result in {Result.CHANGES, Result.REFUSED} and summary.exists()
        shown = [each.message, summary.read_text(encoding="utf-8") if planned else ""]
        if text := "\n".join(part.rstrip() for part in shown if part):
            lines += ["", f"<details><summary>{each.phase}: {_cell(each.line)}</summary>", ""]
            lines += ["```", printable(text, keep="\n").replace("```", "'''"), "```", "", "</details>"]
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return " ".join(printable(text).replace("|", "\\|").split())
