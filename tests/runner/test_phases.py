"""Plan, apply, drift, destroy and recover of one phase, with Terraform and S3 in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from environments import load
from modules.output import LOCK_FILE, PROJECT_LOCK
from ops.errors import OpsError, RefusedError
from ops.gate.folder import BOOTSTRAP_FILE, digest
from ops.plan_gate.model import PlanVerdict
from ops.terraform import initialize
from ops.terraform.apply import Applier
from ops.terraform.bootstrap import bootstrap, refuse_before_bootstrap
from ops.terraform.destroy import Destroyer, destroyable, unprotected
from ops.terraform.drift import Drift
from ops.terraform.plan import Planner
from ops.terraform.process import Done
from ops.terraform.recover import Recovery, created
from ops.terraform.report import Result
from ops.terraform.saved import provenance
from tests.runner.in_memory import ADMINISTRATOR, DEPLOYER, PLANNER, Runner

PROD = load("prod")
NOT_UTF8 = b"\xff"
INIT = ("init", "-input=false", "-no-color", "-lockfile=readonly", "-reconfigure")
PLAN = ("plan", "-json", "-input=false", "-detailed-exitcode", "-lock-timeout=5s")
SHOWN = {
    "resource_changes": [
        {
            "address": "aws_vpc.vpc",
            "mode": "managed",
            "change": {"actions": ["update"], "before": {"a": 1}, "after": {"a": 2}},
        }
    ]
}
SECRET: dict[str, Any] = {"aws_secretsmanager_secret_version": {"url": {}}, "aws_vpc": {"vpc": {}}}


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """A runner whose plans have one change, which the plan gate passes."""
    monkeypatch.setattr(
        "ops.terraform.plan.judge", lambda *_, name, **__: PlanVerdict(name, changes={"update": ("a.b",)})
    )
    return with_plan(Runner(PROD, tmp_path, aws_vpc={"vpc": {}}))


def with_plan(runner: Runner, code: int = 2) -> Runner:
    """Let Terraform save plans, and end with this code."""

    def planned(folder: Path, arguments: tuple[str, ...]) -> Done:
        (name,) = [each.removeprefix("-out=") for each in arguments if each.startswith("-out=")] or ["not saved"]
        (folder / name).write_bytes(b"PK")
        return Done(code, errors=("Error: no such thing",) if code == 1 else ())

    runner.terraform.ends |= {"plan": planned, "show": lambda *_: Done(0, output=json.dumps(SHOWN))}
    return runner


def gate(runner: Runner) -> None:
    today = datetime.now(UTC).date().isoformat()
    verdict = {"outcome": "clean", "today": today, "until": None, "files": runner.stack.files}
    runner.stack.gated.write_text(json.dumps(verdict), encoding="utf-8")


def upstream(runner: Runner) -> None:
    for name in runner.stack.phase.reads:
        runner.applied(name, "a.b", id="1")


def planned(runner: Runner) -> Planner:
    """A planner whose phase has all that it reads."""
    upstream(runner)
    return Planner(runner.session)


def test_a_plan_is_saved_with_what_it_was_created_from(runner: Runner) -> None:
    result = planned(runner).plan(runner.stack)
    assert (result.result, result.counts, result.message) == (Result.CHANGES, {"update": 1}, "")
    assert runner.terraform.ran == [INIT, (*PLAN, "-out=saved.new"), ("show", "-json", "-no-color", "saved.new")]
    stack = runner.stack
    assert stack.saved.read_bytes() == b"PK"
    assert json.loads(stack.saved_json.read_text()) == SHOWN
    assert stack.saved_summary.read_text() == "~   aws_vpc.vpc: a\n"
    for path in (stack.saved_json, stack.saved_summary, stack.provenance):
        assert path.stat().st_mode & 0o077 == 0, path
    assert not (stack.folder / "saved.new").exists()
    assert (stack.out / "reports" / "plan-prod-network.json").exists()
    origin = provenance(stack)
    assert (origin.stack, origin.account, origin.caller) == ("prod-network", "111122223333", ADMINISTRATOR.arn)
    assert (origin.plan_sha256, origin.json_sha256) == (digest(stack.saved), digest(stack.saved_json))
    assert (origin.files, origin.counts, {*origin.upstream}) == (stack.files, {"update": 1}, {*stack.phase.reads})
    assert runner.begun == [("network", "initializing"), ("network", "planning")]
    assert runner.ended == ["changes"]


def test_a_stack_is_initialized_again_only_if_its_versions_changed(runner: Runner) -> None:
    planner = planned(runner)
    for _ in range(2):
        planner.plan(runner.stack)
    assert runner.terraform.commands() == ["init", "plan", "show", "plan", "show"]
    content = json.loads(runner.stack.file.read_text()) | {"provider": {"aws": [{"region": "eu-west-1"}]}}
    runner.stack.file.write_text(json.dumps(content), encoding="utf-8")
    again = type(runner.stack)(PROD, runner.stack.phase, runner.out)
    planner.plan(again)
    (again.folder / "x_override.tf.json").write_text("{}", encoding="utf-8")
    planner.plan(again)
    assert runner.terraform.commands().count("init") == 3
    runner.terraform.ends["init"] = lambda *_: Done(1, errors=("no network",))
    (again.folder / "x_override.tf.json").unlink()
    for _ in range(2):
        failed = planner.plan(again)
        assert (failed.result, "terraform init failed in" in failed.message) == (Result.FAILED, True)
    assert "no network" in failed.message


def test_the_lock_file_beside_a_stack_is_always_the_projects(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = runner.stack.folder / LOCK_FILE
    planner = planned(runner)
    for changed in ("", "of another provider"):
        planner.plan(runner.stack)
        assert beside.read_bytes() == PROJECT_LOCK.read_bytes()
        beside.write_text(changed, encoding="utf-8")
    planner.plan(runner.stack)
    assert beside.read_bytes() == PROJECT_LOCK.read_bytes(), "also where the folder is initialized"
    assert runner.terraform.commands().count("init") == 1
    (tmp_path / "renewed").write_text("renewed", encoding="utf-8")
    monkeypatch.setattr(initialize, "PROJECT_LOCK", tmp_path / "renewed")
    planner.plan(runner.stack)
    assert (beside.read_text(encoding="utf-8"), runner.terraform.commands().count("init")) == ("renewed", 2)


def test_broken_files_beside_a_stack_are_replaced_or_read_as_bytes(runner: Runner) -> None:
    planner, folder = planned(runner), runner.stack.folder
    planner.plan(runner.stack)
    for name in (LOCK_FILE, ".terraform/initialized", "x_override.tf.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(NOT_UTF8)
    planner.plan(runner.stack)
    assert (folder / LOCK_FILE).read_bytes() == PROJECT_LOCK.read_bytes()
    assert runner.terraform.commands().count("init") == 2


def test_a_broken_lock_file_of_the_project_is_one_error(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / LOCK_FILE
    broken.write_bytes(NOT_UTF8)
    monkeypatch.setattr(initialize, "PROJECT_LOCK", broken)
    failed = planned(runner).plan(runner.stack)
    assert (failed.result, failed.message) == (
        Result.FAILED,
        f"{broken} isn't UTF-8 text (byte 1); git restore {LOCK_FILE}",
    )


@pytest.mark.parametrize(
    ("code", "stopped", "result", "message"),
    [
        (0, False, Result.NO_CHANGES, ""),
        (1, False, Result.FAILED, "Error: no such thing"),
        (1, True, Result.INTERRUPTED, "Error: no such thing"),
        (
            -9,
            False,
            Result.FAILED,
            "Terraform was killed before it could save the state and free its lock; make recover",
        ),
    ],
)
def test_a_plan_without_changes_or_with_an_error_leaves_no_plan(
    runner: Runner, code: int, stopped: bool, result: Result, message: str
) -> None:
    planned(runner).plan(runner.stack)
    with_plan(runner, code)
    if stopped:
        runner.terraform.interrupted.set()
    found = Planner(runner.session).plan(runner.stack)
    assert (found.result, found.message.startswith(message)) == (result, True), found
    assert not list(runner.stack.folder.glob("saved*"))
    assert runner.terraform.commands()[-1] == "plan"


def test_a_plan_that_terraform_cannot_show_is_no_plan(runner: Runner) -> None:
    runner.terraform.ends["show"] = lambda *_: Done(1, errors=("broken",))
    found = planned(runner).plan(runner.stack)
    assert (found.result, found.message) == (Result.FAILED, "Terraform can't read the plan that it saved: broken")
    assert not list(runner.stack.folder.glob("saved*"))


def test_a_phase_waits_for_those_that_it_reads(runner: Runner) -> None:
    reads = runner.stack.phase.reads
    assert reads
    found = Planner(runner.session).plan(runner.stack)
    assert (found.result, set(found.waits_for)) == (Result.WAITING, set(reads))
    assert runner.terraform.ran == []
    for name in reads:
        runner.applied(name, "a.b")
    found = Planner(replace_states(runner).session).plan(runner.stack)
    assert set(found.waits_for) == set(reads), "a phase without outputs is applied in part only"


def replace_states(runner: Runner) -> Runner:
    """Forget the states that were read."""
    runner.session.states._read.clear()
    return runner


def test_a_state_that_is_older_than_the_last_apply_is_told(runner: Runner) -> None:
    planner = planned(runner)
    gate(runner)
    planner.plan(runner.stack)
    runner.applied("network", "aws_vpc.vpc", serial=7)
    assert Applier(runner.session).apply(runner.stack).result is Result.APPLIED
    for serial, warned in ((7, False), (8, False), (6, True)):
        runner.applied("network", "aws_vpc.vpc", serial=serial)
        with_plan(runner, 0)
        message = planner.plan(runner.stack).message
        assert message == (
            "the state is older than the last apply (serial 6, then 7): a previous version was restored"
            if warned
            else ""
        )


@pytest.mark.parametrize(("error", "result"), [("has no form", Result.FAILED)])
def test_a_plan_that_cannot_be_judged_fails(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, error: str, result: Result
) -> None:
    monkeypatch.setattr("ops.terraform.plan.judge", lambda *_, name, **__: PlanVerdict(name, error=error))
    found = planned(runner).plan(runner.stack)
    assert (found.result, error in found.message) == (result, True)


def test_the_plan_gate_is_asked_about_this_stack(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def judged(shown: bytes, *, name: str, approved: Any, alone: bool, roles: Callable[[], list[str]]) -> PlanVerdict:
        asked.append((json.loads(shown), name, approved, alone, roles()))
        return PlanVerdict(name)

    monkeypatch.setattr("ops.terraform.plan.judge", judged)
    planner = planned(runner)
    planner.plan(runner.stack)
    assert asked == [(SHOWN, "prod-network", planner.approved, False, [PROD.edge.zone.role, PROD.edge.zone.read_role])]


@pytest.mark.parametrize(
    ("resources", "caller", "flags"),
    [
        ({}, DEPLOYER, ()),
        ({}, PLANNER, ("-lock=false",)),
        (SECRET, PLANNER, ("-lock=false", "-refresh=false")),
        (SECRET, DEPLOYER, ()),
    ],
)
def test_the_planner_leaves_out_what_its_role_cannot_do(
    runner: Runner, tmp_path: Path, resources: Any, caller: Any, flags: tuple[str, ...]
) -> None:
    other = with_plan(Runner(PROD, tmp_path / "other", **resources))
    other.aws.caller = caller
    planned(other).plan(other.stack)
    assert other.terraform.ran[1] == (*PLAN, "-out=saved.new", *flags)


@pytest.fixture
def saved(runner: Runner) -> Runner:
    """A runner with a saved plan that may be applied."""
    gate(runner)
    assert planned(runner).plan(runner.stack).result is Result.CHANGES
    runner.terraform.ran.clear()
    runner.begun.clear()
    runner.terraform.events = [{"type": "apply_start"}]
    return runner


def test_an_apply_runs_the_saved_plan_and_leaves_a_record(saved: Runner) -> None:
    was, saved_plan = provenance(saved.stack), digest(saved.stack.saved)
    saved.applied("network", "aws_vpc.vpc", serial=4)
    result = Applier(saved.session).apply(saved.stack)
    assert (result.result, result.counts, result.message) == (Result.APPLIED, {"update": 1}, "")
    assert saved.terraform.ran == [("apply", "-json", "-input=false", "-lock-timeout=5s", "saved.tfplan")]
    assert saved.begun == [("network", "applying"), ("network", "apply_start")]
    assert not list(saved.stack.folder.glob("saved*"))
    assert (saved.stack.folder / "applied.jsonl").read_text(encoding="utf-8") == '{"type": "apply_start"}\n'
    assert not saved.stack.events.exists()
    record = saved.session.states.record("network")
    assert record
    assert (record.phase, record.environment, record.commit, record.dirty) == ("network", "prod", was.commit, was.dirty)
    assert (record.caller, record.stack_sha256, record.plan_sha256) == (
        ADMINISTRATOR.arn,
        saved.stack.digest,
        saved_plan,
    )
    assert (record.serial, record.applied_at[:4].isdecimal()) == (4, True)
    assert saved.lasting == [900]


GO_ON = "no; created resources are in the state; to continue: make plan ENV=prod PHASE=network, then apply"
KILLED = "Terraform was killed before it could save the state and free its lock; make recover ENV=prod PHASE=network"


@pytest.mark.parametrize(
    ("code", "stopped", "result", "message"),
    [
        (1, False, Result.FAILED, GO_ON),
        (1, True, Result.INTERRUPTED, GO_ON),
        (-9, False, Result.FAILED, KILLED),
        (137, False, Result.FAILED, KILLED),
    ],
)
def test_an_apply_that_fails_keeps_plan_and_events(
    saved: Runner, code: int, stopped: bool, result: Result, message: str
) -> None:
    saved.terraform.ends["apply"] = lambda *_: Done(code, errors=("no",))
    if stopped:
        saved.terraform.interrupted.set()
    found = Applier(saved.session).apply(saved.stack)
    assert (found.result, found.message) == (result, message)
    assert saved.stack.events.exists()
    assert saved.stack.saved.exists()
    assert saved.session.states.record("network") is None


def test_a_record_that_cannot_be_written_is_a_warning(saved: Runner) -> None:
    saved.bucket.failing["put_object"] = "AccessDenied"
    found = Applier(saved.session).apply(saved.stack)
    assert found.result is Result.APPLIED
    assert found.message.startswith("applied, but the record of who applied it could not be written: can't write prod/")


def test_a_plan_that_the_plan_gate_refuses_now_is_not_applied(saved: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.terraform.plan.judge", lambda *_, name, **__: PlanVerdict(name, error="is of no form"))
    found = Applier(saved.session).apply(saved.stack)
    assert (found.result, "can't be judged: it is of no form" in found.message) == (Result.REFUSED, True)
    assert saved.terraform.ran == []


def test_outputs_that_changed_since_the_plan_stop_an_apply(saved: Runner) -> None:
    saved.applied(saved.stack.phase.reads[0], "a.b", id="2")
    found = Applier(saved.session).apply(saved.stack)
    assert (found.result, f"outputs of {saved.stack.phase.reads[0]} changed since" in found.message) == (
        Result.REFUSED,
        True,
    )


def test_services_need_the_values_of_their_secrets(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    without = ["A_KEY"]
    monkeypatch.setattr("ops.terraform.apply.missing", lambda *_: tuple(without))
    applier = Applier(runner.session)
    applier.check_secrets(runner.stack)
    services = runner.add("services", aws_ecs_service={"backend": {}})
    with pytest.raises(RefusedError, match="no value yet: A_KEY; tasks of prod-services would not start"):
        applier.check_secrets(services)
    without.clear()
    applier.check_secrets(services)


@pytest.mark.parametrize(("name", "seconds"), [("data", 2700), ("edge", 2700), ("services", 1800), ("account", 900)])
def test_credentials_last_as_long_as_a_phase_may_take(runner: Runner, name: str, seconds: int) -> None:
    runner.session.lasting(name, "applying")
    assert runner.lasting == [seconds]


def test_an_account_is_alone_until_another_phase_is_applied(runner: Runner) -> None:
    assert runner.session.alone("network")
    runner.applied("network", "a.b")
    assert replace_states(runner).session.alone("network"), "its own state doesn't count"
    runner.applied("account", "a.b")
    assert not replace_states(runner).session.alone("network")
    runner.bucket.exists = False
    assert replace_states(runner).session.alone("network")


@pytest.mark.parametrize(
    ("code", "result", "message"),
    [
        (0, Result.NO_CHANGES, ""),
        (2, Result.CHANGES, "update aws_vpc.vpc\n  aws_vpc.vpc a: 1 in the account, 2 in the code"),
        (1, Result.FAILED, "Error: no such thing"),
    ],
)
def test_drift_is_a_plan_that_is_not_kept_and_takes_no_lock(
    runner: Runner, code: int, result: Result, message: str
) -> None:
    assert Drift(runner.session).compare(runner.stack).result is Result.NOT_APPLIED
    assert runner.terraform.ran == []
    runner.applied("network", "aws_vpc.vpc")
    replace_states(with_plan(runner, code))
    found = Drift(runner.session).compare(runner.stack)
    assert (found.result, found.message) == (result, message)
    assert found.counts == ({"update": 1} if code == 2 else {})
    (flags,) = [each for each in runner.terraform.ran if each[0] == "plan"]
    assert flags[:-1] == (*PLAN, "-lock=false")
    saved = Path(flags[-1].removeprefix("-out="))
    assert (saved.name, saved.exists(), saved.parent == runner.stack.folder) == ("drift.tfplan", False, False)
    assert runner.begun[0] == ("network", "comparing")


def test_drift_of_the_planner_leaves_out_secrets_values(runner: Runner, tmp_path: Path) -> None:
    other = with_plan(Runner(PROD, tmp_path / "other", **SECRET), 0)
    other.applied("network", "a.b")
    for caller, targets in ((PLANNER, ("-target=aws_vpc.vpc",)), (DEPLOYER, ())):
        other.aws.caller = caller
        Drift(other.session).compare(other.stack)
        assert tuple(each for each in other.terraform.ran[-1] if each.startswith("-target")) == targets


def test_only_an_unprotected_environment_is_destroyed() -> None:
    assert PROD.protected
    with pytest.raises(RefusedError, match="prod is protected: no command destroys it"):
        unprotected(PROD)
    other = replace(PROD, protected=False)
    assert unprotected(other) is other


def test_what_is_applied_is_destroyed_last_first_but_for_the_state(runner: Runner) -> None:
    for name in ("state", "account", "data"):
        runner.add(name)
    for name in ("edge", "registry", "secrets", "services", "observability", "hardening", "cutover"):
        runner.add(name)
    for name in ("state", "account", "network"):
        runner.applied(name, "a.b")
    assert list(destroyable(runner.session)) == ["network", "account"]


@pytest.mark.parametrize(
    ("code", "stopped", "result", "message"),
    [
        (0, False, Result.DESTROYED, ""),
        (1, False, Result.FAILED, "no; to continue: make destroy ENV=prod"),
        (1, True, Result.INTERRUPTED, "no; to continue: make destroy ENV=prod"),
    ],
)
def test_a_destroy_counts_what_is_gone(saved: Runner, code: int, stopped: bool, result: Result, message: str) -> None:
    saved.applied("network", "aws_vpc.vpc", "aws_subnet.a", "aws_subnet.b")
    replace_states(saved)

    def destroyed(*_: Any) -> Done:
        saved.applied("network", *(["aws_vpc.vpc"] if code else []))
        if stopped:
            saved.terraform.interrupted.set()
        return Done(code, errors=("no",) if code else ())

    saved.terraform.ends["destroy"] = destroyed
    found = Destroyer(saved.session).destroy(saved.stack)
    assert (found.result, found.counts, found.message) == (result, {"delete": 2 if code else 3}, message)
    assert saved.terraform.ran == [("destroy", "-json", "-auto-approve", "-input=false", "-lock-timeout=5s")]
    assert saved.begun == [("network", "initializing"), ("network", "destroying"), ("network", "apply_start")]
    assert saved.stack.events.exists() == bool(code)
    assert not saved.stack.saved.exists()
    assert saved.lasting == [900]


def test_a_state_beside_the_stack_stops_a_destroy(saved: Runner) -> None:
    saved.stack.unsaved.write_text("{}", encoding="utf-8")
    found = Destroyer(saved.session).destroy(saved.stack)
    assert (found.result, saved.terraform.ran) == (Result.REFUSED, [])


@pytest.fixture
def asked() -> list[str]:
    """The questions of a recovery."""
    return []


@pytest.fixture
def recovery(runner: Runner, asked: list[str]) -> Recovery:
    """A recovery whose every question gets a yes."""
    runner.applied("network", "aws_vpc.vpc")
    return Recovery(runner.session, runner.stack, asked.append)


def event(action: str, address: str, id_: str) -> dict[str, Any]:
    hook = {"action": action, "resource": {"addr": address}, "id_key": "id", "id_value": id_}
    return {"type": "apply_complete", "hook": hook}


def test_a_complete_state_needs_nothing(
    runner: Runner, recovery: Recovery, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    runner.stack.events.write_text(json.dumps(event("create", "aws_vpc.vpc", "vpc-1")) + "\n", encoding="utf-8")
    assert recovery.run()
    assert (asked, runner.terraform.commands()) == ([], ["init"])
    assert "the state of network has all resources that the last apply reported as created" in capsys.readouterr().err
    assert not runner.stack.events.exists()


def test_what_was_created_and_not_saved_is_imported(
    runner: Runner, recovery: Recovery, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    events = [
        event("create", "aws_vpc.vpc", "vpc-1"),
        event("create", "aws_subnet.a", "subnet-1"),
        event("create", "aws_subnet.b", "subnet-2"),
        event("create", "aws_subnet.gone", "subnet-3"),
        event("delete", "aws_subnet.gone", "subnet-3"),
        event("update", "aws_subnet.changed", "subnet-4"),
        {"type": "apply_start", "hook": {"action": "create", "resource": {"addr": "aws_subnet.begun"}}},
        {
            **event("create", "aws_x.other", "x"),
            "hook": {**event("create", "aws_x.other", "x")["hook"], "id_key": "arn"},
        },
    ]
    text = "".join(f"{json.dumps(each)}\n" for each in events) + '{"type": "apply_comp'
    runner.stack.events.write_text(text, encoding="utf-8")
    assert created(runner.stack) == {"aws_vpc.vpc": "vpc-1", "aws_subnet.a": "subnet-1", "aws_subnet.b": "subnet-2"}
    assert recovery.run()
    assert asked == ["Import them?"]
    assert runner.terraform.ran[1:] == [
        ("import", "-input=false", "-no-color", "aws_subnet.a", "subnet-1"),
        ("import", "-input=false", "-no-color", "aws_subnet.b", "subnet-2"),
    ]
    assert "aws_subnet.a: imported" in capsys.readouterr().err
    runner.stack.events.write_text(text, encoding="utf-8")
    runner.terraform.ends["import"] = lambda _, words: Done(int(words[-1] == "subnet-1"), errors=("no such id",))
    assert not recovery.run()
    said = capsys.readouterr().err
    assert "aws_subnet.a: no such id\naws_subnet.b: imported\ncould not be imported: aws_subnet.a; " in said
    assert runner.stack.events.exists()


def test_a_dead_lock_is_freed_after_a_question(
    runner: Runner, recovery: Recovery, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    key = f"{runner.names.state_key('network')}.tflock"
    runner.bucket.objects[key] = [b'{"ID": "1", "Who": "me@here", "Created": "now", "Operation": "OperationTypeApply"}']
    assert recovery.run()
    assert asked == ["Has that run ended? Freeing the lock of a running apply can damage the state."]
    assert "me@here holds the lock since now (OperationTypeApply, lock id 1)\n" in (said := capsys.readouterr().err)
    assert "the lock is free\n" in said
    assert key not in runner.bucket.objects


def test_a_no_stops_a_recovery(runner: Runner) -> None:
    def no(_: str) -> None:
        raise RefusedError("no")

    runner.bucket.objects[f"{runner.names.state_key('network')}.tflock"] = [b"{}"]
    with pytest.raises(RefusedError):
        Recovery(runner.session, runner.stack, no).run()
    assert f"{runner.names.state_key('network')}.tflock" in runner.bucket.objects
    assert runner.terraform.ran == []


def test_an_unsaved_state_is_pushed_and_removed(runner: Runner, recovery: Recovery, asked: list[str]) -> None:
    runner.stack.unsaved.write_text("{}", encoding="utf-8")
    runner.terraform.ends["state"] = lambda *_: Done(1, errors=("no",))
    with pytest.raises(OpsError, match="the state can't be pushed: no"):
        recovery.run()
    assert runner.stack.unsaved.exists()
    del runner.terraform.ends["state"]
    assert recovery.run()
    assert runner.terraform.ran[-1] == ("state", "push", "-no-color", "errored.tfstate")
    assert not runner.stack.unsaved.exists()
    assert asked == [f"Push {runner.stack.unsaved}, the state that could not be saved?"] * 2


def test_tainted_resources_are_kept(
    runner: Runner, recovery: Recovery, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    runner.applied("network", "aws_vpc.vpc", tainted=("aws_nat_gateway.a", "aws_nat_gateway.b"))
    assert recovery.run()
    assert asked == ["Keep them? Otherwise the next apply replaces them."]
    assert runner.terraform.ran[1:] == [("untaint", "-no-color", f"aws_nat_gateway.{name}") for name in "ab"]
    assert "the apply was interrupted: aws_nat_gateway.a, aws_nat_gateway.b\n" in capsys.readouterr().err
    runner.terraform.ends["untaint"] = lambda *_: Done(1, errors=("no",))
    with pytest.raises(OpsError, match=r"aws_nat_gateway\.a can't be untainted: no"):
        recovery.run()


def test_a_damaged_state_is_restored_from_a_version(
    runner: Runner, recovery: Recovery, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    runner.applied("network", "aws_vpc.vpc", "aws_subnet.a", serial=2)
    key = runner.names.state_key("network")
    runner.bucket.objects[key].append(b"{")
    assert not recovery.run()
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("the state of network is damaged: ")
    assert said[1:] == [
        "2  2026-11-25 10:02:00Z  no state  (current)",
        "1  2026-11-25 10:01:00Z  serial 2, 2 resources",
        "0  2026-11-25 10:00:00Z  serial 1, 1 resources",
        "to restore one: make recover ENV=prod PHASE=network RESTORE=VERSION",
    ]
    assert runner.terraform.ran == []
    for wrong in ("2", "9"):
        with pytest.raises(OpsError, match=f"{wrong} is not a version of the state of network that can be restored"):
            recovery.restore(wrong)
    assert asked == []
    recovery.restore("1")
    assert asked == ["Make version 1 the state of prod-network?"]
    assert runner.bucket.objects[key][-1] == runner.bucket.objects[key][1]
    assert (state := runner.session.states.get("network")) and state.serial == 2
    assert "restored version 1\n" in capsys.readouterr().err


def test_a_restore_holds_the_lock_that_an_apply_may_have_taken_during_the_question(runner: Runner) -> None:
    runner.applied("network", "aws_vpc.vpc", serial=1)
    runner.applied("network", "aws_vpc.vpc", serial=2)
    key = f"{runner.names.state_key('network')}.tflock"
    holder = b'{"ID": "1", "Who": "me@here", "Created": "now", "Operation": "OperationTypeApply"}'

    def apply_begins(_: str) -> None:
        runner.bucket.objects[key] = [holder]

    with pytest.raises(RefusedError, match=r"me@here holds the lock since now .*; nothing was changed"):
        Recovery(runner.session, runner.stack, apply_begins).restore("0")
    assert (state := runner.session.states.get("network", again=True)) and state.serial == 2
    assert runner.bucket.objects.pop(key) == [holder]

    Recovery(runner.session, runner.stack, lambda _: None).restore("0")
    assert (state := runner.session.states.get("network")) and state.serial == 1
    assert key not in runner.bucket.objects


def other_lineage(runner: Runner, serial: int = 1) -> bytes:
    """The state of something else, such as another phase's."""
    return json.dumps({"serial": serial, "lineage": "other", "outputs": {}, "resources": []}).encode()


