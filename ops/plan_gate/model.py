"""What the parts of the plan gate share: changes and their values, findings, the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from ops.gate.model import Outcome

Values = Mapping[str, Any]
UNKNOWN = "(known after apply)"
"""In place of a value that is unknown until apply."""
_SHOWN = 4


class PlanError(Exception):
    """The plan can't be judged. The message is one line, without any value from the plan."""


@dataclass(frozen=True)
class Change:
    """What the plan does to one resource."""

    address: str
    kind: str
    """Its type, as in `aws_vpc`."""
    actions: frozenset[str] = frozenset({"no-op"})
    recorded: Values | None = None
    """Its values in the last state."""
    before: Values | None = None
    """Its values now."""
    after: Values | None = None
    """Its values after the apply, as far as they are known."""
    unknown: Values = field(default_factory=dict)
    """Values that are unknown until apply: in the form of `after`, with true where a value is unknown."""
    configured: frozenset[str] | None = None
    """Attributes that the configuration sets; None if they are unknown."""
    reason: str = ""
    """Why Terraform deletes or replaces it: Terraform's own code."""
    forced_by: tuple[str, ...] = ()
    """Attributes that can't be changed in place."""
    references: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By attribute: the resources of this module that its expression refers to."""
    deposed: bool = False
    """A previous object of this address, which a failed replacement left behind."""
    imported: bool = False
    """Whether Terraform takes over a resource that it didn't manage."""
    moved: bool = False
    """Whether it had another address."""

    @property
    def is_new(self) -> bool:
        """Whether it is created where there was none."""
        return "create" in self.actions and self.before is None

    @property
    def planned(self) -> Values | None:
        """Its values after the apply, with `UNKNOWN` for those that aren't known until then."""
        return None if self.after is None else with_unknown(self.after, self.unknown)


@dataclass(frozen=True)
class Plan:
    """A plan that can be judged."""

    document: Values
    changes: tuple[Change, ...]
    first: bool
    """Whether it creates the stack: there is no managed resource yet."""


class FindingKind(StrEnum):
    """What a finding is about."""

    STATEFUL = "stateful"
    FIXED = "fixed"
    CONFIGURATION = "configuration"
    LOSS_IN_PLACE = "loss_in_place"
    OUTAGE = "outage"
    PROTECTION_OFF = "protection_off"
    WIDENING = "widening"
    SECRET = "secret"  # noqa: S105 - the name of a kind

    @property
    def flag(self) -> str:
        """The option that approves such changes."""
        return f"--approve-{self.value.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """The variable of `make` that passes the option."""
        return f"APPROVE_{self.value.upper()}"


APPROVABLE = (FindingKind.WIDENING, FindingKind.LOSS_IN_PLACE, FindingKind.OUTAGE, FindingKind.PROTECTION_OFF)
"""Kinds of change that you may want."""
Approved = frozenset[FindingKind]
NOTHING_APPROVED: Approved = frozenset()


@dataclass(frozen=True, order=True)
class PlanFinding:
    """Something that an approver has to know."""

    kind: FindingKind
    where: str
    """An address, or a path into the plan's JSON."""
    what: str
    refused: bool = True
    remedy: str = ""


class ImportClass(StrEnum):
    """What a plan does to a resource that it imports."""

    UNCHANGED = "unchanged"
    IN_PLACE = "changed in place"
    FIXED = "can't be changed in place"


@dataclass(frozen=True)
class Import:
    """A resource that Terraform takes over."""

    address: str
    judged: ImportClass
    attributes: tuple[str, ...] = ()
    """Those that change, or that can't be changed in place."""
    ways_out: tuple[str, ...] = ()
    """What to do instead of replacing it."""


@dataclass(frozen=True)
class PlanVerdict:
    """The result of the plan gate."""

    name: str
    digest: str = ""
    """SHA-256 of what was judged: the saved plan, or its JSON."""
    changes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Addresses by action: create, update, replace, delete, forget, import, move."""
    imports: tuple[Import, ...] = ()
    """The resources that it takes over."""
    first: bool = False
    """Whether it creates the first stack of an account, in which nothing exists that it could widen."""
    new: bool = False
    """Whether it creates its stack, also where others exist: all that the stack allows is new."""
    approved: Approved = NOTHING_APPROVED
    """What the caller approved."""
    unchecked: tuple[str, ...] = ()
    """Changed types that no table has."""
    findings: tuple[PlanFinding, ...] = ()
    error: str = ""
    """Why the plan can't be judged; empty if it can."""

    @property
    def counts(self) -> dict[str, int]:
        """Number of resources by action."""
        return {verb: len(addresses) for verb, addresses in self.changes.items()}

    @property
    def outcome(self) -> Outcome:
        """The outcome; its number is the exit code."""
        if self.error:
            return Outcome.ERROR
        return Outcome.FINDINGS if any(each.refused for each in self.findings) else Outcome.CLEAN

    def of(self, kind: FindingKind) -> list[PlanFinding]:
        """The findings of one kind."""
        return [each for each in self.findings if each.kind is kind]


def with_unknown(value: Any, mask: Any) -> Any:  # noqa: ANN401  (any JSON value)
    """A value with `UNKNOWN` in the places that its mask marks as unknown until apply.

    Args:
        value: A resource's values, or a part of them.
        mask: The same part of `after_unknown`: in the form of the value, with true where a value is unknown.
    """
    if mask is True:
        return UNKNOWN
    if isinstance(mask, Mapping) and mask:
        items = value if isinstance(value, Mapping) else {}
        return {key: with_unknown(items.get(key), mask.get(key)) for key in (*items, *(mask.keys() - items.keys()))}
    if isinstance(mask, list) and mask:
        return [with_unknown(*each) for each in zip_longest(value if isinstance(value, list) else (), mask)]
    return value


def leaves(values: object, path: str) -> Iterator[str]:
    """The values at a path such as `rule.object_ownership`, through any lists, as texts; without unset values."""
    return _leaves(values, path.split("."))


def _leaves(value: object, path: list[str]) -> Iterator[str]:
    if value == UNKNOWN:
        yield UNKNOWN
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, path)
    elif path:
        if isinstance(value, Mapping):
            yield from _leaves(value.get(path[0]), path[1:])
    elif value is not None:
        yield str(value).lower() if isinstance(value, bool) else str(value)


def few(names: Iterable[str]) -> str:
    """The first few of some names, and how many more there are."""
    ordered = sorted(names)
    more = f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return ", ".join(each or "''" for each in ordered[:_SHOWN]) + more
