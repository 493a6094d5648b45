"""RDS: restores into a new instance: what RDS refuses, takes from the source, and sets to a default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.rds.models import DBInstance, DBSnapshot, EventSubscription, RDSBackend
from moto.rds.responses import RDSResponse

from rehearsal.emulator import servers
from rehearsal.emulator.additions.registry import AwsError, adds, corrects, kept

_DEFAULTS: dict[str, Any] = {
    "multi_az": False,
    "deletion_protection": False,
    "enable_iam_database_authentication": False,
    "publicly_accessible": False,
    "monitoring_interval": 0,
    "monitoring_role_arn": None,
    "performance_insights_enabled": False,
    "performance_insights_kms_key_id": None,
    "tags": [],
}
"""What a restored instance has unless the call says otherwise: the source's settings aren't copied.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html
The calls have no parameters of monitoring and Performance Insights. AWS doesn't say whether these and exported logs are
the source's; that they are off is the stricter case for the plan that adopts the instance. Backup retention, windows,
storage, engine, user and password are the source's.
"""
_CREATING = 2
"""For how many calls of DescribeDBInstances a restored instance is listed as being created."""


def _creating(backend: RDSBackend) -> dict[str, int]:
    return kept(backend, "creating", dict[str, int])


def _make(backend: RDSBackend, instance: DBInstance, given: Mapping[str, Any]) -> DBInstance:
    """Set what the call says, or the defaults."""
    for name, default in _DEFAULTS.items():
        value = given.get(name)
        setattr(instance, name, default if value is None else value)
    major = str(instance.engine_version).partition(".")[0]
    instance.db_parameter_group_name = given.get("db_parameter_group_name") or f"default.{instance.engine}{major}"
    instance.vpc_security_group_ids = list(given.get("vpc_security_group_ids") or ["sg-default"])
    instance.enabled_cloudwatch_logs_exports = list(given.get("enable_cloudwatch_logs_exports") or [])
    instance.status = "creating"
    _creating(backend)[instance.db_instance_identifier] = _CREATING
    return instance


@corrects(
    RDSBackend,
    "restore_db_instance_from_db_snapshot",
    "rds",
    "RestoreDBInstanceFromDBSnapshot",
    why="moto copies all settings of the source, and the instance is available at once",
)
def restore_from_snapshot(
    original: Callable[..., DBInstance], backend: RDSBackend, from_snapshot_id: str, overrides: dict[str, Any]
) -> DBInstance:
    """Restore the settings that a snapshot has, and the data that the real server had then, if there is one."""
    instance = _make(backend, original(backend, from_snapshot_id, overrides), overrides)
    servers.restore(backend, from_snapshot_id, instance.db_instance_identifier)
    return instance


@corrects(
    RDSBackend,
    "restore_db_instance_to_point_in_time",
    "rds",
    "RestoreDBInstanceToPointInTime",
    why="moto takes any time, copies all settings of the source, and calls the copy a replica of it",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html",
)
def restore_to_time(
    original: Callable[..., DBInstance], backend: RDSBackend, source: str, target: str, overrides: dict[str, Any]
) -> DBInstance:
    """Refuse a time outside the automated backups."""
    found = backend.describe_db_instances(source)[0]
    if not int(found.backup_retention_period or 0):
        raise AwsError("PointInTimeRestoreNotEnabled", f"Point in time restore is not enabled for {source}")
    if target in backend.databases:
        raise AwsError("DBInstanceAlreadyExists", "DB instance already exists")
    first, last = _window(found)
    at = last if overrides.get("use_latest_restorable_time") else overrides["restore_time"]
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    if not first <= _aware(at) <= last:
        raise AwsError(
            "InvalidParameterValue", f"The specified instance cannot be restored to a time outside {first} to {last}."
        )
    instance = _make(backend, original(backend, source, target, overrides), overrides)
    # The copy is no replica: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
    instance.source_db_instance_identifier = None
    servers.restore_to(backend, source, _aware(at), target)
    return instance


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _window(instance: DBInstance) -> tuple[datetime, datetime]:
    """The times that an instance can be restored to.

    RDS uploads a transaction log every five minutes; here each one is there at once, since a rehearsal doesn't wait.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html
    """
    now = _aware(utcnow())
    kept_since = now - timedelta(days=int(instance.backup_retention_period or 0))
    return max(_aware(instance.created).replace(microsecond=0), kept_since), now.replace(microsecond=0)


@corrects(
    RDSResponse,
    "describe_db_instance_automated_backups",
    "rds",
    "DescribeDBInstanceAutomatedBackups",
    why="in moto an automated backup has no times that it can be restored to",
)
def describe_automated_backups(_: Callable[..., ActionResult], self: RDSResponse) -> ActionResult:
    """List one for each instance that keeps backups."""
    asked, found = self.params.get("DBInstanceIdentifier"), []
    for name, instance in self.backend.databases.items():
        if asked in {None, name} and int(instance.backup_retention_period or 0):
            first, last = _window(instance)
            found.append(
                {
                    "DBInstanceIdentifier": name,
                    "DbiResourceId": instance.dbi_resource_id,
                    "Status": "active",
                    "RestoreWindow": {"EarliestTime": first, "LatestTime": last},
                }
            )
    return ActionResult({"DBInstanceAutomatedBackups": found})


@corrects(
    RDSResponse,
    "describe_db_instances",
    "rds",
    "DescribeDBInstances",
    why="in moto an instance is available at once",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html",
)
def describe_db_instances(original: Callable[..., ActionResult], self: RDSResponse) -> ActionResult:
    """A restored instance is being created for a few calls."""
    answer = original(self)
    creating = _creating(self.backend)
    for name in [*creating]:
        creating[name] -= 1
        if not creating[name]:
            del creating[name]
            if name in self.backend.databases:
                self.backend.databases[name].status = "available"
    return answer


@corrects(
    RDSBackend,
    "create_db_snapshot",
    "rds",
    "CreateDBSnapshot",
    why="moto has no data; the real server behind an instance is copied, if there is one",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CreateSnapshot.html",
)
def create_db_snapshot(
    original: Callable[..., DBSnapshot],
    backend: RDSBackend,
    db_instance_identifier: str,
    db_snapshot_identifier: str,
    *given: object,
    **named: object,
) -> DBSnapshot:
    """Copy the data as of now."""
    snapshot = original(backend, db_instance_identifier, db_snapshot_identifier, *given, **named)
    servers.take_snapshot(backend, db_instance_identifier, snapshot.db_snapshot_identifier)
    return snapshot


@corrects(
    RDSBackend,
    "delete_db_instance",
    "rds",
    "DeleteDBInstance",
    why="moto has no server behind an instance, which ends with it",
)
def delete_db_instance(
    original: Callable[..., DBInstance],
    backend: RDSBackend,
    db_instance_identifier: str,
    *given: object,
    **named: Any,  # noqa: ANN401
) -> DBInstance:
    """End its server."""
    instance = original(backend, db_instance_identifier, *given, **named)
    servers.end(backend, db_instance_identifier)
    return instance


def _subscription(self: RDSResponse) -> EventSubscription:
    (found,) = self.backend.describe_event_subscriptions(self.params["SubscriptionName"])
    return found


_SOURCES = "moto can't change the sources of a subscription"


@adds(RDSResponse, "rds", "AddSourceIdentifierToSubscription", why=_SOURCES)
def add_source_identifier_to_subscription(self: RDSResponse) -> ActionResult:
    """Add one."""
    subscription = _subscription(self)
    subscription.source_ids = [*subscription.source_ids, self.params["SourceIdentifier"]]
    return ActionResult({"EventSubscription": subscription})


@adds(RDSResponse, "rds", "RemoveSourceIdentifierFromSubscription", why=_SOURCES)
def remove_source_identifier_from_subscription(self: RDSResponse) -> ActionResult:
    """Remove one."""
    subscription = _subscription(self)
    subscription.source_ids = [each for each in subscription.source_ids if each != self.params["SourceIdentifier"]]
    return ActionResult({"EventSubscription": subscription})
