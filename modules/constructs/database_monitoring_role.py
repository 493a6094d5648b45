"""The role that RDS writes the operating system's metrics with."""

from __future__ import annotations

from constructs import Construct

from modules.constructs.role import Role
from modules.policy import Statement, trust


class DatabaseMonitoringRole:
    """AWS's AmazonRDSEnhancedMonitoringRole, for this account's log group only.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html
    """

    def __init__(self, scope: Construct, id_: str, *, name: str, log_group_arn: str, account_id: str) -> None:
        """Make the role.

        Args:
            scope: The stack.
            id_: Id of the role.
            name: Its name.
            log_group_arn: RDSOSMetrics, which has our retention and key.
            account_id: The account.
        """
        role = Role(
            scope,
            id_,
            name=name,
            description="RDS writes metrics of the database's operating system with it",
            trust=[trust("monitoring.rds.amazonaws.com", account_id=account_id)],
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
        self.arn, self.permissions = role.arn, role.permissions
