"""Generate another violation of the same kind as a row: in another block or environment, and with other values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from ops.gate.documents import read
from ops.gate.folder import STACK_FILE
from ops.gate.templates import parse_json
from tests.gate.planted.row import GONE, Row

_OWN = {"prod": "111122223333", "staging": "444455556666"}
"""The account of AEP's environments, by stage."""
_VARIED = re.compile(
    r"(?<!\d)\d{12}(?!\d)|\b[a-z]+(?=[.@]example\.net)|(?<=vpce-)[0-9a-f]{17}|(?<=\bou-ab12-)\w+|\b203\.0\.113\.\d+"
)


def variant(row: Row, output: Path, random: Random) -> Row:
    """Another violation of the row's kind.

    Args:
        row: The row.
        output: Folder that synth wrote.
        random: Chooses the place and the values.

    Raises:
        LookupError: There is neither another place nor another value.
    """
    own = _own(row.stack)
    places = sorted({*_places(row, output)} - {(row.stack, row.path)})
    value = _varied(row.value, random, {own} if own else set())
    if not places:
        if value == row.value:
            raise LookupError(f"{row.id} has no other place and no other value")
        places = [(row.stack, row.path)]
    stack, path = random.choice(places)
    if own and own != (there := _own(stack)):
        value = _exchanged(value, own, there)
    return replace(row, id=f"{row.id}-variant", stack=stack, path=path, value=value, seen="")


def _own(stack: str) -> str:
    """The account of one of AEP's stacks; empty for the organization's."""
    return _OWN.get(stack.partition("-")[0], "")


def _places(row: Row, output: Path) -> Iterator[tuple[str, str]]:
    """Stacks and paths at which the same attribute is, of blocks of the same type."""
    section, kind, name, *rest = row.path.split("/")
    phase = row.stack.rpartition("-")[2]
    for stack in sorted(path.name for path in (output / "stacks").iterdir() if path.name.rpartition("-")[2] == phase):
        named = _document(output, stack).get(section, {}).get(kind, {})
        if not rest and row.value is not GONE:
            yield stack, row.path  # The row adds a block.
        for other in named if rest or row.value is GONE else ():
            # A value with a reference may be right in another block.
            same_kind = other == name or (section == "resource" and "${" not in str(row.value))
            if same_kind and _exists(named[other], rest if row.value is GONE else rest[:-1]):
                yield stack, "/".join([section, kind, other, *rest])


@cache
def _document(output: Path, stack: str) -> dict[str, Any]:
    return read(output / "stacks" / stack / STACK_FILE, stack).content


def _exists(value: Any, path: list[str]) -> bool:
    for key in path:
        if isinstance(value, str):
            value = parse_json(value)
        try:
            value = value[int(key)] if isinstance(value, list) else value[key]
        except (LookupError, TypeError):
            return False
    return True


def _varied(value: Any, random: Random, own: set[str]) -> Any:
    """The value with other accounts, hosts and ids, but the own account."""

    def change(found: re.Match[str]) -> str:
        text = found[0]
        if text in own:
            return text
        if text.isdigit():
            return str(random.randrange(10**11, 10**12))
        if text.startswith("203."):
            return f"198.51.100.{random.randrange(256)}"
        letters = "0123456789abcdef" if len(text) == 17 else "abcdefghijklmnopqrstuvwxyz"
        return "".join(random.choices(letters, k=len(text)))

    return _mapped(value, lambda text: _VARIED.sub(change, text))


def _exchanged(value: Any, one: str, other: str) -> Any:
    """The value with two accounts exchanged, and the stage in names of the environment's resources."""
    stages = {account: f"aep-{stage}" for stage, account in _OWN.items()}

    def change(text: str) -> str:
        text = text.replace(one, "\0").replace(other, one).replace("\0", other)
        return text.replace(stages[one], stages[other])

    return _mapped(value, change)


def _mapped(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _mapped(each, change) for key, each in value.items()}
    if isinstance(value, list):
        return [_mapped(each, change) for each in value]
    return value
