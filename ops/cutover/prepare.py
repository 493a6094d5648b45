"""Lowering the TTL of a plain record, the time that it had before ahead of the cutover."""

from __future__ import annotations

from ops.cutover.readiness import lowerable
from ops.cutover.zone import Answer, Zone
from ops.errors import RefusedError
from ops.journal import Journal


def too_long(zone: Zone, stand: Answer, longest: int) -> int | None:
    """The TTL of the record that a cutover would replace, in seconds, if it is too long.

    Raises:
        RefusedError: What stands there can't give way to weighted records.
    """
    if obstacle := zone.shares.obstacle(stand.records):
        raise RefusedError(obstacle)
    plain = stand.records if stand.weight is None else ()
    return next((int(each["TTL"]) for each in plain if lowerable(each) and each["TTL"] > longest), None)


def lower(zone: Zone, stand: Answer, ttl: int, journal: Journal) -> None:
    """Give the plain record a shorter TTL, and nothing else.

    Raises:
        AwsError: Route 53 refuses, or doesn't answer.
        JournalError: It can't be written down.
    """
    (record,) = stand.records
    journal.append("TTL", "intended", before=record["TTL"], after=ttl)
    zone.change("a shorter TTL", [{"Action": "UPSERT", "ResourceRecordSet": {**record, "TTL": ttl}}])
    journal.append("TTL", "done", before=record["TTL"], after=ttl, must=False)
