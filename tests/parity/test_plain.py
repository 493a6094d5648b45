"""What is built without cdktf is what cdktf synthesizes, under any name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings

import environments
from environments.schema import Environment
from modules.phases import PHASES
from modules.synthesis import STACK_FILE, synthesize
from ops.gate.documents import StackFile, read
from ops.parity.compare import blocks, differences, unexplained
from ops.parity.plain import build
from ops.parity.renamed import renamed
from tests.products import Subject
from tests.strategies import any_environment


def documents(out: Path, environment: Environment) -> dict[str, StackFile]:
    """An environment's synthesized stacks by phase."""
    stacks = {phase.name: f"{environment.name}-{phase.name}" for phase in PHASES}
    return {phase: read(out / "stacks" / stack / STACK_FILE, stack) for phase, stack in stacks.items()}


@pytest.mark.requirement("R0.5")
def test_every_stack_is_what_its_values_give_under_any_name(subject: Subject, outputs: Callable[[Path], Path]) -> None:
    assert [*unexplained(documents(outputs(subject.folder), subject.environment), subject.environment)] == []


@settings(max_examples=4, phases=[Phase.generate])  # cdktf is too slow to shrink an example.
@given(drawn=any_environment())
def test_any_stack_is_what_its_values_give(drawn: Environment) -> None:
    environment = replace(drawn, name=environments.known()[0])  # Synthesis removes the stacks of other names.
    with TemporaryDirectory() as folder:
        synthesize([environment], Path(folder), organization=False)
        assert [*unexplained(documents(Path(folder), environment), environment)] == []


@settings(max_examples=60)
@given(environment=any_environment())
def test_another_name_changes_names_only(environment: Environment) -> None:
    other = renamed(environment)
    given, restored = build(environment), other.restored(build(other.environment))
    assert differences(blocks(given), blocks(restored)) == {}
