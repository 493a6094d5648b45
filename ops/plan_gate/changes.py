"""Changes that lose data in place, cause an outage, switch a protection off, or open access: `changes.toml`."""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from ops.plan_gate.differences import Difference, differences
from ops.plan_gate.forms import judging
from ops.plan_gate.model import APPROVABLE, UNKNOWN, Change, FindingKind, PlanFinding, Values, few, leaves
from ops.plan_gate.tables import GRANTS, POLICIES, PROTECTED_SETTINGS, STATEFUL
from policies.security_group_rules import KINDS as RULES

EVERY_TYPE = "*"
_NO_ENTRY = "the gate's tables don't have its type, so what it stops is unknown"
_NO_TABLE = (
    "the gate's tables don't have its type, so what the change does is unknown; it needs the approval of every class"
)
_CHECK_IT = "find out what depends on it, then approve it; or add its type to ops/plan_gate/changes.toml"
_EMPTY: tuple[object, ...] = (None, "", [], {})
_ON = frozenset({"true", "1", "yes", "on", "enabled", "enable", "active", "required", "signing"})
_PLAIN = re.compile(r"[\w.:/@ -]{1,60}")
_PLACE = re.compile(r"arn:[\w:/.-]+|(?:[\w-]+\.)+[a-zA-Z]{2,}|\d+(?:\.\d+){3}|[\da-fA-F]*:(?:[\da-fA-F]*:)+[\da-fA-F]*")
_DIGEST = "@sha256:"
_NAMES = ("id", "arn", "name")
"""Attributes by which other resources refer to one."""
_OTHER_STACK = "data.terraform_remote_state."
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
    GONE = "gone"
    IMMEDIATELY = "immediately"
    SOURCE = "source"
    ELSEWHERE = "elsewhere"
    THRESHOLD = "threshold"
    EXCLUSIONS = "exclusions"
    UNPINNED = "unpinned"
    CHANGED = "changed"
    ANY = "any"
    SET = "set"
    NOTHING = "nothing"


_KNOWN_ONLY = frozenset({Direction.NOTHING, Direction.SOURCE, Direction.UNPINNED})
"""Directions for which an unknown value doesn't count: each release has one."""
_ADDED = frozenset({Direction.ON, Direction.UP, Direction.LONGER, Direction.SET})
"""Directions that count in a new resource of an entry with `created_too`."""
_UNSET = frozenset({Direction.OFF, Direction.GONE})
"""Directions for which a new resource that leaves the attribute out counts as well."""


@dataclass(frozen=True)
class CostlyChange:
    """One entry of the table: what it is about, and what to do instead."""

    kind: FindingKind
    why: str
    remedy: str
    source: str = ""
    deleted: tuple[str, ...] = ()
    """Types whose deletion or replacement it is."""
    created: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Patterns of types whose creation it is, each with the attributes that name what it acts on or, after `to:`, where
    it leads."""
    created_too: bool = False
    """Whether its attributes count in a new resource too."""
    attributes: Mapping[str, Mapping[str, Direction]] = field(default_factory=dict)
    """By type: a pattern of paths, and the direction."""
    named: tuple[str, ...] = ()
    """Patterns of the elements that count when a list gets longer, or one of its elements changes; empty: all."""


class Order(NamedTuple):
    """Values from weak to strong: a change to a later one is no loss."""

    names: tuple[str, ...]
    """Patterns of the last part of a path."""
    values: tuple[str, ...]


class Addition(NamedTuple):
    """Elements of lists that only add protection."""

    names: tuple[str, ...]
    """The lists' paths."""
    has: Mapping[str, str]
    """Paths in an element, each with a pattern of its value."""
    replaces: bool
    """Whether it may take the place of an element of its name."""
    only: str
    """The attribute in which it may differ from that element; empty if it may in any, and needs none before it."""


