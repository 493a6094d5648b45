"""Terraform plans the same from an exported stack as from the synthesized one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import environments
from environments.arns import account_of
from environments.names import Names
from environments.schema import Environment
from modules.output import PROJECT_LOCK
from modules.phases import ORGANIZATION, PHASES
from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import FIRST_ROLE
from rehearsal.emulator.settings import environment as emulated
from tests.conftest import Stack
from tests.export.plans import differences, planned, standalone, written
from tests.products import AEP, HERE, values

pytestmark = [pytest.mark.slow, pytest.mark.timeout(20 * 60)]
MINI = HERE / "mini"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator.start("111122223333", tmp_path_factory.mktemp("emulator") / "log") as running:
        yield running


@pytest.fixture(scope="module")
def variables(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, str]]:
    """The environment of Terraform in front of emulated AWS, for an account; one plugin cache serves all."""
    folder = str(tmp_path_factory.mktemp("plugins"))
    more = {"TF_PLUGIN_CACHE_DIR": folder, "TF_IN_AUTOMATION": "1"}
    return lambda account: {**emulated(emulator.endpoint, account, os.environ), **more}


CLASSES = {phase.name: phase.stack for phase in PHASES} | {ORGANIZATION: "organization:OrganizationStack"}


def check(stack: Stack, phase: str, folder: Path, variables: dict[str, str]) -> None:
    """Plan a stack twice, and compare."""
    lock = folder / "lock"
    lock.write_text(PROJECT_LOCK.read_text(encoding="utf-8"), encoding="utf-8")
    document = standalone(stack.document, folder)
    plans = [planned(each, variables) for each in written(document, CLASSES[phase], folder / stack.name, lock)]
    if stack.document.get("resource"):
        assert plans[0]["resource_changes"]
    assert plans[0]["planned_values"] == plans[1]["planned_values"]
    assert differences(*plans) == []


@pytest.mark.requirement("R13.9")
@pytest.mark.parametrize("phase", [phase.name for phase in PHASES])
def test_every_phase_of_an_environment(
    phase: str,
    stacks_of: Callable[[Path], dict[str, Stack]],
    variables: Callable[[str], dict[str, str]],
    tmp_path: Path,
) -> None:
    with values(MINI):
        account = environments.load("mini-demo").account_id
    check(stacks_of(MINI)[f"mini-demo-{phase}"], phase, tmp_path, variables(account))


@pytest.mark.long
@pytest.mark.parametrize("name", ["prod", "prod-starter", "staging", ORGANIZATION])
def test_every_stack_of_aep(
    name: str,
    stacks_of: Callable[[Path], dict[str, Stack]],
    emulator: Emulator,
    variables: Callable[[str], dict[str, str]],
    tmp_path: Path,
) -> None:
    with values(AEP):
        given = environments.load_organization() if name == ORGANIZATION else environments.load(name)
    if isinstance(given, Environment) and (role := given.edge.zone.role):
        planner = Names(given).arn("iam", f"role/{FIRST_ROLE}", region="")
        control = Control(emulator.endpoint, given.account_id, given.region)
        control.seed_role(account_of(role), role.rpartition("/")[2], [planner])
    for phase in [ORGANIZATION] if name == ORGANIZATION else [phase.name for phase in PHASES]:
        stack = stacks_of(AEP)[ORGANIZATION if name == ORGANIZATION else f"{name}-{phase}"]
        check(stack, phase, tmp_path, variables(given.account_id))
