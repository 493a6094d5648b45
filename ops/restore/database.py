"""Restores the database into a new instance beside it, as the environment's values say.

What RDS takes from a snapshot and what it sets to a default, instead of what the source has:
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from environments.flows import DATABASE, POSTGRESQL_PORT
from environments.names import Names
from environments.schema.versions import postgresql
from environments.suggestions import choices
from ops.aws.errors import AwsError, explained, only
from ops.errors import OpsError
from ops.restore.store import TAG, check_own, data_key, security_group, wait
from ops.secrets.writing import unseen

if TYPE_CHECKING:
    from types_boto3_rds.type_defs import DBInstanceTypeDef

    from environments.schema import Database, Environment
    from ops.aws.session import Aws

SECONDS = 4 * 60 * 60
"""How long a restore may take: RDS loads the data of a large database from S3."""
LATEST = "latest"
"""`--at latest`: the latest time that RDS can restore."""
_LISTED = 8
_FAILED = ("failed", "incompatible-restore", "incompatible-parameters", "incompatible-network", "storage-full")
"""Statuses that RDS leaves an instance in.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
"""


@dataclass(frozen=True)
class Source:
    """What is restored: a snapshot, or the database at a time."""

    snapshot: str = ""
    at: datetime | None = None

    def __str__(self) -> str:
        """As the copy's tag has it."""
        return f"snapshot {self.snapshot}" if self.at is None else f"time {self.at:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def option(self) -> str:
        """The option that names it."""
        return f"--snapshot {self.snapshot}" if self.at is None else f"--at {self.at:%Y-%m-%dT%H:%M:%SZ}"


