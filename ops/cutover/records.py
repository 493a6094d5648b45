"""The weighted records of the application's name: the present ones in Route 53, and the wanted ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from environments.names import Names
from environments.schema import Environment
from ops.aws import load_balancing
from ops.aws.dns import (
    ALL,
    PublicZone,
    Record,
    describe,
    group,
    health_checks,
    is_plain,
    replacement,
    same,
    same_name,
    target,
    with_health_checks,
)
from ops.aws.errors import AwsError
from ops.aws.load_balancing import LoadBalancer
from ops.aws.session import Aws
from ops.command import say
from ops.errors import OpsError


@dataclass(frozen=True)
class AliasTarget:
    """The target of an alias: a load balancer."""

    dns_name: str
    zone_id: str

    @classmethod
    def of(cls, balancer: LoadBalancer) -> AliasTarget:
        """The alias target of a load balancer."""
        return cls(balancer.dns_name, balancer.zone_id)


@dataclass(frozen=True)
class Shares:
    """Weighted records of names, two for each type, as Terraform creates them (modules/constructs/dns.py)."""

    hosts: tuple[str, ...]
    """The names whose traffic moves, all by the same weight; the application's host is the first."""
    identifiers: tuple[str, str]
    """Their set identifiers: of the current target, and of the previous one."""
    current: AliasTarget
    previous: AliasTarget
    kinds: tuple[str, ...] = ("A",)
    """Their types: A, and AAAA if the previous target has IPv6 too."""

    @property
    def host(self) -> str:
        """The names as text."""
        return ", ".join(self.hosts)

    def at(self, weight: int) -> list[Record]:
        """The records that send `weight` percent to the current target, and the rest to the previous one."""
        return [
            {
                "Name": host,
                "Type": kind,
                "SetIdentifier": identifier,
                "Weight": share,
                "AliasTarget": {
                    "HostedZoneId": target.zone_id,
                    "DNSName": target.dns_name,
                    "EvaluateTargetHealth": 0 < weight < ALL,
                },
            }
            for host in self.hosts
            for kind in self.kinds
            for identifier, target, share in zip(
                self.identifiers, (self.current, self.previous), (weight, ALL - weight), strict=True
            )
        ]

    def weight(self, records: Iterable[Record]) -> int | None:
        """The current target's share in percent; none if the records aren't these."""
        present, first = list(records), self.identifiers[0]
        weights = [record.get("Weight", -1) for record in present if record.get("SetIdentifier") == first]
        return weights[0] if weights and same(present, self.at(weights[0])) else None

    def own(self, records: Iterable[Record]) -> list[Record]:
        """The records with one of the two set identifiers."""
        return [record for record in records if record.get("SetIdentifier") in self.identifiers]

    def adopting(self, records: Iterable[Record]) -> Shares | None:
        """The same with the current target that the records name; none if they name none.

        A rollback doesn't request the load balancer, which may be what is down.
        """
        for record in records:
            if record.get("SetIdentifier") == self.identifiers[0] and "AliasTarget" in record:
                alias = record["AliasTarget"]
                return replace(self, current=AliasTarget(alias["DNSName"].rstrip("."), alias["HostedZoneId"]))
        return None

    def plain(self) -> list[Record]:
        """Plain records that send all traffic to the previous target, as before `cutover prepare`."""
        weighted = (record for record in self.at(0) if record["SetIdentifier"] == self.identifiers[1])
        return [{name: record[name] for name in ("Name", "Type", "AliasTarget")} for record in weighted]

    def obstacle(self, records: Sequence[Record], *, any_target: bool = False) -> str | None:
        """Why the weighted records can't replace the present ones; none if they can.

        They may replace plain records that lead to the previous target: that change alone moves no traffic.

        Args:
            records: The present records.
            any_target: Whether plain records may lead to any target.
        """
        if self.weight(records) is not None or not records:
            return None
        own = self.own(records)
        plain = [record for record in records if record not in own]
        kinds = set(map(group, own))
        if not same(own, [record for record in self.at(0) if group(record) in kinds]) or not is_plain(plain):
            return f"{self.host} has records that this command didn't create: {describe(records)}"
        if any(record["Type"] == "AAAA" for record in plain) and "AAAA" not in self.kinds:
            return (
                f"{self.host} has an AAAA record too, and IPv6 users wouldn't follow the weights; set "
                "cutover.previous.dual_stack, or remove that record"
            )
        others = [record for record in plain if target(record) != same_name(self.previous.dns_name)]
        if others and not any_target:
            return (
                f"{self.host} names {describe(others)} and not cutover.previous, {self.previous.dns_name}: weighted "
                "records would move its traffic at once; correct one of them"
            )
        return None


