"""The comment on a pull request: what it changes in each environment and phase, and what that means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from modules.phases import ORGANIZATION, phase
from ops.ci.affected import Affected, AffectedPhase, Why
from ops.ci.difference import Delta, EnvironmentChange
from ops.ci.github import Comment, GitHub
from ops.ci.plans import PhasePlan
from ops.ci.sections import GENERAL, MARKER, Section, joined, parsed, where
from ops.markdown import LIMIT, WHOLE, Listing, Part, code, rendered, table


@dataclass(frozen=True)
class Shown:
    """What the comment is about."""

    affected: Affected
    changes: Sequence[EnvironmentChange]
    plans: Mapping[str, Mapping[str, PhasePlan]]
    """By environment and phase."""
    parity: Mapping[tuple[str, str], Delta]
    commit: str
    """The commit that was synthesized and planned."""
    run: str = ""
    """Address of the workflow's run."""
    whole: bool = True
    """Whether it is about all environments; a workflow has a job for each."""


def sections(shown: Shown) -> dict[str, Section]:
    """A section for each environment, by its name; and one for what is about no single one, if there is something."""
    between = [*_parity(shown.parity), *_others(shown)]
    names = list(shown.affected.environments)
    alone = names[0] if len(names) == 1 and not shown.whole else GENERAL
    changes = {each.environment.name: each for each in shown.changes}
    found = {name: [*_section(shown, name, changes.get(name))] for name in names}
    if between:
        found[alone] = [*found.get(alone, ()), *between]
    here = where(shown.run)
    return {name: Section(shown.commit, rendered(parts, here, WHOLE)) for name, parts in found.items()}


def _section(shown: Shown, name: str, change: EnvironmentChange | None) -> Iterator[Part]:
    base = f"{code(shown.affected.ref)} ({code(shown.affected.commit[:12])})"
    phases = shown.affected.environments[name]
    meaning = [*_of_environment(change, shown.plans.get(name, {}))] if change else []
    if not phases and not meaning:
        yield f"**{code(name)}**: no phase is affected; its stacks are those of {base}, byte for byte."
        return
    yield f"### {code(name)}{' (new)' if change and change.new and phases else ''}"
    compared = f"{code(shown.commit[:12])} is compared with {base}."
    yield f"{compared} [The run]({shown.run}) has the details." if shown.run else compared
    if phases:
        rows = [
            [each.phase, phase(each.phase).applied_by, _why(each), *_result(shown.plans[name][each.phase])]
            for each in phases
        ]
        yield table(("phase", "applied by", "affected", "plan", "needs approval"), rows)
        if any(each.why is Why.READS for each in phases):
            yield "A phase that only reads what may change shows its changes when the phases it reads are applied."
    else:
        yield "No phase is affected: the stacks are the same, byte for byte."
    yield from meaning


def _others(shown: Shown) -> Iterator[Part]:
    if shown.affected.organization:
        state = shown.affected.organization
        yield f"The stack `{ORGANIZATION}` is {state}. An administrator plans and applies it (docs/organization.md)."
    if shown.affected.removed:
        names = ", ".join(map(code, shown.affected.removed))
        yield f"Removed stacks: {names}. Their resources and state stay until you destroy them with the base's code."


def _why(each: AffectedPhase) -> str:
    if each.why is not Why.READS:
        return each.why.value
    return f"reads {', '.join(map(code, each.outputs))}"


def _result(plan: PhasePlan) -> tuple[str, str]:
    return code(plan.status), ", ".join(map(code, plan.needs)) or ("no" if plan.planned else "unknown")


def _of_environment(change: EnvironmentChange, plans: Mapping[str, PhasePlan]) -> Iterator[Part]:
    for each in change.phases:
        plan = plans[each.phase]
        if plan.findings:
            title = "What widens, is lost or stops in" if plan.planned else "Why it isn't planned:"
            yield f"**{title} {code(each.phase)}**"
            yield Listing(plan.findings)
    for each in change.phases:
        plan = plans[each.phase]
        if plan.summary:
            yield Listing(plan.summary, f"Plan of {each.phase}: {_lines(plan.summary)}", "diff")
        elif not plan.planned and change.stacks[each.phase]:
            lines = change.stacks[each.phase]
            yield Listing(lines, f"What differs in the stack of {each.phase}: {_lines(lines)}", "diff")
    yield from _delta("Reachability", change.connections)
    yield from _delta("Permissions", change.permissions)
    yield from _delta("Accepted risks", change.risks)
    if change.cost.unknown or change.cost.lines:
        yield from _delta("Cost", change.cost, folded=True)
    if change.hcl.unknown:
        yield from _delta("The change as HCL", change.hcl)
    elif change.hcl.lines:
        yield Listing(change.hcl.lines, f"The change as HCL: {_lines(change.hcl.lines)}", "diff")


def _lines(found: Sequence[str]) -> str:
    return f"{len(found)} line{'' if len(found) == 1 else 's'}"


def _delta(title: str, delta: Delta, *, folded: bool = False) -> Iterator[Part]:
    if delta.unknown:
        yield f"**{title}**: unknown: {code(delta.unknown)}"
    elif delta.lines:
        yield f"**{title}**{f': {delta.summary}' if delta.summary else ''}"
        yield Listing(delta.lines, "By line" if folded else "", "text" if folded else "diff")


def _parity(found: Mapping[tuple[str, str], Delta]) -> Iterator[Part]:
    for (one, other), delta in found.items():
        if delta.unknown:
            yield f"**Parity of {code(one)} and {code(other)}**: unknown: {code(delta.unknown)}"
        elif delta.lines:
            yield f"**Values that differ between {code(one)} and {code(other)}**"
            yield Listing(delta.lines, language="diff")


def text(shown: Shown, limit: int) -> str:
    """The comment with its own sections only, as Markdown of at most `limit` characters."""
    return joined(sections(shown), shown.commit, limit)


def post(github: GitHub, pull: int, shown: Shown) -> str:
    """Create the comment, or replace its own sections in place; returns the comment's address.

    Only a comment that this token's account wrote, and that begins with the marker, is updated: people may quote it.
    If two jobs created one at the same time, the first comment stays, and gets the sections of the other.

    Raises:
        OpsError: GitHub refuses it, or can't be reached.
    """
    login, own = github.login(), sections(shown)

    def known() -> list[Comment]:
        found = (each for each in github.comments(pull) if each.user and each.user.login == login)
        return [each for each in found if (each.body or "").startswith(MARKER)]

    comments = known()
    if not comments:
        created = github.create_comment(pull, joined(own, shown.commit, LIMIT))
        comments = known() or [created]
    first, *duplicates = comments
    before = {} if shown.whole else {k: v for each in reversed(comments) for k, v in parsed(each.body or "").items()}
    body = joined({**before, **own}, shown.commit, LIMIT)
    if (first.body or "").replace("\r\n", "\n") != body:
        github.update_comment(first.id, body)
    for each in duplicates:
        github.delete_comment(each.id)
    return first.html_url
