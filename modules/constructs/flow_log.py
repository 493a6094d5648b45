"""Flow logs of a VPC in CloudWatch."""

from __future__ import annotations

from environments import schema
from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.constructs.log_group import LogGroup
from modules.constructs.role import Role
from modules.ids import depend
from modules.policy import Statement, trust


class FlowLog:
    """Flow logs of all traffic, accepted and rejected, aggregated by the minute."""

    def __init__(
        self, scope: Construct, id_: str, *, spec: schema.Network, names: Names, vpc_id: str, kms_key_arn: str
    ) -> None:
        log_group = LogGroup(
            scope,
            f"{id_}_log_group",
            spec=spec.flow_log_retention,
            name=names.log_group("flow-log"),
            kms_key_arn=kms_key_arn,
        )
        role = Role(
            scope,
            f"{id_}_role",
            names=names,
            purpose="flow-log",
            description="Writes VPC flow logs to CloudWatch",
            trust=[trust("vpc-flow-logs.amazonaws.com", names)],
            statements=[
                Statement(
                    sid="Write",
                    actions=["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                    resources=[f"{names.log_group_arn('flow-log')}:*"],
                )
            ],
        )
        flow_log = aws.FlowLog(
            scope,
            id_,
            vpc_id=vpc_id,
            traffic_type="ALL",
            max_aggregation_interval=60,
            log_destination_type="cloud-watch-logs",
            log_destination=log_group.arn,
            iam_role_arn=role.arn,
        )
        # Without the role's permissions, the flow log's status is 'Access error'.
        depend(flow_log, role.permissions)
