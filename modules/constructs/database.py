"""PostgreSQL on RDS."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.db_instance import DbInstance
from cdktf_cdktf_provider_aws.db_parameter_group import DbParameterGroup, DbParameterGroupParameter
from cdktf_cdktf_provider_aws.db_subnet_group import DbSubnetGroup
from constructs import Construct

from environments.schema.versions import postgresql
from modules.constructs.database_monitoring_role import DatabaseMonitoringRole
from modules.constructs.log_group import LogGroup

LOGS = ("postgresql", "upgrade")
# RDS keeps "pending-reboot" of a family's default, whatever is sent, and every plan would change it again.
# https://github.com/hashicorp/terraform-provider-aws/issues/39252
_DEFAULTS_OF_A_FAMILY = ("rds.force_ssl", "ssl_min_protocol_version")


class Database:
    """An encrypted instance in isolated subnets that takes TLS connections only, with backups, logs and monitoring."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        identifier: str,
        version: str,
        instance_class: str,
        multi_az: bool,
        storage: int,
        storage_limit: int,
        name: str,
        user: str,
        password: str,
        password_version: int,
        port: int,
        subnets: Sequence[str],
        security_group: str,
        kms_key_arn: str,
        backup_days: int,
        backup_window: str,
        maintenance_window: str,
        slow_query_ms: int,
        monitoring_role: DatabaseMonitoringRole,
        log_key_arn: str,
        log_retention_days: int,
        protected: bool,
    ) -> None:
        """Make the instance with its groups and logs.

        Args:
            scope: The stack.
            id_: Id of all its parts.
            identifier: Name of the instance; its groups are named after it.
            version: PostgreSQL's major version.
            instance_class: Its size.
            multi_az: Whether a standby waits in another zone.
            storage: GiB to begin with.
            storage_limit: GiB that autoscaling never exceeds.
            name: Name of the database.
            user: Master user.
            password: The master user's, as an ephemeral expression.
            password_version: Raised to set it anew.
            port: Where it listens.
            subnets: Isolated subnets, one a zone.
            security_group: Who may connect.
            kms_key_arn: Key of storage, snapshots and Performance Insights.
            backup_days: Days that automated backups are kept.
            backup_window: When they are made, in UTC.
            maintenance_window: When RDS may patch, in UTC.
            slow_query_ms: Milliseconds from which on a statement is logged.
            monitoring_role: What RDS writes the operating system's metrics with.
            log_key_arn: Key of the log groups.
            log_retention_days: Days that logs are kept.
            protected: Whether a plan or a call that destroys it fails.
        """
        DbSubnetGroup(
            scope,
            f"{id_}_subnets",
            name=identifier,
            description="Isolated subnets",
            subnet_ids=list(subnets),
        )
        family = postgresql(version).family
        # A major version has a group of its own, so that an upgrade takes one and leaves the other.
        DbParameterGroup(
            scope,
            f"{id_}_parameters",
            name=f"{identifier}-{family}",
            family=family,
            description="TLS only; connections, slow statements and changes of the schema are logged",
            parameter=[
                DbParameterGroupParameter(
                    name=parameter,
                    value=value,
                    apply_method="pending-reboot" if parameter in _DEFAULTS_OF_A_FAMILY else "immediate",
                )
                for parameter, value in _parameters(slow_query_ms).items()
            ],
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        self.parameter_group = f"${{aws_db_parameter_group.{id_}_parameters.name}}"
        # RDS makes them itself otherwise, without key and for ever.
        for log in LOGS:
            LogGroup(
                scope,
                f"{id_}_{log}_log",
                name=f"/aws/rds/instance/{identifier}/{log}",
                retention_days=log_retention_days,
                kms_key_arn=log_key_arn,
            )
        instance = DbInstance(
            scope,
            id_,
            identifier=identifier,
            engine="postgres",
            engine_version=version,
            instance_class=instance_class,
            multi_az=multi_az,
            storage_type="gp3",
            allocated_storage=storage,
            max_allocated_storage=storage_limit,
            storage_encrypted=True,
            kms_key_id=kms_key_arn,
            db_name=name,
            username=user,
            password_wo=password,
            password_wo_version=password_version,
            iam_database_authentication_enabled=True,
            port=port,
            db_subnet_group_name=f"${{aws_db_subnet_group.{id_}_subnets.name}}",
            vpc_security_group_ids=[security_group],
            publicly_accessible=False,
            # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
            ca_cert_identifier="rds-ca-rsa2048-g1",
            parameter_group_name=self.parameter_group,
            backup_retention_period=backup_days,
            backup_window=backup_window,
            copy_tags_to_snapshot=True,
            delete_automated_backups=not protected,
            skip_final_snapshot=not protected,
            final_snapshot_identifier=f"{identifier}-final" if protected else None,
            deletion_protection=protected,
            maintenance_window=maintenance_window,
            auto_minor_version_upgrade=True,
            # A new major version is a new value, which is reviewed; nothing else asks for one.
            allow_major_version_upgrade=True,
            # What an approved plan says happens when it is applied, not on some night afterwards.
            apply_immediately=True,
            enabled_cloudwatch_logs_exports=list(LOGS),
            monitoring_interval=60,
            monitoring_role_arn=monitoring_role.arn,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=kms_key_arn,
            performance_insights_retention_period=7,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=protected),
        )
        # RDS refuses a role that may not write metrics yet, and creates log groups that don't exist.
        log_groups = [f"aws_cloudwatch_log_group.{id_}_{log}_log" for log in LOGS]
        instance.add_override("depends_on", [*log_groups, *monitoring_role.permissions])
        self.identifier = f"${{aws_db_instance.{id_}.identifier}}"
        self.address = f"${{aws_db_instance.{id_}.address}}"
        self.made = f"aws_db_instance.{id_}.resource_id"
        """What changes when the instance is another one: for `replace_triggered_by`."""


def _parameters(slow_query_ms: int) -> dict[str, str]:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html."""
    return {
        "rds.force_ssl": "1",
        "ssl_min_protocol_version": "TLSv1.2",
        "log_connections": "1",
        "log_disconnections": "1",
        "log_lock_waits": "1",
        "log_min_duration_statement": str(slow_query_ms),
        "log_statement": "ddl",
    }
