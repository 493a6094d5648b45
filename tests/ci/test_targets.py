"""`ci environments`, `ci look` and `ci failed`: what workflows ask before and after they roll out."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import environments
from environments import load
from environments.names import ZONE_ROLE
from modules.phases import PHASES
from ops.__main__ import app
from ops.aws.states import ApplyRecord
from ops.ci import failed, look, targets
from ops.ci.plans import PhasePlan
from ops.errors import OpsError
from ops.step_outputs import append
from ops.terraform.drift import Drift
from ops.terraform.process import Done
from ops.terraform.report import PhaseResult, Result
from ops.terraform.stack import Stack
from tests.ops.test_markdown import outside_code
from tests.runner.in_memory import ADMINISTRATOR, DEPLOYER, PLANNER, Runner

PROD = load("prod")
STAGING = replace(PROD, name="staging", stage="staging", protected=False)


def lists(*chosen: Any) -> dict[str, list[str]]:
    found = targets.outputs(chosen)
    return {name: [each["environment"] for each in json.loads(value)] for name, value in found.items()}


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment has another size."""
    monkeypatch.setattr(environments, "sizes", lambda _: ())


@pytest.mark.usefixtures("alone")
def test_unprotected_environments_come_first_and_protected_ones_are_rehearsed() -> None:
    assert lists(PROD, STAGING) == {
        "all": ["prod", "staging"],
        "first": ["staging"],
        "protected": ["prod"],
        "rehearse": ["prod"],
    }
    assert set(map(tuple, lists().values())) == {()}


def test_names_with_commas_are_an_error_that_says_what_separates_them() -> None:
    with pytest.raises(OpsError, match=r"ROLLOUT_ENVIRONMENTS has 'staging,prod': separate environments with spaces"):
        targets.chosen(["staging,prod"])


def test_every_size_of_a_protected_environment_is_rehearsed(monkeypatch: pytest.MonkeyPatch) -> None:
    smaller = replace(PROD, name="prod-starter")
    monkeypatch.setattr(environments, "sizes", lambda given: (PROD,) if given is smaller else ())
    assert lists(smaller)["rehearse"] == ["prod", "prod-starter"]
    assert lists(smaller)["protected"] == ["prod-starter"]


@pytest.mark.usefixtures("alone")
def test_a_job_knows_the_github_environments_of_its_environment() -> None:
    (target,) = json.loads(targets.outputs([PROD])["all"])
    job = PROD.access.github_environment
    assert target == {"environment": "prod", "plan_environment": f"{job}-plan", "deploy_environment": job}


def test_two_sizes_of_one_environment_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"prod": PROD, "prod-starter": replace(PROD, name="prod-starter"), "staging": STAGING}
    monkeypatch.setattr(targets, "load", known.__getitem__)
    assert [each.name for each in targets.chosen(["staging", "prod", "prod"])] == ["staging", "prod"]
    with pytest.raises(OpsError, match="prod and prod-starter, which share account, names and state") as caught:
        targets.chosen(["prod", "staging", "prod-starter"])
    assert caught.value.exit_code == 2


def test_a_dispatch_may_name_only_what_is_rolled_out() -> None:
    found = targets.outputs([PROD], "prod")
    assert found["environment"] == "prod"
    assert found["release_file"].endswith(f"releases/{PROD.prefix}.json")
    with pytest.raises(
        OpsError, match=r"'stage' isn't rolled out by workflows \(ROLLOUT_ENVIRONMENTS: prod\); name one"
    ) as caught:
        targets.outputs([PROD], "stage")
    assert caught.value.exit_code == 2
    with pytest.raises(OpsError, match="ROLLOUT_ENVIRONMENTS: none"):
        targets.outputs([], "prod")


def test_outputs_are_appended_and_none_can_become_two(tmp_path: Path) -> None:
    file = tmp_path / "outputs"
    file.write_text("before=1\n", encoding="utf-8")
    append(file, {"a": "[]", "b": "x"})
    assert file.read_text(encoding="utf-8") == "before=1\na=[]\nb=x\n"
    with pytest.raises(OpsError, match="the output b has a line break"):
        append(file, {"a": "1", "b": "x\nrole=admin"})
    assert file.read_text(encoding="utf-8") == "before=1\na=[]\nb=x\n"


def test_the_command_reads_the_repository_variable(tmp_path: Path) -> None:
    file = tmp_path / "outputs"
    command = ["ci", "environments", "--outputs", str(file)]
    done = CliRunner().invoke(app, command, env={"ROLLOUT_ENVIRONMENTS": ""})
    assert (done.exit_code, file.read_text(encoding="utf-8").splitlines()[0]) == (0, "all=[]")
    assert "ROLLOUT_ENVIRONMENTS is empty, so workflows roll out nothing" in done.stderr
    done = CliRunner().invoke(app, command, env={"ROLLOUT_ENVIRONMENTS": "nowhere"})
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ROLLOUT_ENVIRONMENTS: unknown environment 'nowhere'; ")
    assert "change it in Settings → Secrets and variables → Actions → Variables (docs/ci.md)" in done.stderr


