"""Route 53: what it says of the application's name, and changes to that."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from environments.names import Names
from environments.schema import Environment
from ops.aws import Aws, explained
from ops.cutover import site
from ops.cutover.records import KINDS, Record, Shares, describe, replacement
from ops.errors import OpsError

ROLE_SECONDS = 1800
"""How long credentials of a role are used. A role that a role assumed lasts an hour at most, a cutover may take longer.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
"""


@dataclass(frozen=True)
class Answer:
    """What Route 53 says of the name."""

    records: tuple[Record, ...]
    weight: int | None
    """Share of the current target in percent; none while the two weighted records aren't there."""
    at: datetime
    """When, by AWS's clock: this machine's may be wrong."""

    def __str__(self) -> str:
        return describe(self.records) if self.weight is None else f"weight {self.weight}"


class Zone:
    """The zone that holds the application's records."""

    def __init__(self, client: Callable[[], Any], zone_id: str, shares: Shares) -> None:
        """Make it.

        Args:
            client: Gives a Route 53 client that works now; called for each use.
            zone_id: The zone.
            shares: The two weighted records.
        """
        self._client, self._id = client, zone_id
        self.shares = shares

    def read(self) -> Answer:
        """What Route 53 says now, changes that are still on their way to its servers included.

        Raises:
            AwsError: It doesn't say.
        """
        host = self.shares.host
        with explained(f"read the records of {host}"):
            listed = self._client().list_resource_record_sets(
                HostedZoneId=self._id, StartRecordName=host, MaxItems="100"
            )
        records = tuple(
            record
            for record in listed["ResourceRecordSets"]
            if record["Name"].rstrip(".").lower() == host and record["Type"] in KINDS
        )
        return Answer(records, self.shares.weight(records), answered_at(listed))

    def move(self, stand: Answer, weight: int) -> None:
        """Give `weight` percent to the current target, in one change that fails if the records aren't `stand` any more.

        Raises:
            AwsError: Route 53 refused, or didn't answer: then the change may have been made all the same.
        """
        self.change(f"weight {weight}", replacement(stand.records, self.shares.at(weight)))

    def change(self, comment: str, changes: list[dict[str, Any]]) -> None:
        """Make changes, all or none.

        Raises:
            AwsError: Route 53 refused, or didn't answer.
        """
        with explained(f"change the records of {self.shares.host}"):
            self._client().change_resource_record_sets(
                HostedZoneId=self._id, ChangeBatch={"Comment": comment, "Changes": changes}
            )


def zone(aws: Aws, environment: Environment, shares: Shares) -> Zone:
    """The environment's zone, in its own account or through the role of another.

    Raises:
        AwsError: The zone can't be found.
        OpsError: It isn't there.
    """
    values, names = environment.edge.zone, Names(environment)
    made: list[tuple[float, Any]] = []

    def client() -> Any:  # noqa: ANN401  (boto3 makes clients at run time)
        if not made or time.monotonic() - made[-1][0] > ROLE_SECONDS:
            writer = aws.assuming(values.role, names.resource("cutover")) if values.role else aws
            made[:] = [(time.monotonic(), writer.client("route53"))]
        return made[-1][1]

    return Zone(client, values.id or _created(client(), values.name), shares)


def adopted(aws: Aws, environment: Environment) -> tuple[Zone, Answer]:
    """The zone and what it says; the load balancer is asked for only where the records don't name it.

    Raises:
        AwsError: AWS doesn't say.
        OpsError: There is nothing to go back to, or no load balancer.
    """
    found = zone(aws, environment, site.shares(environment))
    stand = found.read()
    named = found.shares.adopting(stand.records)
    found.shares = named or site.shares(environment, site.find(aws, environment).target)
    return found, replace(stand, weight=found.shares.weight(stand.records))


def answered_at(answer: Any) -> datetime:  # noqa: ANN401  (boto3's answers are dictionaries)
    """When AWS gave an answer, by its own clock."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(date) if date else datetime.now(UTC)


def _created(client: Any, name: str) -> str:  # noqa: ANN401
    """Id of a zone that Terraform made, by its domain."""
    with explained(f"find the zone {name}"):
        found = client.list_hosted_zones_by_name(DNSName=name, MaxItems="1")["HostedZones"]
    if not found or found[0]["Name"].rstrip(".") != name:
        raise OpsError(f"there is no zone {name}; apply the phase edge first")
    return str(found[0]["Id"].removeprefix("/hostedzone/"))
