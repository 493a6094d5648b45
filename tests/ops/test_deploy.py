"""`ops deploy`: from the image to what runs, in one command; each step can be skipped, repeated and interrupted."""

from __future__ import annotations

import json
import signal
from itertools import chain
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modules.interrupts import SIGNALS
from ops.deploy.steps import Step
from ops.terraform.report import PhaseResult, Result
from tests.ops.cli import run
from tests.ops.cutover_fakes import listening
from tests.ops.deploy_fakes import NEW, OLD, BlueGreen, World

DEPLOY = ("deploy", "prod", "backend", "--yes")
KINDS = ("rolling", "blue_green")


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> World:
    monkeypatch.chdir(tmp_path)
    found = World(request.param)
    found.install(monkeypatch)
    return found


@pytest.fixture
def shifting(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> World:
    """A blue/green service."""
    monkeypatch.chdir(tmp_path)
    found = World("blue_green")
    found.install(monkeypatch)
    return found


def steps(shown: str) -> dict[str, str]:
    return {each["step"]: each["result"] for each in json.loads(shown)["steps"]}


@pytest.mark.requirement("R7.4", "R3.3")
def test_one_command_deploys_an_image_and_reports_what_runs(world: World) -> None:
    done = run(*DEPLOY)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("backend: aep-backend-prod:8, ")
    assert f"@{NEW}; 2 of 2 tasks run: 2 of sha256:{'b' * 12}…" in done.stdout
    assert (world.digest, world.synthesized, world.phases.calls) == (NEW, ["prod"], ["plan", "apply"])
    assert "+/- aws_ecs_task_definition.backend" in done.stderr, "the plan is shown before it is applied"
    assert world.account.calls == (["CreateDeployment"] if world.kind == "blue_green" else [])


@pytest.mark.requirement("R7.4")
def test_lifecycle_events_are_shown_as_they_change(shifting: World) -> None:
    shifting.account.script = ("InProgress", "InProgress", "shifted")
    done = run(*DEPLOY)
    lines = [line.strip() for line in done.stderr.splitlines()]
    shown = [line for line in lines if line.endswith((": Succeeded", ": InProgress"))]
    first = ["BeforeInstall: Succeeded", "Install: Succeeded", "AfterInstall: Succeeded"]
    assert shown[:3] == first
    assert shown[-3:] == ["AllowTraffic: InProgress", "AllowTraffic: Succeeded", "AfterAllowTraffic: Succeeded"]
    assert len(shown) == len(set(shown)), "each once"


@pytest.mark.requirement("R7.4")
def test_a_program_gets_each_step_with_its_result(world: World) -> None:
    done = run(*DEPLOY, "--json")
    shown = json.loads(done.stdout)
    expected = {step: "done" for step in Step if step is not Step.DEPLOY or world.kind == "blue_green"}
    assert steps(done.stdout) == expected
    assert (shown["previous_digest"], shown["digest"], shown["exit_code"]) == (OLD, NEW, 0)
    assert shown["runs"]["digest"] == NEW
    if world.kind == "blue_green":
        assert (shown["controller"], shown["deployment"]) == ("CODE_DEPLOY", "d-1")
        assert [each["status"] for each in shown["events"]] == ["Succeeded"] * 6
    else:
        assert (shown["controller"], shown["deployment"], shown["events"]) == ("ECS", "ecs-svc/1", [])


def test_a_second_run_finds_that_everything_is_done(world: World) -> None:
    run(*DEPLOY)
    calls = [*world.account.calls]
    for deployment in world.account.deployments:
        deployment.status = "Succeeded"
    done = run(*DEPLOY, "--json")
    assert done.exit_code == 0, done.output
    nothing = {"image": "no changes", "stacks": "done", "plan": "no changes", "apply": "no changes", "watch": "done"}
    assert steps(done.stdout) == nothing | ({"deploy": "no changes"} if world.kind == "blue_green" else {})
    assert world.account.calls == calls
    assert world.phases.calls == ["plan", "apply", "plan"]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda each: each.name)
