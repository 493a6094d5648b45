"""Who may do what to whom, according to all resources of a state or plan together."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, NamedTuple

from ops.gate.documents import strict_json
from ops.iam.policy import IamStatement, listed, read
from ops.plan_gate.forms import judging, named
from ops.plan_gate.model import UNKNOWN, Change, PlanError, Values, leaves, with_unknown
from ops.plan_gate.tables import GRANTS, POLICIES, PROTECTED_SETTINGS
from policies.security_group_rules import ALL, INLINE, SELF, SecurityGroupRule, read_rules

_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_BLANK = " \t\r\n\ufeff"
"""What may precede a policy's JSON."""


_GROUPS = frozenset({"aws_security_group", "aws_default_security_group"})


class Subject(NamedTuple):
    """Whose policy it is, and of which kind."""

    what: str
    name: str


class Pair(NamedTuple):
    """The two ends of a grant."""

    what: str
    subject: str
    object: str


class SettingKey(NamedTuple):
    """Where a protected setting is."""

    kind: str
    subject: str
    attribute: str


Located = tuple[str, IamStatement]
"""A statement, with the address of the resource that holds it."""


@dataclass
class AccessState:
    """Access at one time; each entry has the address of the resource that gives it."""

    policies: dict[Subject, list[Located]] = field(default_factory=lambda: defaultdict(list))
    stated_policies: dict[Subject, list[Located]] = field(default_factory=lambda: defaultdict(list))
    """The policies that the configuration sets, without the copies that only AWS reports."""
    blank: dict[Subject, str] = field(default_factory=dict)
    """Policies that aren't known until apply."""
    exists: set[Subject] = field(default_factory=set)
    rules: dict[SecurityGroupRule, str] = field(default_factory=dict)
    stated_rules: dict[SecurityGroupRule, str] = field(default_factory=dict)
    """The rules without those that only AWS reports: a group's own list may still have a rule that is deleted."""
    grants: dict[Pair, str] = field(default_factory=dict)
    stated: dict[Pair, str] = field(default_factory=dict)
    """The grants that the configuration sets, without those that only AWS reports."""
    settings: dict[SettingKey, tuple[str, str]] = field(default_factory=dict)
    """Value and address."""
    denying: set[str] = field(default_factory=set)
    """ARNs of managed policies that deny something."""


class ResourceValues(NamedTuple):
    """One resource's values at one time."""

    address: str
    kind: str
    values: Values
    configured: frozenset[str] | None


def before(changes: Iterable[Change]) -> AccessState:
    """Access as it is now."""
    return _access(
        ResourceValues(each.address, each.kind, each.before, each.configured)
        for each in changes
        if each.before and not each.imported
    )


def recorded(changes: Iterable[Change]) -> AccessState:
    """Access as the last state has it."""
    return _access(
        ResourceValues(each.address, each.kind, each.recorded, each.configured)
        for each in changes
        if each.recorded and not each.imported
    )


def after(changes: Iterable[Change]) -> AccessState:
    """Access as it will be. A resource that the plan forgets keeps its values."""
    return _access(
        ResourceValues(each.address, each.kind, with_unknown(values, each.unknown), each.configured)
        for each in changes
        if (values := each.before if each.actions == {"forget"} else each.after) is not None
    )


def _access(resources: Iterable[ResourceValues]) -> AccessState:
    access = AccessState()
    for each in resources:
        with judging(each.address):
            _note(each, access)
    return access


def _note(each: ResourceValues, access: AccessState) -> None:
    """Add what one resource gives."""
    _note_policies(each, access)
    for rule in _rules(each):
        if each.kind not in _GROUPS or _stated(each, rule.direction):
            access.stated_rules.setdefault(rule, each.address)
        access.rules.setdefault(rule, each.address)
    for grant in (grant for grant in GRANTS if grant.kind == each.kind):
        subjects = [_name(subject, each) for subject in leaves(each.values, grant.subject)]
        for subject, object_ in product(subjects, leaves(each.values, grant.object)):
            pair = Pair(grant.what, subject, object_)
            if _stated(each, grant.object):
                access.stated.setdefault(pair, each.address)
            elif object_ == UNKNOWN:
                continue
            access.grants.setdefault(pair, each.address)
    for setting in (setting for setting in PROTECTED_SETTINGS if setting.kind == each.kind):
        subject = each.address
        if setting.subject:
            subject = _name(next(leaves(each.values, setting.subject), UNKNOWN), each)
        value = next(leaves(each.values, setting.attribute), "")
        access.settings[SettingKey(each.kind, subject, setting.attribute)] = (value, each.address)


