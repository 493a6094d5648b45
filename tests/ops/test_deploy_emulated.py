"""`ops deploy` of a rolling service against emulated AWS: what runs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ops.aws.session import Aws
from rehearsal.emulator.process import Emulator
from tests.ops import seeded
from tests.ops.cli import run
from tests.ops.seeded import DIGEST

pytestmark = pytest.mark.slow
WATCH = ("deploy", "prod", "backend", "--yes", "--start-at", "watch")


@pytest.fixture
def account(emulator: Emulator) -> Iterator[Aws]:
    with seeded.account(emulator) as aws:
        yield aws


@pytest.mark.requirement("R7.4")
def test_what_runs_is_reported_without_tasks_that_were_run_by_hand(account: Aws) -> None:
    seeded.services(account)
    by_hand = seeded.run_task(account, "backend")
    account.client("ecs").describe_tasks(cluster="aep-prod", tasks=[by_hand])  # Now it runs.
    done = run(*WATCH, "--json")
    assert done.exit_code == 0, done.output
    runs = json.loads(done.stdout)["runs"]
    assert (runs["revision"], runs["digest"]) == ("aep-backend-prod:1", f"sha256:{DIGEST}")
    assert (runs["running"], runs["desired"], runs["tasks"]) == (2, 2, {DIGEST[:12]: 2})
    assert run(*WATCH).stdout.startswith("backend: aep-backend-prod:1, ")


@pytest.mark.usefixtures("account")
def test_before_services_are_applied_it_says_so() -> None:
    done = run(*WATCH)
    assert done.exit_code == 2
    assert "phase services creates it" in done.stderr
