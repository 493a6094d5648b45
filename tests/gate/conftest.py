"""What the gate's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.gate.model import ScanError
from ops.gate.understood import attributes
from tests.gate.project import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A clean project of its own. Its blocks are examples: the gate compares them with its tables on demand only."""
    project, compare = Project(tmp_path), attributes.scan_errors

    def on_demand(*given: Any) -> Iterator[ScanError]:
        return compare(*given) if project.knows_types else iter(())

    monkeypatch.setattr(attributes, "scan_errors", on_demand)
    return project
