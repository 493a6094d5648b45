"""`ops restore`: into a new instance beside the database, with a real PostgreSQL server behind each."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from environments.names import Names
from environments.schema import DatabaseCheck
from ops.aws.session import Aws
from ops.errors import OpsError
from ops.restore.database import DatabaseRestore
from rehearsal.application.certificates import Authority
from rehearsal.application.database import create
from rehearsal.application.database import database as server
from rehearsal.application.programs import hand_over
from rehearsal.emulator.client import Control
from tests.ops import seeded
from tests.ops.cli import run
from tests.ops.emulated import Emulated
from tests.ops.seeded import PROD

pytestmark = pytest.mark.slow
assert PROD.database
CHECKED = replace(PROD, database=replace(PROD.database, check=DatabaseCheck(tables=("users", "orders"))))
NAMES = Names(CHECKED)
SCHEMA = """
create table alembic_version (version_num text);
insert into alembic_version values ('0002');
create table users (name text);
insert into users select 'user ' || n from generate_series(1, 3) n;
create table orders (id int);
"""
RESTORE = ("restore", "prod", "database", "--yes")


class Rds:
    """The account's RDS, and the real servers behind its instances."""

    def __init__(self, aws: Aws, control: Control) -> None:
        self.aws, self.control, self.client = aws, control, aws.client("rds")

    def execute(self, instance: str, statement: str) -> None:
        with psycopg.connect(self.control.database_servers()[instance], autocommit=True) as connection:
            connection.execute(statement.encode())

    def snapshot(self, name: str) -> None:
        self.client.create_db_snapshot(DBInstanceIdentifier=NAMES.database, DBSnapshotIdentifier=name)

    def instance(self, name: str) -> Any:
        found = self.client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        return {key: value for key, value in found.items() if key != "LatestRestorableTime"}

    def copies(self) -> set[str]:
        return {each["DBInstanceIdentifier"] for each in self.client.describe_db_instances()["DBInstances"]} - {
            "aep-prod"
        }


@pytest.fixture
def rds(emulated: Emulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rds]:
    """Production's database, as phase data creates it, with data; nothing else than the data's key differs."""
    # Outside of pytest's folders, which the server's user can't enter.
    home = Path(tempfile.mkdtemp())
    hand_over(home)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("environments.load", lambda _: CHECKED)
    store = server(CHECKED.database, Authority(home), home, home / "log")  # type: ignore[arg-type]
    with seeded.account(emulated) as aws:
        store.start()
        try:
            create(store.url)
            yield _seeded(aws, Control(emulated.endpoint, PROD.account_id, PROD.region), store.url)
        finally:
            Control(emulated.endpoint, PROD.account_id, PROD.region).reset()
            store.stop()
            shutil.rmtree(home)


def _seeded(aws: Aws, control: Control, url: str) -> Rds:
    seeded.services(aws)
    _logging(aws)
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    aws.client("kms").create_alias(AliasName=NAMES.alias("data"), TargetKeyId=key)
    group = seeded.network(aws)["awsvpcConfiguration"]["securityGroups"][0]
    _network_state(aws, group)
    seeded.service_linked_role(aws, "rds")
    client = aws.client("rds")
    subnets = [each["SubnetId"] for each in aws.client("ec2").describe_subnets()["Subnets"]]
    client.create_db_subnet_group(DBSubnetGroupName=NAMES.prefix, DBSubnetGroupDescription="data", SubnetIds=subnets)
    client.create_db_parameter_group(
        DBParameterGroupName=f"{NAMES.prefix}-postgres16", DBParameterGroupFamily="postgres16", Description="TLS only"
    )
    password = url.split(":")[2].split("@", maxsplit=1)[0]
    client.create_db_instance(
        DBInstanceIdentifier=NAMES.database,
        DBInstanceClass="db.m7g.large",
        Engine="postgres",
        EngineVersion="16",
        DBName="aep",
        MasterUsername="aep",
        MasterUserPassword=password,
        AllocatedStorage=50,
        StorageType="gp3",
        StorageEncrypted=True,
        KmsKeyId=key,
        BackupRetentionPeriod=30,
        DeletionProtection=True,
    )
    secret = NAMES.secret("DATABASE_URL")
    aws.client("secretsmanager").create_secret(Name=secret, SecretString=url)
    control.database_server(NAMES.database, url)
    control.run_commands("aep-backend-prod", {"DATABASE_URL": url})
    found = Rds(aws, control)
    found.execute(NAMES.database, SCHEMA)
    return found


def _logging(aws: Aws) -> None:
    """The backend's task definition, with its log."""
    ecs: Any = aws.client("ecs")
    options = {"awslogs-group": NAMES.log_group("backend"), "awslogs-stream-prefix": "ecs"}
    options |= {"awslogs-region": PROD.region, "awslogs-stream-prefix": "backend"}
    ecs.register_task_definition(
        family="aep-backend-prod",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[
            {
                "name": "backend",
                "image": f"navralabs/aep-backend@sha256:{seeded.DIGEST}",
                "essential": True,
                "logConfiguration": {"logDriver": "awslogs", "options": options},
            }
        ],
    )
    ecs.update_service(cluster="aep-prod", service="aep-backend-prod", taskDefinition="aep-backend-prod")


