"""Fixtures of the tests of diagram and page."""

from __future__ import annotations

from pathlib import Path

import pytest

from environments.schema import Environment
from modules.synthesis import synthesize
from tests.report.environments import SHAPES


@pytest.fixture(scope="session", params=SHAPES)
def shaped(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Environment, Path]:
    """Each shape with the folder of its stacks."""
    environment, folder = SHAPES[request.param](), tmp_path_factory.mktemp("shape")
    synthesize([environment], folder, organization=False)
    return environment, folder
