"""What public DNS says of the application's name, asked of the zone itself."""

from __future__ import annotations

from ops.cutover.records import plain_target
from ops.verify.calls import AwsObject
from ops.verify.context import Context
from ops.verify.model import NotMetError, met


def public_dns_is_as_the_values_say(context: Context) -> str:
    """The public name sends this environment the share of traffic that its values say; none before the cutover."""
    says, wanted = weight_in_dns(context), context.environment.cutover.weight
    host = context.environment.edge.host
    problems = [f"DNS sends {says} % of {host} here, cutover.weight is {wanted}"] if says != wanted else []
    return met(problems, f"{says} % of {host}, as cutover.weight says")


def weight_in_dns(context: Context) -> int:
    """Share of DNS answers, in percent, that name this environment's load balancer."""
    balancer = context.load_balancer["DNSName"].lower()
    weights = [(plain_target(record), record.get("Weight", 1)) for record in _records(context)]
    own = sum(weight for target, weight in weights if target == balancer)
    total = sum(weight for _, weight in weights)
    return round(100 * own / total) if total else 0


def _records(context: Context) -> list[AwsObject]:
    """The zone's address records of the application's name."""
    zone, host = context.environment.edge.zone, context.environment.edge.host
    client, zone_id = context.zone_client(), zone.id
    if zone_id is None:
        named = client.list_hosted_zones_by_name(DNSName=zone.name)["HostedZones"]
        zone_id = next((each["Id"] for each in named if each["Name"].rstrip(".") == zone.name), None)
        if zone_id is None:
            raise NotMetError(f"there is no zone {zone.name}")
    pages = client.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone_id, StartRecordName=host, StartRecordType="A"
    )
    records: list[AwsObject] = []
    for page in pages:
        for record in page["ResourceRecordSets"]:
            if record["Name"].rstrip(".") != host:
                return records
            records += [record] if record["Type"] in ("A", "CNAME") else []
    return records
