"""The merged view of an environment, which is scanned.

It means the same to Terraform, without the forms that checkov doesn't read. docs/gate.md has the list, and
`tests/gate/` a test of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ops.gate.contracts import Contracts
from ops.gate.documents import StackFile
from ops.gate.model import Block, ErrorKind, ScanError, ScanFailedError, ScannedBlock
from ops.gate.stacks import EnvironmentStacks
from ops.gate.templates import parse_json, rewrite
from ops.gate.understood.structure import REMOTE_STATE
from ops.gate.understood.values import converted

_SHAPES = {"resource": 3, "data": 3, "ephemeral": 3, "output": 2, "variable": 2, "locals": 1, "terraform": 1}
"""Levels of nested objects, from a section to a block's settings."""
_REFERENCE = re.compile(r"(?<![\w.-])((?:data\.)?[A-Za-z_][\w-]*)\.([A-Za-z_][\w-]*)")
_SYNTHETIC = frozenset({"terraform_backend", "terraform_output", "terraform_variable"})
"""Types of synthetic resources, for blocks that checkov passes to no check."""


def merged_view(stacks: EnvironmentStacks) -> list[ScannedBlock]:
    """Every block of the environment, in the form for the scanner.

    Raises:
        ScanFailedError: A stack has a part that wouldn't be scanned; all are listed.
    """
    errors: list[ScanError] = []
    for document in stacks.documents.values():
        errors += _scan_errors(document)
    if errors:
        raise ScanFailedError(*errors)
    blocks = {phase: list(_blocks(document)) for phase, document in stacks.documents.items()}
    contracts = Contracts(
        {
            phase: {each.name: each.settings.get("value") for each in found if each.kind == "terraform_output"}
            for phase, found in blocks.items()
        }
    )
    resolved = [_resolved(found, contracts) for found in blocks.values()]
    if errors := [error for _, found in resolved for error in found]:
        raise ScanFailedError(*errors)
    return [block for found, _ in resolved for block in found]


def _resolved(blocks: list[ScannedBlock], contracts: Contracts) -> tuple[list[ScannedBlock], list[ScanError]]:
    """A stack's blocks as the scanner reads them, and the reads of other stacks that have no value."""
    view: list[ScannedBlock] = []
    errors: list[ScanError] = []
    for each in blocks:
        try:
            settings = contracts.resolve(dict(each.settings), f"{each.block.stack} {each.block.address}")
        except ScanFailedError as error:
            errors += error.errors
            continue
        unique = f"{_key(each.block.stack)}__{each.name}" if each.name else ""
        view.append(ScannedBlock(each.block, each.section, each.kind, unique, _decode(each, settings), each.synthetic))
    return view, errors


def _blocks(document: StackFile) -> Iterator[ScannedBlock]:
    """A stack's blocks with unique references; without its remote states, which are resolved."""
    rename = _Renaming(document)

    def block(section: str, kind: str, name: str, settings: object, path: tuple[str, ...]) -> ScannedBlock:
        where = Block(document.stack, _address(path, settings), document.file, document.line(*path))
        return ScannedBlock(where, section, kind, name, rename.apply(_stripped(settings)), kind in _SYNTHETIC)

    content = document.content
    for section in ("resource", "data", "ephemeral"):
        for kind, named in content.get(section, {}).items():
            for name, settings in named.items():
                if kind != REMOTE_STATE:
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
    """Terraform's address, which has no section for a resource."""
    alias = _dict(settings).get("alias") if path[0] == "provider" else None
    return ".".join([*(path[1:] if path[0] == "resource" else path), *([str(alias)] if alias else [])])


class _Renaming:
    """Prefixes names with their stack: they are unique in a stack only."""

    def __init__(self, document: StackFile) -> None:
        self._prefix = f"{_key(document.stack)}__"
        content = document.content
        self._own = {
            f"{prefix}{kind}.{name}"
            for section, prefix in (("resource", ""), ("data", "data."))
            for kind, named in content.get(section, {}).items()
            for name in named
            if kind != REMOTE_STATE
        }
        self._own |= {f"var.{name}" for name in content.get("variable", {})}
        self._own |= {f"local.{name}" for name in content.get("locals", {})}

    def apply(self, value: Any, *, bare: bool = False) -> Any:  # noqa: ANN401 - any JSON value
        """The value with its references renamed; `bare` ones are written without `${…}`, as in `depends_on`."""
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
    """The value without nulls, as Terraform reads it: a null `prefix_list_ids` would hide an open rule."""
    if isinstance(value, dict):
        members = ((key, each) for key, each in value.items() if each is not None)
        return {key: _comment(each) if key == "//" else _stripped(each) for key, each in members}
    if isinstance(value, list):
        return [_stripped(each) for each in value if each is not None]
    return value


def _comment(comment: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A block's comment without cdktf's metadata."""
    return {key: each for key, each in comment.items() if key != "metadata"} if isinstance(comment, dict) else comment


def _decode(block: ScannedBlock, settings: dict[str, Any]) -> Mapping[str, Any]:
    """The settings as Terraform converts them, with container definitions parsed: stock checks don't parse them."""
    settings = converted(block.section, block.kind, settings)
    definitions = settings.get("container_definitions")
    if block.kind == "aws_ecs_task_definition" and isinstance(definitions, str):
        try:
            return {**settings, "container_definitions": _stripped(parse_json(definitions))}
        except ValueError:
            return settings  # CKV_ROLLOUT_10 reports it.
    return settings


def _scan_errors(document: StackFile) -> Iterator[ScanError]:
    """Parts of a stack that the view doesn't support, so that they wouldn't be scanned."""
    content = document.content

    def error(kind: ErrorKind, what: str, fix: str, *path: str) -> ScanError:
        return ScanError(kind, f"{document.file}:{document.line(*path)}", what, fix)

    for section, depth in _SHAPES.items():
        for path in _misshapen(content.get(section, {}), depth, (section,)):
            what = f"{'.'.join(path)} isn't an object, which is the only form that the gate reads"
            yield error(ErrorKind.NOT_UNDERSTOOD, what, "write it as cdktf does", *path)
    for kind, named in _dict(content.get("resource")).items():
        for name, settings in _dict(named).items():
            if "checkov" in _dict(_dict(settings).get("//")):
                what = f"{kind}.{name} has an inline skip, which the gate doesn't accept"
                yield error(
                    ErrorKind.INLINE_SKIP, what, "accept the risk in environments/risks/", "resource", kind, name
                )


def _misshapen(value: object, depth: int, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not isinstance(value, dict):
        yield path
    elif depth > 1:
        for key, each in value.items():
            yield from _misshapen(each, depth - 1, (*path, key))


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
