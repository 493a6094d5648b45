"""Log groups that AWS's services would create themselves: without a key, and with their own retention or none."""

from __future__ import annotations

from constructs import Construct

from environments.names import DATABASE_METRICS, Names
from modules.constructs.log_group import LogGroup


class ServiceLogs:
    """Created before the services write to them. An account that has them already imports them: docs/account.md."""

    def __init__(self, scope: Construct, *, names: Names, kms_key_arn: str) -> None:
        """Make the log groups.

        Args:
            scope: The stack.
            names: The environment's names.
            kms_key_arn: Key of the log groups.
        """
        environment = names.environment
        # Every database of an account and region writes to the first one; an environment's cluster has the other.
        groups = {"database_metrics_log": DATABASE_METRICS} if environment.creates_account_resources else {}
        for id_, name in (groups | {"insights_log": names.insights_log_group}).items():
            LogGroup(
                scope,
                id_,
                name=name,
                retention_days=environment.observability.log_retention,
                kms_key_arn=kms_key_arn,
            )
