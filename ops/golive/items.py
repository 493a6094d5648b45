"""The go-live list: the plan's own items, and what would make them untrue. Each holds when its checks do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ops.golive import checks as own
from ops.verify.checks import account, cutover, edge, http, observability, secrets, services
from ops.verify.context import Context
from ops.verify.model import Check, Light, Result


@dataclass(frozen=True)
class Item:
    """One line of the list."""

    says: str
    asks: tuple[Callable[[Context], str], ...]
    """What must hold, as `ops.verify.model.Check` has it."""


@dataclass(frozen=True)
class Answered:
    """An item with what its checks found."""

    says: str
    results: tuple[Result, ...]

    @property
    def light(self) -> Light:
        """The worst of its results."""
        lights = {result.light for result in self.results}
        return next(light for light in (Light.RED, Light.UNKNOWN, Light.GREEN) if light in lights)

    def as_data(self) -> dict[str, object]:
        """The item for a program."""
        return {"item": self.says, "light": self.light, "results": [result.as_data() for result in self.results]}


ITEMS: tuple[Item, ...] = (
    Item(
        "HTTPS on real prod domain",
        (
            edge.certificate_is_issued,
            http.https_answers_with_the_certificate,
            own.public_name_leads_here,
            own.public_name_answers_over_https,
        ),
    ),
    Item("/health/ready green (db + redis)", (http.health_ready_answers,)),
    Item("Secrets in Secrets Manager only", (secrets.secrets_have_values, services.secrets_come_from_secrets_manager)),
    Item("Tasks in private subnets, no public IP", (services.tasks_are_private,)),
    Item(
        "Observability alarms configured",
        (observability.alarms_are_configured, account.alerts_have_subscribers, observability.no_alarm_is_on),
    ),
    Item("Rollback procedure tested", (own.rollback_was_tested,)),
    Item("Values say what public DNS says", (cutover.public_dns_is_as_the_values_say,)),
    Item("No accepted risk has expired", (own.no_accepted_risk_has_expired,)),
)


def checks(items: Sequence[Item] = ITEMS) -> tuple[Check, ...]:
    """The items' checks."""
    return tuple(Check("golive", ask, ("R12.1",)) for item in items for ask in item.asks)


def answered(results: Sequence[Result], items: Sequence[Item] = ITEMS) -> list[Answered]:
    """The items, each with its own of the results, which are in the order of `checks`."""
    left = iter(results)
    return [Answered(item.says, tuple(next(left) for _ in item.asks)) for item in items]
