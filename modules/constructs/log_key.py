"""The key of all log groups."""

from __future__ import annotations

from constructs import Construct

from environments.names import Names
from modules.constructs.encryption_key import EncryptionKey, usable_by_service


class LogKey:
    """CloudWatch Logs may use it, in one region and for one account's log groups."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        alias: str,
        log_groups_arn: str,
        names: Names,
        protected: bool,
    ) -> None:
        """Make the key.

        Args:
            scope: The stack.
            id_: Id of the key.
            alias: With its prefix, `alias/…`.
            log_groups_arn: ARN with a wildcard: all log groups that may be encrypted.
            names: The environment's names.
            protected: Whether a plan that destroys it fails.
        """
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
        use = usable_by_service(
            names.host("logs"),
            sid="LogGroups",
            conditions=[("ArnLike", "kms:EncryptionContext:aws:logs:arn", [log_groups_arn])],
        )
        self.arn = EncryptionKey(
            scope,
            id_,
            alias=alias,
            description="All log groups",
            names=names,
            protected=protected,
            statements=[use],
        ).arn
