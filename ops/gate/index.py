"""Find blocks of the merged view by kind and by what refers to them, for proofs that need more than one block."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ops.gate.model import Distrust, Doubt, ScannedBlock, UntrustedError
from ops.gate.templates import expression
from ops.iam.policy import listed

_PLAIN = re.compile(r"(?P<data>data\.)?(?P<kind>[a-z]\w*)\.(?P<name>[A-Za-z_][\w-]*)(?:\.\w+|\[(?:\d+|\"[^\"]*\")\])*")
_REPEATED = ("count", "for_each", "dynamic")
_DEFAULTS = {"aws_default_security_group": "vpc_id", "aws_default_route_table": "default_route_table_id"}
"""What every VPC has of its own: each is known by its VPC, whichever way it is referred to."""


class Index:
    """The blocks of one environment."""

    def __init__(self, view: Iterable[ScannedBlock]) -> None:
        """Take the merged view."""
        self._blocks: dict[tuple[str, str, str], ScannedBlock] = {}
        self._locals: dict[str, Any] = {}
        self._resources: dict[str, list[ScannedBlock]] = {}
        for each in view:
            if each.section == "locals":
                self._locals |= each.settings
            elif each.section in {"resource", "data"} and not each.mirror:
                self._blocks[each.section, each.kind, each.name] = each
                if each.section == "resource":
                    self._resources.setdefault(each.kind, []).append(each)

    def resources(self) -> Iterator[ScannedBlock]:
        """All resources."""
        return (block for blocks in self._resources.values() for block in blocks)

    def data(self, kind: str) -> Iterator[ScannedBlock]:
        """All data sources of a kind."""
        return (block for block in self._blocks.values() if block.section == "data" and block.kind == kind)

    def all(self, *kinds: str) -> Iterator[ScannedBlock]:
        """All resources of some kinds.

        Raises:
            UntrustedError: One stands for several, of which the gate can't know how many.
        """
        for block in (block for kind in kinds for block in self._resources.get(kind, ())):
            if repeated := [name for name in _REPEATED if name in block.settings]:
                raise not_understood(block, f"is repeated by {repeated[0]!r}, which the gate can't count")
            yield block

    def follow(self, value: object) -> ScannedBlock | None:
        """The block that a value refers to, where it is a plain reference to one that is here."""
        found = _PLAIN.fullmatch(expression(value) or "") if isinstance(value, str) else None
        if found is None:
            return None
        if found["kind"] == "local":
            return self.follow(self._locals.get(found["name"]))
        return self._blocks.get(("data" if found["data"] else "resource", found["kind"], found["name"]))

    def key(self, value: object, of: ScannedBlock) -> str:
        """What a value refers to, as a key: the unique name of a block that is here, or a literal as it stands.

        Raises:
            UntrustedError: It is an expression that only Terraform can evaluate.
        """
        block = self.follow(value)
        if block is not None:
            return self.name(block)
        text = str(value)
        if "${" in text and not _PLAIN.fullmatch(expression(text) or ""):
            raise not_understood(of, f"has {text!r} where the gate has to know what is meant")
        return text

    def name(self, block: ScannedBlock) -> str:
        """The key of a block itself."""
        if block.kind in _DEFAULTS and block.section == "resource":
            return self.key(block.settings.get(_DEFAULTS[block.kind]), block)
        return block.name if block.section == "resource" else f"data.{block.name}"

    def keys(self, values: object, of: ScannedBlock) -> frozenset[str]:
        """What each of some values refers to."""
        return frozenset(self.key(value, of) for value in listed(values))


def not_understood(block: ScannedBlock, what: str) -> UntrustedError:
    """A doubt: the block can't be judged."""
    where = f"{block.block.file}:{block.block.line} {block.block.address}"
    return UntrustedError(Distrust(Doubt.NOT_UNDERSTOOD, where, what, "write it as plain values and references"))


def is_true(value: object) -> bool:
    """Whether a value is true in Terraform, which takes texts too."""
    return str(value).lower() in {"true", "enabled"}


def shown(block: ScannedBlock) -> str:
    """A block in words: stack and address."""
    return f"{block.block.stack} {block.block.address}"
