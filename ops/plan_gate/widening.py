"""Access that is wider after the plan than before it, or than in the last state.

Policies are compared as sets of permissions. A permission counts as new unless it is surely covered by an old one.
How AWS reads policies: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import NamedTuple

from environments.arns import partitions
from ops.iam.globs import includes
from ops.iam.policy import IamStatement, Principals
from ops.plan_gate import access
from ops.plan_gate.access import AccessState, Located, Subject
from ops.plan_gate.model import Change, FindingKind, PlanFinding, few
from ops.plan_gate.tables import OPEN_WITHOUT, PROTECTED_SETTINGS
from policies.security_group_rules import ALL, SecurityGroupRule

_OUTSIDE = "; it was changed outside Terraform since the last state"
GAINED = ", under other conditions than before"
LOST = ", under the conditions that it had"
_NONE = ("",)
"""A trust policy names no resource, and an identity's policy names no principal."""
_EVERY_TYPE = (-1, -1)

Condition = tuple[str, str, frozenset[str]]
"""Operator, key, values."""
Part = tuple["Selector", "Selector", "Selector"]
"""Of actions, resources and principals."""


def widenings(changes: tuple[Change, ...]) -> list[PlanFinding]:
    """All access that is new or wider, each with the address of the resource that causes it."""
    later = access.after(changes)
    by_plan = set(_grown(access.before(changes), later))
    outside = set(_grown(access.recorded(changes), later)) - by_plan
    found = [*sorted(by_plan), *((where, what + _OUTSIDE) for where, what in sorted(outside))]
    return [PlanFinding(FindingKind.WIDENING, where, what) for where, what in found]


def closed_rules(changes: tuple[Change, ...]) -> list[PlanFinding]:
    """Traffic that a security group's rule lets through now, and none will after the plan."""
    earlier, later = access.before(changes), access.after(changes)
    return [
        PlanFinding(
            FindingKind.OUTAGE,
            address,
            f"{rule.direction} of {rule.group}: no longer {rule}; connections that need it end",
            remedy="add the rule that replaces it first, or check that nothing uses it (VPC flow log)",
        )
        for rule, address in sorted(earlier.stated_rules.items(), key=lambda item: (item[1], str(item[0])))
        if not any(_lets_through(each, rule) for each in later.stated_rules)
    ]


def _grown(old: AccessState, new: AccessState) -> Iterator[tuple[str, str]]:
    yield from _policies(old, new)
    for rule, address in new.rules.items():
        if not any(_lets_through(each, rule) for each in old.rules):
            yield address, f"{rule.direction} of {rule.group}: {rule}"
    for pair in new.grants.keys() - old.grants.keys():
        yield new.grants[pair], f"{pair.subject} {pair.what} {pair.object}"
    for pair in old.stated.keys() - new.stated.keys():
        if pair.what == "gets policy" and pair.object in old.denying:
            yield old.stated[pair], f"{pair.subject} loses policy {pair.object}, which denies something"
    yield from _protected_settings(old, new)


def _policies(old: AccessState, new: AccessState) -> Iterator[tuple[str, str]]:
    for subject, address in new.blank.items():
        yield address, f"{of(subject)} isn't known until apply"
    for subject in new.policies.keys() | old.policies.keys():
        earlier, later = old.policies.get(subject, []), new.policies.get(subject, [])
        if subject in new.blank or (subject in old.exists and subject not in new.exists):
            continue
        if earlier and not later and subject.what in OPEN_WITHOUT:
            yield earlier[0][0], f"{of(subject)} is gone; AWS's wide default takes its place"
        for where, each, part in uncovered(later, earlier, allows=True, change=GAINED):
            yield where, f"{of(subject)}: {label(each)} allows {part}"
        for where, each, part in uncovered(earlier, later, allows=False, change=LOST):
            yield where, f"{of(subject)}: {label(each)} no longer denies {part}"


def _protected_settings(old: AccessState, new: AccessState) -> Iterator[tuple[str, str]]:
    for protected in PROTECTED_SETTINGS:
        for key, (value, where) in old.settings.items():
            if (key.kind, key.attribute) != (protected.kind, protected.attribute):
                continue
            later, address = new.settings.get(key, ("", where))
            if not protected.subject and key not in new.settings:
                continue
            if value and value == (protected.safe or value) and later != value:
                yield address, f"{protected.attribute} was {value}, and is {later or 'gone'}"


def of(subject: Subject) -> str:
    """The policy and what it belongs to, as in `bucket policy of app-data`."""
    return f"{subject.what} of {subject.name}"


def label(statement: IamStatement) -> str:
    """A statement's name in findings."""
    return f"statement '{statement.sid}'" if statement.sid else "a statement"


# Rules of security groups -------------------------------------------------------------------------------------


def _lets_through(rule: SecurityGroupRule, other: SecurityGroupRule) -> bool:
    """Whether a rule allows all traffic that the other rule allows."""
    if (rule.group, rule.direction) != (other.group, other.direction):
        return False
    if rule.protocol != ALL and (rule.protocol != other.protocol or not _within(other.span, rule.span)):
        return False
    mine, theirs = rule.network, other.network
    if mine is None or theirs is None or mine.version != theirs.version:
        return rule.peer == other.peer
    return theirs.subnet_of(mine)  # type: ignore[arg-type]  # They are of one version.


