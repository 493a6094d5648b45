"""What must hold before traffic moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from environments.schema import Environment
from ops.cutover.prepare import longest_ttl
from ops.cutover.resolvers import ttl
from ops.cutover.signals import Signals
from ops.cutover.site import Site
from ops.cutover.zone import Answer, Zone

ALIAS_SECONDS = 60
"""TTL of an alias of a load balancer.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
"""


@dataclass(frozen=True)
class Check:
    """One condition, with what was seen."""

    name: str
    holds: bool
    evidence: str


def checks(
    environment: Environment,
    *,
    site: Site,
    signals: Signals,
    zone: Zone,
    answer: Answer,
    resolvers: Sequence[str],
    kept_until: datetime | None = None,
    ask: Callable[[str, str], int | str] = ttl,
) -> list[Check]:
    """Look at everything that a first step needs.

    Args:
        environment: The environment that gets the traffic.
        site: Its load balancer.
        signals: Its alarms.
        zone: Its public zone.
        answer: What the zone says now.
        resolvers: Who must not keep a plain record any more that had a TTL.
        kept_until: Until when resolvers may keep one that `cutover prepare` replaced.
        ask: Asks a resolver for a name's TTL.

    Raises:
        AwsError: AWS doesn't say.
    """
    return [
        *_targets(environment, site),
        *_alarms(signals),
        *_records(zone, answer),
        *_caches(environment, answer, resolvers, kept_until, ask),
    ]


def _targets(environment: Environment, site: Site) -> Iterator[Check]:
    for service in environment.product.load_balanced:
        states = [group.states for group in site.groups if group.service == service.name]
        seen = ", ".join(f"{count} {state}" for each in states for state, count in each.items()) or "no target"
        yield Check(f"targets of {service.name}", any(each.get("healthy") for each in states), seen)


def _alarms(signals: Signals) -> Iterator[Check]:
    on, missing, states = signals.alarms()
    seen = "; ".join([*(f"{name} is on" for name in on), *missing]) or f"{len(states)} alarms, none on"
    yield Check("alarms", not on and not missing, seen)


def _records(zone: Zone, answer: Answer) -> Iterator[Check]:
    obstacle = zone.shares.obstacle(answer.records)
    yield Check("records", obstacle is None, obstacle or str(answer))


def _caches(
    environment: Environment,
    answer: Answer,
    resolvers: Sequence[str],
    kept_until: datetime | None,
    ask: Callable[[str, str], int | str],
) -> Iterator[Check]:
    """What resolvers keep of a plain record with a TTL. An alias has 60 seconds, as the weighted records have."""
    longest, plain = environment.cutover.ttl, longest_ttl(answer.records) if answer.weight is None else 0
    if plain > longest:
        yield Check("TTL", False, f"{plain} s; replace the record: python -m ops cutover prepare {environment.name}")
    elif kept_until:
        words = f"resolvers may keep the plain record until {kept_until:%Y-%m-%d %H:%M:%S} UTC"
        over = answer.at >= kept_until
        yield Check("TTL", over, words if over else f"{words}; wait, then try again")
    elif plain:
        yield Check("TTL", True, f"{plain} s")
    if plain or kept_until:
        for resolver in resolvers:
            seen = ask(environment.edge.host, resolver)
            short = isinstance(seen, int) and seen <= max(longest, ALIAS_SECONDS)
            words = f"{seen} s left" if isinstance(seen, int) else seen
            yield Check(f"resolver {resolver}", short, words if short else f"{words}; wait, then try again")
