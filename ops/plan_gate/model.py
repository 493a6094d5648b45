"""What the parts of the plan gate hand to one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ops.gate.model import Outcome

Values = Mapping[str, Any]


class PlanError(Exception):
    """The plan can't be judged. The message is one line and quotes nothing of the plan."""


@dataclass(frozen=True)
class Change:
    """What the plan does to one resource."""

    address: str
    kind: str
    """Its type, as in `aws_vpc`."""
    actions: frozenset[str] = frozenset({"no-op"})
    recorded: Values | None = None
    """As the last state had it."""
    before: Values | None = None
    """As it is now."""
    after: Values | None = None
    """As it will be, as far as that is known."""
    unknown: Values = field(default_factory=dict)
    """Which of it isn't known until apply; it has the form of `after`, with true where something isn't known."""
    configured: frozenset[str] | None = None
    """Attributes that the configuration sets; None if that can't be told."""
    reason: str = ""
    """Why Terraform deletes or replaces it, in Terraform's word."""
    forced_by: tuple[str, ...] = ()
    """Attributes that can't be changed in place."""
    deposed: bool = False
    """An earlier object of this address, left behind by a replacement that failed half-way."""


@dataclass(frozen=True)
class Plan:
    """A plan that can be judged."""

    document: Values
    changes: tuple[Change, ...]
    first: bool
    """Whether it makes the stack: there is no managed resource yet."""


class Kind(StrEnum):
    """What a finding is about."""

    STATEFUL = "stateful"
    WIDENING = "widening"
    SECRET = "secret"  # noqa: S105 - the name of a kind


@dataclass(frozen=True, order=True)
class Finding:
    """Something that an approver must know."""

    kind: Kind
    where: str
    """An address, or a path into the plan's JSON."""
    what: str
    refused: bool = True


@dataclass(frozen=True)
class Verdict:
    """The plan gate's whole answer."""

    name: str
    digest: str = ""
    """SHA-256 of what was judged: the saved plan, or its JSON."""
    counts: Mapping[str, int] = field(default_factory=dict)
    first: bool = False
    approved: bool = False
    """Whether the caller approved of widenings."""
    findings: tuple[Finding, ...] = ()
    doubt: str = ""
    """Why it can't be judged."""

    @property
    def outcome(self) -> Outcome:
        """The answer; its number is the exit code."""
        if self.doubt:
            return Outcome.UNTRUSTED
        return Outcome.FINDINGS if any(each.refused for each in self.findings) else Outcome.CLEAN

    def of(self, kind: Kind) -> list[Finding]:
        """The findings of one kind."""
        return [each for each in self.findings if each.kind is kind]
