"""A data store that gives way to its restored copy, in one plan: the copy is imported, and the previous one forgotten.

The previous one stays in AWS, because a `removed` block with `destroy = false` destroys nothing.
See docs/adr/0034-a-restored-store-has-its-own-address.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ops.plan_gate.model import Change, FindingKind, PlanFinding, Values


class Swappable(NamedTuple):
    """A type whose resources may give way to a copy."""

    name: str
    """The attribute that names it in AWS: the copy has another one."""
    same: tuple[str, ...]
    """What a copy has of its original, and nothing that was created empty beside it need have."""


SWAPPABLE: Mapping[str, Swappable] = {
    "aws_db_instance": Swappable("identifier", ("engine", "db_name", "username", "kms_key_id", "db_subnet_group_name")),
    "aws_elasticache_replication_group": Swappable("replication_group_id", ("kms_key_id", "subnet_group_name")),
}
_KEY = "kms_key_id"
"""What encrypts a store: one without a key isn't this project's."""
_PLACE_PARTS = 5
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html"""
_REMEDY = (
    "approve it if `ops restore` checked the copy and the services that write are stopped; docs/runbooks/restore.md"
)


def swaps(changes: Sequence[Change]) -> list[tuple[Change, Change]]:
    """Forgotten data stores, each with the copy that takes its place.

    A change isn't known by its address: an object that a replacement left has that of its resource.
    """
    found = []
    for kind in SWAPPABLE:
        forgotten = [each for each in changes if each.kind == kind and each.actions == {"forget"}]
        copies = [each for each in changes if each.kind == kind and each.imported]
        if len(forgotten) == len(copies) == 1 and _is_copy(forgotten[0], copies[0]):
            found.append((forgotten[0], copies[0]))
    return found


def _is_copy(previous: Change, copy: Change) -> bool:
    """Whether a resource is another one than the previous, is the same in what a copy keeps, and stays."""
    one, other = previous.before or {}, copy.before or {}
    name, same = SWAPPABLE[previous.kind]
    if copy.actions & {"delete", "forget"} or previous.deposed or not one.get(name) or not other.get(name):
        return False
    if not one.get(_KEY) or _place(one) != _place(other):
        return False
    return one[name] != other[name] and all(one.get(each) == other.get(each) for each in same)


def _place(store: Values) -> list[str]:
    """The partition, service, region and account in its ARN."""
    return str(store.get("arn")).split(":")[:_PLACE_PARTS]


def swap(previous: Change, copy: Change) -> PlanFinding:
    """What an approver has to know of it."""
    what = (
        f"would give way to {copy.address}, its restored copy: what was written after the time of the restore is only "
        "in the previous one, which stays in AWS and which Terraform no longer manages"
    )
    return PlanFinding(FindingKind.LOSS_IN_PLACE, previous.address, what, remedy=_REMEDY)
