"""Which settings of a type are attributes, and which are nested blocks: Terraform's JSON doesn't say.

`in_use.json` has the types that the gate knows, `others.json.xz` all other types of the provider. `make schema` writes
both. Equal blocks are stored once: a table has the number of each type's block, and the list of blocks; a block has the
names of its attributes, which of them may be written as blocks, and the numbers of the blocks in it.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

IN_USE = Path(__file__).with_name("in_use.json")
OTHERS = Path(__file__).with_name("others.json.xz")
PROVIDER = "provider.aws"
"""The name of the provider's own block in the tables."""
_COLLECTIONS = ("list", "set")


@dataclass(frozen=True)
class Block:
    """What a block of a type may have."""

    attributes: frozenset[str] = frozenset()
    as_blocks: frozenset[str] = frozenset()
    """Attributes that are lists of objects; Terraform takes blocks for them too, whose attributes may be left out.

    https://developer.hashicorp.com/terraform/language/attr-as-blocks
    """
    blocks: Mapping[str, Block] = field(default_factory=dict)


_REMOTE_STATE = Block(frozenset({"backend", "config", "defaults", "workspace"}))
"""Terraform's own data source: https://developer.hashicorp.com/terraform/language/state/remote-state-data."""


@cache
def _table(path: Path) -> dict[str, Block]:
    content = path.read_bytes()
    types, rows = json.loads(lzma.decompress(content) if path.suffix == ".xz" else content).values()
    blocks: list[Block] = []
    for attributes, as_blocks, nested in rows:
        inside = {name: blocks[number] for name, number in nested.items()}
        blocks.append(Block(frozenset(attributes.split()), frozenset(as_blocks.split()), inside))
    return {name: blocks[number] for name, number in types.items()}


def of_type(name: str) -> Block | None:
    """The block of a type of the provider; none if it has no such type.

    Args:
        name: The type as in `aws_vpc`, `data.aws_iam_policy_document` or `ephemeral.aws_kms_secrets`, or PROVIDER.
    """
    if name == "data.terraform_remote_state":
        return _REMOTE_STATE
    return _table(IN_USE).get(name) or _table(OTHERS).get(name)


def tables(types: Mapping[str, dict[str, Any]], in_use: Callable[[str], bool]) -> dict[Path, bytes]:
    """The content of both files.

    Args:
        types: The block of each type in the provider's schema, and of the provider as PROVIDER.
        in_use: Whether a type is in the table of types in use.
    """
    used = {name: block for name, block in types.items() if name == PROVIDER or in_use(name)}
    others = {name: block for name, block in types.items() if name not in used}
    return {IN_USE: _text(used), OTHERS: lzma.compress(_text(others), preset=9)}


def _text(types: Mapping[str, dict[str, Any]]) -> bytes:
    """A table: one line for each type and block."""
    numbers: dict[str, int] = {}

    def number(block: dict[str, Any]) -> int:
        settable = {
            name: attribute
            for name, attribute in block.get("attributes", {}).items()
            if attribute.get("optional") or attribute.get("required")
        }
        row = [
            " ".join(sorted(settable)),
            " ".join(sorted(name for name, attribute in settable.items() if _takes_blocks(attribute.get("type")))),
            {name: number(nested["block"]) for name, nested in sorted(block.get("block_types", {}).items())},
        ]
        return numbers.setdefault(json.dumps(row, separators=(",", ":")), len(numbers))

    named = ",\n".join(f"{json.dumps(name)}:{number(block)}" for name, block in sorted(types.items()))
    rows = ",\n".join(numbers)
    return f'{{"types":{{\n{named}}},\n"blocks":[\n{rows}]}}\n'.encode()


def _takes_blocks(type_: object) -> bool:
    match type_:
        case [kind, ["object", *_]]:
            return kind in _COLLECTIONS
        case _:
            return False
