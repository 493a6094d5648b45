"""Drills of go-live day: docs/runbooks/restore.md for each kind, with the commands that operators type.

Each drill reads AWS afterwards: it fails if the restore did nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg

from ops.aws import ecs
from ops.rollout.people import ADMINISTRATOR
from ops.secrets.status import readers_of
from rehearsal.rollout import StepError
from rehearsal.transcript import Transcript
from rehearsal.values import Values

if TYPE_CHECKING:
    from rehearsal.application.run import Application
    from rehearsal.context import Rehearsal

TABLE = "notes"
"""The application's table."""
SNAPSHOT = "drill"
"""Name of the cache's snapshot."""
PHASE = "registry"
"""The phase whose state is damaged and restored: every environment has it, and its plan takes seconds."""
_OF_GROUP = (
    *("CacheNodeType", "AtRestEncryptionEnabled", "TransitEncryptionEnabled", "TransitEncryptionMode", "KmsKeyId"),
    *("UserGroupIds", "SnapshotRetentionLimit", "SnapshotWindow", "AutomaticFailover", "MultiAZ", "Engine"),
)
_OF_NODE = (
    *("EngineVersion", "CacheParameterGroup", "CacheSubnetGroupName", "SecurityGroups", "PreferredMaintenanceWindow"),
    "AutoMinorVersionUpgrade",
)
"""What a restored cache must have as the one that Terraform created: a snapshot has the keys only."""


