"""Asks AWS, read-only, which addresses of the stacks exist already, and what of them can't be taken over."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from environments.arns import partition
from environments.schema import Environment
from modules.imports import addresses
from ops.adopt.expressions import NEW, UNKNOWN, evaluate, filled, lacks, names, same, shown
from ops.adopt.tables import FixedAttribute, Question, fixed, questions
from ops.aws.errors import AwsError, explained, is_absence

_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_RESOURCE = re.compile(r"(aws_\w+)\.([\w-]+)\.(\w+)")
_OUTPUT = re.compile(r'data\.terraform_remote_state\.(\w+)\.outputs\.(\w+)(?:\["([^"]*)"\])?')
_OTHER_ACCOUNT = "it is in another account; an apply overwrites a record of its name, type and set identifier"


class Outcome(StrEnum):
    """What becomes of an address."""

    MANAGED = "managed"
    ADOPT = "adopt"
    BLOCKED = "blocked"
    AMBIGUOUS = "ambiguous"
    CREATE = "create"
    UNKNOWN = "unknown"


class Clients(Protocol):
    """Gives clients of AWS's services."""

    def client(self, service: Any, region_name: str | None = None) -> Any:  # noqa: ANN401  (boto3's)
        """A client of a service, of the environment's region or another one."""


@dataclass(frozen=True)
class Obstacle:
    """What can't be changed in place."""

    kind: str
    """What it is about: `encryption`, `engine`, `range`, `name` or `settings`."""
    attribute: str
    actual: str
    configured: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.attribute} is {self.actual}, must be {self.configured}"


@dataclass(frozen=True)
class Found:
    """An address, and what AWS has for it."""

    phase: str
    address: str
    outcome: Outcome
    id: str = ""
    """The id that Terraform imports it by; empty if AWS has no such resource."""
    why: str = ""
    obstacles: tuple[Obstacle, ...] = ()
    item: Any = None
    """What AWS returns about it."""

    @property
    def kind(self) -> str:
        """Its type."""
        return self.address.partition(".")[0]

    @property
    def exists(self) -> bool:
        """Whether other resources may refer to it as it is."""
        return bool(self.id) and self.outcome in {Outcome.ADOPT, Outcome.MANAGED}


