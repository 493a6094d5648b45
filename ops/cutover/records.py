"""The weighted records of the application's name: as they are in Route 53, and as they should be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from environments.names import Names
from environments.schema import Environment
from ops.aws import load_balancing
from ops.aws.dns import ALL, PublicZone, Record, describe, is_plain, replacement, same, same_name, target
from ops.aws.load_balancing import LoadBalancer
from ops.aws.session import Aws
from ops.errors import OpsError


@dataclass(frozen=True)
class Target:
    """A load balancer, as an alias names it."""

    dns_name: str
    zone_id: str

    @classmethod
    def of(cls, balancer: LoadBalancer) -> Target:
        """The target that an alias of a load balancer names."""
        return cls(balancer.dns_name, balancer.zone_id)


@dataclass(frozen=True)
class Shares:
    """Weighted records of a name, two of a type, as Terraform writes them (modules/constructs/dns.py)."""

    host: str
    identifier: str
    """First part of their set identifiers."""
    current: Target
    previous: Target
    kinds: tuple[str, ...] = ("A",)
    """Their types: A, and AAAA where the previous target answers over IPv6 too."""

    def at(self, weight: int) -> list[Record]:
        """The records that give `weight` percent to the current target, and the rest to the previous one."""
        return [
            {
                "Name": self.host,
                "Type": kind,
                "SetIdentifier": identifier,
                "Weight": share,
                "AliasTarget": {
                    "HostedZoneId": target.zone_id,
                    "DNSName": target.dns_name,
                    "EvaluateTargetHealth": 0 < weight < ALL,
                },
            }
            for kind in self.kinds
            for identifier, target, share in zip(
                self._identifiers, (self.current, self.previous), (weight, ALL - weight), strict=True
            )
        ]

    def weight(self, records: Iterable[Record]) -> int | None:
        """The current target's share in percent; none if the records aren't these."""
        stand, first = list(records), self._identifiers[0]
        weights = [record.get("Weight", -1) for record in stand if record.get("SetIdentifier") == first]
        return weights[0] if weights and same(stand, self.at(weights[0])) else None

    def own(self, records: Iterable[Record]) -> list[Record]:
        """Those of the records that have one of the two set identifiers, whatever else they say."""
        return [record for record in records if record.get("SetIdentifier") in self._identifiers]

    def adopting(self, records: Iterable[Record]) -> Shares | None:
        """The same with the current target that the records themselves name; none if they name none.

        Going back asks for no load balancer, since that may be what is down.
        """
        for record in records:
            if record.get("SetIdentifier") == self._identifiers[0] and "AliasTarget" in record:
                alias = record["AliasTarget"]
                return replace(self, current=Target(alias["DNSName"].rstrip("."), alias["HostedZoneId"]))
        return None

    @property
    def _identifiers(self) -> tuple[str, str]:
        return f"{self.identifier}-current", f"{self.identifier}-previous"

    def plain(self) -> list[Record]:
        """Plain records that give everything to the previous target, as before a cutover was prepared."""
        weighted = (record for record in self.at(0) if record["SetIdentifier"] == self._identifiers[1])
        return [{name: record[name] for name in ("Name", "Type", "AliasTarget")} for record in weighted]

    def obstacle(self, records: Sequence[Record], *, any_target: bool = False) -> str | None:
        """Why the records can't be replaced by the weighted ones, in words; none if they can.

        Weighted records may replace nothing, and plain records that name the previous target: then that change alone
        sends no user elsewhere.

        Args:
            records: What is there.
            any_target: Whether plain records may name any target.
        """
        if self.weight(records) is not None or not records:
            return None
        own = self.own(records)
        plain = [record for record in records if record not in own]
        kinds = {record["Type"] for record in own}
        if not same(own, [record for record in self.at(0) if record["Type"] in kinds]) or not is_plain(plain):
            return f"{self.host} has records that aren't this command's: {describe(records)}"
        if any(record["Type"] == "AAAA" for record in plain) and "AAAA" not in self.kinds:
            return (
                f"{self.host} has an AAAA record too, and IPv6 users wouldn't follow the weights; set "
                "cutover.previous.dual_stack, or remove that record"
            )
        others = [record for record in plain if target(record) != same_name(self.previous.dns_name)]
        if others and not any_target:
            return (
                f"{self.host} names {describe(others)} and not cutover.previous, {self.previous.dns_name}: weighted "
                "records would send its users elsewhere at once; correct either"
            )
        return None


@dataclass(frozen=True)
class Answer:
    """What Route 53 says of the name."""

    records: tuple[Record, ...]
    weight: int | None
    """Share of the current target in percent; none while the weighted records aren't there."""
    at: datetime
    """When, by AWS's clock: this machine's may be wrong."""

    def __str__(self) -> str:
        return describe(self.records) if self.weight is None else f"weight {self.weight}"


class Zone:
    """The application's weighted records in their zone."""

    def __init__(self, zone: PublicZone, shares: Shares) -> None:
        self._zone, self.shares = zone, shares

    def read(self) -> Answer:
        """What Route 53 says now, changes that are still on their way to its servers included.

        Raises:
            AwsError: It doesn't say.
        """
        found = self._zone.records(self.shares.host)
        return Answer(found.records, self.shares.weight(found.records), found.at)

    def move(self, stand: Answer, weight: int) -> None:
        """Give `weight` percent to the current target, in one change that fails if the records aren't `stand` any more.

        Raises:
            AwsError: Route 53 refused, or didn't answer: then the change may have been made all the same.
        """
        self.replace(f"weight {weight}", stand.records, self.shares.at(weight))

    def replace(self, comment: str, present: Sequence[Record], wanted: Sequence[Record]) -> None:
        """Put records in the place of others, all or none.

        Raises:
            AwsError: Route 53 refused, or didn't answer: then the change may have been made all the same.
        """
        self._zone.change(self.shares.host, comment, replacement(present, wanted))


def shares(environment: Environment, current: Target | None = None) -> Shares:
    """The environment's weighted records; without a current target until the records themselves name it.

    Raises:
        OpsError: Its values name no previous target, so that there is nothing to share with or to go back to.
    """
    previous = environment.cutover.previous
    if previous is None:
        raise OpsError(
            f"{environment.name} has no cutover.previous, so there is nothing to share traffic with and nothing to go "
            f"back to; name the load balancer that answered before, or apply the phase cutover with weight 100"
        )
    return Shares(
        environment.edge.host,
        Names(environment).prefix,
        current or Target("", ""),
        Target(previous.dns_name, previous.zone_id),
        kinds=previous.record_types,
    )


def adopted(aws: Aws, environment: Environment) -> tuple[Zone, Answer]:
    """The zone and what it says; the load balancer is asked for only where the records don't name it.

    Raises:
        AwsError: AWS doesn't say, or there is no load balancer.
        OpsError: There is nothing to go back to.
    """
    without_target = shares(environment)
    found = Zone(PublicZone(aws, environment, "cutover"), without_target)
    stand = found.read()
    if (named := without_target.adopting(stand.records)) is None:
        balancer = load_balancing.load_balancer(aws.client("elbv2"), Names(environment).prefix)
        named = shares(environment, Target.of(balancer))
    found.shares = named
    return found, replace(stand, weight=named.weight(stand.records))