def _note_policies(each: ResourceValues, access: AccessState) -> None:
    subjects = {}
    for attribute, holder in (
        (attribute, holder) for (kind, attribute), holder in POLICIES.items() if kind == each.kind
    ):
        name = _name(next(leaves(each.values, holder.subject), UNKNOWN), each)
        subjects[attribute] = subject = Subject(holder.document.label, name)
        # Once a resource with its own policy is deleted, there is nothing left to access.
        if not each.kind.endswith("_policy"):
            access.exists.add(subject)
        _refuse_unreadable(each, attribute)
        # A resource that is a policy always sets it.
        stated = each.kind.endswith("_policy") or _stated(each, attribute)
        if UNKNOWN in leaves(each.values, attribute) and stated:
            access.blank[subject] = each.address
    for path, text in _texts(each.values, ""):
        statements = _parsed(text)
        if statements is not None:
            subject = subjects.get(path, Subject(f"{path} policy", each.address))
            # A copy that AWS returned is older than the plan, and would hide that the plan removes a Deny.
            copy = path in subjects and not _stated(each, path)
            access.policies[subject] += [(each.address, item) for item in statements if item.allows or not copy]
            if not copy:
                access.stated_policies[subject] += [(each.address, item) for item in statements]
            if each.kind == "aws_iam_policy" and not all(statement.allows for statement in statements):
                access.denying.add(str(each.values.get("arn")))


def _parsed(policy: object) -> list[IamStatement] | None:
    """The statements of a policy's JSON; None if the value is no policy.

    Raises:
        PlanError: It is one, but in a form that can't be read.
    """
    if isinstance(policy, str):
        text = policy.lstrip(_BLANK)
        if not text.startswith(("{", '"{')):
            return None
        policy = _content(text)
        if isinstance(policy, str):
            return _parsed(policy)
    if not isinstance(policy, Mapping):
        return None
    keys = [str(key).lower() for key in policy]
    if "statement" not in keys or not (policy.keys() <= _ELEMENTS or _has_effect(policy)):
        return None
    if unknown := policy.keys() - _ELEMENTS:
        raise PlanError(
            f"holds a policy with {named(min(map(str, unknown)))}, where AWS documents {', '.join(sorted(_ELEMENTS))}"
        )
    try:
        return read(policy)
    except ValueError:
        raise PlanError("holds a policy whose statements can't be read") from None


def _content(text: str) -> object:
    """The content of a JSON text; None if it is no JSON.

    Raises:
        PlanError: Parsers read it differently.
    """
    try:
        return strict_json(text)
    except json.JSONDecodeError:
        return None
    except ValueError:
        raise PlanError("holds JSON that parsers read differently: a key twice, or a value that is no JSON") from None


def _has_effect(policy: Mapping[str, Any]) -> bool:
    """Whether an object with other keys than a policy's has statements with an effect: AWS WAF's rules have none."""
    return any(
        isinstance(each, Mapping) and any(str(name).lower() == "effect" for name in each)
        for key, value in policy.items()
        if str(key).lower() == "statement"
        for each in listed(value)
    )


def _refuse_unreadable(each: ResourceValues, attribute: str) -> None:
    """Refuse a policy's attribute with a value that isn't read as a policy."""
    for value in leaves(each.values, attribute):
        if value not in {UNKNOWN, "", "{}"} and not value.startswith("${") and _parsed(value) is None:
            raise PlanError("holds a policy that can't be read: it isn't JSON with a Statement")


def _rules(each: ResourceValues) -> Iterator[SecurityGroupRule]:
    # An unknown port counts as every port.
    values = _without_unknown_ports(each.values)
    own = _name(next(leaves(values, "id"), UNKNOWN), each)
    for rule in read_rules(each.kind, values):
        if rule.peer:
            group = _name(rule.group, each) if rule.group else own
            yield replace(rule, group=group, peer=group if rule.peer == SELF else _name(rule.peer, each))
    if each.kind in _GROUPS:
        for direction in INLINE:
            if UNKNOWN in listed(each.values.get(direction)) and _stated(each, direction):
                yield SecurityGroupRule(_name(UNKNOWN, each), direction, ALL, (-1, -1), UNKNOWN)


def _without_unknown_ports(value: Any) -> Any:  # noqa: ANN401  (any JSON value)
    if isinstance(value, list):
        return [_without_unknown_ports(each) for each in value]
    if isinstance(value, Mapping):
        return {
            key: _without_unknown_ports(each)
            for key, each in value.items()
            if not (key in {"from_port", "to_port"} and each == UNKNOWN)
        }
    return value


def _name(name: str, resource: ResourceValues) -> str:
    """An unknown name is made unique by the address of its resource."""
    return f"{resource.address} {name}" if name == UNKNOWN else name


def _stated(resource: ResourceValues, attribute: str) -> bool:
    """Whether the configuration sets the attribute; otherwise AWS reported it."""
    return resource.configured is None or attribute.partition(".")[0] in resource.configured


def _inside(document: object, path: str) -> Iterator[tuple[str, object]]:
    """The policies inside a JSON text, such as a template's; the text itself may be one."""
    for each in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from _texts(each, f"{path} inside")


def _texts(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, str):
        yield path, value
        if value.lstrip(_BLANK).startswith(("{", "[")):
            yield from _inside(_content(value.lstrip(_BLANK)), path)
    elif isinstance(value, dict):
        if any(str(key).lower() == "statement" for key in value):
            yield path, value
        for name, each in value.items():
            yield from _texts(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, path)
