"""An alarm over other alarms."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.cloudwatch_composite_alarm import CloudwatchCompositeAlarm
from constructs import Construct


class CompositeAlarm:
    """Goes off when any one of its alarms does, and tells a topic."""

    def __init__(
        self, scope: Construct, id_: str, *, name: str, says: str, runbook: str, any_of: Sequence[str], topic_arn: str
    ) -> None:
        """Make the alarm.

        Args:
            scope: The stack.
            id_: Id of the alarm.
            name: The alarm's name.
            says: What is wrong when it goes off.
            runbook: Address of its runbook's section.
            any_of: Names of the alarms, as expressions: CloudWatch refuses a rule over alarms that don't exist yet.
            topic_arn: The topic that it tells.
        """
        CloudwatchCompositeAlarm(
            scope,
            id_,
            alarm_name=name,
            alarm_description=f"{says} Runbook: {runbook}",
            alarm_rule=" OR ".join(f'ALARM("{alarm}")' for alarm in any_of),
            alarm_actions=[topic_arn],
            ok_actions=[topic_arn],
        )
        self.name = f"${{aws_cloudwatch_composite_alarm.{id_}.alarm_name}}"
        self.arn = f"${{aws_cloudwatch_composite_alarm.{id_}.arn}}"
