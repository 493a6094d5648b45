"""Flow logs of a VPC, in CloudWatch."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.flow_log import FlowLog as AwsFlowLog
from constructs import Construct

from modules.constructs.role import Role
from modules.policy import Statement, trust


class FlowLog:
    """All traffic of a VPC, accepted and rejected, by the minute."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc_id: str,
        log_group: str,
        log_group_arn: str,
        role_name: str,
        retention_days: int,
        kms_key_arn: str,
        account_id: str,
    ) -> None:
        """Make log group, role and flow log.

        Args:
            scope: The stack.
            id_: Id of all its parts.
            vpc_id: The VPC.
            log_group: Name of the log group.
            log_group_arn: ARN of the log group.
            role_name: Name of the role that writes it.
            retention_days: Days that logs are kept.
            kms_key_arn: Key of the log group.
            account_id: Account that flow logs come from.
        """
        CloudwatchLogGroup(
            scope, f"{id_}_log_group", name=log_group, retention_in_days=retention_days, kms_key_id=kms_key_arn
        )
        role = Role(
            scope,
            f"{id_}_role",
            name=role_name,
            description="Writes VPC flow logs to CloudWatch",
            trust=[trust("vpc-flow-logs.amazonaws.com", account_id=account_id)],
            statements=[
                Statement(
                    sid="Write",
                    actions=["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                    resources=[f"{log_group_arn}:*"],
                )
            ],
        )
        flow_log = AwsFlowLog(
            scope,
            id_,
            vpc_id=vpc_id,
            traffic_type="ALL",
            max_aggregation_interval=60,
            log_destination_type="cloud-watch-logs",
            log_destination=f"${{aws_cloudwatch_log_group.{id_}_log_group.arn}}",
            iam_role_arn=role.arn,
        )
        # Without permissions it ends in 'Access error'.
        flow_log.add_override("depends_on", role.permissions)
