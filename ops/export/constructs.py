"""Which construct created a resource, and what it is for: read from the sources of modules/, which aren't run.

Addresses are flat (docs/adr/0003-flat-addresses.md): a construct derives the ids of its resources from its own. So the
calls in the sources, as in `aws.KmsAlias(scope, f"{id_}_alias")`, give the ids that each construct may create.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_ID = "\0"
"""In a template: the id of the construct itself."""
_ANY = "\1"
"""In a template: what the source computes."""
_AND = " and "
_RESOURCE = "aws."
"""The first part of the name of a resource's class, in the sources."""
_DEPTH = 8
"""Calls inside calls: no construct nests that deep."""


class Element(NamedTuple):
    """A resource, data source or ephemeral resource of a stack."""

    section: str
    kind: str
    name: str

    @property
    def address(self) -> str:
        """Its address."""
        return f"{'' if self.section == 'resource' else f'{self.section}.'}{self.kind}.{self.name}"


@dataclass(frozen=True)
class Part:
    """Resources of one construct inside another."""

    title: str
    """Empty for those of the outer construct itself."""
    elements: tuple[Element, ...]


@dataclass(frozen=True)
class Group:
    """Resources of one class of constructs."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class _Callee:
    """A class or function that creates resources."""

    name: str
    purpose: str
    calls: tuple[tuple[str, str], ...]
    """What it creates, or calls to create: the name of a class or function, and the template of the id."""


class _Around(NamedTuple):
    """A construct that a stack or another construct creates."""

    number: int
    """Its place among what that one creates."""
    name: str
    template: str
    """Of its id."""


_Chain = tuple[_Around, ...]
"""The constructs around a resource, outermost first."""


@dataclass(frozen=True)
class _Rule:
    """A resource that a stack may have."""

    kind: str
    """Its class, in small letters."""
    template: str
    chain: _Chain

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The ids that it may have."""
        return re.compile(re.escape(self.template).replace(re.escape(_ANY), r"\w+?"))

    @property
    def weight(self) -> tuple[int, int]:
        """How likely it is: how much of the id is known, and how few constructs are around it."""
        return len(self.template) - self.template.count(_ANY), -len(self.chain)


class Constructs:
    """The constructs of a version of the project."""

    def __init__(self, root: Path = ROOT) -> None:
        self._modules = root / "modules"
        self._known: dict[str, list[_Rule]] = {}

    @cached_property
    def _callees(self) -> Mapping[str, _Callee]:
        files = (*sorted((self._modules / "constructs").glob("*.py")), self._modules / "policy.py")
        return {callee.name: callee for file in files for callee in _read(file)}

    def arrange(self, stack: str, elements: Sequence[Element]) -> list[Group]:
        """Divide the resources of a stack into groups, in the order in which the stack composes its constructs.

        Args:
            stack: The stack's class, as `modules/phases.py` names it: module:class.
            elements: The resources and data sources.
        """
        rules = self._rules(stack)
        by_kind: dict[str, list[_Rule]] = defaultdict(list)
        for rule in rules:
            by_kind[rule.kind].append(rule)
        placed = sorted((_place(element, by_kind), element) for element in elements)
        groups = []
        for (_, title), of_group in groupby(placed, key=lambda each: each[0][:2]):
            parts = [
                Part(self._title(of_part), tuple(element for _, element in found))
                for (_, of_part), found in groupby(of_group, key=lambda each: (each[0][2], each[0][3]))
            ]
            groups.append(Group(self._title(title), tuple(parts)))
        return groups

    def _title(self, names: str) -> str:
        lines = []
        for name in names.split(_AND):
            callee = self._callees.get(name)
            lines.append(f"{name}: {callee.purpose}" if callee else name)
        return "\n".join(lines)

    def _rules(self, stack: str) -> list[_Rule]:
        if stack not in self._known:
            self._known[stack] = self._expansion(stack)
        return self._known[stack]

    def _expansion(self, stack: str) -> list[_Rule]:
        module, _, name = stack.partition(":")
        own = {callee.name: callee for callee in _read(self._modules / "stacks" / f"{module}.py")}
        if name not in own:
            return []
        return [*self._expanded(own[name], "", own, (), 0)]

    def _expanded(
        self,
        callee: _Callee,
        id_: str,
        own: Mapping[str, _Callee],
        chain: _Chain,
        depth: int,
    ) -> Iterator[_Rule]:
        for number, (called, template) in enumerate(callee.calls):
            full = template.replace(_ID, id_)
            inner = own.get(called) or self._callees.get(called)
            if called.startswith(_RESOURCE):
                yield _Rule(called.removeprefix(_RESOURCE).lower(), full, chain)
            elif inner is not None and depth < _DEPTH:
                around = (*chain, _Around(number, called, full)) if called[0].isupper() else chain
                yield from self._expanded(inner, full, own, around, depth + 1)


