"""The role that another account's deployer writes its DNS records with."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from environments.arns import root_of
from environments.names import Names
from modules.constructs.dns_records import write_records
from modules.constructs.role import Role
from modules.policy import Statement


class ZoneWriter:
    """May write the records of some hosts in one zone, and nothing else."""

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, zone_id: str, hosts: Sequence[str], writers: Sequence[str]
    ) -> None:
        """Make the role.

        Args:
            scope: The stack.
            id_: Id of the role.
            names: The environment's names.
            zone_id: The zone.
            hosts: Names of the records.
            writers: Roles of other accounts that may assume it; they needn't be there yet.
        """
        accounts = sorted({root_of(arn) for arn in writers})
        Role(
            scope,
            id_,
            name=names.role("dns"),
            description="Writes another environment's records in this account's zone",
            trust=[
                Statement(
                    sid="OtherAccounts",
                    actions=["sts:AssumeRole"],
                    principals={"AWS": accounts},
                    conditions=[("ArnEquals", "aws:PrincipalArn", sorted(writers))],
                )
            ],
            statements=write_records(names.partition, zone_id, hosts=hosts),
        )
