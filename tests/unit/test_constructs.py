"""Constructs have one signature; contracts tell maps from texts by their types."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Iterator
from dataclasses import dataclass

from environments.schema.types import LogRetention
from modules import constructs
from modules.contracts import Contract, RemoteMap
from tests.cases import every_case

MODULES = [
    importlib.import_module(f"{constructs.__name__}.{each.name}") for each in pkgutil.iter_modules(constructs.__path__)
]
ALL = [
    each
    for module in MODULES
    for each in vars(module).values()
    if inspect.isclass(each) and each.__module__ == module.__name__ and "scope" in inspect.signature(each).parameters
]
SETTINGS = {int, float, bool}


def leaves(hint: object) -> Iterator[object]:
    """Types, and values of literals, that a type is made of."""
    parts = typing.get_args(hint)
    if not parts:
        yield hint
    for part in parts:
        yield from leaves(part)


def is_value(leaf: object) -> bool:
    """A value of the environment, or a row of a table."""
    return isinstance(leaf, type) and hasattr(leaf, "__dataclass_fields__") and not issubclass(leaf, Contract)


@every_case("construct", ALL, ids=lambda construct: construct.__name__)
def test_every_construct_takes_a_spec_names_and_references(construct: type) -> None:
    parameters = list(inspect.signature(construct).parameters.values())
    hints = typing.get_type_hints(construct.__init__)  # type: ignore[misc]
    assert [each.name for each in parameters[:2]] == ["scope", "id_"]
    rest = parameters[2:]
    assert all(each.kind is each.KEYWORD_ONLY for each in rest)
    assert len(rest) <= 8, "what belongs to the spec travels in it"
    known = [each.name for each in rest if each.name in {"spec", "names"}]
    assert [each.name for each in rest][: len(known)] == known == sorted(known, key=["spec", "names"].index)
    if "spec" in known:
        row = hints["spec"]
        assert row == LogRetention or all(is_value(leaf) for leaf in leaves(row) if leaf not in {type(None), ...}), row
    for each in rest[len(known) :]:
        for leaf in leaves(hints[each.name]):
            assert leaf not in SETTINGS and isinstance(leaf, type), f"{each.name} is a setting: give its value as spec"
            assert not is_value(leaf) or leaf.__module__ in {"modules.policy", "environments.arns"}, each.name


def test_all_constructs_are_seen() -> None:
    assert len(ALL) > 40
    assert {each.__name__ for each in ALL} >= {"Database", "Cache", "TaskDefinition", "Role", "MetricAlarm"}


@dataclass(frozen=True, kw_only=True)
class Spelt(Contract):
    """Maps and texts, however their types are written."""

    phase = "spelt"
    text: str
    plain: typing.Mapping[str, str]
    quoted: "typing.Mapping[str, str]"  # noqa: UP037


def test_a_map_is_known_by_its_type() -> None:
    contract = Spelt.remote("outputs")
    assert contract.text == "${outputs.text}"
    assert isinstance(contract.plain, RemoteMap)
    assert isinstance(contract.quoted, RemoteMap)
    assert contract.plain["a"] == '${outputs.plain["a"]}'
