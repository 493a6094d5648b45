"""Compares the stacks of environments, and finds the values that cause each difference."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from environments.schema import Environment
from modules.imports import BLOCK
from ops.errors import OpsError
from ops.gate.documents import StackFile
from ops.gate.model import Block
from ops.parity.plain import Document, build
from ops.parity.renamed import renamed
from ops.parity.values import ValueDifference, changed, differing


class Place(NamedTuple):
    """A block of an environment, or one of its arguments."""

    phase: str
    section: str
    """`resource`, `data`, `ephemeral`, `output`, `locals`, `provider` or `terraform`."""
    address: str
    """Terraform's address."""
    argument: str = ""
    """Empty for the whole block."""


Blocks = Mapping[Place, Mapping[str, Any]]


@dataclass(frozen=True)
class ResourceDifference:
    """A block that only one of two environments has, or an argument that isn't the same in both."""

    place: Place
    given: tuple[object, object]
    """The argument's value in each; None where it isn't set. Of a block: whether it exists."""
    causes: tuple[ValueDifference, ...]
    """The values that cause it."""


@dataclass(frozen=True)
class Unexplained:
    """A part of a stack that doesn't follow from its environment's values."""

    block: Block
    argument: str
    """Empty for the whole block."""
    why: str


@dataclass(frozen=True)
class Comparison:
    """What differs between two environments."""

    pair: tuple[Environment, Environment]
    values: tuple[ValueDifference, ...]
    resources: tuple[ResourceDifference, ...]

    def caused_by(self, value: ValueDifference) -> list[ResourceDifference]:
        """What one value causes."""
        return [each for each in self.resources if value.path in {cause.path for cause in each.causes}]


def compare(one: Environment, other: Environment) -> Comparison:
    """Compare two environments of a product. Names, accounts and ranges, and what is derived from them, don't count.

    One value after the other is replaced, from the first environment to the second; what changes with it is its effect.
    If the stacks can't be built between two replacements, both values are the cause. So are those between which a block
    doesn't exist.

    Raises:
        OpsError: They are of two products.
    """
    if one.product.name != other.product.name:
        raise OpsError(
            f"{one.name} and {other.name} are of two products, {one.product.name} and {other.product.name}; "
            "compare two environments of one product"
        )
    now, last = renamed(one).environment, renamed(other, like=one).environment
    first = before = blocks(build(now))
    causes: dict[Place, list[ValueDifference]] = {}
    replaced: list[ValueDifference] = []
    steps = [*differing([now, last])]
    for each in steps:
        now = changed(now, each.path, each.given[1])
        replaced.append(each)
        try:
            after = blocks(build(now))
        except Exception:
            if each is steps[-1]:
                raise
            continue
        for place in differences(before, after):
            causes.setdefault(place, []).extend(replaced)
        before, replaced = after, []
    found = differences(first, before)
    return Comparison(
        (one, other),
        tuple(differing([one, other])),
        tuple(ResourceDifference(place, given, tuple(_causes(causes, place))) for place, given in found.items()),
    )


def _causes(causes: Mapping[Place, Sequence[ValueDifference]], place: Place) -> list[ValueDifference]:
    """The values that change a place, or add or remove its block, each once."""
    of_both = [*causes.get(place._replace(argument=""), ()), *causes.get(place, ())]
    return list({value.path: value for value in of_both}.values())


def pairs(environments: Sequence[Environment]) -> Iterator[tuple[Environment, Environment]]:
    """All pairs of environments that are of one product."""
    for index, one in enumerate(environments):
        for other in environments[index + 1 :]:
            if one.product.name == other.product.name:
                yield one, other


def unexplained(documents: Mapping[str, StackFile], environment: Environment) -> Iterator[Unexplained]:
    """What in an environment's stacks doesn't follow from its values, or follows from its name.

    Args:
        documents: Its stacks by phase; phases that are missing aren't compared.
        environment: Its values.
    """
    other = renamed(environment)
    given = blocks(_only(documents, build(environment)))
    restored = blocks(_only(documents, other.restored(build(other.environment))))
    found = blocks({phase: document.content for phase, document in documents.items()})
    for place, (value, _) in differences(given, found).items():
        if place.argument:
            why = f"{place.argument} isn't what the values give"
        else:
            why = "isn't in the stack, but the values give it" if value else "is in the stack, but no value gives it"
        yield Unexplained(_block(documents, place), place.argument, f"{why}{_EDITED}")
    for place in differences(given, restored):
        what = place.argument or "that it exists"
        yield Unexplained(_block(documents, place), place.argument, f"{what}{_BY_NAME}")


_EDITED = ": change the values in environments/, then make synth"
_BY_NAME = (
    " depends on the environment's name, stage, account or range, so an environment with the same values differs: "
    "make it a setting"
)


def _only(phases: Container[str], stacks: Mapping[str, Document]) -> dict[str, Document]:
    return {phase: document for phase, document in stacks.items() if phase in phases}


def _block(documents: Mapping[str, StackFile], place: Place) -> Block:
    document = documents[place.phase]
    path = place.address.removeprefix("data.").split(".") if place.section in {"resource", "data"} else []
    return Block(document.stack, place.address, document.file, document.line(place.section, *path))


def differences(one: Blocks, other: Blocks) -> dict[Place, tuple[object, object]]:
    """Blocks that only one has, and arguments that differ, with both values."""
    found: dict[Place, tuple[object, object]] = {}
    for place in dict.fromkeys((*one, *other)):
        left, right = one.get(place), other.get(place)
        if left is None or right is None:
            found[place] = (left is not None, right is not None)
        elif left != right:
            for name in dict.fromkeys((*left, *right)):
                if left.get(name) != right.get(name):
                    found[place._replace(argument=name)] = (left.get(name), right.get(name))
    return found


def blocks(documents: Mapping[str, Document]) -> Blocks:
    """The blocks of stacks, without what cdktf adds to them."""
    return {place: settings for phase, document in documents.items() for place, settings in _blocks(phase, document)}


def _blocks(phase: str, document: Document) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    for section, content in document.items():
        if section in {"resource", "data", "ephemeral"}:
            prefix = "" if section == "resource" else f"{section}."
            for kind, named in content.items():
                for name, settings in named.items():
                    yield Place(phase, section, f"{prefix}{kind}.{name}"), _without_metadata(settings)
        elif section == "provider":
            for name, configurations in content.items():
                for settings in configurations:
                    yield Place(phase, section, f"provider.{settings.get('alias') or name}"), settings
        elif section == "output":
            for name, settings in content.items():
                yield Place(phase, section, f"output.{name}"), settings
        elif section == "locals":
            yield Place(phase, section, section), content
        elif section == "terraform":
            yield Place(phase, section, section), {"backend": content.get("backend")}
        elif section not in {"//", BLOCK}:  # Imports are exactly `existing` (ops/gate/understood/structure.py).
            yield Place(phase, section, section), {section: content}


def _without_metadata(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    comment = {key: each for key, each in settings.get("//", {}).items() if key != "metadata"}
    return {**{key: each for key, each in settings.items() if key != "//"}, **({"//": comment} if comment else {})}
