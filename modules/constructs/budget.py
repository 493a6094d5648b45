"""A monthly limit on cost."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.budgets_budget import BudgetsBudget, BudgetsBudgetCostFilter, BudgetsBudgetNotification

from constructs import Construct
from environments.schema import Budgets


class Budget:
    """Tells of real cost and forecast before the limit is reached; it stops nothing."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        limit: int,
        thresholds: Budgets,
        emails: Sequence[str],
        topic_arn: str,
        service: str | None = None,
    ) -> None:
        """Make the budget.

        Args:
            scope: The stack.
            id_: Id of the budget.
            name: Its name.
            limit: US dollars a month.
            thresholds: The shares of the limit that are told of.
            emails: Addresses that are told.
            topic_arn: Topic that is told.
            service: The one AWS service that counts, by its name on the bill; none means all.
        """
        percentages = {"ACTUAL": thresholds.actual_percent, "FORECASTED": thresholds.forecast_percent}
        BudgetsBudget(
            scope,
            id_,
            name=name,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(limit),
            limit_unit="USD",
            cost_filter=[BudgetsBudgetCostFilter(name="Service", values=[service])] if service else None,
            notification=[
                BudgetsBudgetNotification(
                    notification_type=kind,
                    comparison_operator="GREATER_THAN",
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                    subscriber_email_addresses=list(emails),
                    subscriber_sns_topic_arns=[topic_arn],
                )
                for kind, percents in percentages.items()
                for percent in percents
            ],
        )
