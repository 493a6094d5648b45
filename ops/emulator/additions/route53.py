"""Route 53: records that share a set identifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.route53.models import RecordSet, Route53Backend

from ops.emulator.additions.registry import mends


def _identity(record: RecordSet) -> tuple[Any, ...]:
    return f"{record.name.rstrip('.')}.", record.type, record.set_identifier


@mends(
    Route53Backend,
    "change_resource_record_sets",
    "route53",
    "ChangeResourceRecordSets",
    why="to delete one record by its set identifier, moto deletes all records of the zone that have that identifier",
)
def change_resource_record_sets(
    original: Callable[..., None], backend: Route53Backend, zoneid: str, change_list: list[dict[str, Any]]
) -> None:
    """Put back what the call doesn't name."""
    zone = backend.get_hosted_zone(zoneid)
    before = list(zone.rrsets)
    original(backend, zoneid, change_list)
    named = {
        (f"{record['Name'].rstrip('.')}.", record["Type"], record.get("SetIdentifier"))
        for record in (change["ResourceRecordSet"] for change in change_list)
    }
    kept = {id(record) for record in zone.rrsets}
    zone.rrsets += [record for record in before if id(record) not in kept and _identity(record) not in named]
