"""What the gate makes of a stack's file, kept for all tests of a process: they read the same stacks again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from unittest.mock import patch

import pytest

from ops.gate import view
from ops.gate.contracts import Contracts, Outputs
from ops.gate.documents import StackFile
from ops.gate.model import ScannedBlock

_read: dict[str, tuple[StackFile, list[ScannedBlock]]] = {}
"""The first document of each file that a view was made of, with its blocks: a plant changes one of eleven."""
_known: dict[str, tuple[list[ScannedBlock], Outputs, Any]] = {}
"""The first blocks of each file, the outputs of all stacks, and what became of the blocks in the view."""


def _blocks(document: StackFile, blocks: Callable[[StackFile], Iterable[ScannedBlock]] = view._blocks) -> Any:
    if document.file not in _read:
        _read[document.file] = (document, list(blocks(document)))
    first, found = _read[document.file]
    return found if first is document or first == document else blocks(document)


def _resolved(
    blocks: list[ScannedBlock],
    contracts: Contracts,
    resolved: Callable[[list[ScannedBlock], Contracts], Any] = view._resolved,
) -> Any:
    if not blocks:
        return resolved(blocks, contracts)
    file = blocks[0].block.file
    if file not in _known:
        _known[file] = (blocks, contracts.outputs, resolved(blocks, contracts))
    first, outputs, found = _known[file]
    return found if (first, outputs) == (blocks, contracts.outputs) else resolved(blocks, contracts)


@pytest.fixture(scope="session", autouse=True)
def kept_views() -> Iterator[None]:
    """A merged view computes only what differs from the first file of the same name."""
    with patch.multiple(view, _blocks=_blocks, _resolved=_resolved):
        yield
