"""The records of the application's name: how they stand in Route 53, and how they should."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Record = Mapping[str, Any]
"""A resource record set, as Route 53 lists it."""
ALL = 100
KINDS = ("A", "AAAA", "CNAME")
"""Types of record that decide where a browser goes."""


@dataclass(frozen=True)
class Target:
    """A load balancer, as an alias names it."""

    dns_name: str
    zone_id: str


@dataclass(frozen=True)
class Shares:
    """Two weighted records of a name, exactly as Terraform writes them (modules/constructs/weighted_records.py)."""

    host: str
    identifier: str
    """First part of their set identifiers."""
    current: Target
    previous: Target

    def at(self, weight: int) -> list[Record]:
        """The records that give `weight` percent to the current target, and the rest to the previous one."""
        return [
            {
                "Name": self.host,
                "Type": "A",
                "SetIdentifier": identifier,
                "Weight": share,
                "AliasTarget": {
                    "HostedZoneId": target.zone_id,
                    "DNSName": target.dns_name,
                    "EvaluateTargetHealth": 0 < weight < ALL,
                },
            }
            for identifier, target, share in zip(
                self._identifiers, (self.current, self.previous), (weight, ALL - weight), strict=True
            )
        ]

    def weight(self, records: Iterable[Record]) -> int | None:
        """The current target's share in percent; none if the records aren't these two."""
        stand = sorted(map(_canonical, records))
        weights = [record[2] for record in stand if record[1] == self._identifiers[0]]
        return weights[0] if weights and stand == sorted(map(_canonical, self.at(weights[0]))) else None

    def own(self, records: Iterable[Record]) -> list[Record]:
        """Those of the records that bear one of the two set identifiers, whatever else they say."""
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

    def obstacle(self, records: Sequence[Record]) -> str | None:
        """Why the records can't give way to the two weighted ones, in words; none if they can.

        Weighted ones may take the place of nothing, and of a plain record that names the previous target: then nobody
        is sent elsewhere by that change alone.
        """
        if self.weight(records) is not None or not records:
            return None
        if any(record["Type"] == "AAAA" for record in records):
            return f"{self.host} has an AAAA record too: whoever uses IPv6 wouldn't follow the weights; remove it first"
        if len(records) > 1 or "SetIdentifier" in records[0]:
            return f"{self.host} has records that aren't this command's: {describe(records)}"
        if plain_target(records[0]) != _name(self.previous.dns_name):
            return (
                f"{self.host} names {describe(records)} and not cutover.previous, {self.previous.dns_name}: "
                "sharing out would already send users elsewhere; correct either"
            )
        return None


def plain_target(record: Record) -> str | None:
    """The name that an alias or a CNAME points at."""
    values = [each["Value"] for each in record.get("ResourceRecords", [])]
    name = record.get("AliasTarget", {}).get("DNSName") or (values[0] if record["Type"] == "CNAME" else None)
    return _name(name) if name else None


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
        target = values or record.get("AliasTarget", {}).get("DNSName", "?")
        weight = f" (weight {record['Weight']})" if "Weight" in record else ""
        words.append(f"{record['Type']} {target}{weight}")
    return "; ".join(words) or "nothing"


def _canonical(record: Record) -> tuple[str, str, int, str, str, bool, str]:
    alias = record.get("AliasTarget", {})
    return (
        _name(record["Name"]),
        record.get("SetIdentifier", ""),
        record.get("Weight", -1),
        record["Type"],
        _name(alias.get("DNSName", "")),
        bool(alias.get("EvaluateTargetHealth")),
        alias.get("HostedZoneId", ""),
    )


def _name(name: str) -> str:
    """A DNS name without what makes no difference; the console puts `dualstack.` before a load balancer's."""
    return name.lower().rstrip(".").removeprefix("dualstack.")
