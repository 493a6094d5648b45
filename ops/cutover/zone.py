"""Route 53: what it says of the application's name, and changes to that."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from environments.schema import Environment
from ops import dns
from ops.aws import Aws, explained
from ops.cutover import site
from ops.cutover.records import Shares, describe, replacement
from ops.dns import Record

ROLE_SECONDS = 1800
"""How long credentials of a role are used. A role that a role assumed lasts an hour at most, a cutover may take longer.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
"""


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
    """The zone that holds the application's records."""

    def __init__(self, client: Callable[[], Any], zone_id: str, shares: Shares) -> None:
        """Make it.

        Args:
            client: Gives a Route 53 client that works now; called for each use.
            zone_id: The zone.
            shares: The weighted records.
        """
        self._client, self._id = client, zone_id
        self.shares = shares

    def read(self) -> Answer:
        """What Route 53 says now, changes that are still on their way to its servers included.

        Raises:
            AwsError: It doesn't say.
        """
        found = dns.records(self._client(), self._id, self.shares.host)
        return Answer(found.records, self.shares.weight(found.records), found.at)

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
        OpsError: It isn't there, or its name has two.
    """
    made: list[tuple[float, Any]] = []

    def client() -> Any:  # noqa: ANN401  (boto3 makes clients at run time)
        if not made or time.monotonic() - made[-1][0] > ROLE_SECONDS:
            made[:] = [(time.monotonic(), dns.client(aws, environment, "cutover"))]
        return made[-1][1]

    return Zone(client, dns.zone_id(aws, environment, client()), shares)


def adopted(aws: Aws, environment: Environment) -> tuple[Zone, Answer]:
    """The zone and what it says; the load balancer is asked for only where the records don't name it.

    Raises:
        AwsError: AWS doesn't say.
        OpsError: There is nothing to go back to, or no load balancer.
    """
    found = zone(aws, environment, site.shares(environment))
    stand = found.read()
    named = found.shares.adopting(stand.records)
    found.shares = named or site.shares(environment, site.target(aws, environment))
    return found, replace(stand, weight=found.shares.weight(stand.records))
