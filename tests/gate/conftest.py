"""What the gate's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gate.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A clean project of its own."""
    return Project(tmp_path)
