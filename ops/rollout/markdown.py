"""A rollout's report as Markdown, for the summary of a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ops.gate import reports
from ops.terraform.report import PhaseResult, Report
from ops.terraform.stack import Stack

LONGEST = 200
"""Limit of lines of one plan; its summary is a file too."""
_FENCE = "~~~~"


def as_markdown(report: Report, stacks: Mapping[str, Stack]) -> str:
    """The results, messages and saved plans of a rollout; plans are folded. They hold no secret."""
    return reports.lines(_lines(report, stacks))


def _lines(report: Report, stacks: Mapping[str, Stack]) -> Iterator[str]:
    rows = [(each.phase, each.line) for each in report.phases]
    yield from (f"## Rollout of {report.environment}", "", "| phase | result |", "|---|---|")
    yield from (f"| {phase} | {line} |" for phase, line in rows)
    for each in report.phases:
        yield from _details(each, stacks[each.phase])


def _details(result: PhaseResult, stack: Stack) -> Iterator[str]:
    if result.message:
        yield from ("", f"**{result.phase}**", "", *_block(result.message.splitlines()))
    if stack.saved_summary.exists():
        lines = stack.saved_summary.read_text(encoding="utf-8").splitlines()
        more = [f"… and {len(lines) - LONGEST} more"] if len(lines) > LONGEST else []
        yield from ("", f"<details><summary>Plan of {result.phase}: {result.line}</summary>", "")
        yield from (*_block([*lines[:LONGEST], *more]), "", "</details>")


def _block(lines: list[str]) -> Iterator[str]:
    """Lines as code: what is in them begins no other block."""
    yield from (_FENCE, *(line.replace(_FENCE, "") for line in lines), _FENCE)