def _network_state(aws: Aws, group: str) -> None:
    """What phase network publishes."""
    s3: Any = aws.client("s3")
    s3.create_bucket(Bucket=NAMES.state_bucket)
    outputs = {"security_groups": {"value": {"database": group, "cache": group}, "type": "string"}}
    state = {"version": 4, "serial": 1, "lineage": "1", "outputs": outputs, "resources": []}
    s3.put_object(Bucket=NAMES.state_bucket, Key=NAMES.state_key("network"), Body=json.dumps(state))


@pytest.mark.requirement("R13.13")
def test_a_snapshot_is_restored_beside_the_database_and_checked(rds: Rds) -> None:
    rds.snapshot("before")
    present = rds.instance("aep-prod")
    done = run(*RESTORE, "--snapshot", "before")
    assert done.exit_code == 0, done.output
    assert "users: restored 3, present 3" in done.stdout
    assert 'database.restored=("r1",)' in done.stderr
    copy = rds.instance("aep-prod-r1")
    assert rds.instance("aep-prod") == present
    wanted = {
        "DBInstanceStatus": "available",
        "DBInstanceClass": PROD.profile.database_class,
        "MultiAZ": PROD.profile.database_multi_az,
        "DeletionProtection": True,
        "PubliclyAccessible": False,
        "KmsKeyId": present["KmsKeyId"],
        "BackupRetentionPeriod": 30,
        "IAMDatabaseAuthenticationEnabled": True,
    }
    assert {name: copy[name] for name in wanted} == wanted
    assert copy["DBParameterGroups"][0]["DBParameterGroupName"] == "aep-prod-postgres16"
    assert copy["DBSubnetGroup"]["DBSubnetGroupName"] == "aep-prod"
    assert copy["VpcSecurityGroups"][0]["VpcSecurityGroupId"].startswith("sg-")


@pytest.mark.requirement("R13.13")
def test_what_was_deleted_after_the_snapshot_is_in_the_copy_only(rds: Rds) -> None:
    rds.snapshot("before")
    rds.execute("aep-prod", "drop table users")
    done = run(*RESTORE, "--snapshot", "before", "--rows", "users=3")
    assert done.exit_code == 0, done.output
    assert "users: restored 3, present error (relation" in done.stdout


@pytest.mark.requirement("R13.13")
@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("drop table users", "table users can't be counted: error (relation"),
        ("delete from users where name = 'user 2'", "table users has 2 rows, fewer than 3"),
        ("update alembic_version set version_num = '0001'", "its migration level is 0001, not 0002"),
        ("drop table alembic_version", "its migration level can't be read: error (relation"),
    ],
)
def test_the_check_fails_on_a_copy_that_lacks_something(rds: Rds, damage: str, problem: str) -> None:
    rds.execute("aep-prod", "begin; " + damage + "; commit")
    rds.snapshot("damaged")
    rds.execute("aep-prod", "drop table if exists users, orders, alembic_version; " + SCHEMA)
    done = run(*RESTORE, "--snapshot", "damaged", "--json")
    assert done.exit_code == 1, done.output
    assert f"fail: {problem}" in done.stderr
    assert json.loads(done.stdout)["outcome"] == "failed"


@pytest.mark.requirement("R13.13")
def test_a_time_is_restored_from_the_transaction_log(rds: Rds) -> None:
    _until_next_second()
    at = datetime.now(UTC).replace(microsecond=0)
    _until_next_second()
    rds.execute("aep-prod", "delete from users")
    _until_next_second()
    done = run(*RESTORE, "--at", f"{at:%Y-%m-%dT%H:%M:%SZ}", "--rows", "users=3")
    assert done.exit_code == 0, done.output
    assert "users: restored 3, present 0" in done.stdout


def _until_next_second() -> None:
    now = datetime.now(UTC)
    while datetime.now(UTC).second == now.second:
        pass


@pytest.mark.requirement("R13.13")
def test_a_password_of_the_snapshots_time_is_replaced(rds: Rds) -> None:
    rds.snapshot("before")
    rds.client.modify_db_instance(DBInstanceIdentifier="aep-prod", MasterUserPassword="another-password")
    url = rds.control.database_servers()["aep-prod"]
    rds.aws.client("secretsmanager").put_secret_value(SecretId=NAMES.secret("DATABASE_URL"), SecretString=url)
    rds.control.run_commands("aep-backend-prod", {"DATABASE_URL": url})
    done = run(*RESTORE, "--snapshot", "before")
    assert done.exit_code == 0, done.output


