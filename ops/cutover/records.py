"""The records of the application's name: how they stand in Route 53, and how they should."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ops.dns import Record, same_name, target

ALL = 100


@dataclass(frozen=True)
class Target:
    """A load balancer, as an alias names it."""

    dns_name: str
    zone_id: str


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


def replacement(stand: Sequence[Record], wanted: Sequence[Record]) -> list[dict[str, Any]]:
    """Changes that put `wanted` in the place of exactly `stand`, or do nothing.

    A DELETE fails unless the record still is what it says, and a batch is done whole or not at all: so two commands
    can't overwrite each other's change.
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
    """
    return [
        *({"Action": "DELETE", "ResourceRecordSet": record} for record in stand),
        *({"Action": "CREATE", "ResourceRecordSet": record} for record in wanted),
    ]


def describe(records: Iterable[Record]) -> str:
    """Records in words."""
    words = []
    for record in records:
        values = ", ".join(each["Value"] for each in record.get("ResourceRecords", []))
        leads_to = values or record.get("AliasTarget", {}).get("DNSName", "?").rstrip(".")
        weight = f" (weight {record['Weight']})" if "Weight" in record else ""
        words.append(f"{record['Type']} {leads_to}{weight}")
    return "; ".join(words) or "nothing"


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
