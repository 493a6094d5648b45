"""Route 53: a batch of changes, and zones by name, by its own rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.route53.models import FakeZone, RecordSet, Route53Backend, route53_backends
from moto.route53.responses import Route53

from rehearsal.emulator.additions.registry import AwsError, corrects, kept, parameters
from rehearsal.emulator.change_batch import BatchError, Record, changed

PAGE = 100
"""Zones of one response: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByName.html"""
_FIELDS = {
    "Name": "name",
    "Type": "type",
    "TTL": "ttl",
    "ResourceRecords": "resource_records",
    "SetIdentifier": "set_identifier",
    "Weight": "weight",
    "Region": "region",
    "HealthCheckId": "health_check_id",
    "AliasTarget": "alias_target",
    "Failover": "failover",
    "GeoLocation": "geo_location",
    "MultiValueAnswer": "multi_value_answer",
}
"""AWS's name of each field of a record, and moto's."""


@corrects(
    Route53Backend,
    "create_hosted_zone",
    "route53",
    "CreateHostedZone",
    why="moto makes a zone for a caller reference that was used before, and an SOA that can't be written back",
)
def create_hosted_zone(
    original: Callable[..., FakeZone],
    backend: Route53Backend,
    name: str,
    private_zone: bool,
    caller_reference: str | None = None,
    **given: object,
) -> FakeZone:
    """Take a reference once."""
    used = kept(backend, "caller_references", set[str])
    if caller_reference in used:
        raise AwsError(
            "HostedZoneAlreadyExists", "A hosted zone has already been created with the specified caller reference."
        )
    zone = original(backend, name, private_zone, caller_reference, **given)
    used.add(str(zone.caller_reference))
    for record_set in zone.rrsets:
        record_set.records = [each["Value"] if isinstance(each, dict) else each for each in record_set.records]
    return zone


@corrects(
    Route53Backend,
    "change_resource_record_sets",
    "route53",
    "ChangeResourceRecordSets",
    why="moto accepts weighted and plain records of one name, a CNAME with others, and deletes by set identifier alone",
)
def change_resource_record_sets(
    _: Callable[..., None], backend: Route53Backend, zoneid: str, change_list: list[dict[str, Any]]
) -> None:
    """All changes or none."""
    zone = backend.get_hosted_zone(zoneid)
    known = [(_record(record_set), record_set) for record_set in zone.rrsets]
    own = {id(record): record_set for record, record_set in known}
    zones = {id_ for accounts in route53_backends.values() for each in accounts.values() for id_ in each.zones}
    try:
        after = changed(
            [record for record, _ in known],
            change_list,
            zone=zone.name,
            zone_id=zone.resource_id,
            other_zones=zones - {zone.resource_id},
            health_checks=backend.health_checks,
        )
    except BatchError as error:
        raise AwsError(error.code, error.message) from None
    zone.rrsets = [own.get(id(record)) or _record_set(record) for record in after]


@corrects(
    Route53,
    "list_hosted_zones_by_name",
    "route53",
    "ListHostedZonesByName",
    why="moto lists only zones of that name; AWS lists all zones from that name on, private ones too, in pages",
)
def list_hosted_zones_by_name(_: Callable[..., ActionResult], self: Route53) -> ActionResult:
    """Zones in the order of their names' reversed labels, from a name and an id on."""
    given = parameters(self)
    name, first = given.get("DNSName"), given.get("HostedZoneId", "").removeprefix("/hostedzone/")
    most = int(given.get("MaxItems", PAGE))
    zones = sorted(self.backend.zones.values(), key=_place)
    if name:
        begin = (_reversed(name), first)
        zones = [zone for zone in zones if _place(zone) >= begin]
    listed, rest = zones[:most], zones[most:]
    result: dict[str, Any] = {key: given[key] for key in ("DNSName", "HostedZoneId") if key in given}
    result |= {"HostedZones": listed, "IsTruncated": bool(rest), "MaxItems": str(most)}
    if rest:
        result |= {"NextDNSName": rest[0].name, "NextHostedZoneId": rest[0].resource_id}
    return ActionResult(result)


def _place(zone: FakeZone) -> tuple[str, str]:
    return _reversed(zone.name), str(zone.resource_id)


def _reversed(name: str) -> str:
    return ".".join(reversed(name.lower().rstrip(".").split("."))) + "."


def _record(record_set: RecordSet) -> Record:
    found = {name: getattr(record_set, attribute) for name, attribute in _FIELDS.items()}
    return {name: value for name, value in found.items() if value is not None}


def _record_set(record: Record) -> RecordSet:
    values = [value["Value"] for value in record.get("ResourceRecords") or ()]
    return RecordSet({**record, "ResourceRecords": values})  # type: ignore[abstract]  # moto creates it so too
