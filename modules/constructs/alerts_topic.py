"""The topic of all alerts."""

from __future__ import annotations

from environments import schema
from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.constructs.encryption_key import EncryptionKey, usable_by
from modules.ids import address, identifier, reference, slug
from modules.policy import Condition, Statement, document, tls_only


class AlertsTopic:
    """An encrypted topic with e-mail subscribers. Each of them has to confirm once.

    This account's alarms, budgets, databases and EventBridge rules publish to it.
    """

    def __init__(self, scope: Construct, id_: str, *, spec: schema.Alerts, names: Names) -> None:
        publishers = _publishers(names)
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
        actions = ("kms:Decrypt", "kms:GenerateDataKey*")
        key = EncryptionKey(
            scope,
            f"{id_}_key",
            names=names,
            purpose="alerts",
            description="Alerts topic",
            statements=[
                usable_by(service, *conditions, sid=f"Encrypt{sid}", actions=actions)
                for sid, (service, conditions) in publishers.items()
            ],
        )
        aws.SnsTopic(scope, id_, name=names.resource("alerts"), kms_master_key_id=key.arn)
        self.arn = reference("aws_sns_topic", id_, "arn")
        publish = [
            Statement(
                sid=f"Publish{sid}",
                actions=["sns:Publish"],
                resources=[self.arn],
                principals={"Service": [service]},
                conditions=conditions,
            )
            for sid, (service, conditions) in publishers.items()
        ]
        self.policy = address("aws_sns_topic_policy", f"{id_}_policy")
        """Address of its policy. Publishers depend on it: AWS drops messages that arrive before the policy exists."""
        policy = document(scope, f"{id_}_policy", tls_only(["sns:Publish"], [self.arn]), *publish)
        aws.SnsTopicPolicy(scope, f"{id_}_policy", arn=self.arn, policy=policy)
        for email in spec.email:
            subscription = f"{id_}_{identifier(slug(email))}"
            aws.SnsTopicSubscription(scope, subscription, topic_arn=self.arn, protocol="email", endpoint=email)


def _publishers(names: Names) -> dict[str, tuple[str, list[Condition]]]:
    """Services that publish to the topic, each with the conditions that it can meet."""
    account: Condition = ("StringEquals", "aws:SourceAccount", [names.environment.account_id])
    return {
        "Alarms": (
            "cloudwatch.amazonaws.com",
            [account, ("ArnLike", "aws:SourceArn", [names.arn("cloudwatch", "alarm:*")])],
        ),
        # https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
        "Budgets": (
            "budgets.amazonaws.com",
            [account, ("ArnLike", "aws:SourceArn", [names.arn("budgets", "*", region="")])],
        ),
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.GrantingPermissions.html
        "DatabaseEvents": ("events.rds.amazonaws.com", [account]),
        # EventBridge sends neither account nor rule when it publishes to SNS or uses the key. With a condition, every
        # alert would be dropped without an error. A rule of another account can't target the topic without a role.
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
        "Events": ("events.amazonaws.com", []),
    }
