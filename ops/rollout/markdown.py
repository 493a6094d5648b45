"""A rollout's report as Markdown, for the summary of a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ops.markdown import WHOLE, Listing, Part, code, rendered, table
from ops.terraform.report import Report
from ops.terraform.stack import Stack


def as_markdown(report: Report, stacks: Mapping[str, Stack]) -> str:
    """The results, messages and saved plans of a rollout; plans are folded. They hold no secret."""
    return rendered([*_parts(report, stacks)], "the whole is in the saved.tfplan.txt of each stack", WHOLE)


def _parts(report: Report, stacks: Mapping[str, Stack]) -> Iterator[Part]:
    yield f"## Rollout of {report.environment}"
    yield table(("phase", "result"), [(each.phase, code(each.line)) for each in report.phases])
    for message, phases in report.messages.items():
        yield f"**{', '.join(phases)}**"
        yield Listing(tuple(message.splitlines()))
    for each in report.phases:
        summary = stacks[each.phase].saved_summary
        if summary.exists():
            plan = tuple(summary.read_text(encoding="utf-8").splitlines())
            yield Listing(plan, f"Plan of {each.phase}: {each.result}")
