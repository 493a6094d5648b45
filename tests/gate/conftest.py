"""What the gate's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any
from unittest.mock import patch

import pytest

from ops.gate.model import ScanError
from ops.gate.understood import attributes
from tests.gate.project import Project


@cache
def _compiled(text: bytes, path: Path, mode: str) -> CodeType:
    return compile(text, path, mode)


@pytest.fixture(scope="session", autouse=True)
def checks_are_compiled_once() -> Iterator[None]:
    """Each judgement loads the project's own checks, which most projects of tests link."""
    with patch("runpy.compile", lambda text, path, mode: _compiled(text, Path(path).resolve(), mode), create=True):
        yield


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A clean project of its own. Its blocks are examples: the gate compares them with its tables on demand only."""
    project, compare = Project(tmp_path), attributes.scan_errors

    def on_demand(*given: Any) -> Iterator[ScanError]:
        return compare(*given) if project.knows_types else iter(())

    monkeypatch.setattr(attributes, "scan_errors", on_demand)
    return project