class ChangeTable(NamedTuple):
    """The table, and what it says to be without effect."""

    changes: tuple[CostlyChange, ...]
    assumed: Mapping[str, Values]
    """By type: the state that a new resource is compared with."""
    orders: tuple[Order, ...]
    additions: tuple[Addition, ...]
    harmless_attributes: Mapping[str, tuple[str, ...]]
    """Patterns of paths, by type."""
    harmless_to_delete: frozenset[str]
    harmless: frozenset[str]
    """Types whose creation and attributes are without effect."""
    creatable: frozenset[str]
    """Types that no pattern of created types is for."""


@cache
def table() -> ChangeTable:
    """The entries of `changes.toml`."""
    content = tomllib.loads((Path(__file__).parent / "changes.toml").read_text(encoding="utf-8"))
    changes = tuple(_entry(**each) for each in content["change"])
    harmless = content["nothing"]
    return ChangeTable(
        changes,
        content["assumed"],
        tuple(Order(tuple(each["names"]), tuple(each["values"])) for each in content["order"]),
        tuple(
            Addition(tuple(each["names"]), each["has"], each.get("replaces", False), each.get("only", ""))
            for each in content["addition"]
        ),
        _by_type(harmless),
        frozenset(kind for each in harmless for kind in each.get("deleted", ())),
        frozenset(kind for each in harmless for kind in each.get("types", ())),
        frozenset(kind for each in harmless for kind in each.get("created", ())),
    )


