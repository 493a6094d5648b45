"""What someone outside the rollout does by hand: a health check on a record of the public name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from environments.names import Names
from ops.aws import dns
from rehearsal.rollout import StepError

if TYPE_CHECKING:
    from types_boto3_route53 import Route53Client

    from environments.schema import Environment

FIELD = "HealthCheckId"


@contextmanager
def health_check(client: Route53Client, zone_id: str, environment: Environment) -> Iterator[str]:
    """Set a health check on the previous target's records, and take it off at the end.

    Args:
        client: Of the zone's account.
        zone_id: The zone.
        environment: Whose public name it is.

    Raises:
        StepError: A command has dropped it.
    """
    check = client.create_health_check(
        CallerReference=environment.prefix,
        HealthCheckConfig={"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 443},
    )["HealthCheck"]["Id"]
    _write(client, zone_id, [{**record, FIELD: check} for record in _records(client, zone_id, environment)])
    yield check
    records = _records(client, zone_id, environment)
    if not records or any(record.get(FIELD) != check for record in records):
        raise StepError(f"the health check {check} was dropped: {dns.describe(records)}")
    _write(
        client,
        zone_id,
        [{key: value for key, value in record.items() if key != FIELD} for record in records],
    )


def _records(client: Route53Client, zone_id: str, environment: Environment) -> list[dns.Record]:
    _, previous = Names(environment).weighted_records
    found = dns.records(client, zone_id, environment.edge.host).records
    return [record for record in found if record.get("SetIdentifier") == previous]


def _write(client: Route53Client, zone_id: str, records: list[dns.Record]) -> None:
    changes: Any = [{"Action": "UPSERT", "ResourceRecordSet": record} for record in records]
    client.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
