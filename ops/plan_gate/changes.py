"""Changes that lose data in place, cause an outage, switch a protection off, or open access: `changes.toml`."""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ops.plan_gate.differences import differences
from ops.plan_gate.model import UNKNOWN, Change, FindingKind, PlanFinding, Values, few
from ops.plan_gate.tables import GRANTS, POLICIES, PROTECTED_SETTINGS, STATEFUL
from policies.security_group_rules import KINDS as RULES

EVERY_TYPE = "*"
_NO_ENTRY = "deletes a resource of a type that the gate's tables don't have, so what it stops is unknown"
_CHECK_IT = "find out what depends on it, then approve it; or add its type to ops/plan_gate/changes.toml"
_EMPTY: tuple[object, ...] = (None, "", [], {})
_ON = frozenset({"true", "1", "yes", "on", "enabled", "enable", "active", "required"})
_PLAIN = re.compile(r"[\w.:/@ -]{1,60}")
_OWN_MAJOR = frozenset({"mysql", "mariadb", "aurora-mysql"})
"""Engines whose major version has two parts."""


class Direction(StrEnum):
    """Which difference of an attribute counts."""

    DOWN = "down"
    UP = "up"
    ZERO = "zero"
    SOONER = "sooner"
    OFF = "off"
    ON = "on"
    SHORTER = "shorter"
    LONGER = "longer"
    MAJOR = "major"
    ANY = "any"
    SET = "set"
    NOTHING = "nothing"


@dataclass(frozen=True)
class CostlyChange:
    """One entry of the table: what it is about, and what to do instead."""

    kind: FindingKind
    why: str
    remedy: str
    source: str = ""
    deleted: tuple[str, ...] = ()
    """Types whose deletion or replacement it is."""
    created: Mapping[str, str] = field(default_factory=dict)
    """Patterns of types whose creation it is, each with the attribute that names what it acts on."""
    created_too: bool = False
    """Whether its attributes count in a new resource too."""
    attributes: Mapping[str, Mapping[str, Direction]] = field(default_factory=dict)
    """By type: a pattern of paths, and the direction."""


class ChangeTable(NamedTuple):
    """The table, and what it says to be without effect."""

    changes: tuple[CostlyChange, ...]
    harmless_attributes: tuple[str, ...]
    harmless_to_delete: frozenset[str]
    harmless: frozenset[str]
    """Types whose creation and attributes are without effect."""


@cache
def table() -> ChangeTable:
    """The entries of `changes.toml`."""
    content = tomllib.loads((Path(__file__).parent / "changes.toml").read_text(encoding="utf-8"))
    changes = tuple(_entry(**each) for each in content["change"])
    harmless = content["nothing"]
    return ChangeTable(
        changes,
        tuple(name for each in harmless for name in each.get("attributes", ())),
        frozenset(kind for each in harmless for kind in each.get("deleted", ())),
        frozenset(kind for each in harmless for kind in each.get("types", ())),
    )


def _entry(**entry: Any) -> CostlyChange:  # noqa: ANN401  (a table of TOML)
    attributes = {
        kind: {path: Direction(direction) for path, direction in paths.items()}
        for kind, paths in entry.pop("attributes", {}).items()
    }
    return CostlyChange(
        kind=FindingKind(entry.pop("class")),
        attributes=attributes,
        deleted=tuple(entry.pop("deleted", ())),
        **entry,
    )


@cache
def known() -> frozenset[str]:
    """The types whose attributes or creation a table of this gate names."""
    named = {kind for each in table().changes for kind in (*each.created, *each.attributes)}
    others = (
        {each.kind for each in GRANTS} | {each.kind for each in PROTECTED_SETTINGS} | {kind for kind, _ in POLICIES}
    )
    every = named | others | set(RULES) | table().harmless
    return frozenset(kind for kind in every if not set(kind) & set("*?["))


def unchecked(changes: Sequence[Change]) -> tuple[str, ...]:
    """The types of changed resources that no table names."""
    return tuple(sorted({each.kind for each in changes if each.actions - {"no-op"}} - known()))


def costly(changes: Sequence[Change]) -> Iterator[PlanFinding]:
    """What the changes lose, stop, switch off or open."""
    new = {
        (value, each.address)
        for each in changes
        if _is_new(each)
        for value in (each.after or {}).values()
        if isinstance(value, str)
    }
    for change in changes:
        yield from _deleted(change)
        yield from _created(change, {value for value, address in new if address != change.address})
        yield from _changed(change)
    yield from _without_weight(changes)


