"""Redis or Valkey on ElastiCache."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.elasticache_parameter_group import (
    ElasticacheParameterGroup,
    ElasticacheParameterGroupParameter,
)
from cdktf_cdktf_provider_aws.elasticache_replication_group import (
    ElasticacheReplicationGroup,
    ElasticacheReplicationGroupLogDeliveryConfiguration,
)
from cdktf_cdktf_provider_aws.elasticache_subnet_group import ElasticacheSubnetGroup
from constructs import Construct

from environments.schema.versions import Engine, cache
from modules.constructs.log_group import LogGroup

LOGS = ("slow-log", "engine-log")
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html
_DEFAULT_EVICTION = "volatile-lru"


class Cache:
    """An encrypted replication group in isolated subnets that takes TLS connections of known users only."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        engine: Engine,
        version: str,
        node_type: str,
        nodes: int,
        port: int,
        eviction: str,
        subnets: Sequence[str],
        security_group: str,
        kms_key_arn: str,
        user_group: str,
        snapshot_days: int,
        snapshot_window: str,
        maintenance_window: str,
        log_group_prefix: str,
        log_key_arn: str,
        log_retention_days: int,
        protected: bool,
    ) -> None:
        """Make the replication group with its groups and logs.

        Args:
            scope: The stack.
            id_: Id of all its parts.
            name: Name of the replication group; its groups are named after it.
            engine: redis or valkey.
            version: The engine's version.
            node_type: Size of a node.
            nodes: A primary and its replicas; two or more fail over by themselves.
            port: Where it listens.
            eviction: What goes when memory is full.
            subnets: Isolated subnets, one a zone.
            security_group: Who may connect.
            kms_key_arn: Key of what it writes to disk.
            user_group: Who may log in.
            snapshot_days: Days that daily snapshots are kept.
            snapshot_window: When they are made, in UTC.
            maintenance_window: When ElastiCache may patch, in UTC.
            log_group_prefix: First part of its log groups' names.
            log_key_arn: Key of the log groups.
            log_retention_days: Days that logs are kept.
            protected: Whether a plan that destroys it fails, and whether it leaves a snapshot.
        """
        ElasticacheSubnetGroup(
            scope, f"{id_}_subnets", name=name, description="Isolated subnets", subnet_ids=list(subnets)
        )
        # An engine's major version has a group of its own, so that an upgrade takes one and leaves the other.
        family = cache(engine, version).family
        ElasticacheParameterGroup(
            scope,
            f"{id_}_parameters",
            name=f"{name}-{family}",
            family=family,
            description="What goes when memory is full",
            parameter=_parameters(eviction) or None,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        logs = {
            log: LogGroup(
                scope,
                f"{id_}_{log.replace('-', '_')}",
                name=f"{log_group_prefix}-{log}",
                retention_days=log_retention_days,
                kms_key_arn=log_key_arn,
            ).name
            for log in LOGS
        }
        ElasticacheReplicationGroup(
            scope,
            id_,
            replication_group_id=name,
            description=f"Cache of {name}",
            engine=engine,
            engine_version=version,
            node_type=node_type,
            num_cache_clusters=nodes,
            automatic_failover_enabled=nodes > 1,
            multi_az_enabled=nodes > 1,
            port=port,
            parameter_group_name=f"${{aws_elasticache_parameter_group.{id_}_parameters.name}}",
            subnet_group_name=f"${{aws_elasticache_subnet_group.{id_}_subnets.name}}",
            security_group_ids=[security_group],
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            at_rest_encryption_enabled="true",
            kms_key_id=kms_key_arn,
            user_group_ids=[user_group],
            snapshot_retention_limit=snapshot_days,
            snapshot_window=snapshot_window,
            final_snapshot_identifier=f"{name}-final" if protected else None,
            maintenance_window=maintenance_window,
            auto_minor_version_upgrade="true",
            # What an approved plan says happens when it is applied, not on some night afterwards.
            apply_immediately=True,
            log_delivery_configuration=[
                ElasticacheReplicationGroupLogDeliveryConfiguration(
                    destination=group, destination_type="cloudwatch-logs", log_format="json", log_type=log
                )
                for log, group in logs.items()
            ],
            lifecycle=TerraformResourceLifecycle(prevent_destroy=protected),
        )
        self.id = f"${{aws_elasticache_replication_group.{id_}.id}}"
        self.address = f"${{aws_elasticache_replication_group.{id_}.primary_endpoint_address}}"


def _parameters(eviction: str) -> list[ElasticacheParameterGroupParameter]:
    """What differs from the family's defaults.

    The provider reads back only what it holds to be set by a user; a default that is sent isn't, so that every plan
    would set it again.
    """
    if eviction == _DEFAULT_EVICTION:
        return []
    return [ElasticacheParameterGroupParameter(name="maxmemory-policy", value=eviction)]
