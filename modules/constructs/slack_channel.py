"""Alerts in a Slack channel."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.chatbot_slack_channel_configuration import ChatbotSlackChannelConfiguration
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from constructs import Construct

from environments.names import Names
from modules.constructs.log_group import LogGroup
from modules.constructs.role import Role
from modules.policy import Statement, document, trust

# Whichever region it is called in, AWS Chatbot logs in this one, and creates its log group there if there is none.
# https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_chatbot-readme.html#log-group
_LOG_REGION = "us-east-1"


class SlackChannel:
    """AWS Chatbot (Amazon Q Developer in chat applications), which may show alarms and do nothing else.

    The workspace is authorized once by hand: docs/account.md.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        workspace: str,
        channel: str,
        topic_arn: str,
        log_key_arn: str,
    ) -> None:
        """Make role, guardrail, log group and channel.

        Args:
            scope: The stack.
            id_: Id of the channel; role and guardrail are named after it.
            names: The environment's names.
            workspace: Slack workspace id.
            channel: Slack channel id.
            topic_arn: What is shown there.
            log_key_arn: Key of the log group.
        """
        environment = names.environment
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
                because="metrics have no resource, and DescribeAlarms leaves composite alarms out where it is narrowed",
            ),
        ]
        role = Role(
            scope,
            f"{id_}_role",
            name=names.role("slack"),
            description="Shows alarms in Slack",
            trust=[trust("chatbot.amazonaws.com", account_id=environment.account_id)],
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
        # In another region there is no key of ours that could encrypt its log.
        logged = environment.region == _LOG_REGION
        if logged:
            retention = environment.observability.log_retention
            LogGroup(scope, f"{id_}_log", name=names.chat_log_group, retention_days=retention, kms_key_arn=log_key_arn)
        made = ChatbotSlackChannelConfiguration(
            scope,
            id_,
            configuration_name=names.resource("alerts"),
            iam_role_arn=role.arn,
            guardrail_policy_arns=[f"${{aws_iam_policy.{id_}_guardrail.arn}}"],
            slack_team_id=workspace,
            slack_channel_id=channel,
            sns_topic_arns=[topic_arn],
            logging_level="ERROR" if logged else "NONE",
            user_authorization_required=True,
        )
        log_groups = [f"aws_cloudwatch_log_group.{id_}_log"] if logged else []
        made.add_override("depends_on", [*role.permissions, *log_groups])