# Deletions and creations ------------------------------------------------------------------------------------------


def _deleted(change: Change) -> Iterator[PlanFinding]:
    if "delete" not in change.actions or change.deposed or change.kind in STATEFUL:
        return
    forced = f", forced by {', '.join(change.forced_by)}" if change.forced_by else ""
    what = f"would be {'replaced' if 'create' in change.actions else 'deleted'}{forced}"
    entries = [each for each in table().changes if change.kind in each.deleted]
    for entry in entries:
        yield _finding(entry, change, what)
    if not entries and change.kind not in table().harmless_to_delete:
        yield PlanFinding(FindingKind.OUTAGE, change.address, f"{what}: {_NO_ENTRY}", remedy=_CHECK_IT)


def _created(change: Change, new: set[str]) -> Iterator[PlanFinding]:
    if not _is_new(change):
        return
    for entry in table().changes:
        pattern = next((each for each in entry.created if _names(each, change.kind)), None)
        if pattern is None:
            continue
        acts_on = entry.created[pattern]
        if acts_on and ((target := (change.planned or {}).get(acts_on)) == UNKNOWN or target in new):
            continue
        yield _finding(entry, change, "would be created")


def _is_new(change: Change) -> bool:
    return "create" in change.actions and change.before is None


def _names(pattern: str, kind: str) -> bool:
    """Whether an entry is for a type: by its name, or by a pattern if no table names the type."""
    return pattern == kind or (kind not in known() and fnmatchcase(kind, pattern))


# Attributes -----------------------------------------------------------------------------------------------------


def _changed(change: Change) -> Iterator[PlanFinding]:
    after = change.planned
    if after is None or not change.actions & {"update", "create"}:
        return
    old = change.before or {}
    new = {key: value if _set(change, key) else old.get(key) for key, value in after.items()}
    engine = str(new.get("engine", old.get("engine", "")))
    reported: set[tuple[FindingKind, str]] = set()
    for key, names, before, then in differences(old, new):
        for entry, direction in _directions(change.kind, names):
            if change.before is None and not (entry.created_too and direction is Direction.ON):
                continue
            if any(entry.kind is kind and key.startswith((f"{above}.", f"{above}[")) for kind, above in reported):
                continue
            if _counts(direction, before, then, engine):
                reported.add((entry.kind, key))
                yield _finding(entry, change, f"{key}: {_shown(before)} → {_shown(then)}")


def _set(change: Change, attribute: str) -> bool:
    """Whether the value is the configuration's, or known; what only AWS will report may change as it likes."""
    if change.configured is None or attribute in change.configured:
        return True
    return change.unknown.get(attribute) is not True


@cache
def _directions(kind: str, names: str) -> tuple[tuple[CostlyChange, Direction], ...]:
    """The entries for an attribute: of the type itself, or else those for all types."""
    own = [
        (entry, pattern, direction)
        for entry in table().changes
        for pattern, direction in entry.attributes.get(kind, {}).items()
    ]
    exact = tuple((entry, direction) for entry, pattern, direction in own if fnmatchcase(names, pattern))
    if exact:
        return exact
    # Below an attribute that an entry judges as a whole there is nothing more to judge.
    parts = names.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts))]
    if any(fnmatchcase(each, pattern) for each in above for _, pattern, _ in own) or any(
        fnmatchcase(names, pattern) for pattern in table().harmless_attributes
    ):
        return ()
    if _read_elsewhere(kind, names):
        return ()
    return tuple(
        (entry, direction)
        for entry in table().changes
        for pattern, direction in entry.attributes.get(EVERY_TYPE, {}).items()
        if fnmatchcase(parts[-1], pattern)
    )


def _read_elsewhere(kind: str, names: str) -> bool:
    """Whether the comparison of access reads the attribute: policies, grants, rules and protected settings."""
    if kind in RULES:
        return True
    policies = [attribute for of, attribute in POLICIES if of == kind]
    grants = [each.object for each in GRANTS if each.kind == kind] + [
        each.subject for each in GRANTS if each.kind == kind
    ]
    settings = [each.attribute for each in PROTECTED_SETTINGS if each.kind == kind]
    return any(names == each or names.startswith(f"{each}.") for each in (*policies, *grants, *settings))


