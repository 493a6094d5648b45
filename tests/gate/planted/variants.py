"""Generate a variant of a row: the same mistake at another block of its type, with other names, or in another form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

from tests.gate.planted.plant import planted
from tests.gate.planted.row import GONE, Row

_ID = 17
_NAMES = re.compile(
    r"(?<!\d)\d{12}(?!\d)|\b[a-z]+(?=[.@]example\.net)|(?<=vpce-)[0-9a-f]{17}|(?<=\bou-ab12-)\w+|\b203\.0\.113\.\d+"
)
"""Accounts, hosts, ids and addresses that rows make up."""
_BLOCK = 3
"""Keys to a block: section, type and name."""


def variant(row: Row, document: Any, random: Random) -> Row | None:
    """A variant of a row; None if it has none.

    Args:
        row: The violation.
        document: The stack that it is planted into.
        random: Chooses among the possible ones, and other names.
    """
    other = replace(row, value=_renamed(row.value, document, random))
    possible = [*_siblings(other, document)] or ([other] if other != row else [*_forms(row)])
    return random.choice(possible) if possible else None


def _renamed(value: Any, document: Any, random: Random) -> Any:
    """The value with other accounts, hosts and ids than the row's, but the stack's own account."""
    own = document["provider"]["aws"][0]["allowed_account_ids"]

    def change(found: re.Match[str]) -> str:
        text = found[0]
        if text in own:
            return text
        if text.isdigit():
            return str(random.randrange(10**11, 10**12))
        if text.startswith("203."):
            return f"198.51.100.{random.randrange(256)}"
        letters = "0123456789abcdef" if len(text) == _ID else "abcdefghijklmnopqrstuvwxyz"
        return "".join(random.choices(letters, k=len(text)))

    return _mapped(value, lambda text: _NAMES.sub(change, text))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _mapped(each, change) for key, each in value.items()}
    if isinstance(value, list):
        return [_mapped(each, change) for each in value]
    return value


def _siblings(row: Row, document: Any) -> Iterator[Row]:
    """The same mistake at other blocks of the type that the document has."""
    section, kind, name, *rest = [*row.path.split("/"), "", "", ""][: max(len(row.path.split("/")), _BLOCK)]
    blocks = document.get(section, {}).get(kind, {})
    if not isinstance(blocks, dict) or not isinstance(blocks.get(name), dict):
        return
    # A value with a reference may be right in another block, and a policy of another kind allows something else.
    if "${" in str(row.value) or section == "data":
        return
    for other in sorted(blocks.keys() - {name}):
        there = replace(row, path="/".join([section, kind, other, *rest]), seen="")
        try:
            changed = planted(there, document)
        except (LookupError, TypeError, ValueError, AttributeError):
            continue
        # An attribute that the planted block has is one that the other must have.
        needed = rest if _has(blocks[name], rest) else rest[:-1]
        if changed != document and _has(blocks[other], needed):
            yield there


def _has(value: Any, path: list[str]) -> bool:
    """Whether a value has something at a path; texts are taken to have it."""
    for key in path:
        if isinstance(value, list):
            value = value[int(key)] if key.isdecimal() and int(key) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(key)
        if value is None:
            return False
    return True


def _forms(row: Row) -> Iterator[Row]:
    """The mistake in other forms, or with other values."""
    *start, name = row.path.split("/")
    if row.value is GONE:
        yield replace(row, value=None)  # Terraform takes null as unset.
    elif isinstance(row.value, bool):
        yield replace(row, value=str(row.value).lower())  # Terraform converts it.
    elif isinstance(row.value, int | float):
        yield replace(row, value=str(row.value))
    elif isinstance(row.value, str):
        yield replace(row, value=f"{row.value}x")
    elif len(start) == _BLOCK - 1 and name != "-":
        yield replace(row, path="/".join([*start, f"{name}_other"]))
    elif row.value == []:
        yield replace(row, value=None)
    elif isinstance(row.value, list):
        yield replace(row, value=[*row.value, *row.value])
    else:
        yield replace(row, value=[row.value])
