"""Monthly limits on cost."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cdktf_cdktf_provider_aws.budgets_budget import BudgetsBudget, BudgetsBudgetCostFilter, BudgetsBudgetNotification
from constructs import Construct

from environments.schema import Budgets
from modules.constructs.alerts_topic import AlertsTopic


class CostLimits:
    """One budget for the account and one for each AWS service that has a limit.

    They tell of real cost and forecast before a limit is reached; they stop nothing.
    """

    def __init__(
        self, scope: Construct, *, name: str, budgets: Budgets, emails: Sequence[str], topic: AlertsTopic
    ) -> None:
        """Make the budgets.

        Args:
            scope: The stack.
            name: First part of their names.
            budgets: Limits, and the shares of them that are told of.
            emails: Addresses that are told.
            topic: Topic that is told.
        """
        self._scope, self._name, self._emails, self._topic = scope, name, list(emails), topic
        self._percentages = {"ACTUAL": budgets.actual_percent, "FORECASTED": budgets.forecast_percent}
        self._limit("account", budgets.monthly)
        for service, limit in budgets.services.items():
            self._limit(re.sub("[^a-z0-9]+", "-", service.lower()).strip("-"), limit, service)

    def _limit(self, part: str, limit: int, service: str | None = None) -> None:
        budget = BudgetsBudget(
            self._scope,
            f"budget_{part.replace('-', '_')}",
            name=f"{self._name}-{part}",
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
                    subscriber_email_addresses=self._emails,
                    subscriber_sns_topic_arns=[self._topic.arn],
                )
                for kind, percents in self._percentages.items()
                for percent in percents
            ],
        )
        budget.add_override("depends_on", [self._topic.policy])