def _counts(direction: Direction, old: object, new: object, engine: str) -> bool:
    """Whether a difference is one in this direction; a value that is unknown until apply may be the worst one."""
    was_set = old not in _EMPTY
    if new == UNKNOWN:
        return direction is Direction.SET or (was_set and direction is not Direction.NOTHING)
    tests: Mapping[Direction, Callable[[], bool]] = {
        Direction.DOWN: lambda: _moves(direction, _number(old), _number(new)),
        Direction.UP: lambda: _moves(direction, _number(old), _number(new)),
        Direction.ZERO: lambda: _moves(direction, _number(old), _number(new)),
        Direction.SOONER: lambda: _moves(direction, _number(old), _number(new)),
        Direction.OFF: lambda: _is_on(old) and not _is_on(new),
        Direction.ON: lambda: _is_on(new) and not _is_on(old),
        Direction.SHORTER: lambda: bool(_items(old) - _items(new)),
        Direction.LONGER: lambda: bool(_items(new) - _items(old)),
        Direction.MAJOR: lambda: was_set and _major(old, engine) != _major(new, engine),
        Direction.ANY: lambda: was_set,
        Direction.SET: lambda: was_set or new not in _EMPTY,
        Direction.NOTHING: lambda: False,
    }
    return tests[direction]()


def _moves(direction: Direction, old: float | None, new: float | None) -> bool:
    match direction:
        case Direction.ZERO:
            return bool(old) and not new
        case Direction.UP:
            return new is not None and new > (old or 0)
        case Direction.SOONER:
            return bool(new) and (not old or (new or 0) < old)
    return old is not None and (new is None or new < old)


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)  # type: ignore[arg-type]  # What isn't a number is caught.
    except (TypeError, ValueError):
        return None


def _is_on(value: object) -> bool:
    return str(value).lower() in _ON or str(value).startswith("ENABLED_")


def _items(value: object) -> set[str]:
    """The elements of a list, each as a text that two equal ones share."""
    if value in _EMPTY:
        return set()
    items = value if isinstance(value, list) else [value]
    return {json.dumps(each, sort_keys=True) for each in items}


def _major(version: object, engine: str) -> tuple[str, ...]:
    return tuple(str(version).split(".")[: 2 if engine in _OWN_MAJOR else 1])


def _shown(value: object) -> str:
    """A number, a switch or a short text; no other value is quoted, as it may be long or a secret."""
    if value in _EMPTY:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return few(map(_shown, value)) if all(isinstance(each, str) for each in value) else f"{len(value)} blocks"
    text = str(value)
    if text == UNKNOWN:
        return text
    return text if not isinstance(value, Mapping) and _PLAIN.fullmatch(text) else "another value"


# Records ----------------------------------------------------------------------------------------------------------


def _without_weight(changes: Sequence[Change]) -> Iterator[PlanFinding]:
    """Names whose weighted records had a share of the traffic, and have none any more.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html
    """
    shares: dict[tuple[str, ...], list[tuple[Change, float, float]]] = defaultdict(list)
    for change in changes:
        if change.kind == "aws_route53_record" and not change.deposed:
            values = change.before or change.after or {}
            name = tuple(str(values.get(key)) for key in ("zone_id", "name", "type"))
            shares[name].append((change, _weight(change.before), _weight(change.after)))
    for found in shares.values():
        if any(old for _, old, _ in found) and not any(new for _, _, new in found):
            for change, old, _ in found:
                if old and "delete" not in change.actions:
                    what = f"weight: {old:.0f} → 0, and no other record of this name has a weight"
                    yield PlanFinding(
                        FindingKind.OUTAGE,
                        change.address,
                        f"{what}: Route 53 then spreads requests over all of them alike",
                        remedy="give one of them the traffic: `cutover` moves it by weight",
                    )


def _weight(values: Values | None) -> float:
    policies = (values or {}).get("weighted_routing_policy") or []
    weights = [_number(each.get("weight")) for each in policies if isinstance(each, Mapping)]
    return sum(each for each in weights if each)


def _finding(entry: CostlyChange, change: Change, what: str) -> PlanFinding:
    return PlanFinding(entry.kind, change.address, f"{what}: {entry.why}", remedy=entry.remedy)
