"""What the gate's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.gate.understood import attributes
from tests.gate.project import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A clean project of its own. Its blocks are examples: the gate compares them with its tables on demand only."""
    project, compare = Project(tmp_path), attributes.scan_errors
    monkeypatch.setattr(attributes, "scan_errors", lambda view: compare(view) if project.knows_types else iter(()))
    return project
