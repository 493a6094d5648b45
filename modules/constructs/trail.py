"""CloudTrail: who did what, in every region."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.cloudtrail import (
    Cloudtrail,
    CloudtrailEventSelector,
    CloudtrailEventSelectorDataResource,
)
from constructs import Construct

from modules.constructs.log_group import LogGroup
from modules.constructs.role import Role
from modules.policy import Statement, trust


class Trail:
    """A validated and encrypted trail over all regions, also to CloudWatch, with what happens to some buckets."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        role_name: str,
        account_id: str,
        bucket: str,
        kms_key_arn: str,
        log_group: str,
        log_group_arn: str,
        log_key_arn: str,
        log_retention: int,
        watched_bucket_arns: Sequence[str],
    ) -> None:
        """Make log group, role and trail.

        Args:
            scope: The stack.
            id_: Id of the trail; log group and role are named after it.
            name: Name of the trail.
            role_name: Name of the role that writes the log group.
            account_id: The account.
            bucket: Where logs lie; its policy must stand before the trail is made.
            kms_key_arn: Key that encrypts them.
            log_group: Name of the log group.
            log_group_arn: ARN of the log group.
            log_key_arn: Key of the log group.
            log_retention: Days that the log group keeps them.
            watched_bucket_arns: Buckets whose objects' reads and writes are logged.
        """
        LogGroup(scope, f"{id_}_log_group", name=log_group, retention_days=log_retention, kms_key_arn=log_key_arn)
        role = Role(
            scope,
            f"{id_}_role",
            name=role_name,
            description="Writes the trail to CloudWatch",
            trust=[trust("cloudtrail.amazonaws.com", account_id=account_id)],
            statements=[
                Statement(
                    sid="Write",
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[f"{log_group_arn}:log-stream:*"],
                )
            ],
        )
        trail = Cloudtrail(
            scope,
            id_,
            name=name,
            s3_bucket_name=bucket,
            kms_key_id=kms_key_arn,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            cloud_watch_logs_group_arn=f"${{aws_cloudwatch_log_group.{id_}_log_group.arn}}:*",
            cloud_watch_logs_role_arn=role.arn,
            event_selector=[
                CloudtrailEventSelector(
                    include_management_events=True,
                    read_write_type="All",
                    data_resource=[
                        CloudtrailEventSelectorDataResource(
                            type="AWS::S3::Object", values=[f"{arn}/" for arn in watched_bucket_arns]
                        )
                    ],
                )
            ],
        )
        # CloudTrail tries to write when it is made.
        trail.add_override(
            "depends_on", [f"aws_s3_bucket_policy.{id_}_bucket_policy", f"aws_iam_role_policy.{id_}_role_policy"]
        )