def test_a_signal_while_it_watches_stops_nothing_in_aws(world: World, number: signal.Signals) -> None:
    world.account.signal = number
    world.account.script = ("InProgress", "InProgress", "shifted")
    with listening():
        done = run(*DEPLOY, "--json")
    assert done.exit_code == json.loads(done.stdout)["exit_code"] == 128 + number
    assert steps(done.stdout)["watch"] == "interrupted"
    assert not [call for call in world.account.calls if call.startswith("Stop")]
    if world.kind == "blue_green":
        said = "CodeDeploy continues its deployment d-1; to stop it: bin/ops deploy prod backend --stop"
        assert "to continue: bin/ops deploy prod backend --start-at deploy" in done.stderr
    else:
        said = "ECS continues the deployment; to return to the previous one: bin/ops rollback service prod backend"
        assert "to continue: bin/ops deploy prod backend --start-at watch" in done.stderr
    assert said in done.stderr


def test_an_error_while_it_watches_leaves_the_result_unknown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.account.ecs_states = ["IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS"]
    call = "get_deployment" if world.kind == "blue_green" else "describe_services"
    found = getattr(world.account, call)
    reads: list[None] = []

    def fails(**given: Any) -> Any:
        reads.append(None)
        if len(reads) > 1:
            raise ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "later"}}, call)
        return found(**given)

    monkeypatch.setattr(world.account, call, fails)
    world.account.script = ("InProgress", "InProgress", "InProgress")
    done = run(*DEPLOY, "--json")
    assert done.exit_code == 2, done.output
    assert steps(done.stdout)["watch"] == "unknown"
    continues = "CodeDeploy continues its deployment d-1" if world.kind == "blue_green" else "ECS continues"
    assert continues in done.stderr


