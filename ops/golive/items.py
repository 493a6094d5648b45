"""The go-live list: the items of the rollout plan. An item passes if all its conditions pass."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from environments.schema import Environment
from ops import files
from ops.aws.dns import PublicZone
from ops.aws.session import AWS, elsewhere
from ops.conditions import Condition, ConditionResult, SkippedError, Status, holds, worst
from ops.cutover.work import journal
from ops.errors import OpsError
from ops.golive.rollback import tested
from ops.journal import rollbacks
from ops.printable import printable
from ops.restore.drill import drilled
from ops.risks.listing import accepted
from ops.verify.checks import account, edge, http, services
from ops.verify.context import Context
from ops.verify.criteria import criterion


def public_name_leads_here(context: Context) -> str:
    """Public DNS sends all traffic here."""
    return holds(edge.other_shares(context, 100), f"100 % of {', '.join(context.environment.edge.names)}")


def public_name_answers_over_https(context: Context) -> str:
    """HTTPS on the real domain works at its public addresses, with a valid certificate."""
    host, problems, addresses = context.environment.edge.host, [], []
    test = context.environment.sample_request
    for address in context.http.addresses(host):
        status = context.http.get(address, test.path).status
        problems += [f"{host} at {address} returns {status} for {test.path}"] if status != test.status else []
        addresses.append(address)
    return holds(problems, f"https://{host}{test.path} returns {test.status} at {', '.join(addresses)}")


def rollback_was_tested(context: Context) -> str:
    """A rollback of DNS succeeded recently in this account, as CloudTrail confirms."""
    if context.environment.cutover.previous is None:
        raise SkippedError("cutover.previous isn't set: there is no previous deployment that DNS could return to")
    written = journal(context.environment, context.aws, "golive")
    return tested(
        rollbacks(written.history()),
        context.environment,
        context.aws,
        PublicZone(context.aws, context.environment, "verify"),
        endpoint=context.aws.endpoint(),
        place=written.place,
    )


def database_restore_was_drilled(context: Context) -> str:
    """A restore of the database was drilled recently, and its copy had the level and rows that it must have."""
    values = context.environment.database
    if values is None:
        raise SkippedError(f"{context.environment.name} has no database: its values have database=None")
    if context.environment.product.migration is None:
        raise SkippedError(f"{context.environment.product.name} has no migration, whose service checks a copy")
    written = journal(context.environment, context.aws, "golive")
    return drilled(written.entries(), values.check.days, datetime.now(UTC), place=written.place)


def no_accepted_risk_has_expired(context: Context) -> str:
    """No accepted risk of the environment has expired."""
    risks = accepted(datetime.now(UTC).date(), context.environment)
    first = f", the first until {risks[0].expires}" if risks else ""
    return holds(
        [f"{risk.id} expired on {risk.expires}" for risk in risks if risk.expired], f"{len(risks)} accepted{first}"
    )


def _readiness(environment: Environment) -> str:
    ready = [service.readiness for service in environment.product.services if service.readiness]
    names = {"database": "db", "cache": environment.cache.engine if environment.cache else ""}
    stores = [name for store, name in names.items() if any(store in each.checks for each in ready)]
    paths = ", ".join(dict.fromkeys(each.path for each in ready)) or "Readiness"
    return f"{paths} green ({' + '.join(stores)})" if stores else f"{paths} green"


@dataclass(frozen=True)
class Item:
    """One item of the list."""

    text: str | Callable[[Environment], str]
    """The item, or how it follows from an environment's values."""
    checks: tuple[Callable[[Context], str], ...]
    """Checks in the form of `ops.conditions.Condition.check`."""


@dataclass(frozen=True)
class CheckedItem:
    """An item with the results of its checks."""

    text: str
    results: tuple[ConditionResult, ...]

    @property
    def status(self) -> Status:
        """The worst of its results."""
        return worst(self.results)

    @property
    def done(self) -> bool:
        """Whether it passes or doesn't apply."""
        return self.status in {Status.PASS, Status.SKIPPED}

    def as_data(self) -> dict[str, object]:
        """The item for a program."""
        results = [result.as_data() for result in self.results]
        return {"item": self.text, "status": self.status, "light": self.status, "results": results}


