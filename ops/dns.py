"""Public DNS: the application's zone and the records of its name. Whatever asks Route 53 for either asks here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from environments.names import Names
from environments.schema import Environment
from ops.aws import Aws, explained
from ops.errors import OpsError
from ops.terraform.states import States

Record = Mapping[str, Any]
"""A resource record set, as Route 53 lists it."""
KINDS = ("A", "AAAA", "CNAME")
"""Types of record that decide where a browser goes."""


class NoZoneError(OpsError):
    """No public zone has the name."""


@dataclass(frozen=True)
class Listed:
    """The records of a name that decide where a browser goes."""

    records: tuple[Record, ...]
    at: datetime
    """When Route 53 listed them, by its own clock: this machine's may be wrong."""


def client(aws: Aws, environment: Environment, purpose: str) -> Any:  # noqa: ANN401  (boto3 makes clients at run time)
    """A Route 53 client of the account that holds the zone.

    Args:
        aws: The environment's account.
        environment: The environment; its zone names a role where the zone is in another account.
        purpose: Last part of the session's name, which that account's trail shows.

    Raises:
        AwsError: The role can't be assumed.
    """
    role = environment.edge.zone.role
    return (aws.assuming(role, Names(environment).resource(purpose)) if role else aws).client("route53")


def zone_id(aws: Aws, environment: Environment, route53: Any) -> str:  # noqa: ANN401
    """Id of the public zone: as the phase `edge` publishes it, else as the values name it, else found by its name.

    Rolling back must work while the state bucket doesn't, so a state that can't be read is no error here.

    Raises:
        AwsError: Route 53 can't list its zones.
        NoZoneError: No public zone has the name.
        OpsError: More than one has it.
    """
    try:
        edge = States(aws, environment).get("edge")
    except OpsError:
        edge = None
    published = edge.outputs.get("zone_id", {}).get("value") if edge else None
    return str(published or environment.edge.zone.id or _by_name(route53, environment.edge.zone.name))


def records(route53: Any, zone: str, host: str) -> Listed:  # noqa: ANN401
    """The records of a name, with changes that are still on their way to Route 53's servers.

    Raises:
        AwsError: Route 53 doesn't list them.
    """
    found: list[Record] = []
    start = {"StartRecordName": host, "StartRecordType": KINDS[0]}
    while True:
        with explained(f"read the records of {host}"):
            page = route53.list_resource_record_sets(HostedZoneId=zone, **start)
        of_host = [record for record in page["ResourceRecordSets"] if _plain(record["Name"]) == _plain(host)]
        found += [record for record in of_host if record["Type"] in KINDS and record not in found]
        if not page.get("IsTruncated") or _plain(page["NextRecordName"]) != _plain(host):
            return Listed(tuple(found), _answered_at(page))
        start = {f"Start{key.removeprefix('Next')}": page[key] for key in _NEXT_RECORD if page.get(key)}


def target(record: Record) -> str | None:
    """The name that an alias or a CNAME leads to, without what makes no difference; none for an address.

    The console puts `dualstack.` before the name of a load balancer:
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-to-elb-load-balancer.html
    """
    values = [value["Value"] for value in record.get("ResourceRecords", [])]
    name = record.get("AliasTarget", {}).get("DNSName") or (values[0] if record["Type"] == "CNAME" else None)
    return same_name(name) if name else None


def same_name(name: str) -> str:
    """A DNS name in the form in which two spellings of it are equal."""
    return _plain(name).removeprefix("dualstack.")


def shares(records: Iterable[Record], name: str) -> dict[str, int]:
    """Share of answers, in percent, that lead to a name: by type of record, since A and AAAA have weights of their own.

    If all weights of a type are 0, each of its records gets the same share:
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html#Route53-Type-ResourceRecordSet-Weight
    """
    by_kind: dict[str, list[Record]] = {}
    for record in records:
        by_kind.setdefault(record["Type"], []).append(record)
    found = {}
    for kind, group in by_kind.items():
        weights = [record.get("Weight", 1) for record in group]
        weights = weights if sum(weights) else [1] * len(group)
        own = sum(weight for record, weight in zip(group, weights, strict=True) if target(record) == same_name(name))
        found[kind] = round(100 * own / sum(weights))
    return found


_NEXT_RECORD = ("NextRecordName", "NextRecordType", "NextRecordIdentifier")


def _by_name(route53: Any, name: str) -> str:  # noqa: ANN401
    """Id of the only public zone of a name; a private zone of the same name answers inside its VPCs only."""
    public = [zone for zone in _zones(route53, name) if not zone.get("Config", {}).get("PrivateZone")]
    ids = [str(zone["Id"].removeprefix("/hostedzone/")) for zone in public]
    if not ids:
        raise NoZoneError(f"there is no public zone {name}; apply the phase edge first")
    if len(ids) > 1:
        raise OpsError(
            f"{len(ids)} public zones are named {name}: {', '.join(ids)}; delete the one that its parent zone's NS "
            "record doesn't lead to, or apply the phase edge, whose output zone_id then says which is meant"
        )
    return ids[0]


def _zones(route53: Any, name: str) -> Iterator[Record]:  # noqa: ANN401
    """All zones of a name, public and private: Route 53 lists them together, and those of later names after them.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByName.html
    """
    start = {"DNSName": name}
    while True:
        with explained(f"find the zone {name}"):
            page = route53.list_hosted_zones_by_name(**start)
        for zone in page["HostedZones"]:
            if _plain(zone["Name"]) != _plain(name):
                return
            yield zone
        if not page.get("IsTruncated"):
            return
        start = {"DNSName": page["NextDNSName"], "HostedZoneId": page["NextHostedZoneId"]}


def _plain(name: str) -> str:
    return name.lower().rstrip(".")


def _answered_at(answer: Mapping[str, Any]) -> datetime:
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) if date else datetime.now(UTC)
