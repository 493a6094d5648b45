"""The verdict as text, Markdown and JSON. Findings and reports hold no secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ops.gate import reports
from ops.gate.model import Outcome
from ops.plan_gate.model import FindingKind, PlanVerdict

_HEADLINES = {Outcome.CLEAN: "clean", Outcome.FINDINGS: "refused", Outcome.ERROR: "can't be judged"}
_LABELS = {FindingKind.STATEFUL: "LOSS", FindingKind.WIDENING: "WIDER", FindingKind.SECRET: "SECRET"}
_TITLES = {
    FindingKind.STATEFUL: "Would lose data that can't be restored",
    FindingKind.WIDENING: "Would allow more than before",
    FindingKind.SECRET: "Holds what looks like a secret",
}
_HOW = {
    FindingKind.STATEFUL: "keep the resource; docs/gate.md shows how to remove one on purpose",
    FindingKind.WIDENING: "if you want this, approve it: --approve-widening (make gate PLAN=… APPROVE_WIDENING=1)",
    FindingKind.SECRET: "fix it in modules/ or environments/, and plan again",
}
_SHOWN = 12


def write(verdict: PlanVerdict, folder: Path) -> None:
    """Write both reports, and replace those of a previous run."""
    files = {"json": as_json(verdict), "md": as_markdown(verdict)}
    reports.write_files({f"plan-{verdict.name}.{suffix}": text for suffix, text in files.items()}, folder)


def as_json(verdict: PlanVerdict) -> str:
    """The verdict for programs."""
    data = {
        **reports.outcome_of(verdict.outcome),
        "plan": verdict.name,
        "sha256": verdict.digest,
        "counts": dict(verdict.counts),
        "first_creation": verdict.first,
        "approved_widening": verdict.approved,
        "findings": [
            {"kind": each.kind.value, "where": each.where, "what": each.what, "refused": each.refused}
            for each in verdict.findings
        ],
        "error": verdict.error,
    }
    return reports.as_json(data)


def as_text(verdict: PlanVerdict) -> str:
    """The summary for the terminal."""
    return reports.lines(_lines(verdict))


def _lines(verdict: PlanVerdict) -> Iterator[str]:
    if verdict.error:
        yield f"plan gate: {verdict.name} can't be judged: it {verdict.error}."
        return
    for kind in FindingKind:
        found = verdict.of(kind)
        if kind is FindingKind.WIDENING and verdict.first:
            continue
        for each in found[:_SHOWN]:
            yield f"{_LABELS[kind]:<7}{each.where} {'' if kind is FindingKind.SECRET else '· '}{each.what}"
        if len(found) > _SHOWN:
            yield f"       … and {len(found) - _SHOWN} more in cdktf.out/reports/plan-{verdict.name}.md"
        if any(each.refused for each in found):
            yield f"       {_HOW[kind]}"
    yield f"plan gate: {_HEADLINES[verdict.outcome]}. {_summary(verdict)}"


def _summary(verdict: PlanVerdict) -> str:
    counts = ", ".join(f"{count} to {verb}" for verb, count in verdict.counts.items()) or "no changes"
    text = f"{verdict.name}: {counts}"
    if wider := verdict.of(FindingKind.WIDENING):
        why = "the stack's first" if verdict.first else "approved" if verdict.approved else "not approved"
        text += f"; {len(wider)} permissions and rules are new or wider ({why})"
    return text


def as_markdown(verdict: PlanVerdict) -> str:
    """The verdict for a pull request."""
    lines = [f"## Plan gate: {_HEADLINES[verdict.outcome]}", ""]
    lines.append(f"`{verdict.name}` {verdict.error}." if verdict.error else f"{_summary(verdict)}.")
    for kind in FindingKind:
        if found := verdict.of(kind):
            rows = [(reports.code(each.where), each.what.replace("`", "'")) for each in found]
            lines += reports.table(_TITLES[kind], ("where", "what"), rows)
            if any(each.refused for each in found):
                lines += ["", f"To continue: {_HOW[kind]}."]
    return reports.lines(lines)
