"""`ops restore` of a cache, a secret and a state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from environments.names import Names
from ops.aws.session import Aws
from tests.cases import every_case
from tests.ops import seeded
from tests.ops.cli import run
from tests.ops.emulated import Emulated
from tests.ops.seeded import PROD

NAMES = Names(PROD)


@pytest.fixture
def account(emulated: Emulated) -> Any:
    with seeded.account(emulated) as aws:
        yield aws


def cache(aws: Aws) -> Any:
    """The cache with a snapshot, and what else phase data and network create."""
    seeded.cache(aws)
    client: Any = aws.client("elasticache")
    group = seeded.network(aws)["awsvpcConfiguration"]["securityGroups"][0]
    s3: Any = aws.client("s3")
    s3.create_bucket(Bucket=NAMES.state_bucket)
    outputs = {"security_groups": {"value": {"cache": group}, "type": "string"}}
    state = {"version": 4, "serial": 1, "lineage": "1", "outputs": outputs, "resources": []}
    s3.put_object(Bucket=NAMES.state_bucket, Key=NAMES.state_key("network"), Body=json.dumps(state))
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    aws.client("kms").create_alias(AliasName=NAMES.alias("data"), TargetKeyId=key)
    subnets = [each["SubnetId"] for each in aws.client("ec2").describe_subnets()["Subnets"]]
    client.create_cache_subnet_group(
        CacheSubnetGroupName=NAMES.prefix, CacheSubnetGroupDescription="data", SubnetIds=subnets
    )
    client.create_cache_parameter_group(
        CacheParameterGroupName="aep-prod-redis7", CacheParameterGroupFamily="redis7", Description="data"
    )
    client.create_user_group(UserGroupId=NAMES.prefix, Engine="redis", UserIds=[NAMES.resource("app")])
    client.create_snapshot(ReplicationGroupId=NAMES.prefix, SnapshotName="before")
    return client


@pytest.mark.requirement("R13.13")
@pytest.mark.slow
def test_a_cache_is_restored_beside_the_present_one_as_its_values_say(account: Aws) -> None:
    client = cache(account)
    present = client.describe_replication_groups(ReplicationGroupId="aep-prod")["ReplicationGroups"]
    done = run("restore", "prod", "cache", "--snapshot", "before", "--yes")
    assert done.exit_code == 0, done.output
    assert 'cache.restored=("r1",)' in done.stderr
    (copy,) = client.describe_replication_groups(ReplicationGroupId="aep-prod-r1")["ReplicationGroups"]
    assert copy["TransitEncryptionEnabled"] and copy["AtRestEncryptionEnabled"]
    assert copy["UserGroupIds"] == ["aep-prod"]
    assert len(copy["MemberClusters"]) == PROD.profile.cache_nodes
    assert copy["SnapshotRetentionLimit"] == 7
    assert client.describe_replication_groups(ReplicationGroupId="aep-prod")["ReplicationGroups"] == present
    again = run("restore", "prod", "cache", "--snapshot", "before", "--yes")
    assert again.exit_code == 0
    assert "aep-prod-r1 exists, restored from snapshot before: continuing" in again.stderr


@pytest.mark.requirement("R13.13")
@pytest.mark.slow
def test_a_mistyped_snapshot_of_a_cache_is_named(account: Aws) -> None:
    cache(account)
    for options, message in ((("--snapshot", "befor"), "did you mean before?"), ((), "pass the snapshot: --snapshot")):
        done = run("restore", "prod", "cache", *options, "--yes")
        assert (done.exit_code, message in done.stderr) == (2, True), done.stderr


@pytest.mark.requirement("R13.13")
@pytest.mark.slow
def test_a_snapshot_of_another_cache_is_refused(account: Aws) -> None:
    client = cache(account)
    client.create_replication_group(ReplicationGroupId="aep-staging", ReplicationGroupDescription="another")
    client.create_snapshot(ReplicationGroupId="aep-staging", SnapshotName="theirs")
    client.create_snapshot(CacheClusterId="aep-staging-001", SnapshotName="of-their-node")
    for name in ("theirs", "of-their-node"):
        done = run("restore", "prod", "cache", "--snapshot", name, "--yes")
        assert done.exit_code == 1, done.output
        assert f"the snapshot {name} is of aep-staging, which isn't the cache of prod" in done.stderr
        assert "known: before" in done.stderr
    assert len(client.describe_replication_groups()["ReplicationGroups"]) == 2


@pytest.mark.requirement("R13.13")
@pytest.mark.slow
def test_a_snapshot_of_a_node_or_a_copy_is_the_environments_own(account: Aws) -> None:
    client = cache(account)
    client.create_snapshot(CacheClusterId="aep-prod-001", SnapshotName="of-a-node")
    assert run("restore", "prod", "cache", "--snapshot", "of-a-node", "--yes").exit_code == 0
    client.create_snapshot(CacheClusterId="aep-prod-r1-001", SnapshotName="of-a-copy")
    done = run("restore", "prod", "cache", "--snapshot", "of-a-copy", "--yes", "--dry-run")
    assert done.exit_code == 0, done.output


def versions(aws: Aws, name: str, *values: str) -> list[str]:
    client: Any = aws.client("secretsmanager")
    return [client.put_secret_value(SecretId=NAMES.secret(name), SecretString=each)["VersionId"] for each in values]


@pytest.mark.requirement("R13.13")
@pytest.mark.slow
def test_the_previous_version_of_a_secret_becomes_current_and_can_be_taken_back(account: Aws) -> None:
    seeded.services(account)
    seeded.secrets(account)
    first, second = versions(account, "OPENAI_API_KEY", "first", "second")
    restore = ("restore", "prod", "secret", "OPENAI_API_KEY", "--yes")
    assert run(*restore, "--dry-run").exit_code == 0
    assert seeded.secret_value(account, "OPENAI_API_KEY") == "second"
    done = run(*restore)
    assert done.exit_code == 0, done.output
    assert f"OPENAI_API_KEY has the value of version {first}; to return: --version {second}" in done.stderr
    assert "backend: redeployed" in done.stderr
    assert "first" not in done.output and "second" not in done.output
    assert seeded.secret_value(account, "OPENAI_API_KEY") == "first"
    assert run(*restore, "--version", second).exit_code == 0
    assert seeded.secret_value(account, "OPENAI_API_KEY") == "second"
    assert "is the current version" in run(*restore, "--version", second).stderr


@pytest.mark.requirement("R13.13")
@pytest.mark.slow
def test_a_secret_that_cant_be_restored(account: Aws) -> None:
    seeded.services(account)
    seeded.secrets(account)
    (only,) = versions(account, "OPENAI_API_KEY", "first")
    for words, code, message in (
        (("OPENAI_API_KEY",), 2, "has no previous version"),
        (("OPENAI_API_KEY", "--version", "nothing"), 2, f"has no version 'nothing'; known: {only}"),
        (("OPENAI_API_KYE",), 2, "did you mean OPENAI_API_KEY?"),
        (("DATABASE_URL",), 1, "raise database.credentials_version by one"),
        (("REDIS_URL",), 1, "bin/ops secrets rotate prod REDIS_URL"),
    ):
        done = run("restore", "prod", "secret", *words, "--yes")
        assert (done.exit_code, message in done.stderr) == (code, True), done.stderr


@pytest.mark.requirement("R13.13")
@pytest.mark.slow
def test_a_secret_without_a_current_version(account: Aws) -> None:
    """As RotateSecret leaves it before the first value: its version has the label AWSPENDING only."""
    from moto.secretsmanager.models import secretsmanager_backends  # noqa: PLC0415  (loading moto takes seconds)

    seeded.services(account)
    seeded.secrets(account)
    restore = ("restore", "prod", "secret", "OPENAI_API_KEY", "--yes")
    done = run(*restore)
    assert (done.exit_code, "has no value; write one: bin/ops secrets set" in done.stderr) == (2, True), done.stderr
    backend = secretsmanager_backends[PROD.account_id][PROD.region]
    (version,) = versions(account, "OPENAI_API_KEY", "first")
    backend.secrets[NAMES.secret("OPENAI_API_KEY")].versions[version]["version_stages"] = ["AWSPENDING"]
    done = run(*restore)
    assert (done.exit_code, f"no previous version; known: {version}" in done.stderr) == (2, True), done.stderr
    done = run(*restore, "--version", version)
    assert done.exit_code == 0, done.output
    assert f"OPENAI_API_KEY: none → {version}" in done.stderr and "to return" not in done.stderr
    assert seeded.secret_value(account, "OPENAI_API_KEY") == "first"


@pytest.mark.requirement("R13.13")
@pytest.mark.slow
def test_a_secret_that_is_being_deleted_or_missing(account: Aws) -> None:
    seeded.services(account)
    seeded.secrets(account)
    client, secret = account.client("secretsmanager"), NAMES.secret("OPENAI_API_KEY")
    versions(account, "OPENAI_API_KEY", "first", "second")
    client.delete_secret(SecretId=secret)
    for message in (f"aws secretsmanager restore-secret --secret-id {secret}", "is missing; apply phase secrets first"):
        done = run("restore", "prod", "secret", "OPENAI_API_KEY", "--yes")
        assert (done.exit_code, message in done.stderr) == (2, True), done.stderr
        client.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)


@pytest.mark.requirement("R13.13")
@pytest.mark.slow
def test_versions_of_a_state_are_listed(account: Aws) -> None:
    s3: Any = account.client("s3")
    s3.create_bucket(Bucket=NAMES.state_bucket)
    s3.put_bucket_versioning(Bucket=NAMES.state_bucket, VersioningConfiguration={"Status": "Enabled"})
    for serial in (1, 2):
        state: Any = {"version": 4, "serial": serial, "lineage": "1", "outputs": {}, "resources": []}
        s3.put_object(Bucket=NAMES.state_bucket, Key=NAMES.state_key("network"), Body=json.dumps(state))
    done = run("restore", "prod", "state", "network")
    assert done.exit_code == 0, done.output
    assert "serial 1" in done.stderr and "serial 2" in done.stderr
    assert "to restore one: bin/ops restore prod state network --version VERSION" in done.stderr
    old = next(line.split()[0] for line in done.stderr.splitlines() if "serial 1" in line)
    trial = run("restore", "prod", "state", "network", "--version", old, "--dry-run")
    assert (trial.exit_code, trial.stderr.splitlines()[0]) == (0, "present: serial 2, 0 resources")
    wrong = run("restore", "prod", "state", "network", "--version", "v1", "--dry-run")
    assert wrong.exit_code == 2 and "v1 is not a version of the state of network that can be restored" in wrong.stderr


@pytest.mark.requirement("R13.13")
@every_case(
    ("words", "message"),
    [
        (("secret",), "restore secret: name a secret, as in bin/ops restore prod secret NAME"),
        (("database", "r1", "--at", "latest"), "restore database: leave out 'r1', as in bin/ops restore prod database"),
        (("cache", "--at", "latest"), "--at isn't an option of restore cache; it has --as, --snapshot"),
        (("secret", "A", "--snapshot", "a"), "--snapshot isn't an option of restore secret; it has --version"),
        (("database",), "pass one of --snapshot ID and --at TIME"),
        (("database", "--at", "latest", "--snapshot", "a"), "pass one of --snapshot ID and --at TIME"),
        (("database", "--at", "yesterday"), "--at 'yesterday' isn't a time; write it as 2026-05-04T11:59:00Z"),
        (("database", "--at", "latest", "--as", "R1"), "--as 'R1' must be up to 7 lower-case letters"),
        (("database", "--at", "latest", "--rows", f"users={'9' * 5000}"), "must be TABLE=NUMBER, such as --rows users"),
        (("cache", "--snapshot", "a", "--as", "R1"), "--as 'R1' must be up to 7 lower-case letters"),
    ],
)
def test_what_is_mistyped_is_refused_before_aws_is_asked(words: tuple[str, ...], message: str) -> None:
    done = run("restore", "prod", *words)
    assert (done.exit_code, message in done.stderr) == (2, True), done.stderr


@pytest.mark.requirement("R13.13")
def test_a_version_of_a_state_is_what_recover_restores(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr("ops.terraform.state_command.recover", lambda *words: given.extend(words))
    assert run("restore", "prod", "state", "network", "--version", "v1", "--yes", "--out", "made").exit_code == 0
    assert given == ["prod", "network", "v1", True, Path("made")]