def _by_type(harmless: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for each in harmless:
        for kind, names in {EVERY_TYPE: (), **each.get("of", {})}.items():
            found[kind] += (*names, *(each.get("attributes", ()) if kind == EVERY_TYPE else ()))
    return found


def _entry(**entry: Any) -> CostlyChange:  # noqa: ANN401  (a table of TOML)
    attributes = {
        kind: {path: Direction(direction) for path, direction in paths.items()}
        for kind, paths in entry.pop("attributes", {}).items()
    }
    return CostlyChange(
        kind=FindingKind(entry.pop("class")),
        attributes=attributes,
        deleted=tuple(entry.pop("deleted", ())),
        named=tuple(entry.pop("named", ())),
        created={
            kind: tuple([acts_on] if isinstance(acts_on, str) else acts_on)
            for kind, acts_on in entry.pop("created", {}).items()
        },
        **entry,
    )


@cache
def known() -> frozenset[str]:
    """The types whose attributes or creation a table of this gate names."""
    named = {kind for each in table().changes for kind in (*each.created, *each.attributes)}
    others = (
        {each.kind for each in GRANTS} | {each.kind for each in PROTECTED_SETTINGS} | {kind for kind, _ in POLICIES}
    )
    every = named | others | set(RULES) | table().harmless | table().assumed.keys()
    return frozenset(kind for kind in every if not set(kind) & set("*?["))


def unchecked(changes: Sequence[Change]) -> tuple[str, ...]:
    """The types of changed resources that no table names."""
    return tuple(sorted({each.kind for each in changes if each.actions - {"no-op"}} - known()))


def costly(changes: Sequence[Change]) -> Iterator[PlanFinding]:
    """What the changes lose, stop, switch off or open."""
    new, own = created_names(changes), _names_in(changes, lambda change: not change.imported)
    ours = {_record(each) for each in changes if each.is_new and is_there(each, "to:alias.name", new, own)}
    for change in changes:
        with judging(change.address):
            yield from _deleted(change)
            if not (change.is_new and _is_beside(change, ours)):
                yield from _created(change, new, own)
            yield from _changed(change)
    yield from _without_weight(changes)


def created_names(changes: Sequence[Change]) -> dict[str, set[str]]:
    """Addresses and names of the resources that the plan creates where there was none, each with their types."""
    return _names_in(changes, lambda change: change.is_new)


def _names_in(changes: Sequence[Change], counts: Callable[[Change], bool]) -> dict[str, set[str]]:
    """Addresses and names of resources, each with the types of the resources that have it."""
    found: dict[str, set[str]] = defaultdict(set)
    for change in filter(counts, changes):
        values = change.after or change.before or {}
        named = [values.get(each) for each in (*_NAMES, *(["bucket"] if change.kind == "aws_s3_bucket" else []))]
        for value in (change.address, *named):
            if isinstance(value, str):
                found[value].add(change.kind)
    return found


# Deletions and creations ------------------------------------------------------------------------------------------


def _deleted(change: Change) -> Iterator[PlanFinding]:
    if not change.actions & {"delete", "forget"} or change.deposed or change.imported or change.kind in STATEFUL:
        return
    forced = f", forced by {', '.join(change.forced_by)}" if change.forced_by else ""
    done = "replaced" if "create" in change.actions else "deleted"
    what = "would no longer be managed by Terraform" if "forget" in change.actions else f"would be {done}{forced}"
    entries = [each for each in table().changes if change.kind in each.deleted]
    for entry in entries:
        yield _finding(entry, change, what)
    if not entries and change.kind not in table().harmless_to_delete:
        yield PlanFinding(FindingKind.OUTAGE, change.address, f"{what}: {_NO_ENTRY}", remedy=_CHECK_IT)


def _created(change: Change, new: Mapping[str, set[str]], own: Mapping[str, set[str]]) -> Iterator[PlanFinding]:
    if not change.is_new and not change.imported:
        return
    for entry in table().changes:
        pattern = next((each for each in entry.created if _names(each, change.kind)), None)
        if pattern is None or (change.imported and entry.kind is not FindingKind.WIDENING):
            continue
        if not any(is_there(change, each, new, own) for each in entry.created[pattern]):
            yield _finding(entry, change, f"would be {'imported' if change.imported else 'created'}")


def is_there(change: Change, attribute: str, new: Mapping[str, set[str]], own: Mapping[str, set[str]]) -> bool:
    """Whether all that an attribute names is unknown until apply, or created by the plan.

    Where it leads may also be a resource that the stack has, or one of another stack of the environment.
    """
    path = attribute.removeprefix("to:")
    known = new if path == attribute else own
    values, references = list(leaves(change.planned, path)), change.references.get(path.partition(".")[0], ())
    if known is own and any(each.startswith(_OTHER_STACK) for each in references):
        return True
    if not values:  # A write-only value isn't in the plan; what it is made of is.
        return any(known.get(each) for each in references)
    return all(each == UNKNOWN or bool(known.get(each, set()) - {change.kind}) for each in values)


def _names(pattern: str, kind: str) -> bool:
    """Whether an entry is for a type: by its name, or by a pattern if no entry names the type."""
    if pattern == kind:
        return True
    if kind in table().creatable or any(kind in each.created for each in table().changes):
        return False
    return fnmatchcase(kind, pattern)


# Attributes -----------------------------------------------------------------------------------------------------


def _changed(change: Change) -> Iterator[PlanFinding]:
    after = change.planned
    if after is None or not change.actions & {"update", "create"}:
        return
    old = table().assumed.get(change.kind, {}) if change.before is None else change.before
    new = {key: value if _set(change, key) else old.get(key) for key, value in after.items()}
    reported: set[tuple[FindingKind, str]] = set()
    for difference in differences(old, new):
        key, names, before, then, _ = difference
        for entry, direction in _directions(change.kind, names):
            if change.before is None and not _counts_in_new(entry, direction, difference, old, new):
                continue
            if any(entry.kind is kind and key.startswith((f"{above}.", f"{above}[")) for kind, above in reported):
                continue
            if _counts(direction, difference, {**old, **new}) and _is_named(entry, before, then):
                reported.add((entry.kind, key))
                yield _finding(entry, change, f"{key}: {_shown(before)} → {_shown(then)}{_inside(before, then)}")
    if change.before is not None and change.kind not in known() and not reported:
        changed = {names for _, names, *_ in differences(old, new) if not _is_harmless(change.kind, names)}
        for kind in APPROVABLE if changed else ():
            what = f"{few({names.partition('.')[0] for names in changed})}: {_NO_TABLE}"
            yield PlanFinding(kind, change.address, what, remedy=_CHECK_IT)


def _counts_in_new(
    entry: CostlyChange, direction: Direction, difference: Difference, assumed: Values, new: Values
) -> bool:
    """Whether a difference between a new resource and the assumed state is judged at all."""
    first, _, below = difference.names.partition(".")
    if entry.created_too and direction in _ADDED:
        return True
    if first not in assumed or (below and new.get(first) in _EMPTY):
        return False
    if isinstance(assumed[first], list):
        (block,) = assumed[first]
        if below.partition(".")[0] not in block and not (not below and direction is Direction.GONE):
            return False
    return difference.new not in _EMPTY or direction in _UNSET


def _set(change: Change, attribute: str) -> bool:
    """Whether the value is the configuration's, or known; what only AWS will report may change as it likes."""
    if change.configured is None or attribute in change.configured:
        return True
    return change.unknown.get(attribute) is not True


def _is_harmless(kind: str, names: str) -> bool:
    patterns = table().harmless_attributes
    return any(fnmatchcase(names, pattern) for pattern in (*patterns.get(kind, ()), *patterns[EVERY_TYPE]))


@cache
def _directions(kind: str, names: str) -> tuple[tuple[CostlyChange, Direction], ...]:
    """The entries for an attribute: of the type itself, or else those for all types."""
    own = [
        (entry, pattern, direction)
        for entry in table().changes
        for pattern, direction in entry.attributes.get(kind, {}).items()
    ]
    exact = [(entry, direction) for entry, pattern, direction in own if fnmatchcase(names, pattern)]
    exact += [
        (entry, Direction(entry.attributes[EVERY_TYPE][names]))
        for entry in table().changes
        if "." in names and names in entry.attributes.get(EVERY_TYPE, {})
    ]
    # Below an attribute that an entry judges as a whole there is nothing more to judge.
    parts = names.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts))]
    if not exact and any(fnmatchcase(each, pattern) for each in above for _, pattern, _ in own):
        return ()
    if _is_harmless(kind, names) or _read_elsewhere(kind, names):
        return tuple(exact)
    found = [
        (entry, pattern, direction)
        for entry in table().changes
        for pattern, direction in entry.attributes.get(EVERY_TYPE, {}).items()
        if fnmatchcase(parts[-1], pattern) and (not exact or _widens_too(entry, exact))
    ]
    if not own and not found and not above:
        # What needs approval when it is created, and has no attributes in the table, needs it for any change.
        return tuple((entry, Direction.SET) for entry in table().changes if kind in entry.created)
    named = any(pattern == parts[-1] for _, pattern, _ in found)
    return (*exact, *((entry, direction) for entry, pattern, direction in found if not named or pattern == parts[-1]))


