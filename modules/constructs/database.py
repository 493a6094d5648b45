"""PostgreSQL on RDS, and the secret URL that the application connects with."""

from __future__ import annotations

from collections.abc import Sequence

from environments import schema
from environments.flows import POSTGRESQL_PORT
from environments.names import DATABASE_METRICS, Names
from environments.schema.versions import postgresql
from modules.bindings import aws
from modules.bindings.engine import Construct, TerraformResourceLifecycle, TerraformStack
from modules.constructs.log_group import LogGroup
from modules.constructs.role import Role
from modules.forgotten import forget
from modules.ids import address, bare, depend, reference
from modules.policy import Statement, trust

LOGS = ("postgresql", "upgrade")
# RDS returns "pending-reboot" for parameters that equal the family's default, so with "immediate" every plan would
# change them again.
# https://github.com/hashicorp/terraform-provider-aws/issues/39252
_DEFAULTS_OF_A_FAMILY = ("rds.force_ssl", "ssl_min_protocol_version")
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html
CATEGORIES = ("availability", "configuration change", "deletion", "failover", "failure", "low storage", "maintenance")
PASSWORD_LENGTH = 40
"""Length of the master user's password: letters and digits only, which a URL needn't escape."""


class Database:
    """An encrypted instance in isolated subnets, for TLS connections only, with backups, logs and monitoring.

    Every plan and apply generates a new password, which Terraform doesn't store. The write-only arguments send it to
    AWS only when the version of the credentials is raised.
    https://developer.hashicorp.com/terraform/language/resources/ephemeral
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: schema.Database,
        names: Names,
        subnets: Sequence[str],
        security_group: str,
        kms_key_arn: str,
        log_key_arn: str,
        topic_arn: str,
        url_secret_arn: str,
    ) -> None:
        environment, protected = names.environment, names.environment.protected
        subnet_group = f"{id_}_subnets"
        aws.DbSubnetGroup(
            scope, subnet_group, name=names.prefix, description="Isolated subnets", subnet_ids=list(subnets)
        )
        parameter_group = _parameter_group(scope, f"{id_}_parameters", spec, names)
        # Otherwise RDS creates them, without a KMS key and without an end of retention.
        # Those of instances that were the database before stay.
        logs = [
            LogGroup(
                scope,
                f"{names.store_id(id_, name)}_{log}_log",
                spec=environment.observability.log_retention,
                name=f"/aws/rds/instance/{name}/{log}",
                kms_key_arn=log_key_arn,
            )
            for name in names.databases
            for log in LOGS
        ]
        password = _ephemeral_password(scope, id_)
        role = _monitoring_role(scope, f"{id_}_monitoring_role", names)
        # A restored instance has an address of its own, so that one plan imports it and forgets the previous one.
        own = names.store_id(id_, names.database)
        instance = aws.DbInstance(
            scope,
            own,
            identifier=names.database,
            engine="postgres",
            engine_version=spec.version,
            instance_class=environment.profile.database_class,
            multi_az=environment.profile.database_multi_az,
            storage_type="gp3",
            allocated_storage=spec.storage,
            max_allocated_storage=spec.storage_limit,
            storage_encrypted=True,
            kms_key_id=kms_key_arn,
            db_name=spec.name,
            username=spec.user,
            password_wo=password,
            password_wo_version=spec.password_version,
            iam_database_authentication_enabled=True,
            port=POSTGRESQL_PORT,
            db_subnet_group_name=reference("aws_db_subnet_group", subnet_group, "name"),
            vpc_security_group_ids=[security_group],
            publicly_accessible=False,
            # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
            ca_cert_identifier="rds-ca-rsa2048-g1",
            parameter_group_name=parameter_group,
            backup_retention_period=spec.backup_days,
            backup_window=spec.backup_window,
            copy_tags_to_snapshot=True,
            delete_automated_backups=not protected,
            skip_final_snapshot=not protected,
            final_snapshot_identifier=f"{names.database}-final" if protected else None,
            deletion_protection=protected,
            maintenance_window=spec.maintenance_window,
            auto_minor_version_upgrade=True,
            # A major version changes only by a new value in the environment, which is reviewed.
            allow_major_version_upgrade=True,
            # An approved change happens during the apply, not in the next maintenance window.
            apply_immediately=True,
            enabled_cloudwatch_logs_exports=list(LOGS),
            monitoring_interval=60,
            monitoring_role_arn=role.arn,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=kms_key_arn,
            performance_insights_retention_period=7,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=protected),
        )
        # RDS refuses a role that can't write metrics yet, and creates log groups that don't exist.
        depend(instance, [*(log.address for log in logs), *role.permissions])
        forget(scope, [address("aws_db_instance", names.store_id(id_, name)) for name in names.databases[1:]])
        self.identifier = reference("aws_db_instance", own, "identifier")
        self.address = reference("aws_db_instance", own, "address")
        # The topic gets failovers, failures, maintenance and changes (Security Hub RDS.20 and RDS.21).
        aws.DbEventSubscription(
            scope,
            f"{id_}_events",
            name=f"{names.prefix}-database",
            sns_topic=topic_arn,
            source_type="db-instance",
            source_ids=[self.identifier],
            event_categories=list(CATEGORIES),
        )
        aws.DbEventSubscription(
            scope,
            f"{id_}_parameter_events",
            name=f"{names.prefix}-database-parameters",
            sns_topic=topic_arn,
            source_type="db-parameter-group",
            source_ids=[parameter_group],
            event_categories=["configuration change"],
        )
        where = f"{self.address}:{POSTGRESQL_PORT}/{spec.name}?{spec.url_query}"
        # A new instance has a new password, so its URL is written again.
        instance_id = bare(reference("aws_db_instance", own, "resource_id"))
        aws.SecretsmanagerSecretVersion(
            scope,
            f"{id_}_url",
            secret_id=url_secret_arn,
            secret_string_wo=f"{spec.url_scheme}://{spec.user}:{password}@{where}",
            secret_string_wo_version=spec.password_version,
            lifecycle=TerraformResourceLifecycle(replace_triggered_by=[instance_id]),
        )


def _parameter_group(scope: Construct, id_: str, spec: schema.Database, names: Names) -> str:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html."""
    parameters = {
        "rds.force_ssl": "1",
        "ssl_min_protocol_version": "TLSv1.2",
        "log_connections": "1",
        "log_disconnections": "1",
        "log_lock_waits": "1",
        "log_min_duration_statement": str(spec.slow_query_ms),
        "log_statement": "ddl",
    }
    family = postgresql(spec.version).family
    # Each major version has its own group, so that an upgrade can create the new one before it deletes the old one.
    aws.DbParameterGroup(
        scope,
        id_,
        name=f"{names.prefix}-{family}",
        family=family,
        description="TLS only; connections, slow statements and changes of the schema are logged",
        parameter=[
            aws.DbParameterGroupParameter(
                name=name,
                value=value,
                apply_method="pending-reboot" if name in _DEFAULTS_OF_A_FAMILY else "immediate",
            )
            for name, value in parameters.items()
        ],
        lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
    )
    return reference("aws_db_parameter_group", id_, "name")


