"""The summary for whoever runs the gate: what failed, where, how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from ops.gate.model import Finding, Outcome, Verdict

HEADLINES = {
    Outcome.CLEAN: "clean",
    Outcome.FINDINGS: "findings",
    Outcome.UNTRUSTED: "the scan can't be trusted",
}


def as_text(verdict: Verdict) -> str:
    """The summary as plain text."""
    return "\n".join(_lines(verdict)) + "\n"


def counts(verdict: Verdict) -> str:
    """One line of what was looked at."""
    own = sum(check.own for check in verdict.checks.values())
    return (
        f"{len(verdict.stacks)} stacks, {verdict.resources} resources, {len(verdict.checks) - own} stock and {own} own "
        f"checks: {verdict.passed} passed, {len(verdict.findings)} failed, {len(verdict.accepted)} accepted"
    )


def by_check(findings: Iterable[Finding]) -> list[tuple[str, list[Finding]]]:
    """Findings grouped by their check, ours first: those say best what to do."""
    ordered = sorted(findings, key=lambda each: (not each.record.check.startswith("CKV_ROLLOUT"), each.record))
    return [(check, list(group)) for check, group in groupby(ordered, key=lambda each: each.record.check)]


def _lines(verdict: Verdict) -> Iterator[str]:
    for reason in sorted(verdict.distrust):
        yield f"DOUBT  {reason.where}: {reason.what} [{reason.doubt}]"
        yield f"       mend: {reason.mend}"
    for refusal in verdict.refusals:
        yield f"RISK   {refusal}"
    for check, group in by_check(verdict.findings):
        yield f"FAIL   {check} {verdict.checks[check].sentence}"
        for finding in group:
            block = finding.record.block
            yield f"       {block.file}:{block.line} {block.address}"
            yield from (
                f"         {'' if verdict.checks[check].own else 'see '}{each}" for each in finding.record.details
            )
            if finding.note:
                yield f"         {finding.note}"
        yield f"       why: {verdict.checks[check].source}"
    yield from (f"WARN   {warning}" for warning in verdict.warnings)
    if verdict.findings:
        yield "Mend a finding in modules/ or environments/, or accept it with a reason in policies/risks.toml."
    yield f"gate: {HEADLINES[verdict.outcome]}. {counts(verdict)}"