@dataclass(frozen=True)
class PresentRecords:
    """The present records of the name in Route 53."""

    records: tuple[Record, ...]
    weight: int | None
    """Share of the current target in percent; none without weighted records."""
    at: datetime
    """When they were read, by AWS's clock: this machine's may be wrong."""

    def __str__(self) -> str:
        return describe(self.records) if self.weight is None else f"weight {self.weight}"


class Zone:
    """The application's weighted records in their zone."""

    def __init__(self, zone: PublicZone, shares: Shares) -> None:
        self._zone, self.shares = zone, shares

    @property
    def id(self) -> str:
        """Id of the hosted zone."""
        return self._zone.id

    def read(self) -> PresentRecords:
        """The records now, including changes that Route 53 is still applying.

        Raises:
            AwsError: Route 53 doesn't list them.
        """
        found = [self._zone.records(host) for host in self.shares.hosts]
        records = tuple(record for listed in found for record in listed.records)
        return PresentRecords(records, self.shares.weight(records), max(listed.at for listed in found))

    def move(self, present: PresentRecords, weight: int) -> None:
        """Send `weight` percent to the current target, in one change, which fails if the records have changed.

        Raises:
            AwsError: Route 53 refused, or didn't respond: then the change may still have been made.
        """
        self.replace(f"weight {weight}", present.records, self.shares.at(weight))

    def replace(self, comment: str, present: Sequence[Record], wanted: Sequence[Record]) -> None:
        """Replace records by others, all or none; a record that is replaced by its like keeps its health check.

        A health check can be deleted while records name it, and Route 53 then refuses it in a new record. It must not
        stop a rollback.
        https://docs.aws.amazon.com/Route53/latest/APIReference/API_DeleteHealthCheck.html

        Raises:
            AwsError: Route 53 refused, or didn't respond: then the change may still have been made.
        """
        kept = with_health_checks(wanted, present)
        try:
            self._zone.change(self.shares.host, comment, replacement(present, kept))
        except AwsError as error:
            if error.code != "NoSuchHealthCheck":
                raise
            say(f"{', '.join(health_checks(kept))}: a health check was deleted; the records are changed without them")
            self._zone.change(self.shares.host, comment, replacement(present, wanted))


def shares(environment: Environment, current: AliasTarget | None = None) -> Shares:
    """The environment's weighted records; without a current target, the records name it later.

    Raises:
        OpsError: Its values have no previous target.
    """
    previous = environment.cutover.previous
    if previous is None:
        raise OpsError(
            f"{environment.name} has no cutover.previous, so there is no other target to share traffic with or to "
            f"return to; set it to the previous load balancer, or apply the phase cutover with weight 100"
        )
    return Shares(
        environment.moved_hosts,
        Names(environment).weighted_records,
        current or AliasTarget("", ""),
        AliasTarget(previous.dns_name, previous.zone_id),
        kinds=previous.record_types,
    )


def adopted(aws: Aws, environment: Environment) -> tuple[Zone, PresentRecords]:
    """The zone and its present records; the load balancer is requested only if the records don't name it.

    Raises:
        AwsError: AWS doesn't respond, or there is no load balancer.
        OpsError: There is no previous target.
    """
    without_target = shares(environment)
    found = Zone(PublicZone(aws, environment, "cutover", writes=True), without_target)
    present = found.read()
    if (named := without_target.adopting(present.records)) is None:
        balancer = load_balancing.load_balancer(aws.client("elbv2"), Names(environment).prefix)
        named = shares(environment, AliasTarget.of(balancer))
    found.shares = named
    return found, replace(present, weight=named.weight(present.records))