ITEMS: tuple[Item, ...] = (
    Item(
        "HTTPS on real prod domain",
        (
            edge.certificate_is_issued,
            http.https_answers_with_the_certificate,
            public_name_leads_here,
            public_name_answers_over_https,
        ),
    ),
    Item(_readiness, (http.services_are_ready,)),
    Item("Secrets in Secrets Manager only", (account.secrets_have_values, services.secrets_come_from_secrets_manager)),
    Item("Tasks in private subnets, no public IP", (services.tasks_are_private,)),
    Item(
        "Observability alarms configured",
        (account.alarms_are_configured, account.alerts_have_subscribers, account.no_alarm_is_on),
    ),
    Item("Rollback procedure tested", (rollback_was_tested,)),
    Item("Restore of the database drilled", (database_restore_was_drilled,)),
    Item("Values say what public DNS says", (edge.public_dns_is_as_the_values_say,)),
    Item("Liveness and smoke tests green", (http.services_are_live, http.smoke_tests_pass)),
    Item("No accepted risk has expired", (no_accepted_risk_has_expired,)),
)


def check_origin(context: Context, *, other_server: object) -> None:
    """Refuse evidence that isn't of this environment: from another server, or from a service that isn't AWS's.

    Args:
        context: What is checked.
        other_server: What `--connect-to` or `--ca-file` names; only a rehearsal has another server.

    Raises:
        OpsError: On AWS, the evidence wouldn't be AWS's, or not that of the public name.
    """
    if found := elsewhere(os.environ):
        raise OpsError(f"the evidence would come from elsewhere: {'; '.join(found)}")
    if other_server and context.aws.endpoint() == AWS:
        raise OpsError(
            f"golive checks {context.environment.edge.host} at its public addresses; --connect-to and --ca-file are "
            "for rehearsals. To check the load balancer before the cutover: bin/ops verify"
        )


def conditions(items: Sequence[Item] = ITEMS) -> tuple[Condition[Context], ...]:
    """The items' conditions."""
    return tuple(criterion("golive", check, ("R12.1",)) for item in items for check in item.checks)


def checked(
    results: Sequence[ConditionResult], environment: Environment, items: Sequence[Item] = ITEMS
) -> list[CheckedItem]:
    """The items with their results, which are in the order of `conditions`."""
    left = iter(results)
    texts = [item.text if isinstance(item.text, str) else item.text(environment) for item in items]
    return [CheckedItem(text, tuple(next(left) for _ in item.checks)) for text, item in zip(texts, items, strict=True)]


def as_text(items: Sequence[CheckedItem]) -> str:
    """One line for each item, followed by its evidence."""
    return "\n".join(_lines(items))


def as_markdown(items: Sequence[CheckedItem], context: Context, at: datetime) -> str:
    """The list as a record, with account, caller and time."""
    who = f"{context.environment.name} (account {context.environment.account_id}), checked by {context.aws.caller.arn}"
    endpoint = context.aws.endpoint()
    where = "" if endpoint == AWS else f" A rehearsal on {endpoint}: no evidence of AWS."
    lines = [f"# Go-live list of {context.environment.name}", "", f"{at:%Y-%m-%d %H:%M} UTC. {who}.{where}", ""]
    for item in items:
        lines.append(f"- [{'x' if item.done else ' '}] **{item.text}**: {item.status}")
        lines += [
            f"  - {result.meaning} {result.status.capitalize()}: {printable(result.evidence)}"
            for result in item.results
        ]
    return "\n".join([*lines, "", verdict(items), ""])


def verdict(items: Sequence[CheckedItem]) -> str:
    """One line: all items pass, or how many are open."""
    still = [item.text for item in items if not item.done]
    skipped = sum(item.status is Status.SKIPPED for item in items)
    if still:
        return f"{len(still)} of {len(items)} open: {'; '.join(still)}"
    return f"All {len(items) - skipped} pass{f'; {skipped} not applicable' if skipped else ''}."


def write(path: Path, text: str) -> None:
    """Write a file completely or not at all.

    Raises:
        OpsError: It can't be written.
    """
    try:
        files.write(path, text)
    except OSError as error:
        raise OpsError(f"can't write {path}: {error.strerror}; name another file with --out") from None


def _lines(items: Sequence[CheckedItem]) -> Iterator[str]:
    for item in items:
        yield f"{item.status:<7}  {item.text}"
        yield from (f"{'':<9}{result.status}: {printable(result.evidence)}" for result in item.results)
    yield verdict(items)
