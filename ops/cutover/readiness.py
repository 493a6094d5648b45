"""Conditions that must hold before traffic moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from environments.schema import Environment
from ops.aws.dns import health_checks, longest_ttl
from ops.aws.load_balancing import Targets
from ops.conditions import Condition, ConditionResult, UnknownError, holds, run
from ops.cutover.records import PresentRecords, Zone
from ops.cutover.watch import Signals

ALIAS_SECONDS = 60
"""TTL of an alias of a load balancer.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
"""
RESOLVER_SECONDS = 5
RESOLVER_PORT = 53


ABSENT = "no such record"
"""What `ttl` returns if the resolver knows that there is no record: NXDOMAIN, or an answer without one.

https://www.rfc-editor.org/rfc/rfc2308#section-2
"""


def ttl(host: str, resolver: str) -> int | str:
    """Seconds for which a resolver still caches a name's record; or a text with the reason why that is unknown.

    Args:
        host: The name.
        resolver: Address of the resolver, with a port if it isn't 53.
    """
    address, _, port = resolver.partition(":") if resolver.count(":") == 1 else (resolver, "", "")
    try:
        # A truncated answer is requested again over TCP: https://www.rfc-editor.org/rfc/rfc2181#section-9
        response, _ = dns.query.udp_with_fallback(
            dns.message.make_query(host, "A"),
            address,
            port=int(port or RESOLVER_PORT),
            timeout=RESOLVER_SECONDS,
            ignore_unexpected=True,
        )
    except (dns.exception.DNSException, OSError, EOFError, ValueError, OverflowError) as error:
        return f"no answer ({error or type(error).__name__})"
    code = response.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return f"no answer ({dns.rcode.to_text(code)})"
    first = next((each.ttl for each in response.answer if each.name.to_text(omit_final_dot=True).lower() == host), None)
    if first is None and any(each.rdtype == dns.rdatatype.NS for each in response.authority):
        return "no answer (a referral to other servers: this isn't a resolver)"
    return ABSENT if first is None else first


@dataclass(frozen=True)
class Readiness:
    """What the checks before the first step need."""

    environment: Environment
    """The environment that gets the traffic."""
    targets: Targets
    signals: Signals
    """Alarms and metrics of the environment."""
    zone: Zone
    present: PresentRecords
    """The records now."""
    resolvers: Sequence[str]
    """Resolvers that must no longer cache a plain record with a TTL."""
    kept_until: datetime | None = None
    """Until when resolvers may cache a record that `cutover prepare` replaced."""
    ask: Callable[[str, str], int | str] = ttl
    """Requests a name's TTL from a resolver."""

    def check(self) -> list[ConditionResult]:
        """Check all conditions for a first step, in order."""
        return run(tuple(self._conditions()), self, at_once=1)

    def _conditions(self) -> Iterator[Condition[Readiness]]:
        for service in self.environment.product.load_balanced:
            yield Condition(f"targets of {service.name}", partial(_targets, service=service.name))
        yield Condition("alarms", _alarms)
        yield Condition("records", _records)
        if self.plain or self.kept_until:
            yield Condition("TTL", _ttl)
            for resolver in self.resolvers:
                yield Condition(f"resolver {resolver}", partial(_resolver, resolver=resolver))

    @property
    def plain(self) -> int:
        """TTL of a plain record that still exists; 0 for an alias, which like weighted records has 60 seconds."""
        return longest_ttl(self.present.records) if self.present.weight is None else 0


def _targets(ready: Readiness, service: str) -> str:
    """A service has a healthy target."""
    states = [group.states for group in ready.targets.groups if group.service == service]
    seen = ", ".join(f"{count} {state}" for each in states for state, count in each.items()) or "no target"
    return holds([] if any(each.get("healthy") for each in states) else [seen], seen)


def _alarms(ready: Readiness) -> str:
    """No alarm that stops a cutover is on or missing."""
    found = ready.signals.alarms()
    evidence = holds([*(f"{name} is on" for name in found.on), *found.missing], str(found))
    if found.silent:
        raise UnknownError(f"{found}; wait until metrics arrive, then try again")
    return evidence


def _records(ready: Readiness) -> str:
    """The records can be replaced by the weighted ones."""
    obstacle = ready.zone.shares.obstacle(ready.present.records)
    kept = ", ".join(health_checks(ready.present.records))
    note = f"; keeps {kept}, which an apply of cutover removes: it isn't in the stack" if kept else ""
    return holds([obstacle] if obstacle else [], f"{ready.present}{note}")


def _ttl(ready: Readiness) -> str:
    """Resolvers don't cache a plain record for long."""
    if ready.plain > ready.environment.cutover.ttl:
        replace = f"bin/ops cutover prepare {ready.environment.name}"
        return holds([f"{ready.plain} s; replace the record: {replace}"], "")
    if not ready.kept_until:
        return f"{ready.plain} s"
    words = f"resolvers may cache the plain record until {ready.kept_until:%Y-%m-%d %H:%M:%S} UTC"
    return holds([] if ready.present.at >= ready.kept_until else [f"{words}; wait, then try again"], words)


def _resolver(ready: Readiness, resolver: str) -> str:
    """A resolver no longer caches the plain record, or only for a short time."""
    answers = [ready.ask(host, resolver) for host in ready.zone.shares.hosts]
    long, short = [], max(ready.environment.cutover.ttl, ALIAS_SECONDS)
    for host, answer in zip(ready.zone.shares.hosts, answers, strict=True):
        if answer == ABSENT:
            long.append(f"{host}: {answer}; wait, then try again")
        elif isinstance(answer, str):
            raise UnknownError(f"{host}: {answer}; try again, or pass another resolver with --resolver")
        elif answer > short:
            long.append(f"{host}: {answer} s left; wait, then try again")
    return holds(long, f"{max(each for each in answers if isinstance(each, int))} s left" if not long else "")
