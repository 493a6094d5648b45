"""Alerts in a Slack channel."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.chatbot_slack_channel_configuration import ChatbotSlackChannelConfiguration
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from constructs import Construct

from environments.names import Names
from modules.constructs.role import Role
from modules.policy import Statement, document, trust


class SlackChannel:
    """AWS Chatbot (Amazon Q Developer in chat applications), which may show alarms and do nothing else.

    The workspace is authorized once by hand: docs/account.md.
    """

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, workspace: str, channel: str, topic_arn: str
    ) -> None:
        """Make role, guardrail and channel.

        Args:
            scope: The stack.
            id_: Id of the channel; role and guardrail are named after it.
            names: The environment's names.
            workspace: Slack workspace id.
            channel: Slack channel id.
            topic_arn: What is shown there.
        """
        account_id = names.environment.account_id
        shown = [
            Statement(
                sid="ShowAlarms",
                actions=["cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory"],
                resources=[names.arn("cloudwatch", "alarm:*")],
            ),
            Statement(
                sid="ShowMetrics",
                actions=["cloudwatch:GetMetricData", "cloudwatch:GetMetricWidgetImage"],
                resources=["*"],
                because="metrics have no resource",
            ),
        ]
        role = Role(
            scope,
            f"{id_}_role",
            name=names.role("slack"),
            description="Shows alarms in Slack",
            trust=[trust("chatbot.amazonaws.com", account_id=account_id)],
            statements=shown,
        )
        # Without one, the channel's guardrail is AdministratorAccess.
        # https://docs.aws.amazon.com/chatbot/latest/adminguide/understanding-permissions.html#channel-guardrails
        IamPolicy(
            scope,
            f"{id_}_guardrail",
            name=names.resource("slack-guardrail"),
            description="The most that the Slack channel may do",
            policy=document(scope, f"{id_}_guardrail", *shown),
        )
        ChatbotSlackChannelConfiguration(
            scope,
            id_,
            configuration_name=names.resource("alerts"),
            iam_role_arn=role.arn,
            guardrail_policy_arns=[f"${{aws_iam_policy.{id_}_guardrail.arn}}"],
            slack_team_id=workspace,
            slack_channel_id=channel,
            sns_topic_arns=[topic_arn],
            logging_level="ERROR",
            user_authorization_required=True,
        )
