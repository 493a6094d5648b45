"""Monthly budgets."""

from __future__ import annotations

from environments.names import Names
from environments.schema import Budgets
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.constructs.alerts_topic import AlertsTopic
from modules.ids import depend, identifier, slug


class CostLimits:
    """One budget for the account and one for each AWS service that has a limit.

    They alert on actual and forecast cost before a limit is reached; they stop nothing.
    """

    def __init__(self, scope: Construct, id_: str, *, spec: Budgets, names: Names, topic: AlertsTopic) -> None:
        percentages = {"ACTUAL": spec.actual_percent, "FORECASTED": spec.forecast_percent}
        notifications = [
            aws.BudgetsBudgetNotification(
                notification_type=kind,
                comparison_operator="GREATER_THAN",
                threshold=percent,
                threshold_type="PERCENTAGE",
                subscriber_email_addresses=list(names.environment.alerts.email),
                subscriber_sns_topic_arns=[topic.arn],
            )
            for kind, percents in percentages.items()
            for percent in percents
        ]
        limits: dict[str, tuple[int, list[str]]] = {"account": (spec.monthly, [])}
        limits |= {slug(service): (limit, [service]) for service, limit in spec.services.items()}
        for part, (limit, services) in limits.items():
            budget = aws.BudgetsBudget(
                scope,
                f"{id_}_{identifier(part)}",
                name=names.resource(part),
                budget_type="COST",
                time_unit="MONTHLY",
                limit_amount=str(limit),
                limit_unit="USD",
                cost_filter=[aws.BudgetsBudgetCostFilter(name="Service", values=services)] if services else None,
                notification=notifications,
            )
            depend(budget, [topic.policy])