def test_a_state_of_another_lineage_is_refused(runner: Runner, recovery: Recovery, asked: list[str]) -> None:
    key = runner.names.state_key("network")
    runner.bucket.objects[key] = [other_lineage(runner), *runner.bucket.objects[key]]
    for present in ((), (b"{",)):
        runner.bucket.objects[key] += present
        with pytest.raises(RefusedError, match=r"version 0 .* the lineage other, and its own is l:"):
            recovery.restore("0")
    assert asked == []


def test_the_record_of_the_last_apply_has_the_lineage_of_a_state_that_was_overwritten(
    runner: Runner, recovery: Recovery
) -> None:
    Applier(runner.session).record(runner.stack, None)
    key = runner.names.state_key("network")
    runner.bucket.objects[key] += [other_lineage(runner, 7), other_lineage(runner, 8)]
    with pytest.raises(RefusedError, match="its own is l:"):
        recovery.restore("1")
    recovery.restore("0")
    assert (state := runner.session.states.get("network")) and state.lineage == "l"


def test_any_version_can_be_restored_and_the_newest_are_listed(
    runner: Runner, recovery: Recovery, capsys: pytest.CaptureFixture[str]
) -> None:
    for serial in range(2, 25):
        runner.applied("network", "aws_vpc.vpc", serial=serial)
    runner.bucket.page = 5
    with pytest.raises(OpsError, match="99 is not a version"):
        recovery.restore("99")
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in said[:20]] == [str(number) for number in reversed(range(4, 24))]
    assert said[20].startswith("and older ones, which can be restored too: aws s3api list-object-versions --bucket ")
    recovery.restore("0")
    assert (state := runner.session.states.get("network")) and state.serial == 1
    assert capsys.readouterr().err.splitlines()[:2] == [
        "present: serial 24, 1 resources",
        "version 0  2026-11-25 10:00:00Z  serial 1, 1 resources",
    ]


