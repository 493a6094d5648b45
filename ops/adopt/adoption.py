"""What an account has for the addresses of an environment, as text, for a program, and as values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import environments
from environments.schema import Environment
from ops.adopt.search import Found, Outcome, Search
from ops.aws.session import connect
from ops.aws.states import States
from ops.files import write as write_file
from ops.terraform.stack import stacks

_LABELS = {Outcome.ADOPT: "ADOPT", Outcome.BLOCKED: "FIXED", Outcome.AMBIGUOUS: "SEVERAL", Outcome.UNKNOWN: "UNKNOWN"}
"""What is listed by address; addresses that are managed or don't exist are only counted."""
_OPEN = (Outcome.AMBIGUOUS, Outcome.UNKNOWN)
"""AWS didn't decide: a value that you wrote by hand does."""


@dataclass(frozen=True)
class Adoption:
    """What the account has for the addresses of some phases."""

    found: tuple[Found, ...]
    beside: tuple[str, ...]
    """What belongs to adopted resources, and that no address has."""
    unread: tuple[str, ...] = ()
    """Questions about what is beside them that AWS didn't answer."""

    @property
    def existing(self) -> dict[str, str]:
        """The id of each resource that Terraform can take over, by address."""
        return {each.address: each.id for each in self.found if each.outcome is Outcome.ADOPT}

    @property
    def complete(self) -> bool:
        """Whether AWS answered every question."""
        return not self.unread and all(each.outcome is not Outcome.UNKNOWN for each in self.found)

    def as_data(self) -> dict[str, Any]:
        """The result for a program."""
        return {
            "existing": self.existing,
            "addresses": [
                {
                    "phase": each.phase,
                    "address": each.address,
                    "outcome": each.outcome.value,
                    "id": each.id,
                    "why": each.why,
                    "fixed": [
                        {"kind": one.kind, "attribute": one.attribute, "is": one.actual, "must_be": one.configured}
                        | {"way_out": one.way_out}
                        for one in each.obstacles
                    ],
                }
                for each in self.found
            ],
            "beside": list(self.beside),
            "unread": list(self.unread),
        }

    def lines(self) -> Iterator[str]:
        """The result for you, by phase."""
        for phase, group in groupby(self.found, key=lambda each: each.phase):
            addresses = list(group)
            counts = Counter(each.outcome.value for each in addresses)
            yield f"{phase}: {', '.join(f'{count} {outcome}' for outcome, count in sorted(counts.items()))}"
            for each in addresses:
                if each.outcome in _LABELS:
                    words = (f"{_LABELS[each.outcome]:<8} {each.address}", each.id, each.why)
                    yield f"  {'  '.join(word for word in words if word)}"
                for one in each.obstacles:
                    yield f"           can't be changed in place ({one.kind}): {one}"
                for way_out in dict.fromkeys(one.way_out for one in each.obstacles):
                    yield f"           way out: {way_out}"
        for left in self.beside:
            yield f"BESIDE     {left}: not in the stack, so it stays as it is; remove it, or add it to the code"
        for question in self.unread:
            yield f"UNKNOWN    {question}"


def search(environment: Environment, out: Path, phases: Sequence[str] = ()) -> Adoption:
    """Ask AWS about the addresses of phases; none means all.

    Raises:
        OpsError: A stack isn't synthesized, or the account can't be reached.
    """
    contents = {stack.phase.name: stack.content for stack in stacks(environment, out)}
    aws = connect(environment)
    states = States(aws, environment)
    managed: Mapping[str, Collection[str]] = {}
    if states.bootstrapped():
        managed = {phase: state.addresses if (state := states.get(phase)) else () for phase in contents}
    looking = Search(aws, environment, contents, managed)
    found = looking.of([phase for phase in contents if not phases or phase in phases])
    beside = tuple(dict.fromkeys(looking.beside(found)))
    return Adoption(tuple(found), beside, tuple(looking.unread))


def write(environment: Environment, result: Adoption) -> str:
    """Write the values: those that AWS answered are replaced, others stay. Returns what was done."""
    answered = {each.address for each in result.found if each.outcome not in _OPEN and not each.why}
    kept = {address: id_ for address, id_ in environment.existing.items() if address not in answered}
    values = kept | result.existing
    path = environments.existing_file(environment)
    where = environments.shown(path)
    if not values:
        path.unlink(missing_ok=True)
        return f"{where}: nothing to adopt, so there is no such file"
    path.parent.mkdir(exist_ok=True)
    write_file(path, json.dumps(dict(sorted(values.items())), indent=2) + "\n")
    return f"{where}: {len(values)} resources; review it, then make synth gate plan ENV={environment.name}"
