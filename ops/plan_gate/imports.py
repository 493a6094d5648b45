"""What a plan does to the resources that it imports, in three classes; `ops/adopt/fixed.toml` has the ways out.

An import itself changes only the state: https://developer.hashicorp.com/terraform/language/import
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ops.adopt.tables import ways_out
from ops.plan_gate.model import Change, FindingKind, Import, ImportClass, PlanFinding, few

_EMPTY: tuple[object, ...] = (None, "", False, 0, [], {})
"""Values of which Terraform reads one for another where nothing is set."""


def imports(changes: Sequence[Change]) -> tuple[Import, ...]:
    """Each imported resource with its class and, unless it stays unchanged, the attributes that decide it."""
    return tuple(_import(change) for change in sorted(changes, key=lambda each: each.address) if change.imported)


def _import(change: Change) -> Import:
    if "delete" in change.actions:
        return Import(change.address, ImportClass.FIXED, change.forced_by, ways_out(change.kind, change.forced_by))
    if change.actions == {"no-op"}:
        return Import(change.address, ImportClass.UNCHANGED)
    return Import(change.address, ImportClass.IN_PLACE, tuple(_changed(change)))


def _changed(change: Change) -> Iterator[str]:
    before, after = change.before or {}, change.after or {}
    for name in sorted({*after, *change.unknown}):
        old, new = before.get(name), after.get(name)
        if change.unknown.get(name) or (old != new and not (old in _EMPTY and new in _EMPTY)):
            yield name


def replaced_imports(changes: Sequence[Change]) -> Iterator[PlanFinding]:
    """Imported resources that the plan would replace, each with the way out."""
    for each in imports(changes):
        if each.judged is ImportClass.FIXED:
            forced = few(each.attributes) or "its own state"
            what = f"would be imported and then replaced: {forced} can't be changed in place"
            yield PlanFinding(FindingKind.FIXED, each.address, what, remedy="; or: ".join(each.ways_out))
