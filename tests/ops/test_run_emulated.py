"""`ops run` against emulated AWS: the command runs in the service's image, network and log group."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ops.aws.session import Aws
from rehearsal.emulator.agent import AgentPlace
from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from tests.ops import seeded
from tests.ops.cli import run
from tests.ops.seeded import PROD

pytestmark = pytest.mark.slow
COMMAND = ("run", "prod", "backend", "--yes", "--json", "--", "python", "-m", "aep.fix")


@pytest.fixture(scope="module")
def rolled_out(emulator: Emulator) -> Iterator[Aws]:
    with seeded.account(emulator) as aws:
        seeded.services(aws)
        yield aws


@pytest.mark.requirement("R7.2")
@pytest.mark.parametrize("code", [0, 3, None])
@pytest.mark.parametrize("place", [AgentPlace.FIRST, AgentPlace.LAST])
def test_the_exit_code_is_of_the_services_container_wherever_the_agents_is_listed(
    rolled_out: Aws, emulator: Emulator, code: int | None, place: AgentPlace
) -> None:
    with seeded.agent(emulator, place):
        Control(emulator.endpoint, PROD.account_id, PROD.region).task_exit("aep-backend-prod", code)
        done = run(*COMMAND)
    assert done.exit_code == (125 if code is None else code), done.output
    shown = json.loads(done.stdout)
    assert (shown["code"], shown["succeeded"]) == (code, code == 0)
    listed = rolled_out.client("ecs").describe_tasks(cluster="aep-prod", tasks=[shown["task"]])["tasks"]
    (override,) = listed[0]["overrides"]["containerOverrides"]
    assert (override["name"], override["command"]) == ("backend", ["python", "-m", "aep.fix"])


@pytest.mark.usefixtures("rolled_out")
def test_before_services_are_applied_there_is_nothing_to_run_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.aws.ecs.service", lambda *_: None)
    done = run(*COMMAND)
    assert done.exit_code == 125
    assert "there is no service aep-backend-prod, whose network backend uses; apply phase services" in done.stderr
