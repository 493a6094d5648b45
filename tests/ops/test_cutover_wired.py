"""What each option of the commands, and each response of AWS, leads to; without another process, or real time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from environments import load
from ops.aws.state_lock import Lock, StateLock
from ops.cutover.watch import Watch
from ops.journal import read
from rehearsal.emulator.client import Control
from tests.ops import seeded
from tests.ops.cli import run
from tests.ops.cutover_context import RolledOut
from tests.ops.cutover_fakes import Clock
from tests.ops.emulated import Emulated

pytestmark = pytest.mark.slow

HOST = "app.navralabs.com"
RUN = ("cutover", "run", "prod", "--yes")
AFTER = {"current": 0, "previous": 100}
"""Weights after a rollback, as before a cutover."""


@pytest.fixture(scope="module")
def rolled_out(emulated: Emulated) -> Iterator[RolledOut]:
    """Production, rolled out once for all tests here."""
    with seeded.account(emulated) as aws:
        prod = load("prod")
        yield RolledOut(aws, Control(emulated.endpoint, prod.account_id, prod.region), prod)


@pytest.fixture
def site(rolled_out: RolledOut, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> RolledOut:
    """As it is right after the rollout; watches take no time."""
    assert not list(scratch.iterdir())
    rolled_out.share_out(0)
    rolled_out.set_alarm("OK")
    rolled_out.unlock()
    rolled_out.measure()
    monkeypatch.setattr("ops.cutover.work.Watch", partial(Watch, time=Clock().time))
    return rolled_out


def lock(site: RolledOut) -> StateLock:
    return StateLock(site.aws, site.names, "cutover")


def holder(site: RolledOut) -> Lock | None:
    return lock(site).holder()


def test_a_run_moves_all_traffic_and_names_the_line_to_change(site: RolledOut) -> None:
    done = run(*RUN, "--json")
    assert done.exit_code == 0, done.output
    assert site.weights() == {"current": 100, "previous": 0}
    shown = json.loads(done.stdout)
    assert (shown["environment"], shown["host"], shown["outcome"], shown["weight"]) == ("prod", HOST, "done", 100)
    assert shown["values"].endswith(" weight=100")
    steps = "weight 0 now, then 10, 50, 100 % to "
    assert f"{HOST}: {steps}{site.balancer['DNSName']}, each watched for 600 s; the rest to aep-staging" in done.stderr
    assert f"done: {HOST} has weight 100\n" in done.stderr
    assert f"next: write {shown['values']}; then plan and apply cutover" in done.stderr
    watched = [entry.after for entry in read("aep-prod") if (entry.event, entry.outcome) == ("watch", "passed")]
    assert watched == [10, 50, 100]
    assert {(entry.command, entry.caller) for entry in read("aep-prod")} == {("cutover run", site.aws.caller.arn)}
    assert holder(site) is None
    status = run("cutover", "status", "prod", "--json")
    assert (status.exit_code, json.loads(status.stdout)["open"]) == (
        1,
        [f"the values say weight 0; write {shown['values']}"],
    )


def test_a_run_ends_at_its_goal_with_watches_of_the_given_length(site: RolledOut) -> None:
    done = run(*RUN, "--to=10", "--watch=30")
    assert (done.exit_code, done.stdout) == (0, ""), done.output
    assert "watching weight 10 for 30 s" in done.stderr
    assert site.weights() == {"current": 10, "previous": 90}
    again = run(*RUN, "--to=10")
    assert (again.exit_code, f"--to 10: {HOST} already has weight 10; to roll back" in again.stderr) == (2, True)
    assert run(*RUN, "--to=0").exit_code == run(*RUN, "--watch=0").exit_code == 2


def test_an_unfinished_run_is_resumed_and_no_other_begins(site: RolledOut) -> None:
    site.control.fail("cloudwatch", "DescribeAlarms", "ExpiredToken", 1, after=4)
    stopped = run(*RUN)
    assert stopped.exit_code == 2, stopped.output
    assert "continue with `bin/ops cutover resume prod`, or roll back with" in stopped.stderr
    assert holder(site) is None
    status = run("cutover", "status", "prod")
    assert status.exit_code == 1
    assert "open: a cutover hasn't ended\n" in status.stderr
    assert ["cutover", "since"] in [line.split()[:2] for line in status.stdout.splitlines()]
    again = run(*RUN)
    assert (again.exit_code, "to 100 % hasn't ended: continue with" in again.stderr) == (1, True)
    assert run("cutover", "resume", "prod").exit_code == 1, "production isn't moved without a yes"
    assert site.weights() == {"current": 10, "previous": 90}
    resumed = run("cutover", "resume", "prod", "--yes", "--watch=45", "--json")
    assert (resumed.exit_code, json.loads(resumed.stdout)["weight"]) == (0, 100), resumed.output
    assert f"{HOST}: weight 10 now; the cutover of " in resumed.stderr
    assert "goes on to 100 %\n" in resumed.stderr
    assert "for 45 s" in resumed.stderr
    nothing = run("cutover", "resume", "prod", "--yes")
    assert (nothing.exit_code, "has no open cutover of aep-prod" in nothing.stderr) == (2, True)


def test_a_breach_rolls_back_and_is_no_success(site: RolledOut) -> None:
    # The first reads are of the readiness checks and of the first watch.
    site.control.fail("cloudwatch", "GetMetricData", "InternalFailure", 100, after=1)
    try:
        done = run(*RUN, "--json")
    finally:
        rolled_out_again = run("rollback", "dns", "prod", "--yes")
    assert (done.exit_code, json.loads(done.stdout)["outcome"]) == (1, "back"), done.output
    assert rolled_out_again.exit_code == 0
    assert site.weights() == AFTER
    assert holder(site) is None


def test_what_is_not_ready_lets_nothing_begin(site: RolledOut) -> None:
    site.set_alarm("ALARM")
    refused = run(*RUN)
    assert (refused.exit_code, "not ready: alarms\n" in refused.stderr) == (1, True), refused.output
    assert "fail     alarms: " in refused.stderr
    site.set_alarm("INSUFFICIENT_DATA")
    unknown = run(*RUN)
    assert (unknown.exit_code, "readiness is unknown: " in unknown.stderr) == (2, True), unknown.output
    assert site.weights() == AFTER
    assert not Path("journal").exists()
    assert holder(site) is None


def test_a_dry_run_and_an_unconfirmed_one_change_nothing(site: RolledOut) -> None:
    for command in (("cutover", "run"), ("rollback", "dns")):
        assert run(*command, "prod", "--dry-run").exit_code == 0
        assert run(*command, "prod").exit_code == 1, "production isn't moved without a yes"
    assert site.weights() == AFTER
    assert not Path("journal").exists()
    assert holder(site) is None


def test_another_run_or_terraform_keeps_a_cutover_out(site: RolledOut) -> None:
    lock(site).take("other", "cutover")
    refused = run(*RUN)
    assert refused.exit_code == 1
    assert f"{site.aws.caller.arn} holds the lock since 2" in refused.stderr
    assert "If Terraform crashed: make recover ENV=prod PHASE=cutover" in refused.stderr
    assert (held := holder(site)) and held.id == "other"
    assert "(cutover, lock id other)" in json.loads(run("cutover", "status", "prod", "--json").stdout)["lock"]
    assert site.weights() == AFTER


@pytest.mark.parametrize(("operation", "freed"), [("cutover", True), ("OperationTypeApply", False)])
def test_a_rollback_frees_a_cutovers_lock_and_not_terraforms(site: RolledOut, operation: str, freed: bool) -> None:
    site.share_out(50)
    lock(site).take("other", operation)
    done = run("rollback", "dns", "prod", "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {
        **{"environment": "prod", "host": HOST, "outcome": "done", "weight": 0, "reason": "", "values": None}
    }
    assert f"{HOST}: weight 50 now; then everything to aep-staging" in done.stderr
    assert ("freed the lock of the cutover that this ends" in done.stderr, holder(site) is None) == (freed, freed)
    assert site.weights() == AFTER
    rolled_back = [(entry.outcome, entry.before, entry.after) for entry in read("aep-prod")]
    assert rolled_back == [("intended", 50, 0), ("done", 50, 0)]


STATUS = "cutover status prod --json"


def test_the_status_is_clean_when_dns_is_as_the_values_say(site: RolledOut) -> None:
    clean = run("cutover", "status", "prod")
    assert (clean.exit_code, clean.stderr) == (0, "")
    assert [line.split(maxsplit=1) for line in clean.stdout.splitlines()[:5]] == [
        ["host", HOST],
        ["dns", "weight 0"],
        ["values", "0"],
        ["cutover", "-"],
        ["lock", "-"],
    ]
    before, moved, after = (run(*command.split()) for command in (STATUS, "rollback dns prod --yes", STATUS))
    assert moved.exit_code == 0
    last = [json.loads(each.stdout)["last rollback of DNS"] for each in (before, after)]
    assert last[0] == last[1], "one that moves nothing proves nothing"
    site.share_out(10)
    assert run("rollback", "dns", "prod", "--yes").exit_code == 0
    moved = json.loads(run("cutover", "status", "prod", "--json").stdout)
    assert moved["last rollback of DNS"].endswith(f" at {Emulated.endpoint}")


def test_prepare_replaces_the_plain_record_and_undo_puts_one_back(site: RolledOut) -> None:
    site.name_previous(ttl=3600)
    for options in (["--dry-run"], []):
        shown = run("cutover", "prepare", "prod", *options)
        assert (shown.exit_code, bool(site.weights())) == (int(not options), False)
        assert f"{HOST}: {HOST}" not in shown.stderr
        assert "in one change → " in shown.stderr
    prepared = run("cutover", "prepare", "prod", "--yes")
    assert prepared.stdout == f"{HOST}: weight 0; resolvers keep the plain record for up to 3600 s\n"
    assert prepared.stderr.splitlines()[-1] == "next: bin/ops plan prod cutover"
    assert site.weights() == AFTER
    assert run("cutover", "prepare", "prod", "--yes").stdout == f"{HOST}: weight 0; nothing to replace\n"
    undone = run("cutover", "prepare", "prod", "--undo", "--yes")
    assert (undone.exit_code, "next: " in undone.stderr) == (0, False)
    assert not site.weights()
    assert [(entry.event, entry.outcome) for entry in read("aep-prod")] == [
        *((event, outcome) for event in ("prepare", "undo") for outcome in ("intended", "done"))
    ]


def test_prepare_refuses_a_record_to_another_target_unless_told(site: RolledOut) -> None:
    site.name_previous(ttl=60, target="elsewhere.example.net")
    refused = run("cutover", "prepare", "prod", "--yes")
    assert (refused.exit_code, "and not cutover.previous" in refused.stderr) == (1, True)
    assert not site.weights()
    assert run("cutover", "prepare", "prod", "--any-target", "--yes").exit_code == 0
    assert site.weights() == AFTER