def _within(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return outer in {inner, _EVERY_TYPE} or (outer[0] <= inner[0] and inner[1] <= outer[1] and inner[0] >= 0)


# Policies -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Selector:
    """Actions, resources or principals of a statement."""

    patterns: frozenset[str]
    inverted: bool = False
    """Everything but these."""

    def parts(self) -> Iterator[Selector]:
        """The smallest parts, each of which another statement may cover."""
        if self.inverted:
            yield self
        else:
            yield from (Selector(frozenset({each})) for each in sorted(self.patterns))

    def covers(self, part: Selector, *, exact: bool) -> bool:
        """Whether all of a part is in it.

        Args:
            part: One of another selector's parts.
            exact: Whether `*` stands for everything only when it is alone, as in principals.
        """
        if part.inverted:
            if self.inverted:
                return all(any(_matches(out, each, exact) for out in part.patterns) for each in self.patterns)
            return "*" in self.patterns
        (wanted,) = part.patterns
        if self.inverted:
            plain = exact or not set("*?") & set(wanted)
            return wanted != "*" and plain and not any(_matches(each, wanted, exact) for each in self.patterns)
        return any(_matches(each, wanted, exact) for each in self.patterns)

    def __str__(self) -> str:
        return f"{'all but ' if self.inverted else ''}{few(self.patterns)}"


class _Selected(NamedTuple):
    """A statement's elements as sets."""

    actions: Selector
    resources: Selector
    principals: Selector
    conditions: frozenset[Condition]


@cache
def _selected(statement: IamStatement) -> _Selected:
    return _Selected(
        _selector(map(str.lower, statement.actions), map(str.lower, statement.not_actions)),
        _selector(statement.resources, statement.not_resources),
        _selector(_principals(statement.principals), _principals(statement.not_principals)),
        frozenset((test.lower(), key.lower(), frozenset(values)) for test, key, values in statement.conditions),
    )


def _selector(named: Iterable[str], excepted: Iterable[str]) -> Selector:
    out = frozenset(excepted)
    return Selector(out, inverted=True) if out else Selector(frozenset(named) or frozenset(_NONE))


def _principals(principals: Principals) -> Iterator[str]:
    for kind, each in principals:
        if kind == "AWS":
            yield partitions()[0].root(each) if re.fullmatch(r"\d{12}", each) else each
        else:
            yield f"{kind} {each}"


def uncovered(
    wanted: list[Located], by: list[Located], *, allows: bool, change: str
) -> Iterator[tuple[str, IamStatement, str]]:
    """The statements with a part that isn't covered, each with a description of that part.

    Args:
        wanted: The statements, each with its resource's address.
        by: The statements that may cover them.
        allows: Whether to compare what they allow, or else what they deny.
        change: What to add to the description if only the conditions differ: `GAINED` or `LOST`.
    """
    others = [_selected(each) for _, each in by if each.allows is allows]
    for where, statement in wanted:
        if statement.allows is allows:
            this = _selected(statement)
            split = product(this.actions.parts(), this.resources.parts(), this.principals.parts())
            parts = [part for part in split if not any(_covers(other, this, part) for other in others)]
            if parts:
                yield where, statement, _worded(this, parts, others, change)


def _worded(statement: _Selected, parts: list[Part], others: list[_Selected], change: str) -> str:
    actions, resources, principals = (
        few(str(each) for each in dict.fromkeys(column)) for column in zip(*parts, strict=True)
    )
    text = f"{actions} on {resources}" if statement.resources.patterns != set(_NONE) else actions
    if statement.principals.patterns != set(_NONE):
        text += f" for {principals}"
    if all(any(_selects(other, part) for other in others) for part in parts):
        text += change
    return text


def _covers(other: _Selected, statement: _Selected, part: Part) -> bool:
    return _selects(other, part) and all(_implied(each, statement.conditions) for each in other.conditions)


def _selects(other: _Selected, part: Part) -> bool:
    actions, resources, principals = part
    return (
        other.actions.covers(actions, exact=False)
        and other.resources.covers(resources, exact=False)
        and other.principals.covers(principals, exact=True)
    )


def _implied(condition: Condition, by: frozenset[Condition]) -> bool:
    """Whether a condition holds whenever all the given ones hold."""
    operator, key, values = condition
    return any(
        _narrower(operator, theirs, values)
        for their_operator, their_key, theirs in by
        if (their_operator, their_key) == (operator, key)
    )


def _narrower(operator: str, values: frozenset[str], than: frozenset[str]) -> bool:
    kind = operator.rpartition(":")[2]
    if not kind.startswith(("string", "arn", "ipaddress", "notipaddress")):
        return values == than
    if "not" in kind:
        return values >= than
    like = "like" in kind or kind.startswith("arn")
    return all(any(_matches(wide, each, not like) if like else wide == each for wide in than) for each in values)


def _matches(pattern: str, text: str, exact: bool) -> bool:
    """Whether a pattern covers a text, which may itself be a pattern."""
    return pattern in ("*", text) or (not exact and includes(pattern, text))
