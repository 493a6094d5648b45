"""What is synthesized is what the values give, under any name."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings

import environments
from environments.schema import Environment
from modules.bindings import aws
from modules.bindings.table import table
from modules.phases import PHASES
from modules.synthesis import STACK_FILE, synthesize
from ops.errors import OpsError
from ops.gate.documents import StackFile, read
from ops.gate.model import ScanFailedError
from ops.gate.parity import parity
from ops.gate.stacks import EnvironmentStacks
from ops.parity.compare import blocks, differences, unexplained
from ops.parity.plain import build
from ops.parity.renamed import renamed
from tests.products import AEP, OF_AEP, Subject
from tests.strategies import any_environment

ROOT = Path(__file__).parents[2]


def documents(out: Path, environment: Environment) -> dict[str, StackFile]:
    """An environment's synthesized stacks by phase."""
    stacks = {phase.name: f"{environment.name}-{phase.name}" for phase in PHASES}
    return {phase: read(out / "stacks" / stack / STACK_FILE, stack) for phase, stack in stacks.items()}


@pytest.mark.requirement("R0.5")
def test_every_stack_is_what_its_values_give_under_any_name(subject: Subject, outputs: Callable[[Path], Path]) -> None:
    assert [*unexplained(documents(outputs(subject.folder), subject.environment), subject.environment)] == []


@pytest.mark.slow
@settings(max_examples=4, phases=[Phase.generate])  # cdktf is too slow to shrink an example.
@given(drawn=any_environment())
def test_any_stack_is_what_its_values_give(drawn: Environment) -> None:
    environment = replace(drawn, name=environments.known()[0])  # Synthesis removes the stacks of other names.
    with TemporaryDirectory() as folder:
        synthesize([environment], Path(folder), organization=False)
        assert [*unexplained(documents(Path(folder), environment), environment)] == []


@pytest.mark.slow
@pytest.mark.parametrize("command", [("report", "prod-starter", "prod"), ("gate",), ("parity",)], ids=" ".join)
def test_commands_build_with_the_engine_in_python_whatever_wrote_the_stacks(
    command: tuple[str, ...], own_output: Path
) -> None:
    variables = {**os.environ, "ENGINE": "node", "ENVIRONMENTS": str(AEP)}
    words = (sys.executable, "-m", "ops", *command, "--out", str(own_output))
    done = subprocess.run(words, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_the_engine_does_not_know_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = OF_AEP[0].environment
    monkeypatch.delitem(vars(aws), "EcsCluster", raising=False)
    monkeypatch.delitem(table()._lines, "EcsCluster")
    says = (
        r"^the stacks of prod can't be built: the engine in Python doesn't know the class EcsCluster; add it to modules"
    )
    with pytest.raises(OpsError, match=says):
        build(environment)
    missing = EnvironmentStacks(environment.name, {})
    with pytest.raises(
        ScanFailedError, match="the stacks can't be built from the values: OpsError: the stacks of prod"
    ):
        parity([missing], {environment.name: environment})


@pytest.mark.slow
@settings(max_examples=60)
@given(environment=any_environment())
def test_another_name_changes_names_only(environment: Environment) -> None:
    other = renamed(environment)
    given, restored = build(environment), other.restored(build(other.environment))
    assert differences(blocks(given), blocks(restored)) == {}
