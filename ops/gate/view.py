"""The one merged view of an environment that is scanned.

Terraform's meaning stays; what hides it from checkov goes. See docs/gate.md for the list, and
`tests/gate/` for a plant of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ops.gate.contracts import Contracts
from ops.gate.documents import Document
from ops.gate.model import Block, Distrust, Doubt, ScannedBlock, UntrustedError
from ops.gate.stacks import World
from ops.gate.templates import parse_json, rewrite

_SET_ASIDE = frozenset({"//", "terraform", "ephemeral", "import", "moved", "removed", "check"})
"""Blocks that break checkov's parser, or that it has no notion of."""
_SCANNED = frozenset({"resource", "data", "provider", "variable", "locals", "output"})
_SHAPES = {"resource": 3, "data": 3, "output": 2, "variable": 2, "locals": 1, "terraform": 1}
"""How many objects lie in one another, from a section's own down to a block's settings."""
_REFERENCE = re.compile(r"(?<![\w.-])((?:data\.)?[A-Za-z_][\w-]*)\.([A-Za-z_][\w-]*)")
_REMOTE_STATE = "terraform_remote_state"
_MIRRORS = frozenset({"terraform_backend", "terraform_output", "terraform_variable"})
"""Resource types of the gate's own making, for what checkov shows to no check."""


def merged_view(world: World) -> list[ScannedBlock]:
    """Every block of the environment, as the scanner shall see it.

    Raises:
        UntrustedError: A stack holds something that would go unscanned; all such are listed.
    """
    reasons: list[Distrust] = []
    for phase, document in world.documents.items():
        reasons += _doubts(phase, document)
    if reasons:
        raise UntrustedError(*reasons)
    blocks = {phase: list(_blocks(document)) for phase, document in world.documents.items()}
    contracts = Contracts(
        {
            phase: {each.name: each.settings.get("value") for each in found if each.kind == "terraform_output"}
            for phase, found in blocks.items()
        }
    )
    view = []
    for each in (block for found in blocks.values() for block in found):
        try:
            settings = contracts.resolve(dict(each.settings), f"{each.block.stack} {each.block.address}")
        except UntrustedError as error:
            reasons += error.reasons
            continue
        unique = f"{_key(each.block.stack)}__{each.name}" if each.name else ""
        view.append(
            ScannedBlock(each.block, each.section, each.kind, unique, _decode(each.kind, settings), each.mirror)
        )
    if reasons:
        raise UntrustedError(*reasons)
    return view


def _blocks(document: Document) -> Iterator[ScannedBlock]:
    """A stack's blocks, their references made unique; those of its remote states are resolved, not scanned."""
    rename = _Renaming(document)

    def block(section: str, kind: str, name: str, settings: object, path: tuple[str, ...]) -> ScannedBlock:
        where = Block(document.stack, _address(path, settings), document.file, document.line(*path))
        return ScannedBlock(where, section, kind, name, rename.apply(_stripped(settings)), kind in _MIRRORS)

    content = document.content
    for section in ("resource", "data"):
        for kind, named in content.get(section, {}).items():
            for name, settings in named.items():
                if kind != _REMOTE_STATE:
                    yield block(section, kind, name, settings, (section, kind, name))
    for name, configurations in content.get("provider", {}).items():
        for settings in configurations if isinstance(configurations, list) else [configurations]:
            yield block("provider", name, "", settings, ("provider", name))
    for name, settings in content.get("variable", {}).items():
        yield block("variable", "", name, settings, ("variable", name))
        yield block("resource", "terraform_variable", name, {**settings, "name": name}, ("variable", name))
    if "locals" in content:
        renamed = {f"{_key(document.stack)}__{name}": value for name, value in content["locals"].items()}
        yield block("locals", "", "", renamed, ("locals",))
    for name, settings in content.get("output", {}).items():
        yield block("resource", "terraform_output", name, settings, ("output", name))
    for name, settings in content.get("terraform", {}).get("backend", {"local": {}}).items():
        yield block("resource", "terraform_backend", name, settings, ("terraform", "backend", name))


def _address(path: tuple[str, ...], settings: object) -> str:
    """Terraform's own address: a resource's leaves the section out."""
    alias = _dict(settings).get("alias") if path[0] == "provider" else None
    return ".".join([*(path[1:] if path[0] == "resource" else path), *([str(alias)] if alias else [])])


