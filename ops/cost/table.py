"""What AWS charges for each type of resource: the only reader of `types.toml`, whose first lines explain the words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter

FILE = Path(__file__).parent / "types.toml"
Pattern = Mapping[str, Any]
"""Values that a resource must have: texts with `*` and `!`, or the values of one of its nested blocks."""


@dataclass(frozen=True)
class Charge:
    """One thing that AWS charges for, of a type of resources."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    type: str
    what: str
    bill: str
    """The service on AWS's bill."""
    price: str
    quantity: str
    when: Pattern | None = None
    exists: Pattern | None = None
    shared: bool = False

    @property
    def depends_on_use(self) -> bool:
        """Whether the quantity is assumed; otherwise it is fixed by the resource's arguments."""
        return "usage." in self.quantity


@dataclass(frozen=True)
class Table:
    """What every type costs."""

    charges: Mapping[str, tuple[Charge, ...]]
    """By type."""
    free: Mapping[str, str]
    """The reason, by type."""
    unpriced: Mapping[str, str]
    """The reason, by type."""
    vcpus: Mapping[str, int]
    """By size."""

    def knows(self, kind: str) -> bool:
        """Whether a type has a price, or a reason why it has none."""
        return kind in self.charges or kind in self.free or kind in self.unpriced


@cache
def table() -> Table:
    """The table of types."""
    content = tomllib.loads(FILE.read_text(encoding="utf-8"))
    charges: dict[str, list[Charge]] = {}
    for charge in TypeAdapter(list[Charge]).validate_python(content["line"]):
        charges.setdefault(charge.type, []).append(charge)
    return Table(
        charges={kind: tuple(found) for kind, found in charges.items()},
        free=_by_type(content["free"]),
        unpriced=_by_type(content["unpriced"]),
        vcpus=content["vcpus"],
    )


def _by_type(reasons: Mapping[str, list[str]]) -> dict[str, str]:
    return {kind: reason for reason, kinds in reasons.items() for kind in kinds}
