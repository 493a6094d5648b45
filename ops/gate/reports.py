"""The verdict as text, Markdown and data. Reports hold names and lines of stacks, never values.

The last part is shared with the plan gate.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from ops import files as disk
from ops.errors import OpsError
from ops.gate.folder import BESIDE_STACK
from ops.gate.model import Finding, Outcome, Record, StackVerdict, Verdict
from ops.gate.reports_for_ci import as_junit, as_sarif
from ops.printable import printable


def write(verdict: Verdict, folder: Path) -> None:
    """Write all reports, and replace those of a previous run.

    The verdict of each stack is also written to its folder; a run over other stacks doesn't change it.

    Raises:
        OpsError: A file can't be written.
    """
    files = {
        "gate.txt": as_text(verdict),
        "gate.json": as_json(as_data(verdict)),
        "gate.sarif": as_json(as_sarif(verdict)),
        "gate.junit.xml": as_junit(verdict),
        "gate.md": as_markdown(verdict),
    }
    write_files(files, folder)
    _beside_stacks(verdict, folder.parent / "stacks")


def _beside_stacks(verdict: Verdict, folder: Path) -> None:
    if not verdict.stacks:  # No stack could be judged, so previous verdicts no longer count.
        for path in folder.glob(f"*/{BESIDE_STACK}"):
            path.unlink()
    for stack in verdict.stacks:
        if (folder / stack).is_dir():
            own = StackVerdict(
                verdict.outcome.name.lower(),
                verdict.today.isoformat(),
                verdict.until.isoformat() if verdict.until else None,
                verdict.files.get(stack, {}),
            )
            write_files({BESIDE_STACK: json.dumps(asdict(own)) + "\n"}, folder / stack)


HEADLINES = {
    Outcome.CLEAN: "clean",
    Outcome.FINDINGS: "findings",
    Outcome.ERROR: "scan errors",
}


def as_text(verdict: Verdict) -> str:
    """The summary as plain text."""
    return lines(_in_text(verdict))


def counts(verdict: Verdict) -> str:
    """One line with the number of stacks, resources, checks and results."""
    own = sum(check.own for check in verdict.checks.values())
    return (
        f"{len(verdict.stacks)} stacks, {verdict.resources} resources, {len(verdict.checks) - own} stock and {own} own "
        f"checks: {verdict.passed} passed, {len(verdict.findings)} failed, {len(verdict.accepted)} accepted"
    )


def by_check(findings: Iterable[Finding]) -> list[tuple[str, list[Finding]]]:
    """Findings grouped by check, our own first: their messages say what to do."""
    ordered = sorted(findings, key=lambda each: (not each.record.check.startswith("CKV_ROLLOUT"), each.record))
    return [(check, list(group)) for check, group in groupby(ordered, key=lambda each: each.record.check)]


def _in_text(verdict: Verdict) -> Iterator[str]:
    for error in sorted(verdict.errors):
        yield f"ERROR  {error.where}: {error.what} [{error.kind}]"
        yield f"       fix: {error.fix}"
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
        yield "Fix a finding, or accept it in environments/risks/<product>.toml; docs/gate.md has the rules."
    yield f"gate: {HEADLINES[verdict.outcome]}. {counts(verdict)}"


def as_markdown(verdict: Verdict) -> str:
    """The verdict as a comment for a pull request."""
    return lines(_in_markdown(verdict))


def _in_markdown(verdict: Verdict) -> Iterator[str]:
    yield f"## Gate: {HEADLINES[verdict.outcome]}"
    yield ""
    yield counts(verdict)
    if verdict.errors:
        yield from table(
            "Scan errors",
            ("where", "what", "fix"),
            [(each.where, each.what, each.fix) for each in sorted(verdict.errors)],
        )
    if verdict.refusals:
        yield from table("Risks that are declared but not accepted", ("risk",), [(each,) for each in verdict.refusals])
    for check, group in by_check(verdict.findings):
        known = verdict.checks[check]
        title = f"[{check}]({known.source})" if known.source.startswith("https://") else check
        yield from table(
            f"{title} {known.sentence}",
            ("where", "address", "what"),
            [
                (
                    f"{each.record.block.stack}, line {each.record.block.line}",
                    code(each.record.block.address),
                    "; ".join([*each.record.details, each.note]).strip("; "),
                )
                for each in group
            ],
        )
    if verdict.accepted:
        risks = {each.risk: each for each in verdict.accepted}
        yield from table(
            "Accepted",
            ("risk", "findings", "until", "why"),
            [
                (name, str(sum(each.risk == name for each in verdict.accepted)), str(each.expires), each.why)
                for name, each in sorted(risks.items())
            ],
        )
    if verdict.warnings:
        yield ""
        yield from (f"- {cell(warning)}" for warning in verdict.warnings)


def as_data(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON types."""
    return {
        **outcome_of(verdict.outcome),
        "today": verdict.today.isoformat(),
        "stacks": list(verdict.stacks),
        "files": {stack: verdict.files[stack] for stack in verdict.stacks if stack in verdict.files},
        "resources": verdict.resources,
        "checks": {
            "own": sum(check.own for check in verdict.checks.values()),
            "stock": sum(not check.own for check in verdict.checks.values()),
        },
        "passed": verdict.passed,
        "passes": {check: dict(stacks) for check, stacks in verdict.passes.items()},
        "findings": [{**_record(each.record, verdict), "note": each.note} for each in verdict.findings],
        "accepted": [
            {**_record(each.record, verdict), "risk": each.risk, "why": each.why, "expires": each.expires.isoformat()}
            for each in verdict.accepted
        ],
        "refusals": list(verdict.refusals),
        "errors": [
            {"kind": each.kind.value, "where": each.where, "what": each.what, "fix": each.fix}
            for each in sorted(verdict.errors)
        ],
        "warnings": list(verdict.warnings),
    }


def _record(record: Record, verdict: Verdict) -> dict[str, Any]:
    check = verdict.checks[record.check]
    return {
        "check": record.check,
        "sentence": check.sentence,
        "source": check.source,
        "own": check.own,
        "stack": record.block.stack,
        "address": record.block.address,
        "file": record.block.file,
        "line": record.block.line,
        "details": list(record.details),
    }


# Shared by both gates ---------------------------------------------------------------------------------


def write_files(files: Mapping[str, str], folder: Path) -> None:
    """Write reports, and replace those of a previous run.

    Raises:
        OpsError: A file can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            disk.write(folder / name, text)
    except OSError as error:
        raise OpsError(f"can't write reports to {folder}: {error.filename or folder}: {error.strerror}") from None


def lines(texts: Iterable[str]) -> str:
    """A report of lines: no name in one of them starts another."""
    return "".join(f"{printable(text)}\n" for text in texts)


def as_json(data: Mapping[str, Any]) -> str:
    """A report for programs."""
    return json.dumps(data, indent=2) + "\n"


def outcome_of(outcome: Outcome) -> dict[str, Any]:
    """The first keys of every JSON report."""
    return {"version": 1, "outcome": outcome.name.lower(), "exit_code": int(outcome)}


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A section with a table in Markdown."""
    yield from ("", f"### {title}", "", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}")
    for row in rows:
        yield f"| {' | '.join(map(cell, row))} |"


def cell(text: str) -> str:
    """A text escaped for a table."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def code(text: str) -> str:
    """An address or path in Markdown."""
    return f"`{text.replace('`', chr(39))}`"
