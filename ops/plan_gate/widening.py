"""What more somebody may do after the plan than before it, or than the last state says."""

from __future__ import annotations

from collections.abc import Iterator

from ops.plan_gate import access
from ops.plan_gate.access import Access, Subject
from ops.plan_gate.model import Change, Finding, Kind
from ops.plan_gate.statements import Statement, uncovered
from ops.plan_gate.tables import GUARDS, OPEN_WITHOUT

_OUTSIDE = "; it was changed outside Terraform since the last state"


def widenings(changes: tuple[Change, ...]) -> list[Finding]:
    """Everything that grew, each with the address that makes it grow."""
    later = access.after(changes)
    by_plan = set(_grown(access.before(changes), later))
    outside = set(_grown(access.recorded(changes), later)) - by_plan
    found = [*sorted(by_plan), *((where, what + _OUTSIDE) for where, what in sorted(outside))]
    return [Finding(Kind.WIDENING, where, what) for where, what in found]


def _grown(old: Access, new: Access) -> Iterator[tuple[str, str]]:
    yield from _policies(old, new)
    for rule, address in new.rules.items():
        if not any(each.covers(rule) for each in old.rules):
            yield address, f"{rule.direction} of {rule.group}: {rule}"
    for pair in new.grants.keys() - old.grants.keys():
        yield new.grants[pair], f"{pair.subject} {pair.what} {pair.object}"
    for pair in old.stated.keys() - new.stated.keys():
        if pair.what == "gets policy" and pair.object in old.denying:
            yield old.stated[pair], f"{pair.subject} loses policy {pair.object}, which denies something"
    yield from _guards(old, new)


def _policies(old: Access, new: Access) -> Iterator[tuple[str, str]]:
    for subject, address in new.blank.items():
        yield address, f"{_of(subject)} isn't known until apply"
    for subject in new.policies.keys() | old.policies.keys():
        earlier, later = old.policies.get(subject, []), new.policies.get(subject, [])
        if subject in new.blank or (subject in old.exists and subject not in new.exists):
            continue
        if earlier and not later and subject.what in OPEN_WITHOUT:
            yield earlier[0][0], f"{_of(subject)} is gone; AWS's wide default takes its place"
        for where, each, part in _uncovered(later, earlier, allows=True):
            yield where, f"{_of(subject)}: {_label(each)} allows {part}"
        for where, each, part in _uncovered(earlier, later, allows=False):
            yield where, f"{_of(subject)}: {_label(each)} no longer denies {part}"


def _uncovered(
    wanted: list[tuple[str, Statement]], by: list[tuple[str, Statement]], *, allows: bool
) -> Iterator[tuple[str, Statement, str]]:
    others = [each for _, each in by if each.allows is allows]
    for where, each in wanted:
        if each.allows is allows:
            for statement, part in uncovered([each], others):
                yield where, statement, part


def _guards(old: Access, new: Access) -> Iterator[tuple[str, str]]:
    for guard in GUARDS:
        for setting, (value, where) in old.settings.items():
            if (setting.kind, setting.attribute) != (guard.kind, guard.attribute):
                continue
            later, address = new.settings.get(setting, ("", where))
            if not guard.subject and setting not in new.settings:
                continue
            if value and value == (guard.safe or value) and later != value:
                yield address, f"{guard.attribute} was {value}, and is {later or 'gone'}"


def _of(subject: Subject) -> str:
    return f"{subject.what} of {subject.name}"


def _label(statement: Statement) -> str:
    return f"statement '{statement.sid}'" if statement.sid else "a statement"