def test_after_an_interruption_the_deployment_in_progress_is_followed(shifting: World) -> None:
    shifting.account.signal, shifting.account.script = signal.SIGINT, ("InProgress", "InProgress", "shifted")
    with listening():
        assert run(*DEPLOY).exit_code == 130
    shifting.account.deployments[0].signal = 0
    done = run(*DEPLOY, "--start-at", "deploy", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["deployment"] == "d-1"
    assert shifting.account.calls == ["CreateDeployment"]
    assert steps(done.stdout)["deploy"] == "no changes"


def test_another_deployment_in_progress_is_not_replaced(shifting: World) -> None:
    shifting.account.deployments.append(BlueGreen("d-1", 6, ["InProgress"], status="InProgress"))
    done = run(*DEPLOY, "--json")
    assert done.exit_code == 1
    assert "CodeDeploy's deployment d-1 of aep-backend-prod:6 is in progress" in done.stderr
    assert "bin/ops deploy prod backend --stop" in done.stderr
    assert (steps(done.stdout)["deploy"], steps(done.stdout)["watch"]) == ("refused", "not begun")


@pytest.mark.requirement("R7.5")
@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_deployment_that_fails_is_reported_with_its_event(shifting: World, status: str) -> None:
    shifting.account.script = ("InProgress", status)
    done = run(*DEPLOY, "--json")
    assert done.exit_code == 1
    assert f"CodeDeploy's deployment d-1 {status.lower()}: One or more alarms have been activated" in done.stderr
    assert r"AllowTraffic: Failed (alarm \x1b[31mred)" in done.stderr
    assert steps(done.stdout)["watch"] == "failed"
    assert json.loads(done.stdout)["events"][4]["status"] == "Failed"


@pytest.mark.requirement("R7.5")
def test_a_service_that_runs_another_image_in_the_end_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("rolling")
    world.install(monkeypatch)
    run(*DEPLOY)
    world.account.runs = 7
    done = run(*DEPLOY, "--skip", "image", "--skip", "stacks")
    assert done.exit_code == 1, done.output
    assert f"@{OLD} runs, not {NEW} of the release file" in done.stderr
    assert "to continue: bin/ops deploy prod backend --start-at stacks" in done.stderr
    done = run(*DEPLOY, "--start-at", "watch")
    assert done.exit_code == 0, "the step that changes it was skipped on purpose"
    assert done.stdout.startswith("backend: aep-backend-prod:7, ")


def test_events_that_cannot_be_read_change_no_result(shifting: World) -> None:
    shifting.account.unreadable_events = True
    shifting.account.script = ("InProgress", "InProgress", "shifted")
    done = run(*DEPLOY)
    assert done.exit_code == 0
    assert done.stderr.count("can't read the lifecycle events of the deployment d-1") == 1


@pytest.mark.parametrize(
    ("planned", "applied", "said", "failed"),
    [
        (Result.REFUSED, None, "wider access", ("plan", "refused")),
        (Result.WAITING, None, "services is waiting for network", ("plan", "failed")),
        (Result.FAILED, None, "no provider", ("plan", "failed")),
        (Result.INTERRUPTED, None, "interrupted", ("plan", "interrupted")),
        (Result.CHANGES, Result.FAILED, "rolled back", ("apply", "failed")),
        (Result.CHANGES, Result.INTERRUPTED, "interrupted", ("apply", "interrupted")),
        (Result.CHANGES, Result.NOT_BEGUN, "not begun", ("apply", "interrupted")),
    ],
)
def test_what_terraform_does_not_do_ends_the_command(
    world: World, planned: Result, applied: Result | None, said: str, failed: tuple[str, str]
) -> None:
    waits = ("network",) if planned is Result.WAITING else ()
    world.phases.planned = PhaseResult("services", planned, waits_for=waits, message="" if waits else said)
    if applied:
        world.phases.applied = PhaseResult("services", applied, message=said)
    done = run(*DEPLOY, "--json")
    assert done.exit_code == (1 if failed[1] == "refused" else 2), "as plan and apply end"
    assert said in done.stderr
    found = steps(done.stdout)
    assert found[failed[0]] == failed[1]
    assert found["watch"] == "not begun"
    assert "to continue: bin/ops deploy prod backend --start-at stacks" in done.stderr
    assert world.account.calls == []


SKIPPABLE = [set(), *({step} for step in Step), *(set(Step) - {step} for step in Step), set(Step)]


@pytest.mark.parametrize("skipped", SKIPPABLE, ids=lambda each: " ".join(sorted(each)) or "none")
def test_any_steps_can_be_skipped(shifting: World, skipped: set[Step]) -> None:
    done = run(*DEPLOY, "--json", *chain.from_iterable(("--skip", step) for step in skipped))
    found = steps(done.stdout)
    assert done.exit_code in {0, 1}, done.output
    assert {step for step, result in found.items() if result == "skipped"} <= skipped
    assert not {step for step, result in found.items() if result in {"done", "no changes"}} & skipped
    assert (shifting.digest == NEW) is (Step.IMAGE not in skipped)
    assert bool(shifting.synthesized) is (Step.STACKS not in skipped)
    assert ("plan" in shifting.phases.calls) is (Step.PLAN not in skipped)
    assert shifting.phases.calls.count("apply") <= (Step.APPLY not in skipped)
    if Step.DEPLOY in skipped:
        assert shifting.account.calls == []


def test_starting_at_a_step_skips_the_earlier_ones(shifting: World) -> None:
    found = steps(run(*DEPLOY, "--json", "--start-at", "plan").stdout)
    assert [step for step, result in found.items() if result == "skipped"] == ["image", "stacks"]


def test_a_protected_environment_asks_before_anything_changes(world: World) -> None:
    done = run("deploy", "prod", "backend", "--json")
    assert done.exit_code == 1
    assert "Promote the image to prod? No terminal to ask on" in done.stderr
    assert (world.digest, world.phases.calls) == (OLD, [])
    assert steps(done.stdout)["image"] == "refused"
    world.digest = NEW
    done = run("deploy", "prod", "backend", "--skip", "image")
    assert (done.exit_code, world.phases.calls) == (1, ["plan"])
    deploys = " and deploy backend" if world.kind == "blue_green" else ""
    assert f"Apply to prod (account 111122223333, as {world.account.caller.arn}){deploys}? No terminal" in done.stderr


def test_a_dry_run_changes_nothing(world: World) -> None:
    done = run("deploy", "prod", "backend", "--dry-run", "--skip", "stacks")
    assert done.exit_code == 0, done.output
    deploys = "deploy, " if world.kind == "blue_green" else ""
    assert done.stdout.splitlines()[-1] == f"then: plan, apply, {deploys}watch"
    assert (world.digest, world.phases.calls, world.account.calls) == (OLD, [], [])


@pytest.mark.requirement("R7.5")
def test_a_deployment_in_progress_is_stopped_by_command(shifting: World) -> None:
    shifting.account.deployments.append(BlueGreen("d-1", 8, ["InProgress"], status="InProgress"))
    assert run("deploy", "prod", "backend", "--stop", "--dry-run").exit_code == 0
    assert run("deploy", "prod", "backend", "--stop").exit_code == 1, "it asks"
    assert shifting.account.calls == []
    done = run(*DEPLOY, "--stop", "--json")
    assert done.exit_code == 0, done.output
    assert shifting.account.calls == ["StopDeployment d-1"]
    assert json.loads(done.stdout)["stopped"] == "d-1"
    done = run(*DEPLOY, "--stop")
    assert done.exit_code == 1
    assert "no deployment of backend in progress; to return to the previous revision: bin/ops rollback" in done.stderr


def test_ecs_own_deployments_are_not_stopped_here(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("rolling")
    world.install(monkeypatch)
    done = run(*DEPLOY, "--stop")
    assert (done.exit_code, "bin/ops rollback service prod backend" in done.stderr) == (1, True)


@pytest.mark.requirement("R7.5")
def test_a_rollback_first_stops_the_deployment_in_progress(shifting: World) -> None:
    shifting.account.images[8] = shifting.digest = NEW
    shifting.account.deployments.append(BlueGreen("d-1", 8, ["InProgress"], status="InProgress"))
    shifting.wanted = OLD
    done = run(*DEPLOY, "--rollback")
    assert done.exit_code == 0, done.output
    assert shifting.account.calls == ["StopDeployment d-1", "CreateDeployment"]
    assert (shifting.digest, shifting.account.images[9]) == (OLD, OLD)
    assert done.stdout.startswith("backend: aep-backend-prod:9, ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--digest", NEW, "--image", "build-7"), "--digest and --image both name the image"),
        (("--rollback", "--image", "build-7"), "give its --digest, or none"),
        (("--stop", "--digest", NEW), "--stop only stops a deployment"),
        (("--stop", "--skip", "image"), "--stop only stops a deployment"),
        (("--skip", "image", "--digest", NEW), "the step image is skipped"),
        (("--start-at", "plan", "--from", "staging"), "the step image is skipped"),
    ],
)
def test_options_that_contradict_each_other_are_refused(world: World, options: tuple[str, ...], said: str) -> None:
    done = run(*DEPLOY, *options)
    assert (done.exit_code, said in done.stderr) == (2, True), done.output
    assert (world.digest, world.phases.calls) == (OLD, [])


@pytest.mark.parametrize(
    ("name", "said"),
    [("bakend", "did you mean backend?"), ("migration", "migration isn't a service; it gets the image of backend")],
)
def test_only_services_are_deployed(world: World, name: str, said: str) -> None:
    done = run("deploy", "prod", name, "--yes")
    assert (done.exit_code, said in done.stderr) == (2, True), done.output
    assert world.phases.calls == []
