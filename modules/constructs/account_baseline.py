"""What every account is judged by: CIS AWS Foundations, AWS Foundational Security Best Practices."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.accessanalyzer_analyzer import AccessanalyzerAnalyzer
from constructs import Construct

from environments.names import Names
from modules.constructs.access_logs import AccessLogs
from modules.constructs.account_defaults import AccountDefaults
from modules.constructs.alerts_topic import AlertsTopic
from modules.constructs.audit_bucket import AuditBucket
from modules.constructs.audit_key import AuditKey
from modules.constructs.configuration_recorder import ConfigurationRecorder
from modules.constructs.security_standards import SecurityStandards
from modules.constructs.service_linked_role import ServiceLinkedRole
from modules.constructs.threat_detection import ThreatDetection
from modules.constructs.trail import Trail
from modules.policy import Condition


class AccountBaseline:
    """Each part by its switch in the environment's `audit`; one that is off is a risk by name."""

    def __init__(
        self,
        scope: Construct,
        *,
        names: Names,
        state_bucket_arn: str,
        log_key_arn: str,
        access_logs: AccessLogs,
        topic: AlertsTopic,
    ) -> None:
        """Make what is switched on; another stage of the account may make what exists once.

        Args:
            scope: The stack.
            names: The environment's names.
            state_bucket_arn: Bucket whose objects' reads and writes are logged.
            log_key_arn: Key of log groups.
            access_logs: Where accesses to the audit's buckets are logged.
            topic: Who is told of severe findings.
        """
        self._scope, self._names, self._access_logs = scope, names, access_logs
        environment, audit = names.environment, names.environment.audit
        self._records = audit.config and environment.creates_account_resources
        if audit.cloudtrail or self._records:
            self._key_arn = self._make_key()
        if audit.cloudtrail:
            self._make_trail(state_bucket_arn, log_key_arn)
        if environment.creates_account_resources:
            self._make_once(topic)

    def _make_once(self, topic: AlertsTopic) -> None:
        """Make what an account has once, in the region."""
        scope, names, environment = self._scope, self._names, self._names.environment
        audit = environment.audit
        AccountDefaults(
            scope,
            public_access_block=audit.public_access_block,
            ebs_encryption=audit.ebs_encryption,
            imdsv2=audit.imdsv2,
            password_policy=audit.password_policy,
        )
        recorder = [self._make_recorder()] if audit.config else []
        if audit.guardduty:
            ThreatDetection(
                scope,
                "guardduty",
                agent=environment.profile.guardduty_agent,
                alert_name=names.resource("guardduty"),
                topic=topic,
            )
        if audit.access_analyzer:
            role = ServiceLinkedRole(scope, "access_analyzer_role", service="access-analyzer.amazonaws.com")
            analyzer = AccessanalyzerAnalyzer(
                scope, "access_analyzer", analyzer_name=names.resource("access-analyzer"), type="ACCOUNT"
            )
            analyzer.add_override("depends_on", [role.address])
        if audit.security_hub:
            SecurityStandards(scope, "security_hub", region=environment.region, recorder=recorder)

    @property
    def _of_trail(self) -> Condition:
        return ("StringEquals", "aws:SourceArn", [self._names.arn("cloudtrail", f"trail/{self._names.prefix}")])

    @property
    def _of_account(self) -> Condition:
        return ("StringEquals", "aws:SourceAccount", [self._names.environment.account_id])

    def _make_key(self) -> str:
        environment = self._names.environment
        return AuditKey(
            self._scope,
            "audit_key",
            alias=self._names.alias("audit"),
            names=self._names,
            of_trail=self._of_trail if environment.audit.cloudtrail else None,
            of_recorder=self._of_account if self._records else None,
            protected=environment.protected,
        ).arn

    def _make_bucket(self, purpose: str, service: str, source: Condition) -> str:
        environment = self._names.environment
        return AuditBucket(
            self._scope,
            f"{purpose}_bucket",
            name=self._names.bucket(purpose),
            service=service,
            source=source,
            names=self._names,
            kms_key_arn=self._key_arn,
            access_logs=self._access_logs,
            expire_days=environment.audit.retention_days,
            protected=environment.protected,
        ).name

    def _make_trail(self, state_bucket_arn: str, log_key_arn: str) -> None:
        names = self._names
        Trail(
            self._scope,
            "trail",
            name=names.prefix,
            role_name=names.role("trail"),
            account_id=names.environment.account_id,
            bucket=self._make_bucket("trail", "cloudtrail.amazonaws.com", self._of_trail),
            kms_key_arn=self._key_arn,
            log_group=names.log_group("trail"),
            log_group_arn=names.log_group_arn("trail"),
            log_key_arn=log_key_arn,
            log_retention=names.environment.audit.log_retention,
            watched_bucket_arns=[state_bucket_arn],
        )

    def _make_recorder(self) -> str:
        role = ServiceLinkedRole(self._scope, "config_role", service="config.amazonaws.com")
        return ConfigurationRecorder(
            self._scope,
            "config",
            name=self._names.prefix,
            role_arn=role.arn,
            bucket=self._make_bucket("config", "config.amazonaws.com", self._of_account),
            kms_key_arn=self._key_arn,
        ).status
