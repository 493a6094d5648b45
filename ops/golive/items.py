"""The go-live list: the plan's own items, and what would make them untrue. Each passes when its conditions do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ops import journal
from ops.conditions import Condition, FailedError, Result, Status, holds, worst
from ops.errors import OpsError
from ops.risks.listing import accepted
from ops.verify.checks import account, edge, http, services
from ops.verify.context import Context
from ops.verify.criteria import criterion


def public_name_leads_here(context: Context) -> str:
    """Public DNS sends all traffic here."""
    host = context.environment.edge.host
    return holds(edge.other_shares(context, 100), f"100 % of {host}")


def public_name_answers_over_https(context: Context) -> str:
    """HTTPS on the real domain answers where public DNS leads, with a certificate that is valid for it."""
    host, problems, said = context.environment.edge.host, [], []
    for address in context.http.addresses(host):
        status = context.http.get(address, http.READY).status
        problems += [f"{host} at {address} answers {http.READY} with {status}"] if status != 200 else []
        said.append(address)
    return holds(problems, f"https://{host}{http.READY} answers 200 at {', '.join(said)}")


def rollback_was_tested(context: Context) -> str:
    """The way back was taken once: the journal has a rollback of DNS that worked."""
    stage = context.environment.stage
    entry = journal.last_rehearsed_rollback(stage)
    if entry is None:
        raise FailedError(f"{journal.path(stage)} has no rollback; rehearse one: docs/runbooks/cutover.md")
    return f"{entry.at}: {entry.before} % to {entry.after} % by {entry.caller} on {entry.endpoint}"


def no_accepted_risk_has_expired(context: Context) -> str:
    """No accepted risk of the environment has expired."""
    risks = accepted(datetime.now(UTC).date(), context.environment)
    first = f", the first until {risks[0].expires}" if risks else ""
    return holds(
        [f"{risk.id} expired on {risk.expires}" for risk in risks if risk.expired], f"{len(risks)} accepted{first}"
    )


@dataclass(frozen=True)
class Item:
    """One line of the list."""

    says: str
    asks: tuple[Callable[[Context], str], ...]
    """What must hold, as `ops.conditions.Condition` has it."""


@dataclass(frozen=True)
class Answered:
    """An item with what its checks found."""

    says: str
    results: tuple[Result, ...]

    @property
    def status(self) -> Status:
        """The worst of its results."""
        return worst(self.results)

    def as_data(self) -> dict[str, object]:
        """The item for a program."""
        results = [result.as_data() for result in self.results]
        return {"item": self.says, "status": self.status, "light": self.status, "results": results}


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
    Item("/health/ready green (db + redis)", (http.health_ready_answers,)),
    Item("Secrets in Secrets Manager only", (account.secrets_have_values, services.secrets_come_from_secrets_manager)),
    Item("Tasks in private subnets, no public IP", (services.tasks_are_private,)),
    Item(
        "Observability alarms configured",
        (account.alarms_are_configured, account.alerts_have_subscribers, account.no_alarm_is_on),
    ),
    Item("Rollback procedure tested", (rollback_was_tested,)),
    Item("Values say what public DNS says", (edge.public_dns_is_as_the_values_say,)),
    Item("No accepted risk has expired", (no_accepted_risk_has_expired,)),
)


def conditions(items: Sequence[Item] = ITEMS) -> tuple[Condition[Context], ...]:
    """The items' conditions."""
    return tuple(criterion("golive", ask, ("R12.1",)) for item in items for ask in item.asks)


def answered(results: Sequence[Result], items: Sequence[Item] = ITEMS) -> list[Answered]:
    """The items, each with its own of the results, which are in the order of `conditions`."""
    left = iter(results)
    return [Answered(item.says, tuple(next(left) for _ in item.asks)) for item in items]


def as_text(items: Sequence[Answered]) -> str:
    """An item a line, its evidence below it."""
    return "\n".join(_lines(items))


def as_markdown(items: Sequence[Answered], context: Context, at: datetime) -> str:
    """The list as a record: what was asked of whom, by whom and when."""
    who = f"{context.environment.name} (account {context.environment.account_id}), asked by {context.aws.caller.arn}"
    lines = [f"# Go-live list of {context.environment.name}", "", f"{at:%Y-%m-%d %H:%M} UTC. {who}.", ""]
    for item in items:
        lines.append(f"- [{'x' if item.status is Status.PASS else ' '}] **{item.says}**: {item.status}")
        lines += [f"  - {result.meaning} {result.status.capitalize()}: {result.evidence}" for result in item.results]
    return "\n".join([*lines, "", verdict(items), ""])


def verdict(items: Sequence[Answered]) -> str:
    """One line: ready, or how much is open."""
    still = [item.says for item in items if item.status is not Status.PASS]
    return f"{len(still)} of {len(items)} open: {'; '.join(still)}" if still else f"All {len(items)} pass."


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        OpsError: It can't be written.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise OpsError(f"can't write {path}: {error.strerror}; name another file with --out") from None


def _lines(items: Sequence[Answered]) -> Iterator[str]:
    for item in items:
        yield f"{item.status:<7}  {item.says}"
        yield from (f"{'':<9}{result.status}: {result.evidence}" for result in item.results)
    yield verdict(items)
