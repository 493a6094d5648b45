"""The verdict for CI: JUnit's XML, and SARIF for code scanning.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
from typing import Any
from xml.etree import ElementTree as ET

from ops.gate.model import Acceptance, Finding, Record, Verdict
from ops.printable import printable


def as_junit(verdict: Verdict) -> str:
    """The verdict as test suites."""
    root = ET.Element("testsuites", name="gate")
    own = _suite(root, "gate")
    if not verdict.errors and not verdict.refusals:
        ET.SubElement(own, "testcase", name="no scan errors", classname="gate")
    for error in sorted(verdict.errors):
        case = ET.SubElement(own, "testcase", name=_clean(error.where), classname=f"gate.{error.kind}")
        ET.SubElement(case, "error", message=_clean(error.what)).text = _clean(error.fix)
    for refusal in verdict.refusals:
        case = ET.SubElement(own, "testcase", name="accepted risks", classname="gate.risks")
        ET.SubElement(case, "failure", message=_clean(refusal))
    for stack in verdict.stacks:
        suite = _suite(root, stack)
        for finding in (each for each in verdict.findings if each.record.block.stack == stack):
            case = _case(suite, finding.record)
            failure = ET.SubElement(case, "failure", message=_clean(verdict.checks[finding.record.check].sentence))
            where = f"{finding.record.block.file}:{finding.record.block.line}"
            failure.text = _clean("\n".join([where, *finding.record.details, finding.note]).strip())
        for accepted in (each for each in verdict.accepted if each.record.block.stack == stack):
            case = _case(suite, accepted.record)
            ET.SubElement(case, "skipped", message=_clean(f"{accepted.risk}: {accepted.why}"))
        if len(suite) == 0:
            ET.SubElement(suite, "testcase", name="no findings", classname=stack)
    for suite in root:
        suite.set("tests", str(len(suite)))
        for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            suite.set(name, str(len(suite.findall(f"testcase/{kind}"))))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(root, "testsuite", name=name)


def _case(suite: ET.Element, record: Record) -> ET.Element:
    name = f"{record.check} {record.block.address}"
    return ET.SubElement(suite, "testcase", name=_clean(name), classname=record.block.stack, file=record.block.file)


def _clean(text: str) -> str:
    """A text without control characters, which XML can't hold."""
    return printable(text, keep="\n")


def as_sarif(verdict: Verdict) -> dict[str, Any]:
    """The verdict as one run. An acceptance is a suppressed result, a scan error a tool notification."""
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
                        "executionSuccessful": not verdict.errors,
                        "exitCode": int(verdict.outcome),
                        "toolExecutionNotifications": [
                            *(
                                _notification("error", f"{each.where}: {each.what}; {each.fix}")
                                for each in sorted(verdict.errors)
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
    """An id that doesn't depend on the line or the checkout."""
    return hashlib.sha256(f"{record.check} {record.block.stack} {record.block.address}".encode()).hexdigest()


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": text}}
