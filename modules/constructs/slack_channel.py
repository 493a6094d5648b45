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

# Whichever region it is called in, AWS Chatbot logs in this one, and creates its log group there if there is none.
# https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_chatbot-readme.html#log-group
_LOG_REGION = "us-east-1"


class SlackChannel:
    """AWS Chatbot (Amazon Q Developer in chat applications), which may show alarms and do nothing else.

    The workspace is authorized once by hand: docs/account.md.
    """

    def __init__(
        self, scope: Construct, id_: str, *, spec: schema.Alerts, names: Names, topic_arn: str, log_key_arn: str
    ) -> None:
        environment = names.environment
        # The environment's rules hold that it has both or neither.
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
                because="metrics have no resource, and DescribeAlarms leaves composite alarms out where it is narrowed",
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
        # In another region there is no key of ours that could encrypt its log.
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