@pytest.fixture
def starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """An account without a state bucket."""
    monkeypatch.setattr(
        "ops.terraform.plan.judge", lambda *_, name, **__: PlanVerdict(name, changes={"create": ("a.b",)})
    )
    found = with_plan(Runner(PROD, tmp_path, "state"))
    found.bucket.exists = False
    gate(found)
    codes = [0, 2]
    plan = found.terraform.ends["plan"]

    def planned(folder: Path, arguments: tuple[str, ...]) -> Done:
        return replace(plan(folder, arguments), code=codes.pop())

    def applied(folder: Path, _: tuple[str, ...]) -> Done:
        (folder / "terraform.tfstate").write_text("{}", encoding="utf-8")
        assert (folder / BOOTSTRAP_FILE).exists()
        found.bucket.exists = True
        return Done(0)

    found.terraform.ends |= {"plan": planned, "apply": applied}
    return found


def test_the_state_bucket_is_created_and_the_state_moves_into_it(starting: Runner) -> None:
    with pytest.raises(OpsError, match=r"there is no state bucket .* yet; make bootstrap ENV=prod"):
        refuse_before_bootstrap(starting.session)
    confirmed: list[Result] = []
    result = bootstrap(starting.session, lambda shown: confirmed.append(shown.result))
    assert (result.result, confirmed) == (Result.APPLIED, [Result.CHANGES])
    assert starting.terraform.commands() == ["init", "plan", "show", "apply", "init", "plan"]
    assert starting.terraform.ran[4] == (*INIT[:-1], "-migrate-state", "-force-copy")
    assert not (starting.stack.folder / BOOTSTRAP_FILE).exists()
    assert not list(starting.stack.folder.glob("terraform.tfstate*"))
    assert (record := starting.session.states.record("state")) and record.plan_sha256
    assert starting.lasting == [900]
    starting.applied("state", "a.b")
    again = bootstrap(replace_states(starting).session, lambda _: None)
    assert (again.result, "already" in again.message) == (Result.NO_CHANGES, True)
    refuse_before_bootstrap(starting.session)