OTHER_PHASES = "Data of other phases."
OWN = "Resources of the phase itself."
_LAST = 10_000


def _place(element: Element, rules: Mapping[str, Sequence[_Rule]]) -> tuple[int, str, int, str, str]:
    """Where an element is: number and name of its group, number and name of its part, and its id."""
    if element.kind == "terraform_remote_state":
        return (-1, OTHER_PHASES, 0, "", element.name)
    found = [rule for name in _classes(element) for rule in rules.get(name, ()) if rule.pattern.fullmatch(element.name)]
    most = max((rule.weight for rule in found), default=(0, 0))
    chains = [rule.chain for rule in found if rule.weight == most] or [_of_prefix(element.name, rules)]
    if not any(chains):
        return (_LAST, OWN, 0, "", element.name)
    outer = sorted({chain[0] for chain in chains if chain})
    names = dict.fromkeys(each.name for each in outer)
    if len(names) > 1:  # Only running the sources would tell which of them creates it.
        return (outer[0].number, _AND.join(names), 0, "", element.name)
    first, *inner = next(filter(None, chains))
    part = (inner[0].number + 1, inner[0].name) if inner else (0, "")
    return (first.number, first.name, *part, element.name)


def _classes(element: Element) -> tuple[str, str]:
    """The class of a type in cdktf's bindings, in small letters; it has an A more where a field has the type's name."""
    kind = element.kind.replace("_", "")
    name = f"data{kind}" if element.section == "data" else kind.removeprefix("aws")
    return name, f"{name}a"


def _of_prefix(id_: str, rules: Mapping[str, Sequence[_Rule]]) -> _Chain:
    """The construct of the stack whose id an id begins with, for a resource that no class creates."""
    outer = {rule.chain[0] for its in rules.values() for rule in its if rule.chain}
    found = [each for each in outer if _ANY not in each.template and f"{id_}_".startswith(f"{each.template}_")]
    return (max(found, key=lambda each: len(each.template)),) if found else ()


def _read(file: Path) -> tuple[_Callee, ...]:
    """The classes and functions of a module that create something; none if there is no such module."""
    return _parsed(file, file.stat().st_mtime_ns) if file.is_file() else ()


@cache
def _parsed(file: Path, changed: int) -> tuple[_Callee, ...]:
    """Those of a module that was last changed at a time: each stack's constructs are read from the same files."""
    return tuple(_callees(file))


def _callees(file: Path) -> Iterator[_Callee]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            purpose = (ast.get_docstring(node) or "").partition("\n")[0]
            body = node.body if isinstance(node, ast.ClassDef) else [node]
            functions = [each for each in body if isinstance(each, ast.FunctionDef)]
            calls = sorted(found for function in functions for found in _calls(function, node))
            yield _Callee(node.name, purpose, tuple((name, template) for _, name, template in calls))


def _calls(function: ast.FunctionDef, owner: ast.stmt) -> Iterator[tuple[int, str, str]]:
    """The calls that pass a scope and an id: line, name of what is called, and template of the id."""
    inside = [*ast.walk(function)]
    loops = (node.target for node in inside if isinstance(node, ast.For | ast.comprehension))
    own = (
        (function is owner or function.name == "__init__")
        and "id_" in {argument.arg for argument in function.args.args}
        and not any(isinstance(name, ast.Name) and name.id == "id_" for each in loops for name in ast.walk(each))
    )
    assigned = {
        target.id: node.value
        for node in inside
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in inside:
        if isinstance(node, ast.Call) and len(node.args) >= 2:
            yield node.lineno, ast.unparse(node.func), _template(node.args[1], assigned, own)


def _template(node: ast.expr, assigned: Mapping[str, ast.expr], own: bool) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id="id_") if own:
            return _ID
        case ast.Name(id=name) if name in assigned:
            rest = {key: value for key, value in assigned.items() if key != name}
            return _template(assigned[name], rest, own)
        case ast.JoinedStr(values=values):
            return "".join(_template(each, assigned, own) for each in values)
        case ast.FormattedValue(value=value):
            return _template(value, assigned, own)
        case _:
            return _ANY
