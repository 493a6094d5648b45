"""Checks of the same blocks share what they read."""

from __future__ import annotations

import environments
from environments.names import Names
from ops.gate.index import Index
from ops.gate.model import Block, ScannedBlock
from ops.gate.permissions.statements import Documents
from ops.gate.policy_documents import _SOMEWHERE


def blocks() -> list[ScannedBlock]:
    """Two blocks, of no stack."""
    names = ("one", "two")
    return [
        ScannedBlock(Block("demo-network", name, "cdk.tf.json", 1), "resource", "aws_kms_key", name, {})
        for name in names
    ]


def test_an_index_is_of_the_same_blocks_only() -> None:
    view = blocks()
    index = Index.of(view)
    assert Index.of(list(view)) is index
    for other in (view[:1], [*view, view[0]], view[::-1], blocks()):
        assert Index.of(other) is not index
        assert Index.of(view) is not index, "only the last one is kept"
        index = Index.of(view)


def test_documents_are_of_the_same_place_only() -> None:
    index = Index.of(blocks())
    place = Names(environments.load("prod")).place
    found = Documents.of(index, place)
    assert Documents.of(index, Names(environments.load("prod")).place) is found
    assert Documents.of(index, _SOMEWHERE).arns.place == _SOMEWHERE


def test_what_is_read_once_is_read_again_after_an_error() -> None:
    index, calls = Index(blocks()), []

    def read() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError
        return len(calls)

    for _ in range(3):
        try:
            assert index.once("what", read) == 2
        except ValueError:
            assert len(calls) == 1
