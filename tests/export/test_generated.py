"""Generated environments are exported as their JSON says, and Terraform accepts the export."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from environments.schema import Environment
from modules.phases import PHASES
from ops.export.constructs import Constructs
from ops.export.folder import MAIN, export, write
from tests.conftest import read_stacks
from tests.export.round_trip import differences
from tests.strategies import any_environment
from tests.terraform.warm import Warm, types_of

pytestmark = pytest.mark.slow
EVERY, COUNT = 4, 5
"""Neighbours are alike, so every fourth is taken."""
NAME = "prod"
"""Synthesis keeps stacks of environments that have a file."""


@cache
def generated() -> tuple[Environment, ...]:
    """Environments of different kinds, the same ones every time."""
    found: list[Environment] = []

    @settings(max_examples=EVERY * COUNT, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(any_environment())
    def collect(environment: Environment) -> None:
        found.append(replace(environment, name=NAME))

    collect()
    return tuple(found[::EVERY])


@pytest.fixture(scope="module")
def synthesized_and_exported(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, Path]]:
    """For each environment the folder with its stacks and that with its export."""
    from modules.synthesis import synthesize  # noqa: PLC0415  (it loads an engine)

    folders = []
    for environment in generated():
        out, target = tmp_path_factory.mktemp("cdktf.out"), tmp_path_factory.mktemp("exported")
        synthesize([environment], out, organization=False)
        write(export(NAME, out, Constructs()), target)
        folders.append((out, target))
    return folders


def test_they_are_of_different_kinds() -> None:
    assert len(generated()) == COUNT
    kinds = {(bool(each.database), bool(each.cache), each.profile.waf) for each in generated()}
    assert len(kinds) > 1


def test_each_is_read_back(synthesized_and_exported: list[tuple[Path, Path]]) -> None:
    for out, target in synthesized_and_exported:
        stacks = read_stacks(out)
        assert {path.parent.name for path in target.glob(f"*/{MAIN}")} == {phase.name for phase in PHASES}
        for phase in PHASES:
            text = (target / phase.name / MAIN).read_text(encoding="utf-8")
            assert differences(text, stacks[f"{NAME}-{phase.name}"].document) == [], phase.name


def test_each_is_valid(synthesized_and_exported: list[tuple[Path, Path]], provider: Warm) -> None:
    for out, target in synthesized_and_exported:
        stacks = read_stacks(out)
        for phase in PHASES:
            done = provider.validate(target / phase.name, types_of(stacks[f"{NAME}-{phase.name}"]))
            assert done.returncode == 0, f"{phase.name}: {done.stdout}{done.stderr}"
