"""Conditions that must hold before traffic moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import dns.exception
import dns.message
import dns.query

from environments.schema import Environment
from ops.aws.dns import longest_ttl
from ops.aws.load_balancing import Targets
from ops.conditions import Condition, ConditionResult, holds, run
from ops.cutover.records import PresentRecords, Zone
from ops.cutover.watch import Signals

ALIAS_SECONDS = 60
"""TTL of an alias of a load balancer.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
"""
RESOLVER_SECONDS = 5
RESOLVER_PORT = 53


def ttl(host: str, resolver: str) -> int | str:
    """Seconds for which a resolver still caches a name's record; or a text with the reason why that is unknown.

    Args:
        host: The name.
        resolver: Address of the resolver, with a port if it isn't 53.
    """
    address, _, port = resolver.partition(":") if resolver.count(":") == 1 else (resolver, "", "")
    try:
        response = dns.query.udp(
            dns.message.make_query(host, "A"),
            address,
            port=int(port or RESOLVER_PORT),
            timeout=RESOLVER_SECONDS,
            ignore_unexpected=True,
        )
    except (dns.exception.DNSException, OSError, ValueError) as error:
        return f"no answer ({error or type(error).__name__})"
    first = next((each.ttl for each in response.answer if each.name.to_text(omit_final_dot=True).lower() == host), None)
    return "no such record" if first is None else first


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
    on, missing, states = ready.signals.alarms()
    return holds([*(f"{name} is on" for name in on), *missing], f"{len(states)} alarms, none on")


def _records(ready: Readiness) -> str:
    """The records can be replaced by the weighted ones."""
    obstacle = ready.zone.shares.obstacle(ready.present.records)
    return holds([obstacle] if obstacle else [], str(ready.present))


def _ttl(ready: Readiness) -> str:
    """Resolvers don't cache a plain record for long."""
    if ready.plain > ready.environment.cutover.ttl:
        replace = f"python -m ops cutover prepare {ready.environment.name}"
        return holds([f"{ready.plain} s; replace the record: {replace}"], "")
    if not ready.kept_until:
        return f"{ready.plain} s"
    words = f"resolvers may cache the plain record until {ready.kept_until:%Y-%m-%d %H:%M:%S} UTC"
    return holds([] if ready.present.at >= ready.kept_until else [f"{words}; wait, then try again"], words)


def _resolver(ready: Readiness, resolver: str) -> str:
    """A resolver no longer caches the plain record, or only for a short time."""
    answers = [ready.ask(host, resolver) for host in ready.zone.shares.hosts]
    # What isn't a number is a reason why the time is unknown.
    seen = next((each for each in answers if not isinstance(each, int)), None) or max(answers, key=int)
    short = isinstance(seen, int) and seen <= max(ready.environment.cutover.ttl, ALIAS_SECONDS)
    words = f"{seen} s left" if isinstance(seen, int) else seen
    return holds([] if short else [f"{words}; wait, then try again"], words)