def _widens_too(entry: CostlyChange, exact: Sequence[tuple[CostlyChange, Direction]]) -> bool:
    """Whether an entry for all types adds to those of the type itself: another class never hides wider access."""
    return entry.kind is FindingKind.WIDENING and all(
        each.kind is not FindingKind.WIDENING and direction is not Direction.NOTHING for each, direction in exact
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


def _counts(direction: Direction, difference: Difference, values: Values) -> bool:
    """Whether a difference is one in this direction; a value that is unknown until apply may be the worst one."""
    _, names, old, new, removed = difference
    was_set = old not in _EMPTY
    if new == UNKNOWN:
        return direction is Direction.SET or (was_set and direction not in _KNOWN_ONLY)
    if _is_stronger(names, old, new) or _only_adds(names, old, new):
        return False
    engine = str(values.get("engine", ""))
    tests: Mapping[Direction, Callable[[], bool]] = {
        Direction.DOWN: lambda: _moves(direction, old, new),
        Direction.UP: lambda: _moves(direction, old, new),
        Direction.ZERO: lambda: _moves(direction, old, new),
        Direction.SOONER: lambda: _moves(direction, old, new),
        Direction.THRESHOLD: lambda: _moves(_later(values), old, new),
        Direction.OFF: lambda: _is_on(old) and not _is_on(new),
        Direction.ON: lambda: _is_on(new) and not _is_on(old),
        Direction.SHORTER: lambda: bool(_items(old) - _items(new)),
        Direction.LONGER: lambda: bool(_items(new) - _items(old)),
        Direction.MAJOR: lambda: was_set and _major(old, engine) != _major(new, engine),
        Direction.IMMEDIATELY: lambda: was_set and _is_on(values.get("apply_immediately")),
        Direction.SOURCE: lambda: _source(old) != _source(new),
        Direction.UNPINNED: lambda: _DIGEST in _text(old) and new not in _EMPTY and _DIGEST not in _text(new),
        Direction.ELSEWHERE: lambda: bool(_places(new) - _places(old)),
        Direction.GONE: lambda: was_set and new in _EMPTY,
        Direction.EXCLUSIONS: lambda: was_set and tests[_excluding(values)](),
        Direction.CHANGED: lambda: was_set and not removed,
        Direction.ANY: lambda: was_set,
        Direction.SET: lambda: was_set or new not in _EMPTY,
        Direction.NOTHING: lambda: False,
    }
    return tests[direction]()


def _is_named(entry: CostlyChange, old: object, new: object) -> bool:
    """Whether one of the elements that are new or differ is among those that the entry names."""
    if not entry.named or not isinstance(new, list):
        return True
    known = old if isinstance(old, list) else []
    return any(fnmatchcase(_label(each), pattern) for each in new if each not in known for pattern in entry.named)


def _is_stronger(names: str, old: object, new: object) -> bool:
    """Whether both values are in one order, and the new one is later; an unset value is ''."""
    last = names.rpartition(".")[2]
    for names_, values in table().orders:
        if any(fnmatchcase(last, each) for each in names_):
            places = [values.index(text) if (text := _text(each)) in values else -1 for each in (old, new)]
            if -1 < places[0] < places[1]:
                return True
    return False


def _text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _only_adds(names: str, old: object, new: object) -> bool:
    """Whether a list keeps all its elements, except those that get stronger, and only gets such that add protection."""
    additions = [each for each in table().additions if names in each.names]
    if not additions or not isinstance(new, list):
        return False
    before = old if isinstance(old, list) else []
    added = [each for each in new if each not in before]
    gone = [each for each in before if each not in new]
    kept = {_label(each) for each in before}
    replaced = {_label(each) for each in gone}
    strong = [each for each in added if any(_adds(each, addition, before, kept) for addition in additions)]
    return bool(added) and strong == added and replaced <= {_label(each) for each in strong}


def _adds(element: object, addition: Addition, before: Sequence[object], kept: Collection[str]) -> bool:
    if not _has(element, addition.has):
        return False
    if addition.only:
        previous = [each for each in before if _label(each) == _label(element)]
        return len(previous) == 1 and _without(previous[0], addition.only) == _without(element, addition.only)
    return addition.replaces or _label(element) not in kept


def _without(element: object, attribute: str) -> dict[str, object]:
    return {key: value for key, value in element.items() if key != attribute} if isinstance(element, Mapping) else {}


def _has(element: object, wanted: Mapping[str, str]) -> bool:
    return all(any(fnmatchcase(each, pattern) for each in leaves(element, path)) for path, pattern in wanted.items())


def _label(element: object) -> str:
    return str(element.get("name")) if isinstance(element, Mapping) else str(element)


def _later(values: Values) -> Direction:
    """The direction in which an alarm's threshold moves when the alarm gets later."""
    operator = str(values.get("comparison_operator", ""))
    if operator.startswith("Greater"):
        return Direction.UP
    return Direction.DOWN if operator.startswith("Less") else Direction.ANY


def _excluding(values: Values) -> Direction:
    """The direction in which a repository's filters leave more tags mutable: those that they name, or all others."""
    mutability = str(values.get("image_tag_mutability", ""))
    if mutability == "IMMUTABLE_WITH_EXCLUSION":
        return Direction.LONGER
    return Direction.SHORTER if mutability == "MUTABLE_WITH_EXCLUSION" else Direction.NOTHING


def _source(value: object) -> str:
    """An image without its tag and digest, or a task definition without its revision."""
    path, slash, name = _text(value).partition("@")[0].rpartition("/")
    return f"{path}{slash}{name.partition(':')[0]}"


def _places(value: object) -> set[str]:
    """The hosts, addresses and ARNs in a text."""
    return set(_PLACE.findall(_text(value)))


def _moves(direction: Direction, before: object, after: object) -> bool:
    old, new = _number(before), _number(after)
    if after not in _EMPTY and new is None:
        return True  # It isn't a number, so whether it is worse is unknown.
    match direction:
        case Direction.ANY:
            return True
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
        number = float(value)  # type: ignore[arg-type]  # What isn't a number is caught.
    except (TypeError, ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


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
        return (
            few(map(_shown, value))
            if all(isinstance(each, str) for each in value)
            else f"{len(value)} block{'s'[: len(value) - 1]}"
        )
    text = str(value)
    if text == UNKNOWN:
        return text
    return text if not isinstance(value, Mapping) and _PLAIN.fullmatch(text) else "another value"


def _inside(old: object, new: object) -> str:
    """What differs inside blocks, before and after; of an attribute `value`, only its place."""
    found = [each for each in differences(old, new) if each.old not in _EMPTY or each.new not in _EMPTY]
    following = [*(each.key for each in found[1:]), ""]
    parts = [
        each.key if each.names.endswith("value") else f"{each.key}: {_shown(each.old)} → {_shown(each.new)}"
        for each, then in zip(found, following, strict=False)
        if not then.startswith((f"{each.key}.", f"{each.key}["))
    ]
    return f" ({few(parts)})" if parts else ""


# Records ----------------------------------------------------------------------------------------------------------


def _without_weight(changes: Sequence[Change]) -> Iterator[PlanFinding]:
    """Records that get a lower weight although no other record of their name gets a higher one.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html
    """
    shares: dict[tuple[str, ...], list[tuple[Change, float, float]]] = defaultdict(list)
    for change in changes:
        if change.kind == "aws_route53_record" and not change.deposed:
            shares[_record(change)].append((change, _weight(change.before), _weight(change.after)))
    for found in shares.values():
        if any(new > old for _, old, new in found):
            continue
        for change, old, new in found:
            if new < old and "delete" not in change.actions:
                yield PlanFinding(
                    FindingKind.OUTAGE,
                    change.address,
                    f"weight: {old:.0f} → {new:.0f}, and no other record of this name gets more: "
                    "records outside this plan get its share, and at 0 for all of them Route 53 spreads requests alike",
                    remedy="give one of them the traffic: `cutover` moves it by weight",
                )


def _record(change: Change) -> tuple[str, ...]:
    """The name that a record is for."""
    values = change.before or change.after or {}
    return tuple(str(values.get(key)) for key in ("zone_id", "name", "type"))


def _is_beside(change: Change, ours: Collection[tuple[str, ...]]) -> bool:
    """Whether a record shares its name, from the start, with one that leads to this environment: as in a cutover."""
    return change.kind == "aws_route53_record" and bool(_weight(change.after)) and _record(change) in ours


def _weight(values: Values | None) -> float:
    policies = (values or {}).get("weighted_routing_policy") or []
    weights = [_number(each.get("weight")) for each in policies if isinstance(each, Mapping)]
    return sum(each for each in weights if each)


def _finding(entry: CostlyChange, change: Change, what: str) -> PlanFinding:
    return PlanFinding(entry.kind, change.address, f"{what}: {entry.why}", remedy=entry.remedy)
