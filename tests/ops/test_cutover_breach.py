"""Numbers in emulated CloudWatch that take traffic back. Each test has an account of its own: numbers stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from environments.schema import Environment
from ops.aws.session import Aws
from rehearsal.emulator.client import Control
from tests.ops.cli import run
from tests.ops.cutover_context import RolledOut


@pytest.mark.requirement("R10.4")
@pytest.mark.slow
def test_errors_take_traffic_back(account: Aws, control: Control, prod: Environment, scratch: Path) -> None:
    assert scratch.exists()
    site = RolledOut(account, control, prod)
    site.share_out(0)
    site.measure(errors=5)
    done = run("cutover", "run", "prod", "--yes", "--watch=1")
    assert done.exit_code == 1, done.output
    assert "responses were 5xx: 5.0 %, the limit is 1 %" in done.stderr
    assert site.weights() == {"current": 0, "previous": 100}
