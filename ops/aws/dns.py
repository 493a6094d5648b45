"""Public DNS: the application's zone, and the records of its name with their weights, A and AAAA alike."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from environments.names import Names
from ops.aws.errors import explained
from ops.aws.states import States
from ops.errors import AbsentError, OpsError

if TYPE_CHECKING:
    from types_boto3_route53 import Route53Client
    from types_boto3_route53.type_defs import HostedZoneTypeDef

    from environments.schema import Environment
    from ops.aws.session import Aws

Record = Mapping[str, Any]
"""A resource record set, as Route 53 lists and takes it.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html
"""
KINDS = ("A", "AAAA", "CNAME")
"""Types of record that decide where a browser goes."""
ALL = 100
ROLE_SECONDS = 1800
"""How long credentials of a role are used. A chained role lasts an hour at most, and a cutover may take longer.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
"""


class NoZoneError(AbsentError):
    """There is no public zone of the name."""


@dataclass(frozen=True)
class Listed:
    """The records of a name that decide where a browser goes."""

    records: tuple[Record, ...]
    at: datetime
    """When Route 53 listed them, by its own clock: this machine's may be wrong."""


class PublicZone:
    """The zone with the records of an environment's public name, in its own account or another one."""

    def __init__(self, aws: Aws, environment: Environment, purpose: str, *, writes: bool = False) -> None:
        """Find the zone.

        Args:
            aws: The environment's account.
            environment: The environment; its zone names a role where the zone is in another account.
            purpose: Last part of the role session's name, for that account's trail.
            writes: Whether records will be changed: the planner may assume the role that reads only.

        Raises:
            AwsError: The role can't be assumed, or Route 53 can't list its zones.
            NoZoneError: There is no public zone of the name.
            OpsError: There is more than one.
        """
        self._aws, self._environment, self._purpose, self._writes = aws, environment, purpose, writes
        self._assumed, self._client = time.monotonic(), client(aws, environment, purpose, writes=writes)
        self.id = zone_id(aws, environment, self._client)

    def records(self, host: str) -> Listed:
        """The records of a name, including changes that Route 53 is still applying.

        Raises:
            AwsError: Route 53 doesn't list them.
        """
        return records(self._fresh(), self.id, host)

    def change(self, host: str, comment: str, changes: Sequence[Record]) -> None:
        """Make changes, all or none.

        Raises:
            AwsError: Route 53 refused, or didn't respond: then the change may still have been made.
        """
        batch: Any = {"Comment": comment, "Changes": changes}
        with explained(f"change the records of {host}"):
            self._fresh().change_resource_record_sets(HostedZoneId=self.id, ChangeBatch=batch)

    def _fresh(self) -> Route53Client:
        """A client whose credentials of a role last for a while."""
        if time.monotonic() - self._assumed > ROLE_SECONDS:
            self._assumed = time.monotonic()
            self._client = client(self._aws, self._environment, self._purpose, writes=self._writes)
        return self._client


def client(aws: Aws, environment: Environment, purpose: str, *, writes: bool = False) -> Route53Client:
    """A Route 53 client of the account that holds the zone.

    Args:
        aws: The environment's account.
        environment: The environment; its zone names a role where the zone is in another account.
        purpose: Last part of the session's name, for that account's trail.
        writes: Whether records will be changed.

    Raises:
        AwsError: The role can't be assumed.
    """
    return zone_account(aws, environment, purpose, writes=writes).client("route53")


def zone_account(aws: Aws, environment: Environment, purpose: str, *, writes: bool = False) -> Aws:
    """The account that holds the zone, by one of its roles if it is another one. The arguments are those of `client`.

    Raises:
        AwsError: The role can't be assumed.
    """
    role = environment.edge.zone.role if writes else environment.edge.zone.read_role
    return aws.assuming(role, Names(environment).resource(purpose)) if role else aws


