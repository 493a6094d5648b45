"""Checks that alerts arrive: the policies of a topic and of its key let each service of AWS that sends to it publish.

Without the permission the service drops the message: neither Terraform nor the sender reports an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from environments.names import Names
from environments.schema import Environment
from ops.gate.index import Index, values_at
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.permissions.statements import Arns, Documents, PlacedStatement

UNSENT = "ROLLOUT_UNSENT"
CHECKS = {
    UNSENT: Check(
        UNSENT,
        "A topic's policy, and its key's, let each service of AWS that sends to the topic publish",
        "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services",
        own=True,
    )
}
_ALARMS = "cloudwatch.amazonaws.com"
SENDERS: Mapping[tuple[str, str], str] = {
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    **{
        (kind, f"{state}_actions"): _ALARMS
        for kind in ("aws_cloudwatch_composite_alarm", "aws_cloudwatch_metric_alarm")
        for state in ("alarm", "insufficient_data", "ok")
    },
    # https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
    ("aws_budgets_budget", "notification.subscriber_sns_topic_arns"): "budgets.amazonaws.com",
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
    ("aws_cloudwatch_event_target", "arn"): "events.amazonaws.com",
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.GrantingPermissions.html
    ("aws_db_event_subscription", "sns_topic"): "events.rds.amazonaws.com",
}
"""The service that sends to a topic, by the type and attribute that name the topic."""
_PUBLISH = ("sns:Publish",)
_ENCRYPT = ("kms:Decrypt", "kms:GenerateDataKey")


def unsent(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Find the senders that an environment's topics don't let publish.

    Args:
        view: The merged view of all its stacks.
        environment: Its values.

    Raises:
        ScanFailedError: Only Terraform can evaluate a policy.
    """
    ledger, index = Ledger(), Index(view)
    documents = Documents(index, Arns(index, Names(environment).place))
    for (kind, attribute), sender in SENDERS.items():
        for block in index.all(kind):
            for topic in filter(None, (index.follow(each) for each in values_at(block.settings, attribute))):
                if topic.kind == "aws_sns_topic":
                    ledger.judge(UNSENT, topic.block, _stopped(topic, sender, index, documents))
    return ledger.records()


def _stopped(topic: ScannedBlock, sender: str, index: Index, documents: Documents) -> Iterator[str]:
    """What a service can't do with a topic."""
    key = index.follow(topic.settings.get("kms_master_key_id"))
    for block, actions in ((topic, _PUBLISH), *([(key, _ENCRYPT)] if key else ())):
        arn, statements = documents.arns.of(block) or "", documents.own(block) or []
        for action in actions:
            if not any(_lets(each, sender, action, arn) for each in statements):
                yield f"no policy of {block.block.address} lets {sender} call {action}"


def _lets(statement: PlacedStatement, sender: str, action: str, arn: str) -> bool:
    named = ("Service", sender) in statement.principals
    return statement.allows and named and statement.covers(action, arn)