# What a rollout would change.


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Edge, services and cutover; the zone of edge is another account's. Plans find no changes."""
    runner = Runner(PROD, tmp_path, "edge")
    runner.stack.file.write_text(json.dumps({"variable": {ZONE_ROLE: {}}}), encoding="utf-8")
    for name in ("services", "cutover"):
        runner.add(name)
    for name in ("account", "network", "registry", "secrets", "data", "edge"):
        runner.applied(name, "a.b", id="1")
    return runner


def looked(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> dict[str, PhaseResult]:
    stacks = {name: replace(runner.stack, phase=found) for name, found in deployers().items()}
    monkeypatch.setattr(type(runner.session), "stacks", lambda *_: stacks)
    return {each.phase: each for each in look.look(runner.session)}


def every_stack(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> dict[str, Stack]:
    stacks = {each.name: replace(runner.stack, phase=each) for each in PHASES}
    for name, stack in stacks.items():
        if not stack.folder.exists():
            runner.add(name)
    monkeypatch.setattr(type(runner.session), "stacks", lambda *_: stacks)
    return stacks


def deployers() -> dict[str, Any]:
    return {phase.name: phase for phase in PHASES if phase.applied_by == "deployer"}


def record(runner: Runner, name: str, when: str) -> None:
    stack = replace(runner.stack, phase=deployers()[name])
    written = ApplyRecord(name, "prod", "c", False, when, "arn", stack.digest, "", 1)
    runner.bucket.objects.setdefault(runner.names.applied_key(name), []).append(json.dumps(asdict(written)).encode())


def test_the_planner_plans_every_phase_and_only_reads_the_zone_of_another_account(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner.aws.caller = PLANNER
    found = looked(runner, monkeypatch)
    assert {each.result for each in found.values()} == {Result.NO_CHANGES}
    assert look.needed(runner.session, list(found.values())) == dict.fromkeys(deployers(), "false")
    reading = f"-var={ZONE_ROLE}={PROD.edge.zone.read_role}"
    planned = [command for command in runner.terraform.ran if command[0] == "plan"]
    assert len(planned) == 3 and all("-lock=false" in command for command in planned)
    assert sum(reading in command for command in planned) == 1
    report = json.loads((runner.out / "reports" / "run-plan-prod.json").read_text(encoding="utf-8"))
    assert [each["phase"] for each in report["phases"]] == ["edge", "services", "cutover"]
    assert [each.phase for each in look.look(runner.session, ["cutover"])] == ["cutover"]
    assert look.look(runner.session, []) == []
    assert look.stops(list(found.values())) == 0
    runner.terraform.ran.clear()
    runner.aws.caller = DEPLOYER
    assert looked(runner, monkeypatch)["edge"].result is Result.NO_CHANGES
    assert not any(reading in command for command in runner.terraform.ran)


def test_the_planner_looks_for_drift_in_a_zone_of_another_account(runner: Runner) -> None:
    runner.aws.caller = PLANNER
    assert Drift(runner.session).compare(runner.stack).result is Result.NO_CHANGES
    (planned,) = (command for command in runner.terraform.ran if command[0] == "plan")
    assert f"-var={ZONE_ROLE}={PROD.edge.zone.read_role}" in planned


def test_a_plan_that_fails_stops_the_rollout_and_one_that_is_refused_does_not(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner.aws.caller = PLANNER
    runner.terraform.ends["plan"] = lambda *_: Done(1, errors=("Error: no",))
    found = list(looked(runner, monkeypatch).values())
    assert look.stops(found) == 2
    assert look.needed(runner.session, found)["services"] == "true"
    assert look.stops([PhaseResult("edge", Result.REFUSED)]) == 0


def test_the_page_folds_plans_and_cannot_be_broken_by_what_they_say(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks = every_stack(runner, monkeypatch)
    stacks["edge"].saved_summary.write_text("+   a.b\n```\n\x1b[31m# no heading", encoding="utf-8")
    results = [
        PhaseResult("edge", Result.CHANGES, {"create": 1}, message="WIDER"),
        PhaseResult("services", Result.NO_CHANGES),
        PhaseResult("cutover", Result.WAITING, waits_for=("a | b",)),
    ]
    page = look.as_markdown(runner.session, results)
    assert "| edge | deployer | `changes  1 to create` |" in page
    assert "| cutover | deployer | `waiting for a ¦ b` |" in page
    outside = outside_code(page)
    assert "# no heading" not in outside
    assert "\x1b" not in page
    assert "<details><summary>edge: changes</summary>" in page
    assert "<summary>services" not in page


def pending(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> list[PhaseResult]:
    """Network is refused for two reasons, hardening waits, and edge has changes."""
    every_stack(runner, monkeypatch)
    monkeypatch.setattr(look, "commit", lambda: ("c0ffee", False))
    needs = {"network": PhasePlan("1 to update", ("--approve-widening", "refused")), "hardening": PhasePlan("waiting")}
    monkeypatch.setattr(look, "plans", lambda *_: needs)
    return [
        PhaseResult("network", Result.REFUSED),
        PhaseResult("data", Result.NO_CHANGES),
        PhaseResult("edge", Result.CHANGES),
        PhaseResult("hardening", Result.WAITING, waits_for=("edge",)),
    ]


def test_the_page_has_the_commands_of_an_administrator(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    results = pending(runner, monkeypatch)
    page = look.as_markdown(runner.session, results)
    commands = [
        "```bash",
        "git fetch origin && git checkout c0ffee",
        "make gate ENV=prod",
        "bin/ops rollout prod network hardening --approve-widening",
        "```",
    ]
    assert "\n".join(commands) in page
    assert f"**An administrator applies network, hardening**, as `{PROD.prefix}-break-glass`." in page
    assert "run the last command again after those" in page
    assert "git checkout" not in look.as_markdown(runner.session, results, proposed=True)
    assert "git checkout" not in look.as_markdown(runner.session, results[1:3])


def test_a_phase_is_needed_if_another_plan_changes_an_output_that_it_reads(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise an administrator's apply during the run would leave it as it was."""
    stacks = {name: replace(runner.stack, phase=found) for name, found in deployers().items()}
    stacks["data"] = runner.add("data")
    stacks["services"].file.write_text('{"locals": {"a": "${data.terraform_remote_state.data.outputs.id}"}}')
    monkeypatch.setattr(type(runner.session), "stacks", lambda *_: stacks)
    results = [PhaseResult("data", Result.CHANGES), PhaseResult("services", Result.NO_CHANGES)]
    for actions, expected in ((["no-op"], "false"), (["update"], "true")):
        stacks["data"].saved_json.write_text(json.dumps({"output_changes": {"id": {"actions": actions}}}))
        assert look.needed(runner.session, results)["services"] == expected


def test_a_phase_without_changes_is_needed_if_another_one_would_wait_for_its_record(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `recover` of another role, or a change of its stack that changes nothing in the account."""
    stacks = {name: replace(runner.stack, phase=found) for name, found in deployers().items()}
    monkeypatch.setattr(type(runner.session), "stacks", lambda *_: stacks)
    results = {name: PhaseResult(name, Result.NO_CHANGES) for name in deployers()}
    assert set(look.needed(runner.session, list(results.values())).values()) == {"false"}
    results["cutover"] = PhaseResult("cutover", Result.CHANGES)
    assert look.needed(runner.session, list(results.values())) == {
        "edge": "true",
        "services": "false",
        "cutover": "true",
    }
    record(runner, "edge", "2026-11-29T00:00:00+00:00")
    assert look.needed(runner.session, list(results.values()))["edge"] == "false"


# After a phase failed.


def unsaved(runner: Runner) -> None:
    runner.stack.unsaved.write_text("{}", encoding="utf-8")


def test_what_is_known_after_a_failure(runner: Runner) -> None:
    runner.aws.caller = ADMINISTRATOR
    assert failed.found(runner.session, runner.stack)[0] == "The state isn't locked."
    runner.applied("edge", tainted=("aws_lb.main",))
    record(runner, "edge", "2026-11-29T00:00:00+00:00")
    assert failed.found(runner.session, runner.stack)[1:] == [
        "Created but marked tainted: aws_lb.main.",
        "The last apply that ended well: 2026-11-29T00:00:00+00:00, by arn.",
    ]
    page = failed.as_markdown(runner.stack, ["one"])
    assert page.startswith("### edge of prod failed midway\n\n- `one`\n\n1. Read the message")
    assert "make recover ENV=prod PHASE=edge" in page
    assert f"As `{PROD.prefix}-deployer`" in page
    page = failed.as_markdown(runner.stack, [], failed.Failure.RELEASE)
    assert "Use *Re-run failed jobs*" in page and "apply the plan of" not in page


def test_a_state_that_only_the_runner_has_is_saved(runner: Runner) -> None:
    assert failed.keep(runner.session, runner.stack) == ""
    unsaved(runner)
    assert failed.keep(runner.session, runner.stack) == "The state that Terraform could not save is saved now."
    assert ("state", "push", "-no-color", "errored.tfstate") in runner.terraform.ran
    assert not runner.stack.unsaved.exists()


def test_a_state_that_cannot_be_saved_is_reported(runner: Runner) -> None:
    unsaved(runner)
    runner.terraform.ends["state"] = lambda *_: Done(1, errors=("no way",))
    assert "It can't be saved now either: the state can't be pushed: no way." in failed.keep(
        runner.session, runner.stack
    )
    assert runner.stack.unsaved.exists()


def test_the_lock_of_another_run_stays(runner: Runner) -> None:
    """Only a person may decide that a run has ended."""
    unsaved(runner)
    lock = {"ID": "1", "Operation": "OperationTypeApply", "Who": "other@runner", "Created": "2026-11-29T00:00:00Z"}
    key = f"{runner.names.state_key('edge')}.tflock"
    runner.bucket.objects[key] = [json.dumps(lock).encode()]
    assert "the state is locked" in failed.keep(runner.session, runner.stack)
    assert runner.bucket.objects[key]
    assert not any(command[0] == "state" for command in runner.terraform.ran)
