"""The verdict as data, for programs: gate.json and `--json`."""

from __future__ import annotations

from typing import Any

from ops.gate.model import Record, Verdict


def as_data(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON's own types."""
    return {
        "version": 1,
        "outcome": verdict.outcome.name.lower(),
        "exit_code": int(verdict.outcome),
        "today": verdict.today.isoformat(),
        "stacks": list(verdict.stacks),
        "digests": {stack: verdict.digests[stack] for stack in verdict.stacks if stack in verdict.digests},
        "resources": verdict.resources,
        "checks": {
            "own": sum(check.own for check in verdict.checks.values()),
            "stock": sum(not check.own for check in verdict.checks.values()),
        },
        "passed": verdict.passed,
        "findings": [{**_record(each.record, verdict), "note": each.note} for each in verdict.findings],
        "accepted": [
            {**_record(each.record, verdict), "risk": each.risk, "why": each.why, "expires": each.expires.isoformat()}
            for each in verdict.accepted
        ],
        "refusals": list(verdict.refusals),
        "distrust": [
            {"doubt": each.doubt.value, "where": each.where, "what": each.what, "mend": each.mend}
            for each in sorted(verdict.distrust)
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
