"""What must hold before traffic moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from environments.schema import Environment
from ops.cutover.records import Record
from ops.cutover.resolvers import ttl
from ops.cutover.signals import Signals
from ops.cutover.site import Site
from ops.cutover.zone import Answer, Zone


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
    ask: Callable[[str, str], int | str] = ttl,
) -> list[Check]:
    """Look at everything that a first step needs.

    Args:
        environment: The environment that gets the traffic.
        site: Its load balancer.
        signals: Its alarms.
        zone: Its public zone.
        answer: What the zone says now.
        resolvers: Who must see a lowered TTL.
        ask: Asks a resolver for a name's TTL.

    Raises:
        AwsError: AWS doesn't say.
    """
    return [
        *_targets(environment, site),
        *_alarms(signals),
        *_records(environment, zone, answer, resolvers, ask),
    ]


def lowerable(record: Record) -> bool:
    """Whether a record has a TTL of its own; an alias to a load balancer has Route 53's 60 seconds.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
    """
    return "TTL" in record


def _targets(environment: Environment, site: Site) -> Iterator[Check]:
    for service in environment.product.load_balanced:
        states = [group.states for group in site.groups if group.service == service.name]
        seen = ", ".join(f"{count} {state}" for each in states for state, count in each.items()) or "no target"
        yield Check(f"targets of {service.name}", any(each.get("healthy") for each in states), seen)


def _alarms(signals: Signals) -> Iterator[Check]:
    on, missing, states = signals.alarms()
    seen = "; ".join([*(f"{name} is on" for name in on), *missing]) or f"{len(states)} alarms, none on"
    yield Check("alarms", not on and not missing, seen)


def _records(
    environment: Environment, zone: Zone, answer: Answer, resolvers: Sequence[str], ask: Callable[[str, str], int | str]
) -> Iterator[Check]:
    obstacle = zone.shares.obstacle(answer.records)
    yield Check("records", obstacle is None, obstacle or str(answer))
    longest = environment.cutover.ttl
    for record in answer.records if answer.weight is None else ():
        if not lowerable(record):
            continue
        advice = f"; lower it: python -m ops cutover prepare {environment.name}"
        yield Check("TTL", record["TTL"] <= longest, f"{record['TTL']} s{advice if record['TTL'] > longest else ''}")
        for resolver in resolvers:
            seen = ask(environment.edge.host, resolver)
            short = isinstance(seen, int) and seen <= longest
            words = f"{seen} s left" if isinstance(seen, int) else seen
            yield Check(f"resolver {resolver}", short, words if short else f"{words}; wait, then try again")
