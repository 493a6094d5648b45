"""The audit baseline of the account: CIS AWS Foundations, AWS Foundational Security Best Practices."""

from __future__ import annotations

from collections.abc import Sequence

from environments import schema
from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.constructs.alerts_topic import AlertsTopic
from modules.constructs.buckets import AccessLogs, PrivateBucket, Retention
from modules.constructs.detection import SecurityStandards, ThreatDetection
from modules.constructs.encryption_key import EncryptionKey, usable_by
from modules.constructs.log_group import LogGroup
from modules.constructs.role import Role, ServiceLinkedRole
from modules.ids import address, depend, reference
from modules.policy import Condition, Statement, trust

_TRAIL = "cloudtrail.amazonaws.com"
_RECORDER = "config.amazonaws.com"


class AccountBaseline:
    """The audit services. Each has a switch; one that is off is a named risk.

    Another stage of the account may create the resources that an account has only once. Reads and writes of the state
    bucket are logged, and severe findings go to the topic.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: schema.Audit,
        names: Names,
        state_bucket_arn: str,
        log_key_arn: str,
        access_logs: AccessLogs,
        topic: AlertsTopic,
    ) -> None:
        once = names.environment.creates_account_resources
        records = spec.config and once
        uses = [
            *(_trail_encrypts(names) if spec.cloudtrail else ()),
            *(_recorder_encrypts(names) if records else ()),
        ]
        key = (
            EncryptionKey(
                scope,
                f"{id_}_key",
                names=names,
                purpose="audit",
                description="The account's audit logs",
                statements=uses,
            )
            if uses
            else None
        )
        if key and spec.cloudtrail:
            Trail(
                scope,
                "trail",
                spec=spec,
                names=names,
                kms_key_arn=key.arn,
                access_logs=access_logs,
                log_key_arn=log_key_arn,
                watched_bucket_arn=state_bucket_arn,
            )
        if not once:
            return
        _account_defaults(scope, spec)
        recorder = []
        if key and records:
            configuration = ConfigurationRecorder(
                scope, "config", spec=spec, names=names, kms_key_arn=key.arn, access_logs=access_logs
            )
            recorder = [configuration.status]
        if spec.guardduty:
            ThreatDetection(scope, "guardduty", names=names, topic=topic)
        if spec.access_analyzer:
            role = ServiceLinkedRole(scope, "access_analyzer_role", service="access-analyzer.amazonaws.com")
            analyzer = aws.AccessanalyzerAnalyzer(
                scope, "access_analyzer", analyzer_name=names.resource("access-analyzer"), type="ACCOUNT"
            )
            depend(analyzer, [role.address])
        if spec.security_hub:
            SecurityStandards(scope, "security_hub", names=names, recorder=recorder)


def _of_trail(names: Names) -> Condition:
    return ("StringEquals", "aws:SourceArn", [names.arn("cloudtrail", f"trail/{names.prefix}")])


def _of_account(names: Names) -> Condition:
    return ("StringEquals", "aws:SourceAccount", [names.environment.account_id])


def _trail_encrypts(names: Names) -> list[Statement]:
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html."""
    trails = names.arn("cloudtrail", "trail/*", region="*")
    encrypts: Condition = ("StringLike", "kms:EncryptionContext:aws:cloudtrail:arn", [trails])
    return [
        usable_by(_TRAIL, _of_trail(names), encrypts, sid="TrailEncrypts", actions=["kms:GenerateDataKey*"]),
        usable_by(_TRAIL, _of_trail(names), sid="TrailLooks", actions=["kms:DescribeKey"]),
    ]


def _recorder_encrypts(names: Names) -> list[Statement]:
    """https://docs.aws.amazon.com/config/latest/developerguide/s3-kms-key-policy.html."""
    uses = {"RecorderEncrypts": "kms:GenerateDataKey", "RecorderDecrypts": "kms:Decrypt"}
    return [usable_by(_RECORDER, _of_account(names), sid=sid, actions=[action]) for sid, action in uses.items()]