def _ephemeral_password(scope: Construct, id_: str) -> str:
    kind = "ephemeral.aws_secretsmanager_random_password"
    # cdktf 0.21 has no class for ephemeral resources.
    TerraformStack.of(scope).add_override(
        f"{kind}.{id_}",
        {"password_length": PASSWORD_LENGTH, "exclude_punctuation": True, "require_each_included_type": True},
    )
    return reference(kind, id_, "random_password")


def _monitoring_role(scope: Construct, id_: str, names: Names) -> Role:
    """A role like AWS's AmazonRDSEnhancedMonitoringRole, limited to this account's log group.

    The log group is RDSOSMetrics, one for each account, with this project's retention and key.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html
    """
    log_group_arn = names.arn("logs", f"log-group:{DATABASE_METRICS}")
    return Role(
        scope,
        id_,
        names=names,
        purpose="database-monitoring",
        description="RDS uses it to write metrics of the database's operating system",
        trust=[trust("monitoring.rds.amazonaws.com", names)],
        statements=[
            Statement(
                sid="MakeTheLogGroup",
                actions=["logs:CreateLogGroup", "logs:PutRetentionPolicy"],
                resources=[f"{log_group_arn}:*"],
            ),
            Statement(
                sid="WriteMetrics",
                actions=[
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:GetLogEvents",
                    "logs:PutLogEvents",
                ],
                resources=[f"{log_group_arn}:log-stream:*"],
            ),
        ],
    )
