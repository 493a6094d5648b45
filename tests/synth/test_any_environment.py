"""Whatever passes validation synthesizes, in whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from environments.schema import Environment
from modules.phases import PHASES
from tests.conftest import Stack
from tests.strategies import any_environment


@pytest.mark.slow
# Each example takes a second: few, and the same ones every time.
@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(any_environment())
def test_right_values_synthesize(
    synthesized: Callable[[Environment], dict[str, Stack]], environment: Environment
) -> None:
    # Synthesis keeps stacks of environments that have a file.
    phases = synthesized(replace(environment, name="prod"))
    assert set(phases) == {phase.name for phase in PHASES}
    empty = {name for name, full in (("hardening", environment.profile.waf), ("data", environment.stores)) if not full}
    assert {name for name, stack in phases.items() if not list(stack.all_resources())} == empty
