"""Who may do what to whom, as the resources of one moment say together."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from ops.plan_gate.model import Change, Values
from ops.plan_gate.rules import Rule, rules_of
from ops.plan_gate.statements import Statement, parse
from ops.plan_gate.tables import GRANTS, GUARDS, POLICIES
from ops.plan_gate.values import UNKNOWN, leaves


class Subject(NamedTuple):
    """Whose policy it is, and of which sort."""

    what: str
    name: str


class Pair(NamedTuple):
    """A grant's two ends."""

    what: str
    subject: str
    object: str


class Setting(NamedTuple):
    """A guard's place."""

    kind: str
    subject: str
    attribute: str


@dataclass
class Access:
    """The state of access; addresses are where to look for it."""

    policies: dict[Subject, list[tuple[str, Statement]]] = field(default_factory=lambda: defaultdict(list))
    blank: dict[Subject, str] = field(default_factory=dict)
    """Policies that aren't known until apply."""
    exists: set[Subject] = field(default_factory=set)
    rules: dict[Rule, str] = field(default_factory=dict)
    grants: dict[Pair, str] = field(default_factory=dict)
    stated: dict[Pair, str] = field(default_factory=dict)
    """Those that the configuration states, not AWS's answer about others."""
    settings: dict[Setting, tuple[str, str]] = field(default_factory=dict)
    """Value and address."""
    denying: set[str] = field(default_factory=set)
    """ARNs of managed policies that deny something."""


class Resource(NamedTuple):
    """One resource at one moment."""

    address: str
    kind: str
    values: Values
    unknown: Values
    configured: frozenset[str] | None


def before(changes: Iterable[Change]) -> Access:
    """As it is now."""
    return _access(
        Resource(each.address, each.kind, each.before, {}, each.configured) for each in changes if each.before
    )


def recorded(changes: Iterable[Change]) -> Access:
    """As the last state had it."""
    return _access(
        Resource(each.address, each.kind, each.recorded, {}, each.configured) for each in changes if each.recorded
    )


def after(changes: Iterable[Change]) -> Access:
    """As it will be. What is forgotten stays as it is."""
    return _access(
        Resource(each.address, each.kind, values, each.unknown, each.configured)
        for each in changes
        if (values := each.before if each.actions == {"forget"} else each.after) is not None
    )


def _access(resources: Iterable[Resource]) -> Access:
    access = Access()
    for each in resources:
        _note_policies(each, access)
        for rule in _rules(each):
            access.rules.setdefault(rule, each.address)
        for grant in GRANTS:
            if grant.kind == each.kind:
                subjects = [_name(subject, each) for subject in leaves(each.values, each.unknown, grant.subject)]
                for subject, object_ in product(subjects, leaves(each.values, each.unknown, grant.object)):
                    pair = Pair(grant.what, subject, object_)
                    if _stated(each, grant.object):
                        access.stated.setdefault(pair, each.address)
                    elif object_ == UNKNOWN:
                        continue
                    access.grants.setdefault(pair, each.address)
        for guard in GUARDS:
            if guard.kind == each.kind:
                subject = each.address
                if guard.subject:
                    subject = _name(next(leaves(each.values, each.unknown, guard.subject), UNKNOWN), each)
                value = next(leaves(each.values, each.unknown, guard.attribute), "")
                access.settings[Setting(each.kind, subject, guard.attribute)] = (value, each.address)
    return access


def _note_policies(each: Resource, access: Access) -> None:
    rows = {row.attribute: row for row in POLICIES if row.kind == each.kind}
    subjects = {}
    for row in rows.values():
        name = _name(next(leaves(each.values, each.unknown, row.subject), UNKNOWN), each)
        subjects[row.attribute] = subject = Subject(row.what, name)
        if row.own:
            access.exists.add(subject)
        if UNKNOWN in leaves(each.values, each.unknown, row.attribute) and _stated(each, row.attribute):
            access.blank[subject] = each.address
    for path, text in _texts(each.values, ""):
        statements = parse(text)
        if statements is not None:
            subject = subjects.get(path, Subject(f"{path} policy", each.address))
            # A copy that AWS answers with is of before the plan, and would hide that a Deny goes.
            copy = path in subjects and not _stated(each, path)
            access.policies[subject] += [(each.address, item) for item in statements if item.allows or not copy]
            if each.kind == "aws_iam_policy" and not all(statement.allows for statement in statements):
                access.denying.add(str(each.values.get("arn")))


def _rules(each: Resource) -> Iterator[Rule]:
    for rule in rules_of(each.kind, each.values, each.unknown):
        group, peer = (_name(name, each) if name == UNKNOWN else name for name in (rule.group, rule.peer))
        yield Rule(group, rule.direction, rule.protocol, rule.ports, peer)
    if each.kind in {"aws_security_group", "aws_default_security_group"}:
        for direction in ("ingress", "egress"):
            if each.unknown.get(direction) is True and _stated(each, direction):
                yield Rule(_name(UNKNOWN, each), direction, "-1", None, UNKNOWN)


def _name(name: str, resource: Resource) -> str:
    """What isn't known is told apart by whose it is."""
    return f"{resource.address} {name}" if name == UNKNOWN else name


def _stated(resource: Resource, attribute: str) -> bool:
    """Whether the configuration sets it; otherwise it is what AWS answered."""
    return resource.configured is None or attribute.partition(".")[0] in resource.configured


def _texts(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        if "Statement" in value:
            yield path, json.dumps(value)
        for name, each in value.items():
            yield from _texts(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, path)
