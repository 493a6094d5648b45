"""What RDS itself says about a database."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.db_event_subscription import DbEventSubscription
from constructs import Construct

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html
CATEGORIES = ("availability", "configuration change", "deletion", "failover", "failure", "low storage", "maintenance")


class DatabaseEvents:
    """Failovers, failures, maintenance and changes go to a topic (Security Hub's RDS.20 and RDS.21)."""

    def __init__(
        self, scope: Construct, id_: str, *, name: str, database: str, parameter_group: str, topic_arn: str
    ) -> None:
        """Make the subscriptions.

        Args:
            scope: The stack.
            id_: First part of their ids.
            name: First part of their names.
            database: Identifier of the instance.
            parameter_group: Name of its parameter group.
            topic_arn: Who is told.
        """
        DbEventSubscription(
            scope,
            f"{id_}_events",
            name=f"{name}-database",
            sns_topic=topic_arn,
            source_type="db-instance",
            source_ids=[database],
            event_categories=list(CATEGORIES),
        )
        DbEventSubscription(
            scope,
            f"{id_}_parameter_events",
            name=f"{name}-database-parameters",
            sns_topic=topic_arn,
            source_type="db-parameter-group",
            source_ids=[parameter_group],
            event_categories=["configuration change"],
        )
