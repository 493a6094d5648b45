"""RDS: identity of an instance, Performance Insights, event subscriptions, parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.moto_api._internal import mock_random
from moto.rds.models import DBInstance, DBSubnetGroup, RDSBackend
from moto.rds.responses import RDSResponse

from ops.emulator.additions.registry import adds, mends

_INSIGHTS = {
    "enable_performance_insights": "performance_insights_enabled",
    "performance_insights_kms_key_id": "performance_insights_kms_key_id",
    "performance_insights_retention_period": "performance_insights_retention_period",
}
"""A parameter, and the field that it is answered as."""


def _remember_insights(instance: DBInstance, given: dict[str, object]) -> None:
    for parameter, field in _INSIGHTS.items():
        if given.get(parameter) is not None:
            setattr(instance, field, given[parameter])


@mends(
    DBInstance,
    "__init__",
    "rds",
    "CreateDBInstance",
    why="in moto all instances have one resource id, none has Performance Insights, and each has a certificate "
    "authority that the provider then changes (80 s)",
)
def make_instance(original: Callable[..., None], instance: DBInstance, *given: object, **named: object) -> None:
    """Give the instance a resource id of its own, and what was asked for."""
    # What AWS gives since 2024: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
    named.setdefault("ca_certificate_identifier", "rds-ca-rsa2048-g1")
    original(instance, *given, **named)
    instance.dbi_resource_id = f"db-{mock_random.get_random_string(26, include_digits=True).upper()}"
    _remember_insights(instance, named)


@mends(DBInstance, "update", "rds", "ModifyDBInstance", why="moto has no Performance Insights")
def update_instance(original: Callable[..., None], instance: DBInstance, **named: object) -> None:
    """Change Performance Insights too."""
    original(instance, **named)
    _remember_insights(instance, named)


@mends(
    RDSBackend,
    "modify_db_subnet_group",
    "rds",
    "ModifyDBSubnetGroup",
    why="moto forgets a subnet group that is changed",
)
def modify_db_subnet_group(
    original: Callable[..., DBSubnetGroup], backend: RDSBackend, subnet_name: str, *changed: object
) -> DBSubnetGroup:
    """Keep the group."""
    backend.subnet_groups[subnet_name] = original(backend, subnet_name, *changed)
    return backend.subnet_groups[subnet_name]


@adds(RDSResponse, "rds", "ModifyEventSubscription", why="moto can't change a subscription")
def modify_event_subscription(self: RDSResponse) -> ActionResult:
    """Put new values in a subscription."""
    (subscription,) = self.backend.describe_event_subscriptions(self.params["SubscriptionName"])
    for name in ("sns_topic_arn", "source_type", "event_categories", "enabled"):
        value = self.params.get("".join(part.capitalize() for part in name.split("_")))
        if value is not None:
            setattr(subscription, name, value)
    return ActionResult({"EventSubscription": subscription})


@mends(
    RDSResponse,
    "describe_db_parameters",
    "rds",
    "DescribeDBParameters",
    why="moto doesn't say that a parameter was set by its user, so that Terraform doesn't see it",
)
def describe_db_parameters(original: Callable[..., ActionResult], self: RDSResponse) -> ActionResult:
    """Say who set the parameters: moto keeps no others."""
    answer: Any = original(self).result
    return ActionResult({"Parameters": [{**each, "Source": "user"} for each in answer["Parameters"]]})
