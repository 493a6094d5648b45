"""What an environment's stacks let connect and permit, as sets that two versions can be compared by.

The readers are the gate's: its proofs hold each version to the tables, so what a change adds passes if the table has it
too. Here the two versions are compared with each other, down to single statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from environments.flows import INTERNET, S3
from environments.names import Names
from environments.schema import Environment
from ops.gate.index import Index
from ops.gate.model import ScannedBlock
from ops.gate.permissions.actors import Actors
from ops.gate.permissions.statements import DOCUMENT, Arns, Documents, PlacedStatement
from ops.gate.reachability.network import Party, Reach, party_name
from policies.security_group_rules import Network


class Grant(NamedTuple):
    """One action on one resource that a policy allows or denies."""

    policy: str
    """Whose it is, as in `role backend-task` or `trust of deployer`."""
    effect: str
    """`Allow` or `Deny`."""
    action: str
    resource: str
    """With `to` and the principal in a resource's own policy."""
    conditions: frozenset[str]
    """Each with one of its values, as in `StringEquals aws:SourceAccount 111122223333`."""


def connections(view: Sequence[ScannedBlock], environment: Environment) -> frozenset[str]:
    """The connections that the stacks allow, and the ranges that rules let in or out, each in a line.

    Raises:
        ScanFailedError: Only Terraform can evaluate something that the result depends on.
    """
    reach = Reach(Index(view), Names(environment))
    sources: list[Party] = [*reach.interfaces.all, INTERNET]
    found = {
        f"{party_name(source)} → {party_name(target)}: {connection.ports}"
        for source in sources
        for target in (*sources, S3)
        if source is not target
        for connection in reach.connections(source, target)
    }
    for rule in reach.rules:
        if isinstance(rule.peer, Network):
            for holder in {each.party for each in reach.interfaces.holding(rule.group)}:
                ends = (holder, rule.peer) if rule.direction == "egress" else (rule.peer, holder)
                found.add(f"range {ends[0]} → {ends[1]}: {rule.ports}")
    return frozenset(found)


def grants(view: Sequence[ScannedBlock], environment: Environment) -> frozenset[Grant]:
    """What all policies of the stacks allow and deny.

    Raises:
        ScanFailedError: Only Terraform can evaluate a policy.
    """
    index, names = Index(view), Names(environment)
    found = list(_known(Actors(index, names)))
    seen = {statement.block.name for _, statement in found}
    documents = Documents(index, Arns(index, names.place))
    for block in index.data(DOCUMENT):
        if block.name not in seen:
            value = f"${{data.{DOCUMENT}.{block.name}.json}}"
            of = f"{block.block.stack.removeprefix(f'{environment.name}-')} {block.block.address}"
            found += [(of, each) for each in documents.read(value, block) if each.block is block]
    return frozenset(each for policy, statement in found for each in _single(policy, statement))


def _known(actors: Actors) -> Iterator[tuple[str, PlacedStatement]]:
    for principal in actors.principals:
        name = f"role {principal.name}" if principal.block.kind == "aws_iam_role" else principal.name
        yield from ((name, each.statement) for each in principal.identity)
        yield from ((f"boundary of {principal.name}", each.statement) for each in principal.boundary or ())
        yield from ((f"trust of {principal.name}", each) for each in principal.trust)
    for kind, targets in (("secret", actors.secrets), ("repository", actors.images), ("key", actors.keys)):
        for target in targets:
            yield from ((f"{kind} {target.name}", each) for each in target.policy or ())
    for service, held in actors.endpoints.items():
        yield from ((f"endpoint {service}", each.statement) for each in held)


def _single(policy: str, statement: PlacedStatement) -> Iterator[Grant]:
    """A statement as single grants, so that a comparison shows the one action that is new."""
    actions = _all_but(statement.actions, statement.not_actions)
    resources = _all_but(statement.resources, statement.not_resources) or [""]
    principals = _all_but(_named(statement.principals), _named(statement.not_principals)) or [""]
    conditions = frozenset(f"{each.test} {each.key} {value}" for each in statement.conditions for value in each.values)
    for action, resource, principal in product(actions, resources, principals):
        on = " ".join(filter(None, (resource, f"to {principal}" if principal else "")))
        yield Grant(policy, "Allow" if statement.allows else "Deny", action, on, conditions)


def _named(principals: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{kind} {name}" for kind, name in principals]


def _all_but(given: Iterable[str], excluded: Iterable[str]) -> list[str]:
    others = sorted(excluded)
    return [f"all but {', '.join(others)}"] if others else sorted(given)


def compared(old: frozenset[Grant], new: frozenset[Grant]) -> Iterator[str]:
    """What a change adds (`+`), removes (`-`), and gives other conditions (`~`), in lines."""
    added, removed = new - old, old - new
    before, after = _by_conditions(removed), _by_conditions(added)
    changed: dict[tuple[Grant, frozenset[str], frozenset[str]], list[Grant]] = {}
    for key in before.keys() & after.keys():
        (was,), (now,) = (found[key][:1] for found in (before, after))
        if len(before[key]) == len(after[key]) == 1:
            added, removed = added - {key._replace(conditions=now)}, removed - {key._replace(conditions=was)}
            changed.setdefault((key._replace(action="", resource=""), was, now), []).append(key)
    yield from (f"+ {_line(each)}" for each in _merged(added))
    yield from (f"- {_line(each)}" for each in _merged(removed))
    for (_, was, now), keys in sorted(changed.items(), key=lambda each: min(each[1])):
        for each in _merged(keys):
            differing = [*(f"+ {one}" for one in sorted(now - was)), *(f"- {one}" for one in sorted(was - now))]
            yield f"~ {_line(each)}: conditions {'; '.join(differing)}"


def _by_conditions(found: Iterable[Grant]) -> dict[Grant, list[frozenset[str]]]:
    """The conditions under which each grant is given."""
    by: dict[Grant, list[frozenset[str]]] = {}
    for each in found:
        by.setdefault(each._replace(conditions=frozenset()), []).append(each.conditions)
    return by


def _merged(found: Iterable[Grant]) -> list[Grant]:
    """Grants that differ in the action only as one, and so those on several resources."""
    by_resource: dict[Grant, list[str]] = {}
    for each in sorted(found, key=_ordered):
        by_resource.setdefault(each._replace(action=""), []).append(each.action)
    by_actions: dict[Grant, list[str]] = {}
    for each, actions in by_resource.items():
        by_actions.setdefault(each._replace(action=", ".join(actions), resource=""), []).append(each.resource)
    return [each._replace(resource=", ".join(filter(None, resources))) for each, resources in by_actions.items()]


def _ordered(grant: Grant) -> tuple[object, ...]:
    return (*grant[:-1], sorted(grant.conditions))


def _line(grant: Grant) -> str:
    on = f" on {grant.resource}" if grant.resource else ""
    condition = f" if {' and '.join(sorted(grant.conditions))}" if grant.conditions else ""
    return f"{grant.policy}: {grant.effect} {grant.action}{on}{condition}"
