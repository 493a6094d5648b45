"""Alerts in a Slack channel."""

from __future__ import annotations

from environments import schema
from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.constructs.log_group import LogGroup
from modules.constructs.role import Role
from modules.ids import depend, reference
from modules.policy import Statement, document, trust

# AWS Chatbot logs in this region, wherever it is configured, and creates its log group there if there is none.
# https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_chatbot-readme.html#log-group
_LOG_REGION = "us-east-1"


class SlackChannel:
    """A channel of AWS Chatbot (Amazon Q Developer in chat applications), which may only show alarms.

    Authorize the Slack workspace once by hand: docs/account.md.
    """

    def __init__(
        self, scope: Construct, id_: str, *, spec: schema.Alerts, names: Names, topic_arn: str, log_key_arn: str
    ) -> None:
        environment = names.environment
        # Validation ensures that it has both or neither.
        assert spec.slack_workspace is not None and spec.slack_channel is not None  # noqa: S101
        shown = [
            Statement(
                sid="ShowAlarms",
                actions=["cloudwatch:DescribeAlarmHistory"],
                resources=[names.arn("cloudwatch", "alarm:*")],
            ),
            Statement(
                sid="ShowMetrics",
                actions=["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:GetMetricWidgetImage"],
                resources=["*"],
                because="metrics have no resource, and DescribeAlarms on named resources omits composite alarms",
            ),
        ]
        role = Role(
            scope,
            f"{id_}_role",
            names=names,
            purpose="slack",
            description="Shows alarms in Slack",
            trust=[trust("chatbot.amazonaws.com", names)],
            statements=shown,
        )
        # Without one, the channel's guardrail is AdministratorAccess.
        # https://docs.aws.amazon.com/chatbot/latest/adminguide/understanding-permissions.html#channel-guardrails
        aws.IamPolicy(
            scope,
            f"{id_}_guardrail",
            name=names.resource("slack-guardrail"),
            description="The most that the Slack channel may do",
            policy=document(scope, f"{id_}_guardrail", *shown),
        )
        # A log group in another region can't use this region's log key.
        logs = []
        if environment.region == _LOG_REGION:
            log_group = LogGroup(
                scope,
                f"{id_}_log",
                spec=environment.observability.log_retention,
                name=names.chat_log_group,
                kms_key_arn=log_key_arn,
            )
            logs = [log_group.address]
        channel = aws.ChatbotSlackChannelConfiguration(
            scope,
            id_,
            configuration_name=names.resource("alerts"),
            iam_role_arn=role.arn,
            guardrail_policy_arns=[reference("aws_iam_policy", f"{id_}_guardrail", "arn")],
            slack_team_id=spec.slack_workspace,
            slack_channel_id=spec.slack_channel,
            sns_topic_arns=[topic_arn],
            logging_level="ERROR" if logs else "NONE",
            user_authorization_required=True,
        )
        depend(channel, [*role.permissions, *logs])
