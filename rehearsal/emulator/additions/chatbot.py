"""Chatbot (Amazon Q Developer in chat applications), which moto doesn't have at all."""

from __future__ import annotations

from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from rehearsal.emulator.additions.logs import created_by_service
from rehearsal.emulator.additions.registry import AwsError, adds, serves

WHY = "moto has no Chatbot"


class ChatbotBackend(BaseBackend):
    """Slack channels of one account, by ARN."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.channels: dict[str, dict[str, Any]] = {}

    def channel(self, arn: str) -> dict[str, Any]:
        """The channel configuration of that ARN."""
        if arn not in self.channels:
            raise AwsError("ResourceNotFoundException", f"{arn} not found")
        return self.channels[arn]


chatbot_backends = BackendDict(ChatbotBackend, "chatbot", use_boto3_regions=False, additional_regions=["aws"])


@serves("chatbot")
class ChatbotResponse(BaseResponse):
    """The API of Chatbot."""

    def __init__(self) -> None:
        super().__init__(service_name="chatbot")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> ChatbotBackend:
        """Of the caller's account: Chatbot is global."""
        return chatbot_backends[self.current_account]["aws"]


@adds(ChatbotResponse, "chatbot", "CreateSlackChannelConfiguration", why=WHY)
def create_slack_channel_configuration(self: ChatbotResponse) -> ActionResult:
    """Make a channel that is enabled at once."""
    name = self.params["ConfigurationName"]
    arn = f"arn:{self.partition}:chatbot::{self.current_account}:chat-configuration/slack-channel/{name}"
    if arn in self.backend.channels:
        raise AwsError("ConflictException", f"{name} exists")
    self.backend.channels[arn] = {
        "SlackTeamName": "emulated",
        "SlackChannelName": "emulated",
        **self.params,
        "ChatConfigurationArn": arn,
        "State": "ENABLED",
    }
    _log(self.backend, self.backend.channels[arn])
    return ActionResult({"ChannelConfiguration": self.backend.channels[arn]})


def _log(backend: ChatbotBackend, channel: dict[str, Any]) -> None:
    """Create the log group of a channel that logs, unless it is there.

    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_chatbot-readme.html#log-group
    """
    if channel.get("LoggingLevel", "NONE") != "NONE":
        created_by_service(backend, f"/aws/chatbot/{channel['ConfigurationName']}", region="us-east-1")


@adds(ChatbotResponse, "chatbot", "DescribeSlackChannelConfigurations", why=WHY)
def describe_slack_channel_configurations(self: ChatbotResponse) -> ActionResult:
    """Return one channel, or all."""
    arn = self.params.get("ChatConfigurationArn")
    return ActionResult(
        {"SlackChannelConfigurations": [self.backend.channel(arn)] if arn else [*self.backend.channels.values()]}
    )


@adds(ChatbotResponse, "chatbot", "UpdateSlackChannelConfiguration", why=WHY)
def update_slack_channel_configuration(self: ChatbotResponse) -> ActionResult:
    """Change a channel."""
    channel = self.backend.channel(self.params["ChatConfigurationArn"])
    channel.update(self.params)
    _log(self.backend, channel)
    return ActionResult({"ChannelConfiguration": channel})


@adds(ChatbotResponse, "chatbot", "DeleteSlackChannelConfiguration", why=WHY)
def delete_slack_channel_configuration(self: ChatbotResponse) -> ActionResult:
    """Delete a channel."""
    self.backend.channel(self.params["ChatConfigurationArn"])
    del self.backend.channels[self.params["ChatConfigurationArn"]]
    return EmptyResult()


@adds(ChatbotResponse, "chatbot", "ListTagsForResource", why=WHY)
def list_tags_for_resource(self: ChatbotResponse) -> ActionResult:
    """Return a channel's tags."""
    return ActionResult({"Tags": self.backend.channel(self.params["ResourceARN"]).get("Tags", [])})


@adds(ChatbotResponse, "chatbot", "TagResource", why=WHY)
def tag_resource(self: ChatbotResponse) -> ActionResult:
    """Add tags to a channel, or change them."""
    channel = self.backend.channel(self.params["ResourceARN"])
    given = {tag["TagKey"]: tag for tag in [*channel.get("Tags", []), *self.params["Tags"]]}
    channel["Tags"] = [*given.values()]
    return EmptyResult()


@adds(ChatbotResponse, "chatbot", "UntagResource", why=WHY)
def untag_resource(self: ChatbotResponse) -> ActionResult:
    """Remove tags from a channel."""
    channel = self.backend.channel(self.params["ResourceARN"])
    channel["Tags"] = [tag for tag in channel.get("Tags", []) if tag["TagKey"] not in self.params["TagKeys"]]
    return EmptyResult()