def test_a_bucket_of_another_hand_and_an_unfinished_bootstrap_are_named(starting: Runner) -> None:
    starting.bucket.exists = True
    with pytest.raises(OpsError, match="exists, but holds no state of prod-state"):
        bootstrap(starting.session, lambda _: None)
    (starting.stack.folder / BOOTSTRAP_FILE).write_text("{}", encoding="utf-8")
    with pytest.raises(OpsError, match=r"but its own state is still in .*; to continue: make bootstrap ENV=prod"):
        refuse_before_bootstrap(starting.session)
    starting.applied("state", "a.b")
    refuse_before_bootstrap(replace_states(starting).session)
    assert not (starting.stack.folder / BOOTSTRAP_FILE).exists()


def test_a_no_creates_no_bucket(starting: Runner) -> None:
    def no(_: Any) -> None:
        raise RefusedError("no")

    with pytest.raises(RefusedError):
        bootstrap(starting.session, no)
    assert "apply" not in starting.terraform.commands()


def test_a_moved_state_whose_plan_has_changes_is_kept(starting: Runner) -> None:
    starting.terraform.ends["plan"] = with_plan(Runner(PROD, starting.out / "x")).terraform.ends["plan"]
    with pytest.raises(OpsError, match=r"but a plan with it has changes: .*is kept; make plan ENV=prod PHASE=state"):
        bootstrap(starting.session, lambda _: None)
    assert (starting.stack.folder / "terraform.tfstate").exists()


def test_a_work_that_fails_is_a_result_with_its_reason(runner: Runner) -> None:
    def failing(error: Exception) -> Callable[[], Any]:
        def work() -> Any:
            raise error

        return work

    cases = [(RefusedError("r"), Result.REFUSED), (OpsError("o"), Result.FAILED), (OSError("full"), Result.FAILED)]
    for error, result in cases:
        found = runner.session.work("network", failing(error))
        assert (found.result, found.message, found.seconds >= 0) == (result, str(error), True)
    runner.terraform.interrupted.set()
    assert runner.session.work("network", failing(OpsError("o"))).result is Result.INTERRUPTED
    assert runner.session.work("network", failing(RefusedError("r"))).result is Result.REFUSED


def test_a_report_that_cannot_be_written_hides_no_result(runner: Runner, capsys: pytest.CaptureFixture[str]) -> None:
    found = runner.session.report("plan", [])
    assert (found.command, found.environment) == ("plan", "prod")
    assert (runner.out / "reports" / "run-plan-prod.json").exists()
    other = Runner(PROD, runner.out / "other")
    (other.out / "reports").write_text("a file", encoding="utf-8")
    other.session.report("plan", [])
    assert "the report of this run could not be written: " in capsys.readouterr().err
