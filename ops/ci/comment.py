"""The comment on a pull request: what it changes in each environment and phase, and what that means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from modules.phases import ORGANIZATION, phase
from ops.ci.affected import Affected, AffectedPhase, Why
from ops.ci.difference import Delta, EnvironmentChange
from ops.ci.github import GitHub
from ops.ci.markdown import Listing, Part, code, rendered, table
from ops.ci.plans import PhasePlan

MARKER = "<!-- aws-rollout: what this pull request changes -->"
"""The first line of a comment about all environments. GitHub doesn't show it."""
_KEY = "`+` added, `-` removed, `~` changed, `-/+` replaced"


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
    only: tuple[str, ...] = ()
    """The environments that it is about; none: all. Each has a comment of its own, since each has its own job."""

    @property
    def marker(self) -> str:
        """The first line, by which the next run finds this comment."""
        return MARKER.replace(" -->", f" in {', '.join(self.only)} -->") if self.only else MARKER


def parts(shown: Shown) -> Iterator[Part]:
    """The comment, part by part."""
    yield shown.marker
    yield "## What this pull request changes" + (f" in {', '.join(map(code, shown.only))}" if shown.only else "")
    compared = (
        f"{code(shown.commit[:12])} is compared with {code(shown.affected.ref)} ({code(shown.affected.commit[:12])})."
    )
    yield f"{compared} [The run]({shown.run}) has the details." if shown.run else compared
    yield from _phases(shown)
    for each in shown.changes:
        yield from _environment(each, shown.plans.get(each.environment.name, {}))
    yield from _parity(shown.parity)


def _phases(shown: Shown) -> Iterator[Part]:
    rows = [
        [code(name), each.phase, phase(each.phase).applied_by, _why(each), *_result(shown.plans[name][each.phase])]
        for name, found in shown.affected.environments.items()
        for each in found
    ]
    if rows:
        yield table(("environment", "phase", "applied by", "affected", "plan", "needs approval"), rows)
        if any(each.why is Why.READS for found in shown.affected.environments.values() for each in found):
            yield "A phase that only reads what may change shows its changes when the phases it reads are applied."
    else:
        yield "No phase is affected: the stacks are the same, byte for byte."
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


def _environment(change: EnvironmentChange, plans: Mapping[str, PhasePlan]) -> Iterator[Part]:
    found = [*_of_environment(change, plans)]
    if found:
        yield f"### {code(change.environment.name)}{' (new)' if change.new and change.phases else ''}"
        yield from found


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


def where(run: str) -> str:
    """Where the whole text is, for what is cut."""
    return f"the whole is in the summary of [the run]({run})" if run else "`ops ci comment --out FILE` writes the whole"


def text(shown: Shown, limit: int) -> str:
    """The comment as Markdown of at most `limit` characters."""
    return rendered([*parts(shown), _KEY], where(shown.run), limit)


def post(github: GitHub, pull: int, body: str) -> str:
    """Create the comment, or update it in place; returns its address.

    Only a comment that this token's account wrote, and that begins with the same line, is updated: people may quote it.

    Raises:
        OpsError: GitHub refuses it, or can't be reached.
    """
    login, marker = github.login(), body.partition("\n")[0]
    for each in github.comments(pull):
        if each.user and each.user.login == login and (each.body or "").startswith(marker):
            if (each.body or "").replace("\r\n", "\n") == body:
                return each.html_url
            return github.update_comment(each.id, body).html_url
    return github.create_comment(pull, body).html_url
