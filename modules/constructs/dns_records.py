"""Who may write which records of a public zone."""

from __future__ import annotations

from collections.abc import Sequence

from environments.arns import Partition
from modules.policy import Statement


def write_records(partition: Partition, zone_id: str, *, hosts: Sequence[str], prefix: str = "Dns") -> list[Statement]:
    """Write the records of some hosts, and those that prove a certificate for them; read the zone.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html

    Args:
        partition: The zone's partition.
        zone_id: The zone; a wildcard where the zone doesn't exist yet.
        hosts: Names of the records.
        prefix: First part of the statements' sids.
    """
    zone_arn = partition.zone(zone_id)
    names = sorted({name for host in hosts for name in (host, f"_*.{host.removeprefix('*.')}")})
    return [
        Statement(
            sid=f"{prefix}Records",
            actions=["route53:ChangeResourceRecordSets"],
            resources=[zone_arn],
            conditions=[
                ("ForAllValues:StringLike", "route53:ChangeResourceRecordSetsNormalizedRecordNames", names),
                ("ForAllValues:StringEquals", "route53:ChangeResourceRecordSetsRecordTypes", ["A", "AAAA", "CNAME"]),
            ],
        ),
        Statement(
            sid=f"{prefix}Reads",
            actions=[
                "route53:GetHostedZone",
                "route53:ListResourceRecordSets",
                "route53:ListTagsForResource",
                "route53:GetChange",
            ],
            resources=[zone_arn, partition.arn("route53", "change/*")],
        ),
    ]
