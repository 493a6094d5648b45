"""The verdict as text, Markdown and JSON. Findings and reports hold no secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from ops.gate import reports
from ops.gate.model import Outcome
from ops.plan_gate.model import APPROVABLE, FindingKind, ImportClass, PlanFinding, PlanVerdict

_HEADLINES = {Outcome.CLEAN: "clean", Outcome.FINDINGS: "refused", Outcome.ERROR: "can't be judged"}
LABELS = {
    FindingKind.STATEFUL: "LOSS",
    FindingKind.FIXED: "FIXED",
    FindingKind.CONFIGURATION: "CONFIG",
    FindingKind.LOSS_IN_PLACE: "LESS",
    FindingKind.OUTAGE: "OUTAGE",
    FindingKind.PROTECTION_OFF: "OFF",
    FindingKind.WIDENING: "WIDER",
    FindingKind.SECRET: "SECRET",
}
_TITLES = {
    FindingKind.STATEFUL: "Would lose data that can't be restored",
    FindingKind.FIXED: "Would replace what it imports",
    FindingKind.CONFIGURATION: "Would run other code, or use another provider",
    FindingKind.LOSS_IN_PLACE: "Would lose data in place, now or later",
    FindingKind.OUTAGE: "Would stop traffic or change where it goes",
    FindingKind.PROTECTION_OFF: "Would switch a protection off",
    FindingKind.WIDENING: "Would allow more than before",
    FindingKind.SECRET: "Holds what looks like a secret",
}
_HOW = {
    FindingKind.STATEFUL: "keep the resource; docs/gate.md shows how to remove one on purpose",
    FindingKind.FIXED: "take the way out, or remove the address from environments/existing/ (docs/adopt.md)",
    FindingKind.CONFIGURATION: "remove it from the stack",
    FindingKind.SECRET: "fix it in modules/ or environments/, and plan again",
} | {kind: f"if you want this, approve it: {kind.flag} (make gate PLAN=… {kind.variable}=1)" for kind in APPROVABLE}
_ALWAYS_SHOWN = frozenset(APPROVABLE)
"""Kinds of which every change is printed, approved or not: who approves the apply isn't who approved the kind."""
_COUNTED = {
    FindingKind.LOSS_IN_PLACE: "losses in place",
    FindingKind.OUTAGE: "outages",
    FindingKind.PROTECTION_OFF: "protections off",
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
        "counts": verdict.counts,
        "changes": {verb: list(addresses) for verb, addresses in verdict.changes.items()},
        "imports": [
            {
                "address": each.address,
                "class": each.judged.value,
                "attributes": list(each.attributes),
                "ways_out": list(each.ways_out),
            }
            for each in verdict.imports
        ],
        "first_creation": verdict.first,
        "approved": sorted(verdict.approved),
        "findings": [
            {
                "kind": each.kind.value,
                "where": each.where,
                "what": each.what,
                "remedy": each.remedy,
                "refused": each.refused,
            }
            for each in verdict.findings
        ],
        "unchecked": list(verdict.unchecked),
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
        shown = len(found) if kind in _ALWAYS_SHOWN else _SHOWN
        yield from _findings(found[:shown])
        if len(found) > shown:
            yield f"       … and {len(found) - shown} more in cdktf.out/reports/plan-{verdict.name}.md"
        if any(each.refused for each in found):
            yield f"       {_HOW[kind]}"
    yield from _imports(verdict)
    yield from _unchecked(verdict)
    yield f"plan gate: {_HEADLINES[verdict.outcome]}. {_summary(verdict)}"


def _imports(verdict: PlanVerdict) -> Iterator[str]:
    """A line for each class of imports, and one for each import that changes."""
    for judged in ImportClass:
        found = [each for each in verdict.imports if each.judged is judged]
        if found:
            yield f"IMPORT {len(found)} {judged}"
        for each in found:
            if each.attributes:
                yield f"       {each.address}: {', '.join(each.attributes)}"


def _findings(found: Sequence[PlanFinding]) -> Iterator[str]:
    """A line for each finding, and one for each remedy after the findings that it is for."""
    for remedy, group in groupby(found, key=lambda each: each.remedy):
        for each in group:
            kind = each.kind
            yield f"{LABELS[kind]:<7}{each.where} {'' if kind is FindingKind.SECRET else '· '}{each.what}"
        if remedy:
            yield f"       {remedy}"


def _unchecked(verdict: PlanVerdict) -> Iterator[str]:
    if verdict.unchecked:
        yield f"UNCHECKED  types that no table of this gate has: {', '.join(verdict.unchecked)}"


def notes(verdict: PlanVerdict) -> str:
    """What is always shown, even if it is approved, and unchecked types; nothing that a new stack allows."""
    left_out = {FindingKind.WIDENING} if verdict.new else set()
    found = [each for each in verdict.findings if each.kind in _ALWAYS_SHOWN - left_out]
    return "\n".join([*_findings(found), *_unchecked(verdict)])


def _summary(verdict: PlanVerdict) -> str:
    counts = ", ".join(f"{count} to {verb}" for verb, count in verdict.counts.items()) or "no changes"
    text = f"{verdict.name}: {counts}"
    if wider := verdict.of(FindingKind.WIDENING):
        why = "the account's first stack" if verdict.first else _approved(verdict, FindingKind.WIDENING)
        text += f"; {len(wider)} permissions and rules are new or wider ({why})"
    for kind, name in _COUNTED.items():
        if found := verdict.of(kind):
            text += f"; {len(found)} {name} ({_approved(verdict, kind)})"
    return text


def _approved(verdict: PlanVerdict, kind: FindingKind) -> str:
    return "approved" if kind in verdict.approved else "not approved"


def as_markdown(verdict: PlanVerdict) -> str:
    """The verdict for a pull request."""
    lines = [f"## Plan gate: {_HEADLINES[verdict.outcome]}", ""]
    lines.append(f"`{verdict.name}` {verdict.error}." if verdict.error else f"{_summary(verdict)}.")
    for kind in FindingKind:
        if found := verdict.of(kind):
            rows = [(reports.code(each.where), each.what.replace("`", "'"), each.remedy) for each in found]
            lines += reports.table(_TITLES[kind], ("where", "what", "instead"), rows)
            if any(each.refused for each in found):
                lines += ["", f"To continue: {_HOW[kind]}."]
    if verdict.imports:
        imported = [
            (reports.code(each.address), each.judged.value, ", ".join(each.attributes)) for each in verdict.imports
        ]
        lines += reports.table("Would take over", ("where", "class", "attributes"), imported)
    lines += ["", *_unchecked(verdict)] if verdict.unchecked else []
    return reports.lines(lines)
