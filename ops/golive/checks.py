"""What going live asks for beside the exit criteria of the phases."""

from __future__ import annotations

from datetime import UTC, datetime

from ops import journal
from ops.risks.listing import accepted
from ops.verify.checks.cutover import shares_in_dns
from ops.verify.checks.http import READY
from ops.verify.context import Context
from ops.verify.model import NotMetError, met


def public_name_leads_here(context: Context) -> str:
    """Public DNS sends all traffic here."""
    host = context.environment.edge.host
    problems = [f"DNS sends {share} % of {host} here{by}" for by, share in shares_in_dns(context) if share != 100]
    return met(problems, f"100 % of {host}")


def public_name_answers_over_https(context: Context) -> str:
    """HTTPS on the real domain answers where public DNS leads, with a certificate that is valid for it."""
    host, problems, said = context.environment.edge.host, [], []
    for address in context.http.addresses(host):
        status = context.http.get(address, READY).status
        problems += [f"{host} at {address} answers {READY} with {status}"] if status != 200 else []
        said.append(address)
    return met(problems, f"https://{host}{READY} answers 200 at {', '.join(said)}")


def rollback_was_tested(context: Context) -> str:
    """The way back was taken once: the journal has a rollback of DNS that worked."""
    stage = context.environment.stage
    entry = journal.last_rehearsed_rollback(stage)
    if entry is None:
        raise NotMetError(f"{journal.path(stage)} has no rollback; rehearse one: docs/runbooks/cutover.md")
    return f"{entry.at}: {entry.before} % to {entry.after} % by {entry.caller} on {entry.endpoint}"


def no_accepted_risk_has_expired(context: Context) -> str:
    """No accepted risk of the environment has expired."""
    risks = accepted(datetime.now(UTC).date(), context.environment)
    first = f", the first until {risks[0].expires}" if risks else ""
    return met(
        [f"{risk.id} expired on {risk.expires}" for risk in risks if risk.expired], f"{len(risks)} accepted{first}"
    )
