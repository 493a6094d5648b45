"""Data: PostgreSQL and Redis, and the URL that the application finds PostgreSQL by."""

from __future__ import annotations

from environments.flows import CACHE, DATABASE, POSTGRESQL_PORT, REDIS_PORT
from environments.names import DATABASE_METRICS
from modules.constructs.cache import Cache
from modules.constructs.cache_users import CacheUsers
from modules.constructs.database import Database
from modules.constructs.database_events import DatabaseEvents
from modules.constructs.database_monitoring_role import DatabaseMonitoringRole
from modules.constructs.encryption_key import EncryptionKey
from modules.constructs.ephemeral_password import EphemeralPassword
from modules.constructs.written_secret import WrittenSecret
from modules.contracts import Account, Data, Network, Secrets
from modules.stack import PhaseStack

PASSWORD_LENGTH = 40


class DataStack(PhaseStack):
    """What has to survive everything else. No security group rules: those are the network's."""

    def build(self) -> None:
        """Compose the phase."""
        environment, names = self.environment, self.names
        self.account, self.network, self.secrets = self.read(Account), self.read(Network), self.read(Secrets)
        self.subnets = [self.network.isolated_subnets[zone] for zone in environment.zones]
        self.key = EncryptionKey(
            self,
            "data_key",
            alias=names.alias("data"),
            description="Database and cache: storage, snapshots, Performance Insights",
            names=names,
            protected=environment.protected,
        )
        database = self._database()
        users = CacheUsers(
            self,
            "cache_users",
            group=names.prefix,
            user=names.resource("app"),
            nobody=names.resource("default"),
            protected=environment.protected,
        )
        cache = self._cache(users.group)
        self.publish(
            Data(
                database_identifier=database.identifier,
                database_address=database.address,
                cache_id=cache.id,
                cache_address=cache.address,
                cache_user=users.user,
            )
        )

    def _database(self) -> Database:
        environment, names, values = self.environment, self.names, self.environment.database
        password = EphemeralPassword(self, "database", length=PASSWORD_LENGTH)
        role = DatabaseMonitoringRole(
            self,
            "database_monitoring_role",
            name=names.role("database-monitoring"),
            log_group_arn=names.arn("logs", f"log-group:{DATABASE_METRICS}"),
            account_id=environment.account_id,
        )
        database = Database(
            self,
            "database",
            identifier=names.prefix,
            version=values.version,
            instance_class=environment.profile.database_class,
            multi_az=environment.profile.database_multi_az,
            storage=values.storage,
            storage_limit=values.storage_limit,
            name=values.name,
            user=values.user,
            password=password.value,
            password_version=values.credentials_version,
            port=POSTGRESQL_PORT,
            subnets=self.subnets,
            security_group=self.network.security_groups[DATABASE],
            kms_key_arn=self.key.arn,
            backup_days=values.backup_days,
            backup_window=values.backup_window,
            maintenance_window=values.maintenance_window,
            slow_query_ms=values.slow_query_ms,
            monitoring_role=role,
            log_key_arn=self.account.log_key_arn,
            log_retention_days=environment.observability.log_retention,
            protected=environment.protected,
        )
        DatabaseEvents(
            self,
            "database",
            name=names.prefix,
            database=database.identifier,
            parameter_group=database.parameter_group,
            topic_arn=self.account.alerts_topic_arn,
        )
        where = f"{database.address}:{POSTGRESQL_PORT}/{values.name}?{values.url_query}"
        WrittenSecret(
            self,
            "database_url",
            secret_arn=self.secrets.secret_arns[environment.product.database_secret],
            value=f"{values.url_scheme}://{values.user}:{password.value}@{where}",
            version=values.credentials_version,
            written_anew_with=database.made,
        )
        return database

    def _cache(self, user_group: str) -> Cache:
        environment, names, values = self.environment, self.names, self.environment.cache
        return Cache(
            self,
            "cache",
            name=names.prefix,
            engine=values.engine,
            version=values.version,
            node_type=environment.profile.cache_node_type,
            nodes=environment.profile.cache_nodes,
            port=REDIS_PORT,
            eviction=values.eviction,
            subnets=self.subnets,
            security_group=self.network.security_groups[CACHE],
            kms_key_arn=self.key.arn,
            user_group=user_group,
            snapshot_days=values.snapshot_days,
            snapshot_window=values.snapshot_window,
            maintenance_window=values.maintenance_window,
            log_group_prefix=names.log_group("cache"),
            log_key_arn=self.account.log_key_arn,
            log_retention_days=environment.observability.log_retention,
            protected=environment.protected,
        )
