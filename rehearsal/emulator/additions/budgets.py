"""Budgets: subscribers, tags, and changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.budgets.models import Notification
from moto.budgets.responses import BudgetsResponse
from moto.core.responses import ActionResult, EmptyResult

from rehearsal.emulator.additions.registry import AwsError, adds, corrects, kept


def _identity(notification: dict[str, Any]) -> tuple[Any, ...]:
    """What makes two notifications the same; clients write a threshold as 80 or 80.0."""
    return (
        notification["NotificationType"],
        notification["ComparisonOperator"],
        float(notification["Threshold"]),
        notification.get("ThresholdType", "PERCENTAGE"),
    )


def _notification(self: BudgetsResponse) -> Notification:
    """The notification that the call is about."""
    budget = self.backend.budgets[self._get_param("AccountId")][self._get_param("BudgetName")]
    for each in budget.notifications:
        if _identity(each.details) == _identity(self._get_param("Notification")):
            return each
    raise AwsError("NotFoundException", "the notification doesn't exist")


def _normalized(budget: dict[str, Any]) -> dict[str, Any]:
    """A budget whose limit has a decimal point: AWS returns 100.0 for 100.

    The provider compares limits as numbers for it, as its documentation of `limit_amount` shows:
    https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/budgets/budget.go
    """
    limit = budget["BudgetLimit"]
    limit["Amount"] = str(float(limit["Amount"]))
    return budget


def _tags(self: BudgetsResponse, arn: str) -> dict[str, str]:
    return kept(self.backend, "tags", dict[str, dict[str, str]]).setdefault(arn, {})


@adds(BudgetsResponse, "budgets", "DescribeSubscribersForNotification", why="moto doesn't return who is notified")
def describe_subscribers_for_notification(self: BudgetsResponse) -> ActionResult:
    """Return a notification's subscribers."""
    return ActionResult({"Subscribers": _notification(self).subscribers})


@adds(BudgetsResponse, "budgets", "UpdateBudget", why="moto can't change a budget")
def update_budget(self: BudgetsResponse) -> ActionResult:
    """Change a budget."""
    given = _normalized(self._get_param("NewBudget"))
    self.backend.budgets[self._get_param("AccountId")][given["BudgetName"]].budget.update(given)
    return EmptyResult()


@corrects(
    BudgetsResponse,
    "create_budget",
    "budgets",
    "CreateBudget",
    why="moto drops a budget's tags, and returns its limit as it was sent",
)
def create_budget(original: Callable[..., Any], self: BudgetsResponse) -> object:
    """Remember the tags as well."""
    answer = original(self)
    name = self._get_param("Budget")["BudgetName"]
    _normalized(self.backend.budgets[self._get_param("AccountId")][name].budget)
    tags = {tag["Key"]: tag["Value"] for tag in self._get_param("ResourceTags", [])}
    _tags(self, f"arn:{self.partition}:budgets::{self._get_param('AccountId')}:budget/{name}").update(tags)
    return answer


@adds(BudgetsResponse, "budgets", "ListTagsForResource", why="moto has no tags of budgets")
def list_tags_for_resource(self: BudgetsResponse) -> ActionResult:
    """Return a budget's tags."""
    tags = _tags(self, self._get_param("ResourceARN"))
    return ActionResult({"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]})


@adds(BudgetsResponse, "budgets", "TagResource", why="moto has no tags of budgets")
def tag_resource(self: BudgetsResponse) -> ActionResult:
    """Add tags to a budget, or change them."""
    given = {tag["Key"]: tag["Value"] for tag in self._get_param("ResourceTags")}
    _tags(self, self._get_param("ResourceARN")).update(given)
    return EmptyResult()


@adds(BudgetsResponse, "budgets", "UntagResource", why="moto has no tags of budgets")
def untag_resource(self: BudgetsResponse) -> ActionResult:
    """Remove tags from a budget."""
    for key in self._get_param("ResourceTagKeys"):
        _tags(self, self._get_param("ResourceARN")).pop(key, None)
    return EmptyResult()
