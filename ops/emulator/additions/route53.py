"""Route 53: a batch of changes by its own rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.route53.exceptions import Route53ClientError
from moto.route53.models import RecordSet, Route53Backend

from ops.emulator.additions.registry import mends


class ChangeRefusedError(Route53ClientError):
    """A batch that doesn't fit what is there."""

    def __init__(self, record: RecordSet, why: str) -> None:
        name = f"[name='{record.name}', type='{record.type}', set-identifier='{record.set_identifier}']"
        super().__init__("InvalidChangeBatch", f"[Tried to change resource record set {name} but {why}]")


@mends(
    Route53Backend,
    "change_resource_record_sets",
    "route53",
    "ChangeResourceRecordSets",
    why="moto deletes by set identifier alone, whatever a record says; a CREATE doesn't see the batch's own DELETE",
)
def change_resource_record_sets(
    original: Callable[..., None], backend: Route53Backend, zoneid: str, change_list: list[dict[str, Any]]
) -> None:
    """All changes or none; a DELETE must say exactly what is there, and a CREATE must find nothing."""
    zone = backend.get_hosted_zone(zoneid)
    records, written = list(zone.rrsets), []
    for change in change_list:
        given = _record(change["ResourceRecordSet"])
        stand = [record for record in records if _identity(record) == _identity(given)]
        if change["Action"] == "DELETE" and not stand:
            raise ChangeRefusedError(given, "it was not found")
        if change["Action"] == "DELETE" and _says(stand[0]) != _says(given):
            raise ChangeRefusedError(given, "the values provided do not match the current values")
        if change["Action"] == "CREATE" and stand:
            raise ChangeRefusedError(given, "it already exists")
        records = [record for record in records if record not in stand]
        if change["Action"] != "DELETE":
            records.append(given)
            written.append({**change, "Action": "UPSERT"})
    zone.rrsets, before = [record for record in zone.rrsets if record in records], zone.rrsets
    try:
        original(backend, zoneid, written)
    except Exception:
        zone.rrsets = before
        raise


def _record(given: dict[str, Any]) -> RecordSet:
    values = [each["Value"] for each in given.get("ResourceRecords", [])]
    return RecordSet(  # type: ignore[abstract]  # moto makes it so too
        {**given, "Name": f"{given['Name'].rstrip('.')}.", "ResourceRecords": values}
    )


def _identity(record: RecordSet) -> tuple[Any, ...]:
    return f"{record.name.rstrip('.')}.", record.type, record.set_identifier


def _says(record: RecordSet) -> tuple[Any, ...]:
    alias = {**(record.alias_target or {})}
    alias["DNSName"] = str(alias.get("DNSName", "")).rstrip(".").lower()
    return record.ttl, sorted(record.records or []), record.weight, alias
