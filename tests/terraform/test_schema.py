"""The extracts of the provider's schema are what the provider says."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from ops.gate.understood import schema
from ops.gate.understood.extract import files, schemas


@pytest.mark.slow
def test_the_extracts_are_as_the_provider_says() -> None:
    for path, content in files(schemas(schema.version()), schema.version()).items():
        assert _plain(path, path.read_bytes()) == _plain(path, content), f"{path.name}: make schema writes it"


def _plain(path: Path, content: bytes) -> bytes:
    """Another version of liblzma may compress the same content differently."""
    return lzma.decompress(content) if path.suffix == ".xz" else content