@dataclass
class Restores:
    """Restores of an environment's database, cache, secret and state."""

    rehearsal: Rehearsal
    values: Values
    log: Transcript

    @property
    def name(self) -> str:
        """Name of the environment."""
        return self.rehearsal.environment.name

    def password(self) -> str:
        """The password that Terraform generated, which the real server gets too; empty if there is no database."""
        return str(urlsplit(self._url()).password) if self.rehearsal.environment.database else ""

    def _url(self) -> str:
        names = self.rehearsal.names
        secret = names.secret(self.rehearsal.environment.product.database_secret)
        return self.rehearsal.planted[secret]

    def drill(self, application: Application) -> None:
        """Restore each kind that the environment has; administrators run the commands.

        Raises:
            StepError: A command failed, or AWS doesn't have what was restored.
        """
        self.database(application)
        self.cache()
        self.secret()
        self.state()

    def database(self, application: Application) -> None:
        """Restore the real server's data of now into a second server, and check it.

        Raises:
            StepError: The copy's rows aren't those of the database.
        """
        environment = self.rehearsal.environment
        if environment.database is None or environment.product.migration is None:
            return
        with psycopg.connect(application.database_url, autocommit=True) as connection:
            connection.execute("insert into notes (text) values ('before the drill')")
        control, names = self.rehearsal.control, self.rehearsal.names
        control.database_server(names.database, application.database_url)
        variables = {environment.product.database_secret: application.database_url}
        family = names.service(environment.product.migration.service)
        control.run_commands(family, variables)
        self.values.database(check=f'replace({{0}}.check, tables=("{TABLE}",))')
        self._restore("Restore the database of now beside it, and check the copy", "database", "--at", "latest")
        control.run_commands(family, {})
        if f"{TABLE}: restored 1, present 1" not in self.log.said:
            raise StepError(f"the copy has other rows than the database: {self.log.said}")

    def cache(self) -> None:
        """Restore a snapshot of the cache beside it, and compare the settings of both.

        Raises:
            StepError: There is no copy of the snapshot, or it has other settings.
        """
        if self.rehearsal.environment.cache is None:
            return
        present, before = self.rehearsal.names.cache, self._caches()
        client = self.rehearsal.by(ADMINISTRATOR).aws.client("elasticache")
        client.create_snapshot(CacheClusterId=f"{present}-001", SnapshotName=SNAPSHOT)
        self._restore("Restore a snapshot of the cache beside it", "cache", "--snapshot", SNAPSHOT)
        new = self._caches()
        copies = new.keys() - before.keys()
        if len(copies) != 1:
            raise StepError(f"{len(copies)} caches were created, not one")
        if not self._from_snapshot():
            raise StepError(f"the cache was created without the snapshot {SNAPSHOT}, so without its keys")
        copy = new[copies.pop()]
        if different := [
            f"{key}: {copy[key]}, not {value}" for key, value in new[present].items() if copy[key] != value
        ]:
            raise StepError(f"the restored cache has other settings than the present one: {'; '.join(different)}")

    def _from_snapshot(self) -> bool:
        """Whether a role was asked for the snapshot by the call that creates a cache."""
        return any(
            each["action"] == "elasticache:CreateReplicationGroup"
            and each["resource"].endswith(f":snapshot:{SNAPSHOT}")
            for each in self.rehearsal.requests()
        )

    def _caches(self) -> dict[str, dict[str, Any]]:
        """The settings of each replication group and its nodes."""
        client: Any = self.rehearsal.owner.client("elasticache")
        found, nodes = {}, {each["CacheClusterId"]: each for each in client.describe_cache_clusters()["CacheClusters"]}
        for group in client.describe_replication_groups()["ReplicationGroups"]:
            members = [nodes[each] for each in group["MemberClusters"]]
            found[group["ReplicationGroupId"]] = {
                **{key: group.get(key) for key in _OF_GROUP},
                **{key: [node.get(key) for node in members] for key in _OF_NODE},
            }
        return found

    def secret(self) -> None:
        """Replace a secret by a wrong value, restore the previous one, and read it as the tasks do.

        Raises:
            StepError: The current value isn't the previous one, or a service's tasks are those from before.
        """
        product, names = self.rehearsal.environment.product, self.rehearsal.names
        written = [each.name for each in product.secrets if each.written_by == "operator" and not each.generated]
        if not written:
            return
        name, wrong = written[0], f"planted-{secrets.token_hex(16)}"
        secret = names.secret(name)
        self.rehearsal.planted[f"{secret} (wrong)"] = wrong
        self.log.ops("Write a wrong value", "secrets", "set", self.name, name, "--stdin", given=wrong)
        services = readers_of(self.rehearsal.environment, name)
        before = {service: self._tasks(service) for service in services}
        self._restore("Return to the previous value, and redeploy the services that read it", "secret", name)
        client = self.rehearsal.by(ADMINISTRATOR).aws.client("secretsmanager")
        if client.get_secret_value(SecretId=secret)["SecretString"] != self.rehearsal.planted[secret]:
            raise StepError(f"{secret} doesn't have its previous value")
        if same := [service for service in services if self._tasks(service) <= before[service]]:
            raise StepError(f"no new task of {', '.join(same)} reads the restored value")

    def _tasks(self, service: str) -> set[str]:
        names = self.rehearsal.names
        found = ecs.tasks(self.rehearsal.owner.client("ecs"), names.prefix, service=names.service(service))
        return {task.id for task in found}

    def state(self) -> None:
        """Damage a state, find its last good version in the list, and restore it.

        Raises:
            StepError: The state isn't what it was.
        """
        names, s3 = self.rehearsal.names, self.rehearsal.owner.client("s3")
        place: Any = {"Bucket": names.state_bucket, "Key": names.state_key(PHASE)}
        good = s3.get_object(**place)
        content, version = good["Body"].read(), good["VersionId"]
        s3.put_object(**place, Body=content[: len(content) // 2])
        self._restore("A write of the state was cut off: list its versions", "state", PHASE, rehearsed=())
        if not any(line.startswith(version) for line in self.log.said.splitlines()):
            raise StepError(f"the list doesn't have version {version}: {self.log.said}")
        self._restore("Restore its last good version", "state", PHASE, "--version", version)
        if s3.get_object(**place)["Body"].read() != content:
            raise StepError(f"the state of {PHASE} isn't that of version {version}")

    def _restore(self, why: str, what: str, *options: str, rehearsed: tuple[str, ...] = ("--yes",)) -> None:
        self.log.ops(why, "restore", self.name, what, *options, rehearsed=rehearsed)
