"""The topic that everything which needs a person is published to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_policy import SnsTopicPolicy
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from environments.names import Names
from modules.constructs.encryption_key import EncryptionKey
from modules.policy import Condition, Statement, document

_KEY_USE = ("kms:Decrypt", "kms:GenerateDataKey*")


class AlertsTopic:
    """Encrypted, with e-mail subscribers; this account's alarms, budgets, databases and rules publish to it."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        key_alias: str,
        names: Names,
        emails: Sequence[str],
        protected: bool,
    ) -> None:
        """Make key, topic, policy and subscriptions.

        Args:
            scope: The stack.
            id_: Id of the topic; its parts are named after it.
            name: Name of the topic.
            key_alias: Alias of its key.
            names: Names of the environment whose alarms, budgets and rules may publish.
            emails: Addresses that are told; each confirms once.
            protected: Whether a plan that destroys the key fails.
        """
        publishers = _publishers(names)
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
        use_key = [
            Statement(
                sid=f"Encrypt{sid}",
                actions=_KEY_USE,
                resources=["*"],
                principals={"Service": [service]},
                conditions=conditions,
                because="in a key policy, * is the key that the policy belongs to",
            )
            for sid, (service, conditions) in publishers.items()
        ]
        key = EncryptionKey(
            scope,
            f"{id_}_key",
            alias=key_alias,
            description="Alerts on their way to people",
            names=names,
            protected=protected,
            statements=use_key,
        )
        SnsTopic(scope, id_, name=name, kms_master_key_id=key.arn)
        self.arn = f"${{aws_sns_topic.{id_}.arn}}"
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
        tls_only = Statement(
            sid="TlsOnly",
            effect="Deny",
            actions=["sns:Publish"],
            resources=[self.arn],
            principals={"AWS": ["*"]},
            conditions=[("Bool", "aws:SecureTransport", ["false"])],
        )
        self.policy = f"aws_sns_topic_policy.{id_}_policy"
        """Address of its policy: what publishes here depends on it, for AWS drops what comes before."""
        SnsTopicPolicy(
            scope, f"{id_}_policy", arn=self.arn, policy=document(scope, f"{id_}_policy", tls_only, *publish)
        )
        for email in emails:
            SnsTopicSubscription(
                scope,
                f"{id_}_{re.sub('[^a-z0-9]+', '_', email.lower())}",
                topic_arn=self.arn,
                protocol="email",
                endpoint=email,
            )


def _publishers(names: Names) -> dict[str, tuple[str, list[Condition]]]:
    """Services that publish here, each with the conditions that it can meet."""
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
        # EventBridge says neither account nor rule when it publishes to SNS or uses its key: under a condition every
        # alert would be dropped without a word. Rules of other accounts can't have a topic as target without a role.
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
        "Events": ("events.amazonaws.com", []),
    }
