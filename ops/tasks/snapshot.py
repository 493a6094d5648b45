"""A snapshot of the database, before it is changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from environments.names import Names
from environments.schema import Environment
from ops.aws import Aws, AwsError, explained, only
from ops.command import say
from ops.tasks.waiting import looks, shown

WAIT = 2 * 60 * 60
"""Seconds that a snapshot may take; the first one of a large database is the slowest."""


def snapshot_id(environment: Environment, revision: str) -> str:
    """A snapshot's name, as in `aep-prod-before-migration-7-20251104-123105`."""
    number = revision.rpartition(":")[2]
    return f"{Names(environment).prefix}-before-migration-{number}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def take(aws: Aws, environment: Environment, identifier: str) -> None:
    """Make a snapshot of the database and wait until it can be restored. It stays until somebody deletes it.

    Raises:
        AwsError: There is no usable snapshot; the database was not touched.
    """
    rds, database = aws.client("rds"), Names(environment).prefix
    with explained(f"make a snapshot of the database {database} (migration.snapshot in environments/ asks for one)"):
        rds.create_db_snapshot(DBInstanceIdentifier=database, DBSnapshotIdentifier=identifier)
    say(f"snapshot {identifier}: begun")
    try:
        _wait(rds, identifier)
    except KeyboardInterrupt:
        say(f"the snapshot {identifier} goes on by itself; nothing was migrated")
        raise


def _wait(rds: Any, identifier: str) -> None:  # noqa: ANN401  (boto3 makes clients at run time)
    with shown(f"snapshot {identifier}") as show:
        for _ in looks(WAIT):
            with explained(f"look at the snapshot {identifier}"):
                found = rds.describe_db_snapshots(DBSnapshotIdentifier=identifier)["DBSnapshots"]
            snapshot = only(found, f"snapshots {identifier}")
            if snapshot["Status"] == "available":
                say(f"snapshot {identifier}: available")
                return
            if snapshot["Status"] == "failed":
                raise AwsError(f"the snapshot {identifier} failed; see the database's events in RDS")
            show(f"snapshot {identifier}: {snapshot.get('PercentProgress', 0)} %")
    raise AwsError(f"the snapshot {identifier} isn't there after {WAIT // 3600} hours")