@pytest.mark.requirement("R13.13")
def test_an_interrupted_restore_continues_with_the_same_copy(rds: Rds, monkeypatch: pytest.MonkeyPatch) -> None:
    rds.snapshot("before")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ops.restore.database.DatabaseRestore.wait", interrupted)
        done = run(*RESTORE, "--snapshot", "before")
    assert done.exit_code == 130
    assert "to continue: bin/ops restore prod database --snapshot before --as r1" in done.stderr
    assert rds.copies() == {"aep-prod-r1"}
    done = run(*RESTORE, "--snapshot", "before")
    assert done.exit_code == 0, done.output
    assert "aep-prod-r1 exists, restored from snapshot before: continuing" in done.stderr
    assert rds.copies() == {"aep-prod-r1"}
    rds.snapshot("other")
    refused = run(*RESTORE, "--snapshot", "other", "--as", "r1")
    assert refused.exit_code == 1
    assert "aep-prod-r1 exists, restored from snapshot before" in refused.stderr


@pytest.mark.requirement("R13.13")
def test_what_cant_be_restored_is_refused_before_anything_is_created(rds: Rds) -> None:
    rds.snapshot("before-migration")
    early = datetime.now(UTC) - timedelta(days=3)
    for options, message in (
        ((), "pass one of --snapshot ID and --at TIME"),
        (("--snapshot", "before-migratoin"), "did you mean before-migration?"),
        (("--at", "yesterday"), "isn't a time; write it as 2026-05-04T11:59:00Z"),
        (("--at", "2026-05-04T11:59:00"), "has no time zone"),
        (("--at", f"{early:%Y-%m-%dT%H:%M:%SZ}"), "RDS can restore aep-prod from"),
        (("--snapshot", "before-migration", "--as", "R1"), "--as 'R1' must be up to 7 lower-case letters"),
        (("--snapshot", "before-migration", "--rows", "user=1"), "did you mean users?"),
        (("--version", "1"), "--version isn't an option of restore database"),
    ):
        done = run(*RESTORE, *options)
        assert done.exit_code == 2, (options, done.output)
        assert message in done.stderr, (options, done.stderr)
    assert not rds.copies()


@pytest.mark.requirement("R13.13")
def test_a_snapshot_of_another_key_or_version_is_refused_with_the_way_out(rds: Rds) -> None:
    other = rds.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    rds.snapshot("before")
    rds.client.copy_db_snapshot(
        SourceDBSnapshotIdentifier="before", TargetDBSnapshotIdentifier="copied", KmsKeyId=other
    )
    done = run(*RESTORE, "--snapshot", "copied")
    assert done.exit_code == 2
    assert "aws rds copy-db-snapshot --source-db-snapshot-identifier copied" in done.stderr
    (daily,) = rds.client.describe_db_snapshots(DBSnapshotIdentifier="copied")["DBSnapshots"]
    with pytest.raises(OpsError, match=" --target-db-snapshot-identifier aep-prod-2026-05-04-06-00-copy "):
        DatabaseRestore(rds.aws, PROD)._check_fit("rds:aep-prod-2026-05-04-06-00", daily)


@pytest.mark.requirement("R13.13")
def test_a_snapshot_of_another_database_is_refused(rds: Rds) -> None:
    """Also one that was copied with this environment's key: its source is still the other database."""
    key = rds.instance("aep-prod")["KmsKeyId"]
    rds.client.create_db_instance(
        DBInstanceIdentifier="aep-staging",
        DBInstanceClass="db.m7g.large",
        Engine="postgres",
        EngineVersion="16",
        MasterUsername="aep",
        MasterUserPassword="planted-password",
        AllocatedStorage=20,
        StorageEncrypted=True,
        KmsKeyId=key,
    )
    rds.client.create_db_snapshot(DBInstanceIdentifier="aep-staging", DBSnapshotIdentifier="theirs")
    rds.snapshot("before")
    done = run(*RESTORE, "--snapshot", "theirs")
    assert done.exit_code == 1, done.output
    assert "the snapshot theirs is of aep-staging, which isn't the database of prod; known: before" in done.stderr
    assert rds.copies() == {"aep-staging"}


@pytest.mark.requirement("R13.13")
def test_a_drill_is_in_the_journal_that_golive_reads(rds: Rds, monkeypatch: pytest.MonkeyPatch) -> None:
    from ops.conditions import FailedError  # noqa: PLC0415
    from ops.cutover.work import journal  # noqa: PLC0415
    from ops.restore.drill import drilled  # noqa: PLC0415

    def asked(now: datetime) -> str:
        return drilled(journal(CHECKED, rds.aws, "golive").entries(), 90, now, place="the journal")

    now = datetime.now(UTC)
    with pytest.raises(FailedError, match="has no restore of the database"):
        asked(now)
    rds.snapshot("before")
    assert run(*RESTORE, "--snapshot", "before").exit_code == 0
    assert "snapshot before into aep-prod-r1 by arn:aws:sts::" in asked(now)
    with pytest.raises(FailedError, match=r"older than 90 days \(database\.check\.days\)"):
        asked(now + timedelta(days=91))
    rds.execute("aep-prod-r1", "drop table users")
    assert run(*RESTORE, "--snapshot", "before").exit_code == 1
    with pytest.raises(FailedError, match="failed its check: table users can't be counted"):
        asked(now)
