"""The verdict for people and programs. Its findings hold no secret, and neither does anything here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ops.gate import reports
from ops.gate.model import Outcome
from ops.plan_gate.model import Kind, Verdict

_HEADLINES = {Outcome.CLEAN: "clean", Outcome.FINDINGS: "refused", Outcome.UNTRUSTED: "can't be judged"}
_LABELS = {Kind.STATEFUL: "LOSS", Kind.WIDENING: "WIDER", Kind.SECRET: "SECRET"}
_TITLES = {
    Kind.STATEFUL: "Would lose what can't be brought back",
    Kind.WIDENING: "Would let in more than before",
    Kind.SECRET: "Holds what looks like a secret",
}
_HOW = {
    Kind.STATEFUL: "keep the resource, or see docs/gate.md on how to let go of one deliberately",
    Kind.WIDENING: "if it is meant, say so: --approve-widening (make gate PLAN=… APPROVE_WIDENING=1)",
    Kind.SECRET: "fix it in modules/ or environments/, and plan again",
}
_SHOWN = 12


def write(verdict: Verdict, folder: Path) -> None:
    """Write both reports, over those of an earlier run."""
    files = {"json": as_json(verdict), "md": as_markdown(verdict)}
    reports.write_files({f"plan-{verdict.name}.{suffix}": text for suffix, text in files.items()}, folder)


def as_json(verdict: Verdict) -> str:
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
        "doubt": verdict.doubt,
    }
    return reports.as_json(data)


def as_text(verdict: Verdict) -> str:
    """The summary for the terminal."""
    return "\n".join(_lines(verdict)) + "\n"


def _lines(verdict: Verdict) -> Iterator[str]:
    if verdict.doubt:
        yield f"plan gate: {verdict.name} can't be judged: it {verdict.doubt}."
        return
    for kind in Kind:
        found = verdict.of(kind)
        if kind is Kind.WIDENING and verdict.first:
            continue
        for each in found[:_SHOWN]:
            yield f"{_LABELS[kind]:<7}{each.where} {'' if kind is Kind.SECRET else '· '}{each.what}"
        if len(found) > _SHOWN:
            yield f"       … and {len(found) - _SHOWN} more in cdktf.out/reports/plan-{verdict.name}.md"
        if any(each.refused for each in found):
            yield f"       {_HOW[kind]}"
    yield f"plan gate: {_HEADLINES[verdict.outcome]}. {_summary(verdict)}"


def _summary(verdict: Verdict) -> str:
    counts = ", ".join(f"{count} to {verb}" for verb, count in verdict.counts.items()) or "no changes"
    text = f"{verdict.name}: {counts}"
    if wider := verdict.of(Kind.WIDENING):
        why = "the stack's first" if verdict.first else "approved" if verdict.approved else "not approved"
        text += f"; {len(wider)} permissions and rules are new or wider ({why})"
    return text


def as_markdown(verdict: Verdict) -> str:
    """The verdict for a pull request."""
    lines = [f"## Plan gate: {_HEADLINES[verdict.outcome]}", ""]
    lines.append(f"`{verdict.name}` {verdict.doubt}." if verdict.doubt else f"{_summary(verdict)}.")
    for kind in Kind:
        if found := verdict.of(kind):
            rows = [(reports.code(each.where), each.what.replace("`", "'")) for each in found]
            lines += reports.table(_TITLES[kind], ("where", "what"), rows)
            if any(each.refused for each in found):
                lines += ["", f"To go on, {_HOW[kind]}."]
    return "\n".join(lines) + "\n"
