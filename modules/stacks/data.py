"""Data: PostgreSQL and Redis, each if the product has it, and the URL that the application uses for PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

from environments.flows import CACHE, DATABASE
from modules.constructs.cache import Cache
from modules.constructs.database import Database
from modules.constructs.encryption_key import EncryptionKey
from modules.contracts import Account, Data, Network, Secrets
from modules.stack import PhaseStack


class DataStack(PhaseStack):
    """The data stores. Their security group rules are in the phase network."""

    def build(self) -> None:
        """Compose the phase."""
        environment, names = self.environment, self.names
        if not environment.stores:
            # The phase is applied like any other: its state says that there are no stores.
            self.publish(Data())
            return
        account, network, secrets = self.read(Account), self.read(Network), self.read(Secrets)
        subnets = [network.isolated_subnets[zone] for zone in environment.zones]
        key = EncryptionKey(
            self,
            "data_key",
            names=names,
            purpose="data",
            description="Database and cache: storage, snapshots, Performance Insights",
        )
        data = Data()
        if environment.database:
            database = Database(
                self,
                "database",
                spec=environment.database,
                names=names,
                subnets=subnets,
                security_group=network.security_groups[DATABASE],
                kms_key_arn=key.arn,
                log_key_arn=account.log_key_arn,
                topic_arn=account.alerts_topic_arn,
                url_secret_arn=secrets.secret_arns[environment.product.database_secret],
            )
            data = replace(data, database_identifier=database.identifier, database_address=database.address)
        if environment.cache:
            cache = Cache(
                self,
                "cache",
                spec=environment.cache,
                names=names,
                subnets=subnets,
                security_group=network.security_groups[CACHE],
                kms_key_arn=key.arn,
                log_key_arn=account.log_key_arn,
            )
            data = replace(data, cache_id=cache.id, cache_address=cache.address, cache_user=cache.user)
        self.publish(data)