def zone_id(aws: Aws, environment: Environment, route53: Route53Client) -> str:
    """Id of the public zone: from the outputs of the phase `edge`, else from the values, else by its name.

    A rollback must work without the state bucket, so a state that can't be read isn't an error, nor waited for.

    Raises:
        AwsError: Route 53 can't list its zones.
        NoZoneError: There is no public zone of the name.
        OpsError: There is more than one.
    """
    try:
        edge = States(aws, environment, quick=True).get("edge")
    except OpsError:
        edge = None
    published = edge.outputs.get("zone_id", {}).get("value") if edge else None
    return str(published or environment.edge.zone.id or _by_name(route53, environment.edge.zone.name))


def records(route53: Route53Client, zone: str, host: str) -> Listed:
    """The records of a name, including changes that Route 53 is still applying.

    Raises:
        AwsError: Route 53 doesn't list them.
    """
    found: list[Record] = []
    start: Any = {"StartRecordName": host, "StartRecordType": KINDS[0]}
    while True:
        with explained(f"read the records of {host}"):
            page: Any = route53.list_resource_record_sets(HostedZoneId=zone, **start)
        of_host = [record for record in page["ResourceRecordSets"] if plain(record["Name"]) == plain(host)]
        found += [record for record in of_host if record["Type"] in KINDS and record not in found]
        if not page.get("IsTruncated") or plain(page["NextRecordName"]) != plain(host):
            return Listed(tuple(found), _responded_at(page))
        start = {f"Start{key.removeprefix('Next')}": page[key] for key in _NEXT_RECORD if page.get(key)}


def target(record: Record) -> str | None:
    """The normalized name that an alias or a CNAME leads to; none for an address.

    The console puts `dualstack.` before the name of a load balancer:
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-to-elb-load-balancer.html
    """
    values = [value["Value"] for value in record.get("ResourceRecords", [])]
    name = record.get("AliasTarget", {}).get("DNSName") or (values[0] if record["Type"] == "CNAME" else None)
    return same_name(name) if name else None


def same_name(name: str) -> str:
    """A DNS name in normalized form, for comparison."""
    return plain(name).removeprefix("dualstack.")


def shares(records: Iterable[Record], name: str) -> dict[str, int]:
    """Share of answers in percent that lead to a name, by record type: A and AAAA have their own weights.

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
        share = round(ALL * own / sum(weights))
        # Rounded, but 0 and 100 are exact: a weight of 1 in 256 is traffic too.
        found[kind] = share if own in (0, sum(weights)) else min(max(share, 1), ALL - 1)
    return found


def same(some: Iterable[Record], others: Iterable[Record]) -> bool:
    """Whether records are equal, however Route 53 writes names, and whatever health checks they have."""
    return sorted(map(_canonical, some)) == sorted(map(_canonical, others))


def group(record: Record) -> tuple[str, str]:
    """Name and type of a record: a group of records with one routing policy."""
    return plain(record["Name"]), record["Type"]


def is_plain(records: Sequence[Record]) -> bool:
    """Whether there are records, and none has a routing policy."""
    return bool(records) and not any("SetIdentifier" in record for record in records)


def in_the_way(records: Iterable[Record], kinds: Collection[str]) -> list[Record]:
    """Records that keep AWS from accepting weighted records of these types.

    A group has one routing policy, and a CNAME excludes other records:
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html#Route53-Type-ResourceRecordSet-Weight
    """
    return [
        record
        for record in records
        if record["Type"] == "CNAME" or (record["Type"] in kinds and "Weight" not in record)
    ]


def replacement(present: Sequence[Record], wanted: Sequence[Record]) -> list[Record]:
    """Changes that replace exactly `present` by `wanted`, or fail without a change.

    A DELETE fails if the record has changed, and a batch is atomic: two commands can't overwrite each other's change.
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
    """
    return [
        *({"Action": "DELETE", "ResourceRecordSet": record} for record in present),
        *({"Action": "CREATE", "ResourceRecordSet": record} for record in wanted),
    ]


def with_health_checks(wanted: Iterable[Record], present: Iterable[Record]) -> list[Record]:
    """The wanted records, each with the health check of the present record that it replaces.

    Terraform and the commands set none, so that it is another owner's.
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html#Route53-Type-ResourceRecordSet-HealthCheckId
    """
    found = {_identity(record): record[_HEALTH_CHECK] for record in present if record.get(_HEALTH_CHECK)}
    return [
        {**record, _HEALTH_CHECK: found[_identity(record)]} if _identity(record) in found else record
        for record in wanted
    ]


def health_checks(records: Iterable[Record]) -> list[str]:
    """The health checks of records as text, each with its record's set identifier and type."""
    return [
        f"health check {record[_HEALTH_CHECK]} of {record.get('SetIdentifier', record['Name'])} ({record['Type']})"
        for record in records
        if record.get(_HEALTH_CHECK)
    ]


