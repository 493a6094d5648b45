"""CloudWatch alarms from the table of alarms, and the dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from environments.names import Names
from modules.alarms import Alarm, AlarmRow
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.ids import json_text, reference
from modules.metrics import Expression, Metric


class MetricAlarm:
    """An alarm that notifies a topic when it goes off and when it returns to OK."""

    def __init__(self, scope: Construct, id_: str, *, spec: Alarm, names: Names, topic_arn: str) -> None:
        metric = spec.metric
        single = metric if isinstance(metric, Metric) else None
        percentile = single is not None and single.statistic.startswith("p")
        aws.CloudwatchMetricAlarm(
            scope,
            id_,
            alarm_name=names.resource(spec.purpose),
            alarm_description=spec.description(names),
            namespace=single.namespace if single else None,
            metric_name=single.name if single else None,
            dimensions=dict(single.dimensions) if single else None,
            statistic=single.statistic if single and not percentile else None,
            extended_statistic=single.statistic if single and percentile else None,
            period=spec.period if single else None,
            metric_query=_queries(metric, spec.period) if isinstance(metric, Expression) else None,
            comparison_operator=spec.comparison,
            threshold=spec.threshold,
            evaluation_periods=spec.periods,
            treat_missing_data=spec.missing,
            alarm_actions=[topic_arn],
            ok_actions=[topic_arn],
        )
        self.name = reference("aws_cloudwatch_metric_alarm", id_, "alarm_name")
        self.arn = reference("aws_cloudwatch_metric_alarm", id_, "arn")


def _queries(expression: Expression, period: int) -> list[aws.CloudwatchMetricAlarmMetricQuery]:
    result = aws.CloudwatchMetricAlarmMetricQuery(
        id="result", expression=expression.formula, label=expression.label, return_data=True
    )
    return [result] + [
        aws.CloudwatchMetricAlarmMetricQuery(
            id=id_,
            metric=aws.CloudwatchMetricAlarmMetricQueryMetric(
                namespace=metric.namespace,
                metric_name=metric.name,
                dimensions=dict(metric.dimensions) or None,
                stat=metric.statistic,
                period=period,
            ),
        )
        for id_, metric in expression.metrics.items()
    ]


class CompositeAlarm:
    """An alarm that goes off when any of its alarms does, and notifies a topic.

    `any_of` are the alarms' names as expressions, so that Terraform creates the alarms first: CloudWatch refuses a rule
    on alarms that don't exist.
    """

    def __init__(
        self, scope: Construct, id_: str, *, spec: AlarmRow, names: Names, any_of: Sequence[str], topic_arn: str
    ) -> None:
        aws.CloudwatchCompositeAlarm(
            scope,
            id_,
            alarm_name=names.resource(spec.purpose),
            alarm_description=spec.description(names),
            alarm_rule=" OR ".join(f'ALARM("{alarm}")' for alarm in any_of),
            alarm_actions=[topic_arn],
            ok_actions=[topic_arn],
        )
        self.name = reference("aws_cloudwatch_composite_alarm", id_, "alarm_name")
        self.arn = reference("aws_cloudwatch_composite_alarm", id_, "arn")


class Dashboard:
    """A dashboard with a body from modules/dashboard.py."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, body: Mapping[str, Any]) -> None:
        aws.CloudwatchDashboard(scope, id_, dashboard_name=names.prefix, dashboard_body=json_text(body))
        self.name = reference("aws_cloudwatch_dashboard", id_, "dashboard_name")
