"""Whatever passes validation synthesizes, in whole, and the gate understands all of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from environments.schema import Environment
from modules.phases import PHASES
from ops.gate.alarms import silent_alarms
from ops.gate.detection import unseen
from ops.gate.documents import StackFile
from ops.gate.firewall import unblocked
from ops.gate.kept import lost_data
from ops.gate.outside import what_leads_outside
from ops.gate.overwritten import overwritten
from ops.gate.requests import wrong_requests
from ops.gate.stacks import EnvironmentStacks
from ops.gate.tasks import what_runs
from ops.gate.traffic import stray_traffic
from ops.gate.understood import attributes, structure
from ops.gate.understood.frame import frames
from ops.gate.view import merged_view
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
    environment = replace(environment, name="prod")
    phases = synthesized(environment)
    assert set(phases) == {phase.name for phase in PHASES}
    empty = {name for name, full in (("hardening", environment.profile.waf), ("data", environment.stores)) if not full}
    assert {name for name, stack in phases.items() if not list(stack.all_resources())} == empty
    files = {
        phase: StackFile(stack.name, "f", json.dumps(stack.document), stack.document) for phase, stack in phases.items()
    }
    stacks = EnvironmentStacks("prod", files)
    assert [*structure.scan_errors(stacks, frames(environment))] == []
    view = merged_view(stacks)
    assert [*attributes.scan_errors(view, environment)] == []
    for proof in (
        what_runs,
        what_leads_outside,
        silent_alarms,
        unseen,
        unblocked,
        lost_data,
        stray_traffic,
        wrong_requests,
        overwritten,
    ):
        assert [record for record in proof(view, environment) if not record.passed] == []
