"""JUnit's XML, for CI: one suite a stack, one case a finding."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from ops.gate.model import Record, Verdict

_ILLEGAL = dict.fromkeys((*range(9), 11, 12, *range(14, 32)), "�")


def as_junit(verdict: Verdict) -> str:
    """The verdict as test suites."""
    root = ET.Element("testsuites", name="gate")
    trust = _suite(root, "gate")
    if not verdict.distrust and not verdict.refusals:
        ET.SubElement(trust, "testcase", name="the scan can be trusted", classname="gate")
    for reason in sorted(verdict.distrust):
        case = ET.SubElement(trust, "testcase", name=_clean(reason.where), classname=f"gate.{reason.doubt}")
        ET.SubElement(case, "error", message=_clean(reason.what)).text = _clean(reason.mend)
    for refusal in verdict.refusals:
        case = ET.SubElement(trust, "testcase", name="accepted risks", classname="gate.risks")
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
    return ET.SubElement(suite, "testcase", name=name, classname=record.block.stack, file=record.block.file)


def _clean(text: str) -> str:
    """XML has no way to write control characters."""
    return text.translate(_ILLEGAL)