def longest_ttl(records: Iterable[Record]) -> int:
    """Seconds for which resolvers may cache records; 0 for aliases, which have the 60 seconds of a load balancer.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
    """
    return max((int(record.get("TTL", 0)) for record in records), default=0)


def describe(records: Iterable[Record]) -> str:
    """Records as text."""
    words = []
    for record in records:
        values = ", ".join(each["Value"] for each in record.get("ResourceRecords", []))
        leads_to = values or record.get("AliasTarget", {}).get("DNSName", "?").rstrip(".")
        notes = [f"weight {record['Weight']}"] if "Weight" in record else []
        notes += [f"health check {record[_HEALTH_CHECK]}"] if record.get(_HEALTH_CHECK) else []
        words.append(f"{record['Type']} {leads_to}" + (f" ({', '.join(notes)})" if notes else ""))
    return "; ".join(words) or "nothing"


_HEALTH_CHECK = "HealthCheckId"
_NEXT_RECORD = ("NextRecordName", "NextRecordType", "NextRecordIdentifier")


def _by_name(route53: Route53Client, name: str) -> str:
    """Id of the only public zone of a name; a private zone resolves inside its VPCs only."""
    public = [zone for zone in _zones(route53, name) if not zone.get("Config", {}).get("PrivateZone")]
    ids = [str(zone["Id"].removeprefix("/hostedzone/")) for zone in public]
    if not ids:
        raise NoZoneError(f"there is no public zone {name}; apply the phase edge first")
    if len(ids) > 1:
        raise OpsError(
            f"{len(ids)} public zones are named {name}: {', '.join(ids)}; delete the one that its parent zone's NS "
            "record doesn't lead to, or apply the phase edge, whose output zone_id identifies the right zone"
        )
    return ids[0]


def _zones(route53: Route53Client, name: str) -> Iterator[HostedZoneTypeDef]:
    """All zones of a name, public and private: Route 53 lists zones sorted by name.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByName.html
    """
    start: Any = {"DNSName": name}
    while True:
        with explained(f"find the zone {name}"):
            page = route53.list_hosted_zones_by_name(**start)
        for zone in page["HostedZones"]:
            if plain(zone["Name"]) != plain(name):
                return
            yield zone
        if not page.get("IsTruncated"):
            return
        start = {"DNSName": page["NextDNSName"], "HostedZoneId": page["NextHostedZoneId"]}


def plain_id(zone: str) -> str:
    """A hosted zone's id without the prefix that some of Route 53's calls have.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_HostedZone.html
    """
    return zone.removeprefix("/hostedzone/")


def plain(name: str) -> str:
    """A DNS name in lower case, without the dot at its end."""
    return name.lower().rstrip(".")


def _responded_at(response: Mapping[str, Any]) -> datetime:
    date = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    found = parsedate_to_datetime(date) if date else datetime.now(UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)  # HTTP's dates are in UTC.


def _identity(record: Record) -> tuple[str, str, str]:
    return plain(record["Name"]), record["Type"], record.get("SetIdentifier", "")


def _canonical(record: Record) -> tuple[str, str, int, str, str, bool, str]:
    alias = record.get("AliasTarget", {})
    return (
        same_name(record["Name"]),
        record.get("SetIdentifier", ""),
        record.get("Weight", -1),
        record["Type"],
        same_name(alias.get("DNSName", "")),
        bool(alias.get("EvaluateTargetHealth")),
        alias.get("HostedZoneId", ""),
    )
