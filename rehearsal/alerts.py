"""The alert that each use of the break-glass role must raise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from environments.names import Names
from ops.aws.session import Aws
from ops.errors import OpsError

MOST = 10
"""Limit of messages of one call: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"""


@contextmanager
def heard(aws: Aws, names: Names) -> Iterator[list[str]]:
    """Collect what the topic of alerts publishes inside this context; the list is complete afterwards.

    Args:
        aws: The account, with credentials that may subscribe to the topic.
        names: The environment's names.
    """
    sqs, sns, found = aws.client("sqs"), aws.client("sns"), list[str]()
    queue = sqs.create_queue(QueueName="rehearsal")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = names.arn("sns", names.resource("alerts"))
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    try:
        yield found
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=MOST).get("Messages", [])
        found += [json.loads(json.loads(each["Body"])["Message"])["content"]["description"] for each in messages]
    finally:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        sqs.delete_queue(QueueUrl=queue)


def of_administrator(messages: Sequence[str], who: Sequence[str]) -> str:
    """The one alert that names who assumed the break-glass role.

    Args:
        messages: What the topic of alerts published.
        who: What the alert must contain: the account, and an IAM user's MFA device.

    Raises:
        OpsError: There is none, or more than one, or it doesn't name the caller.
    """
    if len(messages) != 1 or not all(part in messages[0] for part in who):
        raise OpsError(
            f"{len(messages)} alerts for one use of break-glass; expected one with {', '.join(who)}: {list(messages)}"
        )
    return messages[0].replace("\n", ", ")
