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
"""How long credentials of a role are used. A role that a role assumed lasts an hour at most, a cutover may take longer.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
"""


class NoZoneError(AbsentError):
    """No public zone has the name."""


@dataclass(frozen=True)
class Listed:
    """The records of a name that decide where a browser goes."""

    records: tuple[Record, ...]
    at: datetime
    """When Route 53 listed them, by its own clock: this machine's may be wrong."""


class PublicZone:
    """The zone that holds the records of an environment's public name, in its own account or another."""

    def __init__(self, aws: Aws, environment: Environment, purpose: str) -> None:
        """Find the zone.

        Args:
            aws: The environment's account.
            environment: The environment; its zone names a role where the zone is in another account.
            purpose: Last part of the role session's name, which that account's trail shows.

        Raises:
            AwsError: The role can't be assumed, or Route 53 can't list its zones.
            NoZoneError: No public zone has the name.
            OpsError: More than one has it.
        """
        self._aws, self._environment, self._purpose = aws, environment, purpose
        self._assumed, self._client = time.monotonic(), client(aws, environment, purpose)
        self.id = zone_id(aws, environment, self._client)

    def records(self, host: str) -> Listed:
        """The records of a name, with changes that are still on their way to Route 53's servers.

        Raises:
            AwsError: Route 53 doesn't list them.
        """
        return records(self._fresh(), self.id, host)

    def change(self, host: str, comment: str, changes: Sequence[Record]) -> None:
        """Make changes, all or none.

        Raises:
            AwsError: Route 53 refused, or didn't answer: then the change may have been made all the same.
        """
        batch: Any = {"Comment": comment, "Changes": changes}
        with explained(f"change the records of {host}"):
            self._fresh().change_resource_record_sets(HostedZoneId=self.id, ChangeBatch=batch)

    def _fresh(self) -> Route53Client:
        """A client whose credentials of a role last for a while."""
        if time.monotonic() - self._assumed > ROLE_SECONDS:
            self._assumed, self._client = time.monotonic(), client(self._aws, self._environment, self._purpose)
        return self._client


def client(aws: Aws, environment: Environment, purpose: str) -> Route53Client:
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


def zone_id(aws: Aws, environment: Environment, route53: Route53Client) -> str:
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


def records(route53: Route53Client, zone: str, host: str) -> Listed:
    """The records of a name, with changes that are still on their way to Route 53's servers.

    Raises:
        AwsError: Route 53 doesn't list them.
    """
    found: list[Record] = []
    start: Any = {"StartRecordName": host, "StartRecordType": KINDS[0]}
    while True:
        with explained(f"read the records of {host}"):
            page: Any = route53.list_resource_record_sets(HostedZoneId=zone, **start)
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
        share = round(ALL * own / sum(weights))
        # Rounded, but all and none are exact: 1 of 256 answers that lead elsewhere are users too.
        found[kind] = share if own in (0, sum(weights)) else min(max(share, 1), ALL - 1)
    return found


def same(some: Iterable[Record], others: Iterable[Record]) -> bool:
    """Whether records say the same, however Route 53 writes names."""
    return sorted(map(_canonical, some)) == sorted(map(_canonical, others))


def is_plain(records: Sequence[Record]) -> bool:
    """Whether there are records, and none has a routing policy."""
    return bool(records) and not any("SetIdentifier" in record for record in records)


def in_the_way(records: Iterable[Record], kinds: Collection[str]) -> list[Record]:
    """Those beside which AWS takes no weighted records of these types.

    A group has one routing policy, and a CNAME stands alone:
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html#Route53-Type-ResourceRecordSet-Weight
    """
    return [
        record
        for record in records
        if record["Type"] == "CNAME" or (record["Type"] in kinds and "Weight" not in record)
    ]


def replacement(present: Sequence[Record], wanted: Sequence[Record]) -> list[Record]:
    """Changes that put `wanted` in the place of exactly `present`, or do nothing.

    A DELETE fails unless the record still is what it says, and a batch is done whole or not at all: so two commands
    can't overwrite each other's change.
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
    """
    return [
        *({"Action": "DELETE", "ResourceRecordSet": record} for record in present),
        *({"Action": "CREATE", "ResourceRecordSet": record} for record in wanted),
    ]


def longest_ttl(records: Iterable[Record]) -> int:
    """Seconds for which resolvers may keep records; 0 for aliases, which have the 60 seconds of a load balancer.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
    """
    return max((int(record.get("TTL", 0)) for record in records), default=0)


def describe(records: Iterable[Record]) -> str:
    """Records in words."""
    words = []
    for record in records:
        values = ", ".join(each["Value"] for each in record.get("ResourceRecords", []))
        leads_to = values or record.get("AliasTarget", {}).get("DNSName", "?").rstrip(".")
        weight = f" (weight {record['Weight']})" if "Weight" in record else ""
        words.append(f"{record['Type']} {leads_to}{weight}")
    return "; ".join(words) or "nothing"


_NEXT_RECORD = ("NextRecordName", "NextRecordType", "NextRecordIdentifier")


def _by_name(route53: Route53Client, name: str) -> str:
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


def _zones(route53: Route53Client, name: str) -> Iterator[HostedZoneTypeDef]:
    """All zones of a name, public and private: Route 53 lists them together, and those of later names after them.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByName.html
    """
    start: Any = {"DNSName": name}
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
