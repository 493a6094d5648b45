"""The database's migration: a snapshot, then a one-off task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from environments.names import Names
from environments.schema import Environment
from ops.aws.errors import AwsError, explained, only
from ops.aws.session import Aws
from ops.aws.waiting import polls, shown
from ops.command import say
from ops.errors import OpsError, RefusedError
from ops.tasks.one_off import OneOff, Prepared
from ops.tasks.running import MIGRATION, tasks, workload

if TYPE_CHECKING:
    from types_boto3_rds import RDSClient

SNAPSHOT_SECONDS = 2 * 60 * 60
"""Seconds that a snapshot may take; the first snapshot of a large database is the slowest."""


class Migration(OneOff):
    """The migration of one environment."""

    def __init__(self, aws: Aws, environment: Environment) -> None:
        """Calls no AWS API.

        Raises:
            OpsError: The product has no migration.
        """
        if not environment.product.migration:
            raise OpsError(f"{environment.product.name} has no migration: see product.migration in docs/settings.md")
        self.values = environment.product.migration
        super().__init__(aws, environment, workload(environment, MIGRATION))

    def prepare(self, command: Sequence[str] = (), variables: Mapping[str, str] | None = None) -> Prepared:
        """Find the task definition, and check that no migration runs.

        Raises:
            OpsError: The task definition, its container or the service doesn't exist.
            RefusedError: A migration runs already: two would run the same steps twice.
        """
        prepared = super().prepare(command, variables)
        self.refuse_another()
        return prepared

    def start(self, prepared: Prepared) -> str:
        """Run the task and return its id.

        Raises:
            OpsError: ECS refuses the call, or has no capacity for the task.
            RefusedError: Another migration started at the same time; this one was stopped at once.
        """
        ours = super().start(prepared)
        for other in tasks(self._aws, self._environment, self.work):
            if other.id != ours:
                self.stop(ours, f"task {other.id} started at the same time")
                raise RefusedError(
                    f"task {other.id} started at the same time, by {other.started_by or 'unknown'}; this one was "
                    f"stopped; to see which runs: bin/ops tasks {self._environment.name} {MIGRATION}"
                )
        return ours


def snapshot_id(environment: Environment, revision: str) -> str:
    """A snapshot's name, as in `aep-prod-before-migration-7-20251104-123105`."""
    number = revision.rpartition(":")[2]
    return f"{Names(environment).prefix}-before-migration-{number}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def take_snapshot(aws: Aws, environment: Environment, identifier: str) -> None:
    """Create a snapshot of the database and wait until it is available. It stays until you delete it.

    Raises:
        AwsError: There is no usable snapshot; the database was not changed.
    """
    rds, database = aws.client("rds"), Names(environment).database
    with explained(f"create a snapshot of the database {database} (migration.snapshot in environments/ requires one)"):
        rds.create_db_snapshot(DBInstanceIdentifier=database, DBSnapshotIdentifier=identifier)
    say(f"snapshot {identifier}: creating")
    try:
        _wait_for_snapshot(rds, identifier)
    except KeyboardInterrupt:
        say(f"RDS continues the snapshot {identifier}; no migration ran")
        raise


def _wait_for_snapshot(rds: RDSClient, identifier: str) -> None:
    with shown(f"snapshot {identifier}") as show:
        for _ in polls(SNAPSHOT_SECONDS):
            with explained(f"read the snapshot {identifier}"):
                found = rds.describe_db_snapshots(DBSnapshotIdentifier=identifier)["DBSnapshots"]
            snapshot = only(found, f"snapshots {identifier}")
            if snapshot["Status"] == "available":
                say(f"snapshot {identifier}: available")
                return
            if snapshot["Status"] == "failed":
                raise AwsError(f"the snapshot {identifier} failed; see the database's events in RDS")
            show(f"snapshot {identifier}: {snapshot.get('PercentProgress', 0)} %")
    raise AwsError(f"the snapshot {identifier} isn't available after {SNAPSHOT_SECONDS // 3600} hours")