class Search:
    """Looks for the resources of an environment's stacks; each call is made once."""

    def __init__(
        self,
        aws: Clients,
        environment: Environment,
        stacks: Mapping[str, Mapping[str, Any]],
        managed: Mapping[str, Collection[str]],
    ) -> None:
        """Create it.

        Args:
            aws: AWS.
            environment: The environment.
            stacks: The content of all its stacks, by phase.
            managed: Addresses that the phases' states have.
        """
        self._aws, self._environment, self._stacks, self._managed = aws, environment, stacks, managed
        self._known: dict[tuple[str, str], Found] = {}
        self._responses: dict[str, list[Any] | AwsError] = {}
        self.unread: dict[str, None] = {}
        """Questions about what is beside resources that AWS didn't answer, in order."""
        self._base = {
            "account_id": environment.account_id,
            "region": environment.region,
            "partition": partition(environment.region).name,
        }

    def of(self, phases: Collection[str]) -> list[Found]:
        """What AWS has for each address of these phases.

        An id that several addresses would take is none's, but for one that `existing` decides.
        """
        found = [self.find(phase, address) for phase in phases for address in addresses(self._stacks[phase])]
        taken = Counter((each.kind, each.id) for each in found if each.exists)

        def judged(one: Found) -> Found:
            if one.outcome is not Outcome.ADOPT or taken[one.kind, one.id] == 1 or self._decided(one.address) == one.id:
                return one
            return replace(one, outcome=Outcome.AMBIGUOUS, why=f"{one.id} is found for several addresses")

        return [judged(each) for each in found]

    def _decided(self, address: str) -> str | None:
        """The id that you chose for an address."""
        return self._environment.existing.get(address)

    def beside(self, found: Collection[Found]) -> Iterator[str]:
        """What belongs to a resource that is taken over, and that no address has; `unread` gets what AWS refuses."""
        taken = [each.item for each in found if each.item is not None]
        for question in questions().values():
            for each in found:
                if question.parent is None or each.kind != question.parent[0] or each.outcome is not Outcome.ADOPT:
                    continue
                context = {**self._base, question.parent[1]: each.id}
                try:
                    items = self._items(question, context, None)
                except AwsError as error:
                    self.unread[f"what {each.id} keeps: {error}"] = None
                    continue
                for item in items:
                    if item not in taken:
                        yield filled(question.beside, {**context, "found": item})

    def find(self, phase: str, address: str) -> Found:
        """What AWS has for one address."""
        key = (phase, address)
        if key not in self._known:
            self._known[key] = Found(phase, address, Outcome.UNKNOWN, why="it refers to itself")
            try:
                found = self._found(phase, address)
            except AwsError as error:
                found = Found(phase, address, Outcome.UNKNOWN, why=str(error))
            if address in self._managed.get(phase, ()):
                found = replace(found, outcome=Outcome.MANAGED, why="", obstacles=())
            self._known[key] = found
        return self._known[key]

    def _found(self, phase: str, address: str) -> Found:
        kind, _, name = address.partition(".")
        block = self._stacks[phase]["resource"][kind][name]
        question = questions().get(kind, Question(created="no question of `ops adopt` is for its type"))
        if question.created:
            return Found(phase, address, Outcome.CREATE, why=question.created)
        region, foreign = self._provider(phase, block)
        if foreign:
            return Found(phase, address, Outcome.CREATE, why=_OTHER_ACCOUNT)
        context = self._context(phase, block, question, fixed().get(kind, ()))
        if question.through:
            items = self._through(phase, address, question.through)
            if question.ask:
                items = [each for item in items for each in self._items(question, {**context, "found": item}, region)]
        elif question.ask is None:
            items = [None]
        else:
            items = [item for item in self._items(question, context, region) if _fits(question, context, item)]
        if not items:
            return Found(phase, address, Outcome.CREATE)
        ids = [filled(question.id, {**context, "found": item}) for item in items]
        if lacks(ids):
            return Found(phase, address, Outcome.CREATE)
        if (decided := self._decided(address)) in ids:
            items, ids = [items[ids.index(decided)]], [decided]
        if len({*ids}) > 1:
            return Found(
                phase, address, Outcome.AMBIGUOUS, why=f"AWS has several: {', '.join(sorted({*map(str, ids)}))}"
            )
        obstacles = tuple(_obstacles(kind, {**context, "found": items[0]}))
        outcome = Outcome.BLOCKED if obstacles else Outcome.ADOPT
        return Found(phase, address, outcome, str(ids[0]), obstacles=obstacles, item=items[0])

    def _provider(self, phase: str, block: Mapping[str, Any]) -> tuple[str | None, bool]:
        """The region of the resource's provider, None for the environment's, and whether it is another account's."""
        alias = str(block.get("provider", "")).removeprefix("aws.")
        for each in self._stacks[phase].get("provider", {}).get("aws", []):
            if alias and each.get("alias") == alias:
                return each["region"], "assume_role" in each
        return None, False

    def _context(
        self, phase: str, block: Mapping[str, Any], question: Question, attributes: tuple[FixedAttribute, ...]
    ) -> dict[str, Any]:
        """The arguments that expressions read, with what they refer to in place of references."""
        read = names([question.id, question.arguments, question.where, *(each.configured for each in attributes)])
        arguments = {name: self._resolved(phase, value) for name, value in block.items() if name in read}
        return {**arguments, **self._base}

    # Calls ---------------------------------------------------------------------------------------------------

    def _items(self, question: Question, context: Mapping[str, Any], region: str | None) -> list[Any]:
        arguments = filled(question.arguments, context)
        if question.ask is None or lacks(arguments):
            return []
        service, operation = question.ask
        key = json.dumps([service, operation, region, arguments], sort_keys=True)
        if key not in self._responses:
            try:
                self._responses[key] = self._asked(service, operation, arguments, region)
            except AwsError as error:
                absent = is_absence(error.code) or error.code in question.absent
                self._responses[key] = [] if absent else error
        responses = self._responses[key]
        if isinstance(responses, AwsError):
            raise responses
        found = [evaluate(question.items, response) for response in responses]
        return [item for each in found for item in (each if isinstance(each, list) else [each]) if item]

    def _asked(self, service: str, operation: str, arguments: Mapping[str, Any], region: str | None) -> list[Any]:
        with explained(f"ask {service} with {operation}"):
            client = self._aws.client(service, region_name=region) if region else self._aws.client(service)
            if client.can_paginate(operation):
                return list(client.get_paginator(operation).paginate(**arguments))
            return [getattr(client, operation)(**arguments)]

    def _through(self, phase: str, address: str, through: tuple[str, str]) -> list[Any]:
        """The items of the resources of this stack that refer to an address by an argument."""
        kind, argument = through
        named = self._stacks[phase]["resource"].get(kind, {})
        return [
            item
            for name, block in named.items()
            if f"${{{address}." in str(block.get(argument)) and (item := self.find(phase, f"{kind}.{name}").item)
        ]

    # References ----------------------------------------------------------------------------------------------

    def _resolved(self, phase: str, value: Any) -> Any:  # noqa: ANN401  (any JSON value)
        if isinstance(value, Mapping):
            return {key: self._resolved(phase, each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._resolved(phase, each) for each in value]
        if not isinstance(value, str):
            return value
        if whole := _REFERENCE.fullmatch(value):
            return self._referred(phase, whole[1])
        return _REFERENCE.sub(lambda found: str(self._referred(phase, found[1])), value)

    def _referred(self, phase: str, expression: str) -> Any:  # noqa: ANN401  (any JSON value)
        """The value of a reference, `NEW` or `UNKNOWN`."""
        if output := _OUTPUT.fullmatch(expression):
            published = self._stacks[output[1]].get("output", {}).get(output[2], {}).get("value", UNKNOWN)
            value = published.get(output[3], UNKNOWN) if output[3] and isinstance(published, Mapping) else published
            return self._resolved(output[1], value)
        resource = _RESOURCE.fullmatch(expression)
        return self._attribute(phase, *resource.groups()) if resource else UNKNOWN

    def _attribute(self, phase: str, kind: str, name: str, attribute: str) -> Any:  # noqa: ANN401  (any JSON value)
        """The value of a resource's attribute: an argument, or what the question says about it."""
        block = self._stacks[phase].get("resource", {}).get(kind, {}).get(name, {})
        template = questions().get(kind, Question()).attributes.get(attribute)
        if attribute in block and template is None:
            return self._resolved(phase, block[attribute])
        if template is None and attribute != "id":
            return UNKNOWN
        found = self.find(phase, f"{kind}.{name}")
        if found.outcome is Outcome.UNKNOWN:
            raise AwsError(f"it depends on {found.address}, which is unknown")
        if not found.exists:
            return NEW
        if template is None:
            return found.id
        own = {key: self._resolved(phase, block[key]) for key in names(template) & block.keys()}
        return filled(template, {**own, **self._base, "found": found.item})


def _fits(question: Question, context: Mapping[str, Any], item: Any) -> bool:  # noqa: ANN401  (any JSON value)
    whole = {**context, "found": item}
    return all(_is(evaluate(actual, whole), filled(wanted, whole)) for actual, wanted in question.where.items())


def _is(actual: Any, wanted: Any) -> bool:  # noqa: ANN401  (any JSON value)
    """Whether AWS's value is the stack's; any may be one that can't be followed, such as the id of a prefix list."""
    return actual is not None if wanted == UNKNOWN else same(actual, wanted)


def _obstacles(kind: str, context: Mapping[str, Any]) -> Iterator[Obstacle]:
    for each in fixed().get(kind, ()):
        if not each.configured:
            continue
        configured, actual = evaluate(each.configured, context), evaluate(each.actual, context)
        if configured is None or actual is None or UNKNOWN in str(configured) or same(configured, actual):
            continue
        yield Obstacle(each.kind, each.name, shown(actual), shown(configured), each.way_out)