def _account_defaults(scope: Construct, audit: schema.Audit) -> None:
    """Settings of the whole account. It has one of each, so their ids are fixed."""
    if audit.public_access_block:
        aws.S3AccountPublicAccessBlock(
            scope,
            "public_access_block",
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
    if audit.ebs_encryption:
        aws.EbsEncryptionByDefault(scope, "ebs_encryption", enabled=True)
    if audit.imdsv2:
        aws.Ec2InstanceMetadataDefaults(scope, "imdsv2", http_tokens="required")
    if audit.password_policy:
        # CIS AWS Foundations 1.8 and 1.9, FSBP IAM.7.
        # https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-7
        aws.IamAccountPasswordPolicy(
            scope,
            "password_policy",
            minimum_password_length=14,
            require_lowercase_characters=True,
            require_uppercase_characters=True,
            require_numbers=True,
            require_symbols=True,
            allow_users_to_change_password=True,
            max_password_age=90,
            password_reuse_prevention=24,
        )


class AuditBucket:
    """A bucket that an audit service writes to, only on behalf of this account. Another bucket has its access logs.

    `service` is the principal that writes, and `source` the condition on what it writes for.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: schema.Audit,
        names: Names,
        purpose: str,
        service: str,
        source: Condition,
        kms_key_arn: str,
        access_logs: AccessLogs,
    ) -> None:
        name = names.bucket(purpose)
        arn = names.partition.bucket(name)
        principals: dict[str, Sequence[str]] = {"Service": [service]}
        bucket = PrivateBucket(
            scope,
            id_,
            spec=Retention(expire_days=spec.retention_days),
            names=names,
            name=name,
            kms_key_arn=kms_key_arn,
            statements=[
                Statement(
                    sid="Look",
                    actions=["s3:GetBucketAcl", "s3:ListBucket"],
                    resources=[arn],
                    principals=principals,
                    conditions=[source],
                ),
                Statement(
                    sid="Write",
                    actions=["s3:PutObject"],
                    resources=[f"{arn}/AWSLogs/{names.environment.account_id}/*"],
                    principals=principals,
                    conditions=[source, ("StringEquals", "s3:x-amz-acl", ["bucket-owner-full-control"])],
                ),
            ],
        )
        access_logs.of(f"{id_}_logging", bucket=bucket.name)
        self.name, self.policy = bucket.name, bucket.policy


class Trail:
    """CloudTrail in all regions, validated, encrypted, also in CloudWatch, with the data events of one bucket."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: schema.Audit,
        names: Names,
        kms_key_arn: str,
        access_logs: AccessLogs,
        log_key_arn: str,
        watched_bucket_arn: str,
    ) -> None:
        bucket = AuditBucket(
            scope,
            f"{id_}_bucket",
            spec=spec,
            names=names,
            purpose="trail",
            service=_TRAIL,
            source=_of_trail(names),
            kms_key_arn=kms_key_arn,
            access_logs=access_logs,
        )
        log_group = LogGroup(
            scope,
            f"{id_}_log_group",
            spec=spec.log_retention,
            name=names.log_group("trail"),
            kms_key_arn=log_key_arn,
        )
        role = Role(
            scope,
            f"{id_}_role",
            names=names,
            purpose="trail",
            description="Writes the trail to CloudWatch",
            trust=[trust(_TRAIL, names)],
            statements=[
                Statement(
                    sid="Write",
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[f"{names.log_group_arn('trail')}:log-stream:*"],
                )
            ],
        )
        objects = aws.CloudtrailEventSelectorDataResource(type="AWS::S3::Object", values=[f"{watched_bucket_arn}/"])
        trail = aws.Cloudtrail(
            scope,
            id_,
            name=names.prefix,
            s3_bucket_name=bucket.name,
            kms_key_id=kms_key_arn,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            cloud_watch_logs_group_arn=f"{log_group.arn}:*",
            cloud_watch_logs_role_arn=role.arn,
            event_selector=[
                aws.CloudtrailEventSelector(
                    include_management_events=True, read_write_type="All", data_resource=[objects]
                )
            ],
        )
        # CloudTrail tests whether it can write when it is created.
        depend(trail, [bucket.policy, *role.permissions])


class ConfigurationRecorder:
    """AWS Config, switched on, recording all resource types including IAM's.

    It uses Config's service-linked role (FSBP Config.1).
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: schema.Audit,
        names: Names,
        kms_key_arn: str,
        access_logs: AccessLogs,
    ) -> None:
        bucket = AuditBucket(
            scope,
            f"{id_}_bucket",
            spec=spec,
            names=names,
            purpose="config",
            service=_RECORDER,
            source=_of_account(names),
            kms_key_arn=kms_key_arn,
            access_logs=access_logs,
        )
        role = ServiceLinkedRole(scope, f"{id_}_role", service=_RECORDER)
        aws.ConfigConfigurationRecorder(
            scope,
            id_,
            name=names.prefix,
            role_arn=role.arn,
            recording_group=aws.ConfigConfigurationRecorderRecordingGroup(
                all_supported=True, include_global_resource_types=True
            ),
        )
        channel = aws.ConfigDeliveryChannel(
            scope, f"{id_}_channel", name=names.prefix, s3_bucket_name=bucket.name, s3_kms_key_arn=kms_key_arn
        )
        depend(channel, [address("aws_config_configuration_recorder", id_), bucket.policy])
        recorder = reference("aws_config_configuration_recorder", id_, "name")
        status = aws.ConfigConfigurationRecorderStatus(scope, f"{id_}_status", name=recorder, is_enabled=True)
        # A recorder can't be switched on without a delivery channel.
        depend(status, [address("aws_config_delivery_channel", f"{id_}_channel")])
        self.status = address("aws_config_configuration_recorder_status", f"{id_}_status")
        """Address of the resource that switches AWS Config on; what needs recording depends on it."""
