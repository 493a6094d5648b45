"""Markdown, for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from ops.gate.model import Verdict
from ops.gate.reports.console import HEADLINES, by_check, counts


def as_markdown(verdict: Verdict) -> str:
    """The verdict as one comment."""
    return "\n".join(_lines(verdict)) + "\n"


def _lines(verdict: Verdict) -> Iterator[str]:
    yield f"## Gate: {HEADLINES[verdict.outcome]}"
    yield ""
    yield counts(verdict)
    if verdict.distrust:
        yield from _table(
            "Why the scan can't be trusted",
            ("where", "what", "mend"),
            [(each.where, each.what, each.mend) for each in sorted(verdict.distrust)],
        )
    if verdict.refusals:
        yield from _table("Risks that are declared but not accepted", ("risk",), [(each,) for each in verdict.refusals])
    for check, group in by_check(verdict.findings):
        known = verdict.checks[check]
        title = f"[{check}]({known.source})" if known.source.startswith("https://") else check
        yield from _table(
            f"{title} {known.sentence}",
            ("where", "address", "what"),
            [
                (
                    f"{each.record.block.stack}, line {each.record.block.line}",
                    f"`{each.record.block.address}`",
                    "; ".join([*each.record.details, each.note]).strip("; "),
                )
                for each in group
            ],
        )
    if verdict.accepted:
        risks = {each.risk: each for each in verdict.accepted}
        yield from _table(
            "Accepted",
            ("risk", "findings", "until", "why"),
            [
                (name, str(sum(each.risk == name for each in verdict.accepted)), str(each.expires), each.why)
                for name, each in sorted(risks.items())
            ],
        )
    if verdict.warnings:
        yield ""
        yield from (f"- {_cell(warning)}" for warning in verdict.warnings)


def _table(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield ""
    yield f"### {title}"
    yield ""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
