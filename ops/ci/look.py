"""What a rollout would change: every phase planned by the planner, who changes nothing and needs no approval."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence, Set

from environments.names import Names
from modules.phases import DEPLOYED, PHASES
from ops.ci.plans import plans
from ops.markdown import WHOLE, Listing, Part, code, rendered, table
from ops.rollout.run import applied_so
from ops.rollout.stored import needed as earlier
from ops.rollout.stored import waits
from ops.terraform.plan import Planner
from ops.terraform.report import PhaseResult, Result
from ops.terraform.saved import commit
from ops.terraform.schedule import side_by_side
from ops.terraform.session import Session
from ops.terraform.stack import Stack, outputs_read

RENEW = "; run it so that its record is renewed"
"""Of an administrator's phase whose stack changed, and whose plan has no changes."""


def look(session: Session, phases: Sequence[str] | None = None) -> list[PhaseResult]:
    """Plan phases side by side; nothing is applied.

    The plans and the report are those of `ops plan`, which the comment on a pull request reads.

    Args:
        session: The environment's session.
        phases: Phases to plan; None for all.

    Raises:
        OpsError: AWS's response is an error, or a stack isn't synthesized.
    """
    stacks = {name: stack for name, stack in session.stacks().items() if phases is None or name in phases}
    found = side_by_side(session, stacks, Planner(session).plan)
    session.report("plan", found)
    return found


def needed(session: Session, results: Sequence[PhaseResult]) -> dict[str, str]:
    """For each phase of the deployer, whether it must be planned and applied: `true` or `false`.

    Also true if it reads an output that another phase's plan changes: it may have changes once that one is applied. And
    if such a phase needs it, and no record says that it is applied with its present stack: the job that plans it
    without changes writes the record, for which the other one would wait for ever. And if its exit criteria didn't pass
    after its apply: the same job checks them again.
    """
    stacks = session.stacks()
    found = {each.phase for each in results if each.result is not Result.NO_CHANGES}
    changing = {name: _changing(stacks[name]) for name in found}
    found |= {
        name
        for name, stack in stacks.items()
        if any(outputs & changing.get(phase, frozenset()) for phase, outputs in outputs_read(stack).items())
    }
    found |= {
        name
        for reader in found & set(DEPLOYED)
        for name, read in earlier(stacks[reader])
        if read and name in DEPLOYED and applied_so(session, stacks[name]) is None
    }
    records = {name: session.states.record(name) for name in DEPLOYED}  # Also of a previous stack: it is renewed.
    found |= {name for name, record in records.items() if record and not record.verified}
    return {name: str(name in found).lower() for name in DEPLOYED}


def _changing(stack: Stack) -> frozenset[str]:
    """Names of the outputs that a saved plan changes; without a plan, all of them."""
    try:
        document = json.loads(stack.saved_json.read_bytes())
    except FileNotFoundError:
        return stack.outputs
    changes = document.get("output_changes", {})
    return frozenset(name for name, each in changes.items() if each["actions"] != ["no-op"])


def stops(results: Sequence[PhaseResult]) -> int:
    """Exit code: 0, or 2 if a plan failed. What the plan gate refuses is shown; the deployer's plan decides."""
    return 2 if any(each.result in {Result.FAILED, Result.INTERRUPTED} for each in results) else 0


def as_markdown(session: Session, results: Sequence[PhaseResult], *, proposed: bool = False) -> str:
    """The results as a page: one line for each phase, what an administrator must run, then what each plan changes.

    Args:
        session: The environment's session.
        results: Of each phase.
        proposed: Whether this is a change that isn't merged yet, so that no one applies it.
    """
    return rendered(
        [*_parts(session, results, proposed=proposed)], "the whole is in the saved.tfplan.txt of each stack", WHOLE
    )


def _parts(session: Session, results: Sequence[PhaseResult], *, proposed: bool) -> Iterator[Part]:
    stacks, applied_by = session.stacks(), {phase.name: phase.applied_by for phase in PHASES}
    yield f"## {session.environment.name}"
    stale = set() if proposed else _stale(session, results)
    rows = [
        (each.phase, applied_by[each.phase], code(each.line) + (RENEW if each.phase in stale else ""))
        for each in results
    ]
    yield table(("phase", "applied by", "result"), rows)
    if not proposed:
        yield from _administrators(session, results, stale)
    for each in results:
        summary = stacks[each.phase].saved_summary
        planned = each.result in {Result.CHANGES, Result.REFUSED} and summary.exists()
        plan = summary.read_text(encoding="utf-8").splitlines() if planned else []
        if lines := (*each.message.splitlines(), *plan):
            yield Listing(lines, f"{each.phase}: {each.result}")


def _stale(session: Session, results: Sequence[PhaseResult]) -> set[str]:
    """Administrators' phases without changes whose record isn't of this stack: the deployer's jobs wait for them."""
    stacks = session.stacks()
    readers = [name for name, wanted in needed(session, results).items() if wanted == "true"]
    same = {each.phase for each in results if each.result is Result.NO_CHANGES} - set(DEPLOYED)
    return same & {name for reader in readers for name in waits(session, stacks[reader])}


def _administrators(session: Session, results: Sequence[PhaseResult], stale: Set[str]) -> Iterator[Part]:
    """What an administrator must run; nothing if no phase of theirs has changes."""
    stacks = session.stacks()
    open_ = {Result.CHANGES, Result.REFUSED, Result.WAITING}
    names = [
        each.phase for each in results if each.phase in stale or (each.result in open_ and each.phase not in DEPLOYED)
    ]
    if not names:
        return
    environment = session.environment
    found = plans(environment, session.out, names)
    approvals = dict.fromkeys(need for name in names for need in found[name].needs if need.startswith("--"))
    role = Names(environment).role(stacks[names[0]].phase.role)
    command = " ".join(("bin/ops rollout", environment.name, *names, *approvals))
    waiting = {Result.WAITING} & {each.result for each in results if each.phase in names}
    again = " Some are waiting for other phases: run the last command again after those." if waiting else ""
    approved = " The options approve what the plan gate refuses: review its findings below first." if approvals else ""
    yield (
        f"**An administrator applies {', '.join(names)}**, as {code(role)}. No workflow does; the deployer's jobs wait "
        f"for the phases that they need.{approved}{again}"
    )
    checkout = f"git fetch origin && git checkout {commit()[0]}"
    yield Listing((checkout, f"make gate ENV={environment.name}", command), language="bash")
