"""SARIF 2.1.0, for code scanning: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html."""

from __future__ import annotations

import hashlib
from typing import Any

from ops.gate.model import Acceptance, Finding, Record, Verdict


def as_sarif(verdict: Verdict) -> dict[str, Any]:
    """The verdict as one run. An acceptance is a suppressed result, a doubt a notification of the tool."""
    found: list[Finding | Acceptance] = [*verdict.findings, *verdict.accepted]
    used = sorted({each.record.check for each in found})
    return {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "gate", "rules": [_rule(name, verdict) for name in used]}},
                "results": [_result(each, verdict) for each in found],
                "invocations": [
                    {
                        "executionSuccessful": not verdict.distrust,
                        "exitCode": int(verdict.outcome),
                        "toolExecutionNotifications": [
                            *(
                                _notification("error", f"{each.where}: {each.what}; {each.mend}")
                                for each in sorted(verdict.distrust)
                            ),
                            *(_notification("error", each) for each in verdict.refusals),
                            *(_notification("warning", each) for each in verdict.warnings),
                        ],
                    }
                ],
            }
        ],
    }


def _rule(name: str, verdict: Verdict) -> dict[str, Any]:
    check = verdict.checks[name]
    rule: dict[str, Any] = {"id": name, "shortDescription": {"text": check.sentence}}
    return {**rule, "helpUri": check.source} if check.source.startswith("https://") else rule


def _result(each: Finding | Acceptance, verdict: Verdict) -> dict[str, Any]:
    record = each.record
    text = "; ".join(record.details) if verdict.checks[record.check].own else verdict.checks[record.check].sentence
    result: dict[str, Any] = {
        "ruleId": record.check,
        "level": "error",
        "message": {"text": f"{record.block.address}: {text or verdict.checks[record.check].sentence}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": record.block.file},
                    "region": {"startLine": record.block.line},
                },
                "logicalLocations": [{"fullyQualifiedName": record.block.address}],
            }
        ],
        "partialFingerprints": {"gate/v1": _fingerprint(record)},
    }
    if isinstance(each, Acceptance):
        result["suppressions"] = [{"kind": "external", "justification": f"{each.risk}: {each.why}"}]
    return result


def _fingerprint(record: Record) -> str:
    """The same finding on another line, or in another checkout, is the same finding."""
    return hashlib.sha256(f"{record.check} {record.block.stack} {record.block.address}".encode()).hexdigest()


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": text}}
