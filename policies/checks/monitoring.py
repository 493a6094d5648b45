"""Alarms, budgets, topics, dashboards and log groups."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from environments.schema.billing import service_problem
from ops.iam.policy import listed, nested
from policies.published import event_problem, metric_problem
from policies.rule import Resource, Settings, is_true, rule

_ALARM = "aws_cloudwatch_metric_alarm"
_ALARM_GUIDE = (
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html"
)
_DASHBOARDS = (
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"
)
_WATCHED = {
    "aws_lb": ("HTTPCode_ELB_5XX_Count",),
    "aws_lb_target_group": ("HTTPCode_Target_5XX_Count", "TargetResponseTime", "UnHealthyHostCount"),
    "aws_ecs_service": ("CPUUtilization", "MemoryUtilization", "RunningTaskCount"),
    "aws_db_instance": ("CPUUtilization", "DatabaseConnections", "FreeStorageSpace"),
    "aws_elasticache_replication_group": ("DatabaseMemoryUsagePercentage", "Evictions"),
}
_SHOWN = (
    "HTTPCode_Target_2XX_Count",
    "HTTPCode_Target_4XX_Count",
    "HTTPCode_Target_5XX_Count",
    "UnHealthyHostCount",
    "CPUUtilization",
    "MemoryUtilization",
    "TargetResponseTime",
)
_DRAWN = re.compile(r"""\[\s*["']([\w./-]+)["'],\s*["'](\w+)["']""")
"""Namespace and name of a metric in a dashboard's body."""


def _queried(alarm: Resource) -> Iterator[Settings]:
    """The metrics of an alarm: its own, or those of its formula."""
    for each in (alarm, *(metric for query in alarm.blocks("metric_query") for metric in nested(query, "metric"))):
        if each.get("metric_name"):
            yield each


def _metrics(alarm: Resource) -> Iterator[tuple[str, str]]:
    """Namespaces and names of an alarm's metrics."""
    for each in _queried(alarm):
        yield str(each.get("namespace")), str(each["metric_name"])


@rule("CKV_ROLLOUT_81", source=_ALARM_GUIDE, on=tuple(_WATCHED))
def serving_is_watched(resource: Resource) -> Iterator[str]:
    """Resources that serve users have alarms."""
    alarms = list(resource.users(_ALARM))
    seen = Counter(name for alarm in alarms for _, name in _metrics(alarm))
    each = max(resource.number("num_cache_clusters", 1), 1)
    for name in _WATCHED[resource.kind]:
        if seen[name] < each:
            yield f"has {seen[name]} alarms on {name}, must have {each}"


@rule("CKV_ROLLOUT_82", source=_ALARM_GUIDE, on=_ALARM)
def one_unhealthy_host_is_told(alarm: Resource) -> Iterator[str]:
    """The alarm on unhealthy hosts fires at the first unhealthy host."""
    if alarm.get("metric_name") == "UnHealthyHostCount" and alarm.number("threshold") > 0:
        yield f"threshold is {alarm.number('threshold')}, must be 0"


@rule(
    "CKV_ROLLOUT_83",
    source="https://docs.aws.amazon.com/sns/latest/dg/sns-create-subscribe-endpoint-to-topic.html",
    on="aws_sns_topic",
)
def topic_is_heard(topic: Resource) -> Iterator[str]:
    """A topic of alarms has a subscriber."""
    subscribers = topic.users("aws_sns_topic_subscription", "aws_chatbot_slack_channel_configuration")
    if any(topic.users(_ALARM)) and not any(subscribers):
        yield "has no subscriber, so no recipient gets alarms; add an e-mail address or a Slack channel"


@rule("CKV_ROLLOUT_84", source=_DASHBOARDS, on="aws_cloudwatch_dashboard")
def dashboard_is_whole(dashboard: Resource) -> Iterator[str]:
    """A dashboard shows responses, health, load and latency."""
    body = dashboard.text("dashboard_body")
    for name in _SHOWN:
        if f'"{name}"' not in body and f"'{name}'" not in body:
            yield f"doesn't show {name}"


@rule("CKV_ROLLOUT_85", source=_DASHBOARDS, on="aws_cloudwatch_dashboard")
def application_is_watched(dashboard: Resource) -> Iterator[str]:
    """The application's own metrics on the dashboard have alarms."""
    watched = {metric for alarm in dashboard.everywhere(_ALARM) for metric in _metrics(alarm)}
    shown = set(_DRAWN.findall(dashboard.text("dashboard_body")))
    for namespace, name in sorted(shown - watched):
        if "/" not in namespace and namespace not in {each for each, _ in watched}:
            yield f"shows {namespace} {name}, which has no alarm"


@rule(
    "CKV_ROLLOUT_91",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html",
    on=_ALARM,
)
def alarm_has_a_metric(alarm: Resource) -> Iterator[str]:
    """An alarm uses metrics that AWS publishes.

    CloudWatch accepts any name and dimension, but an alarm on a metric without values never fires.
    """
    for each in _queried(alarm):
        dimensions = frozenset(name for block in nested(each, "dimensions") for name in block)
        if problem := metric_problem(str(each.get("namespace")), str(each["metric_name"]), dimensions):
            yield problem


@rule(
    "CKV_ROLLOUT_92",
    source="https://docs.aws.amazon.com/eventbridge/latest/ref/events.html",
    on="aws_cloudwatch_event_rule",
)
def rule_has_events(event_rule: Resource) -> Iterator[str]:
    """A rule matches events that AWS sends.

    EventBridge accepts any pattern, but a rule whose kind and source of event don't exist never runs.
    """
    try:
        pattern = event_rule.json("event_pattern")
    except ValueError as error:
        yield f"event_pattern isn't JSON: {error}"
        return
    # A matcher such as {"prefix": …} isn't checked.
    kinds, sources = (frozenset(_texts(pattern.get(name))) for name in ("detail-type", "source"))
    for kind in sorted(kinds):
        if problem := event_problem(kind, sources):
            yield problem


def _texts(value: object) -> list[str]:
    """The texts of a pattern's element; checkov has unwrapped a list of one."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


_CLOUDWATCH = "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html"
_BUDGETS = "https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-best-practices.html"
_FILTERS = "https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html"
_ALARM_TYPES = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")


@rule("CKV_ROLLOUT_24", source=_CLOUDWATCH, on=_ALARM_TYPES)
def alarm_notifies(alarm: Resource) -> Iterator[str]:
    """An alarm has an action."""
    if not listed(alarm.get("alarm_actions")):
        yield "has no alarm_actions; name a topic"
    if "actions_enabled" in alarm and not is_true(alarm["actions_enabled"]):
        yield "its actions are switched off; remove actions_enabled"


@rule("CKV_ROLLOUT_25", source=_CLOUDWATCH, on=_ALARM_TYPES)
def alarm_names_runbook(alarm: Resource) -> Iterator[str]:
    """An alarm names its runbook."""
    if "runbook" not in alarm.text("alarm_description").lower():
        yield "alarm_description names no runbook; add its page in docs/runbooks/"


@rule("CKV_ROLLOUT_26", source=_BUDGETS, on="aws_budgets_budget")
def budget_notifies(budget: Resource) -> Iterator[str]:
    """A budget has a subscriber."""
    for each in budget.blocks("notification"):
        if any(each.get(name) for name in ("subscriber_email_addresses", "subscriber_sns_topic_arns")):
            return
    yield "has no notification with a subscriber; add one"


@rule("CKV_ROLLOUT_27", source=_BUDGETS, on="aws_budgets_budget")
def budget_warns_ahead(budget: Resource) -> Iterator[str]:
    """An account's budget warns of actual and of forecast costs."""
    if budget.blocks("cost_filter"):
        return  # A service's own budget: CKV_ROLLOUT_26 is enough.
    kinds = {each.get("notification_type") for each in budget.blocks("notification")}
    for missing in sorted({"ACTUAL", "FORECASTED"} - kinds):
        yield f"has no notification of type {missing}; add one"


@rule("CKV_ROLLOUT_90", source=_FILTERS, on="aws_budgets_budget")
def budget_filters_by_a_billed_service(budget: Resource) -> Iterator[str]:
    """A budget filters by services that AWS's bill names.

    AWS accepts any text, but a budget for a service that is on no bill never alerts.
    """
    for each in budget.blocks("cost_filter"):
        for service in listed(each.get("values")) if each.get("name") == "Service" else ():
            if problem := service_problem(service):
                yield f"cost_filter has the service {service!r}: {problem}"


@rule(
    "CKV_ROLLOUT_31",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
    on="aws_cloudwatch_log_group",
)
def logs_expire(group: Resource) -> Iterator[str]:
    """Logs have a retention time."""
    if group.number("retention_in_days") <= 0:
        yield "retention_in_days isn't set or is 0, which keeps logs forever; set the days"


@rule(
    "CKV_ROLLOUT_32",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    on="aws_cloudwatch_log_group",
)
def logs_are_encrypted(group: Resource) -> Iterator[str]:
    """Logs are encrypted with our own key."""
    if not group.text("kms_key_id"):
        yield "has no kms_key_id; use the account's log key"
