"""Redis or Valkey on ElastiCache, and its users."""

from __future__ import annotations

from collections.abc import Sequence

from environments import schema
from environments.flows import REDIS_PORT
from environments.names import Names
from environments.schema.versions import cache
from modules.bindings import aws
from modules.bindings.engine import Construct, TerraformResourceLifecycle
from modules.constructs.log_group import LogGroup
from modules.forgotten import forget
from modules.ids import address, identifier, reference

LOGS = ("slow-log", "engine-log")
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html
_DEFAULT_EVICTION = "volatile-lru"
# Users and user groups of this engine work with Redis and with Valkey.
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
ENGINE = "redis"
_NO_ACCESS = "off -@all"


class Cache:
    """An encrypted replication group in isolated subnets, for TLS connections of its users only.

    Two or more nodes fail over automatically.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: schema.Cache,
        names: Names,
        subnets: Sequence[str],
        security_group: str,
        kms_key_arn: str,
        log_key_arn: str,
    ) -> None:
        environment, name, own = names.environment, names.prefix, names.store_id(id_, names.cache)
        nodes = environment.profile.cache_nodes
        users = CacheUsers(scope, f"{id_}_users", names=names)
        aws.ElasticacheSubnetGroup(
            scope, f"{id_}_subnets", name=name, description="Isolated subnets", subnet_ids=list(subnets)
        )
        # Each major version has its own group, so that an upgrade can create the new one before it deletes the old one.
        family = cache(spec.engine, spec.version).family
        aws.ElasticacheParameterGroup(
            scope,
            f"{id_}_parameters",
            name=f"{name}-{family}",
            family=family,
            description="What goes when memory is full",
            parameter=_parameters(spec.eviction) or None,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        logs = {
            log: LogGroup(
                scope,
                f"{id_}_{identifier(log)}",
                spec=environment.observability.log_retention,
                name=names.log_group(f"cache-{log}"),
                kms_key_arn=log_key_arn,
            ).name
            for log in LOGS
        }
        # A restored one has an address of its own, as the database does.
        forget(
            scope,
            [address("aws_elasticache_replication_group", names.store_id(id_, each)) for each in names.caches[1:]],
        )
        aws.ElasticacheReplicationGroup(
            scope,
            own,
            replication_group_id=names.cache,
            description=f"Cache of {name}",
            engine=spec.engine,
            engine_version=spec.version,
            node_type=environment.profile.cache_node_type,
            num_cache_clusters=nodes,
            automatic_failover_enabled=nodes > 1,
            multi_az_enabled=nodes > 1,
            port=REDIS_PORT,
            parameter_group_name=reference("aws_elasticache_parameter_group", f"{id_}_parameters", "name"),
            subnet_group_name=reference("aws_elasticache_subnet_group", f"{id_}_subnets", "name"),
            security_group_ids=[security_group],
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            at_rest_encryption_enabled="true",
            kms_key_id=kms_key_arn,
            user_group_ids=[users.group],
            snapshot_retention_limit=spec.snapshot_days,
            snapshot_window=spec.snapshot_window,
            final_snapshot_identifier=f"{names.cache}-final" if environment.protected else None,
            maintenance_window=spec.maintenance_window,
            auto_minor_version_upgrade="true",
            # An approved change happens during the apply, not in the next maintenance window.
            apply_immediately=True,
            log_delivery_configuration=[
                aws.ElasticacheReplicationGroupLogDeliveryConfiguration(
                    destination=group, destination_type="cloudwatch-logs", log_format="json", log_type=log
                )
                for log, group in logs.items()
            ],
            lifecycle=TerraformResourceLifecycle(prevent_destroy=environment.protected),
        )
        self.id = reference("aws_elasticache_replication_group", own, "id")
        self.address = reference("aws_elasticache_replication_group", own, "primary_endpoint_address")
        self.user = users.user


def _parameters(eviction: str) -> list[aws.ElasticacheParameterGroupParameter]:
    """Parameters that differ from the family's defaults.

    The provider reads back only parameters that a user changed. If a default were sent, every plan would set it again.
    """
    if eviction == _DEFAULT_EVICTION:
        return []
    return [aws.ElasticacheParameterGroupParameter(name="maxmemory-policy", value=eviction)]


class CacheUsers:
    """The disabled default user, and the application's user, which operators enable with a password (docs/adr/0006)."""

    def __init__(self, scope: Construct, id_: str, *, names: Names) -> None:
        # It replaces ElastiCache's own default user, which may run every command.
        aws.ElasticacheUser(
            scope,
            f"{id_}_default",
            user_id=names.resource("default"),
            user_name="default",
            engine=ENGINE,
            access_string=_NO_ACCESS,
            no_password_required=True,
        )
        # IAM authentication needs no password, neither here nor in the state, and no role has elasticache:Connect. With
        # IAM, id and name have to be equal.
        # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
        aws.ElasticacheUser(
            scope,
            f"{id_}_application",
            user_id=names.resource("app"),
            user_name=names.resource("app"),
            engine=ENGINE,
            access_string=_NO_ACCESS,
            authentication_mode=aws.ElasticacheUserAuthenticationMode(type="iam"),
            lifecycle=TerraformResourceLifecycle(
                prevent_destroy=names.environment.protected,
                ignore_changes=["access_string", "authentication_mode", "no_password_required", "passwords"],
            ),
        )
        members = [reference("aws_elasticache_user", f"{id_}_{user}", "user_id") for user in ("default", "application")]
        aws.ElasticacheUserGroup(scope, id_, user_group_id=names.prefix, engine=ENGINE, user_ids=members)
        self.group = reference("aws_elasticache_user_group", id_, "user_group_id")
        self.user = reference("aws_elasticache_user", f"{id_}_application", "user_name")
