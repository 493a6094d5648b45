"""Alarms, budgets and topics: each notifies a subscriber."""

from __future__ import annotations

from collections.abc import Iterator

from environments.schema.billing import service_problem
from policies.rule import Resource, is_true, rule, texts

_CLOUDWATCH = "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html"
_BUDGETS = "https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-best-practices.html"
_FILTERS = "https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html"
_ALARMS = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")


@rule("CKV_ROLLOUT_24", source=_CLOUDWATCH, on=_ALARMS)
def alarm_notifies(alarm: Resource) -> Iterator[str]:
    """An alarm has an action."""
    if not texts(alarm.get("alarm_actions")):
        yield "has no alarm_actions; name a topic"
    if "actions_enabled" in alarm and not is_true(alarm["actions_enabled"]):
        yield "its actions are switched off; remove actions_enabled"


@rule("CKV_ROLLOUT_25", source=_CLOUDWATCH, on=_ALARMS)
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
        for service in texts(each.get("values")) if each.get("name") == "Service" else ():
            if problem := service_problem(service):
                yield f"cost_filter has the service {service!r}: {problem}"