class DatabaseRestore:
    """Restores of one environment's database."""

    def __init__(self, aws: Aws, environment: Environment) -> None:
        """Calls no AWS API.

        Raises:
            OpsError: The environment has no database.
        """
        self.values: Database = _values(environment)
        self._aws, self._environment, self._names = aws, environment, Names(environment)
        self._rds = aws.client("rds")

    def source(self, snapshot: str, at: str) -> Source:
        """Check what is restored.

        Raises:
            OpsError: There is no such snapshot, it doesn't fit the values, or RDS can't restore that time.
        """
        check_source(self._environment, snapshot, at)
        return self._at_time(at) if at else self._of_snapshot(snapshot)

    def _at_time(self, text: str) -> Source:
        with explained(f"find the times that RDS can restore {self._names.database} to"):
            found = self._rds.describe_db_instance_automated_backups(DBInstanceIdentifier=self._names.database)
        windows = [each["RestoreWindow"] for each in found["DBInstanceAutomatedBackups"] if "RestoreWindow" in each]
        windows = [each for each in windows if "EarliestTime" in each and "LatestTime" in each]
        if not windows:
            raise OpsError(f"RDS has no automated backup of {self._names.database}; restore a snapshot: --snapshot ID")
        first, last = min(each["EarliestTime"] for each in windows), max(each["LatestTime"] for each in windows)
        at = last if text == LATEST else _time(text)
        if not first <= at <= last:
            raise OpsError(
                f"--at {text}: RDS can restore {self._names.database} from {first:%Y-%m-%dT%H:%M:%SZ} to "
                f"{last:%Y-%m-%dT%H:%M:%SZ}; the last 5 minutes follow later. For an earlier time: --snapshot ID"
            )
        return Source(at=at.astimezone(UTC).replace(microsecond=0))

    def _of_snapshot(self, identifier: str) -> Source:
        snapshots = self._rds.get_paginator("describe_db_snapshots")
        with explained(f"list the snapshots of {self._names.database}"):
            pages = snapshots.paginate(DBInstanceIdentifier=self._names.database)
            own = sorted(
                (each for page in pages for each in page["DBSnapshots"] if each.get("Status") == "available"),
                key=lambda each: each.get("SnapshotCreateTime", datetime.min.replace(tzinfo=UTC)),
                reverse=True,
            )
        known = [each["DBSnapshotIdentifier"] for each in own[:_LISTED]]
        try:
            with explained(f"find the snapshot {identifier}"):
                found = self._rds.describe_db_snapshots(DBSnapshotIdentifier=identifier)["DBSnapshots"]
        except AwsError as error:
            if error.code not in {"DBSnapshotNotFound", "DBSnapshotNotFoundFault"}:
                raise
            raise OpsError(f"no snapshot {identifier!r}; {choices(identifier, known)} (newest first)") from None
        snapshot = only(found, f"snapshots {identifier}")
        if snapshot.get("Status") != "available":
            raise OpsError(f"the snapshot {identifier} is {snapshot.get('Status')}; wait until it is available")
        source, present = snapshot["DBInstanceIdentifier"], self.present()
        check_own(self._environment, "database", identifier, source, present=present, own=known)
        self._check_fit(identifier, snapshot)
        return Source(snapshot=identifier)

    def _check_fit(self, identifier: str, snapshot: Mapping[str, Any]) -> None:
        """Refuse a snapshot that can't become the stack's database: what a restore keeps can't be changed in place."""
        wanted = {
            "engine": (snapshot.get("Engine"), "postgres"),
            "major version": (str(snapshot.get("EngineVersion", "")).partition(".")[0], self.values.version),
            "user": (snapshot.get("MasterUsername"), self.values.user),
        }
        for what, (found, needed) in wanted.items():
            if found != needed:
                raise OpsError(
                    f"the snapshot {identifier} has {what} {found}, but database in environments/ says {needed}; "
                    "restore another snapshot, or set that value first"
                )
        key = data_key(self._aws, self._environment)
        if snapshot.get("KmsKeyId") != key:
            # RDS's own snapshots begin with `rds:`, and the name of a copy has no colon.
            # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBSnapshot.html
            copy = f"{identifier.removeprefix('rds:')}-copy"
            raise OpsError(
                f"the snapshot {identifier} has another key than the stack's, and a restore keeps it; copy it first: "
                f"aws rds copy-db-snapshot --source-db-snapshot-identifier {identifier} "
                f"--target-db-snapshot-identifier {copy} --kms-key-id {key}"
            )

    def present(self) -> dict[str, str]:
        """Instances whose names begin as the environment's, each with the tag of what it was restored from."""
        with explained("list the databases of the account"):
            pages = self._rds.get_paginator("describe_db_instances").paginate()
            found = [each for page in pages for each in page["DBInstances"]]
        return {
            each["DBInstanceIdentifier"]: {tag["Key"]: tag["Value"] for tag in each.get("TagList", ())}.get(TAG, "")
            for each in found
            if each["DBInstanceIdentifier"].startswith(f"{self._names.prefix}-")
        }

    def start(self, source: Source, name: str) -> None:
        """Restore into a new instance. It gets all that the call can set and RDS wouldn't take from the values.

        Without them, RDS uses default groups, sets deletion protection off, and doesn't copy Multi-AZ.
        https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html

        Raises:
            AwsError: RDS refuses; nothing was created.
        """
        profile, names = self._environment.profile, self._names
        tags = {**names.tags("data"), TAG: str(source)}
        settings: dict[str, Any] = {
            "DBInstanceClass": profile.database_class,
            "MultiAZ": profile.database_multi_az,
            "StorageType": "gp3",
            "Port": POSTGRESQL_PORT,
            "DBSubnetGroupName": names.prefix,
            "VpcSecurityGroupIds": [security_group(self._aws, self._environment, DATABASE)],
            "DBParameterGroupName": f"{names.prefix}-{postgresql(self.values.version).family}",
            "PubliclyAccessible": False,
            "EnableIAMDatabaseAuthentication": True,
            "AutoMinorVersionUpgrade": True,
            "CopyTagsToSnapshot": True,
            "DeletionProtection": self._environment.protected,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
        with explained(f"restore {source} into {name} (administrators only: docs/adr/0004)"):
            if source.at is None:
                self._rds.restore_db_instance_from_db_snapshot(
                    DBInstanceIdentifier=name, DBSnapshotIdentifier=source.snapshot, **settings
                )
            else:
                self._rds.restore_db_instance_to_point_in_time(
                    SourceDBInstanceIdentifier=names.database,
                    TargetDBInstanceIdentifier=name,
                    RestoreTime=source.at,
                    MaxAllocatedStorage=self.values.storage_limit,
                    **settings,
                )

    def wait(self, name: str) -> DBInstanceTypeDef:
        """Wait until the copy is available and no change of it is pending.

        Raises:
            AwsError: The restore failed, or takes too long; it continues in RDS.
        """
        return wait(
            name,
            lambda: self._status(name),
            seconds=SECONDS,
            failed=_FAILED,
            events=f"aws rds describe-events --source-type db-instance --source-identifier {name}",
            settled=lambda instance: not instance.get("PendingModifiedValues"),
        )

    def use_present_password(self, name: str) -> None:
        """Give the copy the password of the present URL, with which tasks connect to it.

        A restored instance has the password of the snapshot's time.

        Raises:
            AwsError: A call is denied or fails.
        """
        secret = self._names.secret(self._environment.product.database_secret)
        with explained(f"read {secret}, whose password the copy gets (administrators only)"):
            url = SecretStr(self._aws.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])
        password = SecretStr(unquote(urlsplit(url.get_secret_value()).password or ""))
        if not password.get_secret_value():
            raise OpsError(f"{secret} isn't a URL with a password; its value: bin/ops secrets status")
        with unseen(password, f"give {name} the password of {secret}"):
            self._rds.modify_db_instance(
                DBInstanceIdentifier=name, MasterUserPassword=password.get_secret_value(), ApplyImmediately=True
            )

    def _status(self, name: str) -> tuple[str, DBInstanceTypeDef]:
        with explained(f"read the database {name}"):
            found = self._rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        instance = only(found, f"databases {name}")
        return instance["DBInstanceStatus"], instance


def address(instance: Mapping[str, Any]) -> str:
    """Host and port of an available instance."""
    return f"{instance['Endpoint']['Address']}:{instance['Endpoint']['Port']}"


def check_source(environment: Environment, snapshot: str, at: str) -> None:
    """Check what can be checked of the source before AWS is asked.

    Raises:
        OpsError: There is no database, not one of both is given, or the time isn't one.
    """
    _values(environment)
    if bool(snapshot) == bool(at):
        raise OpsError(
            "pass one of --snapshot ID and --at TIME, such as --at 2026-05-04T11:59:00Z or --at latest; to see the "
            f"snapshots: aws rds describe-db-snapshots --db-instance-identifier {Names(environment).database}"
        )
    if at not in {"", LATEST}:
        _time(at)


def _values(environment: Environment) -> Database:
    if environment.database is None:
        raise OpsError(f"{environment.name} has no database: its values have database=None")
    return environment.database


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise OpsError(f"--at {text!r} isn't a time; write it as 2026-05-04T11:59:00Z, or latest") from None
    if found.tzinfo is None:
        raise OpsError(f"--at {text!r} has no time zone; write it in UTC, as 2026-05-04T11:59:00Z")
    return found
