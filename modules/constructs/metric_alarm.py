"""A CloudWatch alarm made from a row of the table of alarms."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)
from constructs import Construct

from modules.alarms import Alarm
from modules.metrics import Expression, Metric


class MetricAlarm:
    """An alarm that tells a topic when it goes off and when it is over."""

    def __init__(self, scope: Construct, *, alarm: Alarm, name: str, runbook: str, topic_arn: str) -> None:
        """Make the alarm.

        Args:
            scope: The stack.
            alarm: What it watches; its id is the resource's.
            name: The alarm's name.
            runbook: Address of its runbook's section.
            topic_arn: The topic that it tells.
        """
        metric = alarm.metric
        single = metric if isinstance(metric, Metric) else None
        percentile = single is not None and single.statistic.startswith("p")
        CloudwatchMetricAlarm(
            scope,
            alarm.id,
            alarm_name=name,
            alarm_description=f"{alarm.says} Runbook: {runbook}",
            namespace=single.namespace if single else None,
            metric_name=single.name if single else None,
            dimensions=dict(single.dimensions) if single else None,
            statistic=single.statistic if single and not percentile else None,
            extended_statistic=single.statistic if single and percentile else None,
            period=alarm.period if single else None,
            metric_query=_queries(metric, alarm.period) if isinstance(metric, Expression) else None,
            comparison_operator=alarm.comparison,
            threshold=alarm.threshold,
            evaluation_periods=alarm.periods,
            treat_missing_data=alarm.missing,
            alarm_actions=[topic_arn],
            ok_actions=[topic_arn],
        )
        self.name = f"${{aws_cloudwatch_metric_alarm.{alarm.id}.alarm_name}}"
        self.arn = f"${{aws_cloudwatch_metric_alarm.{alarm.id}.arn}}"


def _queries(expression: Expression, period: int) -> list[CloudwatchMetricAlarmMetricQuery]:
    result = CloudwatchMetricAlarmMetricQuery(
        id="result", expression=expression.formula, label=expression.label, return_data=True
    )
    return [result] + [
        CloudwatchMetricAlarmMetricQuery(
            id=id_,
            metric=CloudwatchMetricAlarmMetricQueryMetric(
                namespace=metric.namespace,
                metric_name=metric.name,
                dimensions=dict(metric.dimensions) or None,
                stat=metric.statistic,
                period=period,
            ),
        )
        for id_, metric in expression.metrics.items()
    ]