class _Renaming:
    """Names are unique in a stack only; in the merged view each carries its stack."""

    def __init__(self, document: Document) -> None:
        self._prefix = f"{_key(document.stack)}__"
        content = document.content
        self._own = {
            f"{prefix}{kind}.{name}"
            for section, prefix in (("resource", ""), ("data", "data."))
            for kind, named in content.get(section, {}).items()
            for name in named
            if kind != _REMOTE_STATE
        }
        self._own |= {f"var.{name}" for name in content.get("variable", {})}
        self._own |= {f"local.{name}" for name in content.get("locals", {})}

    def apply(self, value: Any, *, bare: bool = False) -> Any:  # noqa: ANN401 - any JSON value
        """The value with its references renamed; `bare` ones stand without `${…}`, as in `depends_on`."""
        if isinstance(value, str):
            return self._references(value) if bare else rewrite(value, self._references)
        if isinstance(value, dict):
            return {key: self.apply(each, bare=key == "depends_on") for key, each in value.items()}
        if isinstance(value, list):
            return [self.apply(each, bare=bare) for each in value]
        return value

    def _references(self, expression: str) -> str:
        def rename(found: re.Match[str]) -> str:
            return f"{found[1]}.{self._prefix}{found[2]}" if found[0] in self._own else found[0]

        return _REFERENCE.sub(rename, expression)


def _key(stack: str) -> str:
    return re.sub(r"\W", "_", stack)


def _stripped(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The value without nulls, as Terraform reads it: with `"prefix_list_ids": null` an open rule passes."""
    if isinstance(value, dict):
        members = ((key, each) for key, each in value.items() if each is not None)
        return {key: _comment(each) if key == "//" else _stripped(each) for key, each in members}
    if isinstance(value, list):
        return [_stripped(each) for each in value if each is not None]
    return value


def _comment(comment: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A block's comment, without cdktf's own metadata, which is long and says nothing."""
    return {key: each for key, each in comment.items() if key != "metadata"} if isinstance(comment, dict) else comment


def _decode(kind: str, settings: dict[str, Any]) -> Mapping[str, Any]:
    """Container definitions are JSON in a string, which no stock check looks into."""
    definitions = settings.get("container_definitions")
    if kind == "aws_ecs_task_definition" and isinstance(definitions, str):
        try:
            return {**settings, "container_definitions": _stripped(parse_json(definitions))}
        except ValueError:
            return settings  # CKV_ROLLOUT_10 refuses what can't be read.
    return settings


def _doubts(phase: str, document: Document) -> Iterator[Distrust]:
    """What in a stack isn't as the view has to assume, so that something would go unseen."""
    content = document.content

    def doubt(doubt: Doubt, what: str, fix: str, *path: str) -> Distrust:
        return Distrust(doubt, f"{document.file}:{document.line(*path)}", what, fix)

    for section in content.keys() - _SCANNED - _SET_ASIDE:
        what = f"has a block {section!r}, which the gate doesn't know how to scan"
        yield doubt(Doubt.NOT_UNDERSTOOD, what, "teach ops/gate/view.py, or do without it", section)
    for section, depth in _SHAPES.items():
        for path in _misshapen(content.get(section, {}), depth, (section,)):
            what = f"{'.'.join(path)} isn't an object, which is the only form that the gate reads"
            yield doubt(Doubt.NOT_UNDERSTOOD, what, "write it as cdktf does", *path)
    for name, state in _dict(_dict(content.get("data")).get(_REMOTE_STATE)).items():
        key = _dict(_dict(state).get("config")).get("key", "")
        if not str(key).endswith(f"/{name}.tfstate"):
            what = f"the remote state {name!r} has the key {key!r}, must end in '/{name}.tfstate'"
            yield doubt(Doubt.BROKEN_CONTRACT, what, "read it with PhaseStack.read()", "data", _REMOTE_STATE, name)
        elif name == phase:
            what = f"the phase {phase!r} reads its own state"
            yield doubt(Doubt.BROKEN_CONTRACT, what, "refer to the resource itself", "data", _REMOTE_STATE, name)
    for kind, named in _dict(content.get("resource")).items():
        for name, settings in _dict(named).items():
            if "checkov" in _dict(_dict(settings).get("//")):
                what = f"{kind}.{name} carries a skip, which is not honoured"
                yield doubt(Doubt.INLINE_SKIP, what, "accept the risk in policies/risks.toml", "resource", kind, name)


def _misshapen(value: object, depth: int, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not isinstance(value, dict):
        yield path
    elif depth > 1:
        for key, each in value.items():
            yield from _misshapen(each, depth - 1, (*path, key))


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
