"""An encrypted log group that forgets."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from constructs import Construct


class LogGroup:
    """Logs are kept for as long as a value says."""

    def __init__(self, scope: Construct, id_: str, *, name: str, retention_days: int, kms_key_arn: str) -> None:
        """Make the log group.

        Args:
            scope: The stack.
            id_: Id of the log group.
            name: Its name.
            retention_days: Days that logs are kept.
            kms_key_arn: Key that encrypts them.
        """
        CloudwatchLogGroup(scope, id_, name=name, retention_in_days=retention_days, kms_key_id=kms_key_arn)
        self.name = f"${{aws_cloudwatch_log_group.{id_}.name}}"
