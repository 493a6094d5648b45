"""Faults between plan and apply: the message of each, and the recovery."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from environments import load
from environments.names import Names
from ops.terraform.recover import created
from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import credentials
from tests.runner.conftest import make_state_bucket
from tests.runner.operator import PATIENCE, Operator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(20 * 60)]
NAMES = Names(load("prod"))
PHASE = "registry"
RECOVER = "make recover ENV=prod PHASE=registry"
LOCK = {"Bucket": NAMES.state_bucket, "Key": f"{NAMES.state_key(PHASE)}.tflock"}
STATE = {"Bucket": NAMES.state_bucket, "Key": NAMES.state_key(PHASE)}


@pytest.fixture
def slow(control: Control) -> None:
    """A policy that AWS refuses to take for a while, so that an apply isn't through at once."""
    control.fail("ecr", "PutLifecyclePolicy", "ServerException", 8, status=500)


def recovered(operator: Operator) -> None:
    """In order again: recovered, applied, and nothing left to do."""
    operator.run("recover", "prod", PHASE, "--yes")
    operator.plan(PHASE)
    if operator.stack(PHASE).saved.exists():
        operator.apply(PHASE)
    assert "no changes" in operator.plan(PHASE)


@pytest.mark.usefixtures("slow")
def test_terraform_is_killed_and_the_rollout_goes_on(operator: Operator) -> None:
    operator.plan(PHASE)
    with operator.applying(PHASE) as running:
        running.kill_terraform()
        code, said = running.end()
    assert code == 2
    assert f"Terraform was killed before it could save the state and free its lock; {RECOVER}" in said
    assert "created resources are in the state" not in said
    kept = created(operator.stack(PHASE))
    assert kept
    assert "the state is locked: " in operator.apply(PHASE, expect=2), "who tries once more"
    assert created(operator.stack(PHASE)) == kept, "loses nothing by it"
    locked = operator.plan(PHASE, expect=2)
    assert "the state is locked: " in locked
    assert f"if it has ended: {RECOVER}" in locked
    recovered(operator)
    assert len(operator.client("ecr").describe_repositories()["repositories"]) == 2
    assert created(operator.stack(PHASE)) == {}, "an old record must not mislead the next recovery"


@pytest.mark.usefixtures("slow")
def test_ctrl_c_lets_terraform_finish_and_frees_the_lock(operator: Operator) -> None:
    operator.plan(PHASE)
    with operator.applying(PHASE) as running:
        running.interrupt()
        code, said = running.end()
    assert code == 2
    assert "registry  interrupted" in said
    assert "created resources are in the state; to continue: make plan ENV=prod PHASE=registry, then apply" in said
    assert operator.report("apply")["phases"][PHASE]["result"] == "interrupted"
    assert (
        "created but marked tainted, because the apply was interrupted; Terraform would replace it; make recover"
        in operator.plan(PHASE, expect=2)
    )
    recovered(operator)


@pytest.mark.usefixtures("slow")
def test_a_closed_terminal_lets_terraform_finish_and_frees_the_lock(operator: Operator) -> None:
    """It takes the output away, and sends SIGHUP twice."""
    operator.plan(PHASE)
    with operator.applying(PHASE) as running:
        assert running.process.stdout
        running.process.stdout.close()
        for _ in range(2):
            os.killpg(running.process.pid, signal.SIGHUP)
        assert running.process.wait(timeout=PATIENCE) == 2
    assert operator.report("apply")["phases"][PHASE]["result"] == "interrupted"
    assert "the state is locked" not in operator.plan(PHASE, expect=2)
    recovered(operator)
    assert len(operator.client("ecr").describe_repositories()["repositories"]) == 2


@pytest.mark.usefixtures("slow")
def test_of_two_applies_the_second_says_who_holds_the_lock(operator: Operator, tmp_path: Path) -> None:
    operator.plan(PHASE)
    other = replace(operator, out=tmp_path / "elsewhere")
    shutil.copytree(operator.out, other.out, symlinks=True)
    with operator.applying(PHASE) as running:
        said = other.apply(PHASE, expect=2)
        assert running.end()[0] == 0, "the first one isn't disturbed"
    assert "the state is locked: " in said
    assert "holds the lock since" in said
    assert "no changes" in operator.plan(PHASE)


def test_a_stale_lock_is_shown_and_freed(operator: Operator) -> None:
    lock = {"ID": "0c1d4c1e-0000-4000-8000-000000000000", "Who": "ci@runner", "Operation": "OperationTypeApply"}
    body = json.dumps({**lock, "Created": "2026-01-01T00:00:00Z"})
    operator.client("s3").put_object(**LOCK, Body=body.encode())
    said = operator.plan(PHASE, expect=2)
    assert "ci@runner holds the lock since 2026-01-01T00:00:00Z" in said
    asked = operator.run("recover", "prod", PHASE, expect=1).stderr
    assert "Has that run ended?" in asked
    assert operator.client("s3").head_object(**LOCK), "not confirmed"
    recovered(operator)


@pytest.mark.usefixtures("slow")
def test_aws_goes_away_in_the_middle(operator: Operator, emulator: Emulator, tmp_path: Path) -> None:
    """A state that can't be saved is kept. In this test, even all created resources are deleted afterwards."""
    operator.plan(PHASE)
    with operator.applying(PHASE) as running:
        emulator.process.kill()
        code, said = running.end()
    assert code == 2
    assert "Terraform could not save the state; it is kept in" in said
    assert "created resources are in the state" not in said
    assert RECOVER in said
    assert operator.stack(PHASE).unsaved.exists()
    with Emulator.start(load("prod").account_id, tmp_path / "again.log") as other:
        variables = {**operator.variables, "AWS_ENDPOINT_URL": other.endpoint, "HTTP_PROXY": other.endpoint}
        back = replace(operator, variables=variables)
        make_state_bucket(variables)
        for again in (back.plan(PHASE, expect=1), back.apply(PHASE, expect=1)):
            assert "a previous run could not save its state" in again, "nothing goes on without that state"
        recovered(back)
        assert not back.stack(PHASE).unsaved.exists()


def test_a_plan_gone_stale_is_refused(operator: Operator, tmp_path: Path) -> None:
    operator.plan(PHASE)
    other = replace(operator, out=tmp_path / "elsewhere")
    shutil.copytree(operator.out, other.out, symlinks=True)
    other.apply(PHASE)
    said = operator.apply(PHASE, expect=2)
    assert "the state changed since the plan was saved; make plan ENV=prod PHASE=registry" in said
    assert "no changes" in operator.plan(PHASE)


def test_a_damaged_state_and_an_older_one(operator: Operator) -> None:
    """Both are noticed; previous versions are listed and can be restored."""
    operator.plan(PHASE)
    operator.apply(PHASE)
    s3 = operator.client("s3")
    whole = s3.get_object(**STATE)["Body"].read()
    s3.put_object(**STATE, Body=b"{")
    assert "the state of registry is damaged" in operator.plan(PHASE, expect=2)
    listed = operator.run("recover", "prod", PHASE, "--yes", expect=1).stderr
    versions = {line.split()[0]: line for line in listed.splitlines() if "Z  " in line}
    good = next(version for version, line in versions.items() if "7 resources" in line)
    assert "no state  (current)" in next(iter(versions.values()))
    wrong = operator.run("recover", "prod", PHASE, "--restore", "nonsense", "--yes", expect=2).stderr
    assert "nonsense is not a version of the state of registry that can be restored" in wrong
    s3.put_object(**LOCK, Body=json.dumps({"ID": "1", "Who": "ci@runner", "Operation": "apply"}).encode())
    asked = operator.run("recover", "prod", PHASE, "--restore", good, expect=1).stderr
    assert "ci@runner holds the lock" in asked
    assert s3.get_object(**STATE)["Body"].read() == b"{", "the run's end isn't confirmed"
    operator.run("recover", "prod", PHASE, "--restore", good, "--yes")
    assert s3.get_object(**STATE)["Body"].read() == whole
    assert "no changes" in operator.plan(PHASE)

    older = {**json.loads(whole), "serial": 0, "resources": []}
    s3.put_object(**STATE, Body=json.dumps(older).encode())
    said = operator.plan(PHASE)
    assert "older than the last apply" in said
    operator.run("recover", "prod", PHASE, "--restore", good, "--yes")
    assert "no changes" in operator.plan(PHASE)


def test_credentials_of_another_account_are_refused_before_anything(operator: Operator) -> None:
    """By the command, and by Terraform itself if the command were left out."""
    wrong = operator.with_variables(**credentials("999988887777"))
    for command in ("plan", "apply", "bootstrap", "drift"):
        said = wrong.run(command, "prod", expect=2).stderr
        assert "of account 999988887777, but prod is account 111122223333; use the AWS CLI profile navra-prod" in said
    operator.plan(PHASE)
    done = terraform(wrong, "plan")
    assert "AWS account ID not allowed: 999988887777" in " ".join(done.split())


def terraform(operator: Operator, *arguments: str) -> str:
    command = ["terraform", *arguments, "-input=false", "-no-color"]
    done = subprocess.run(
        command,
        cwd=operator.stack(PHASE).folder,
        env=dict(operator.variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr


def test_aws_that_does_not_answer_is_told_within_seconds(operator: Operator) -> None:
    offline = operator.with_variables(AWS_ENDPOINT_URL="http://127.0.0.1:9", HTTP_PROXY="http://127.0.0.1:9")
    said = offline.run("plan", "prod", expect=2, timeout=60).stderr
    assert "(the proxy doesn't let the call through; " in said
    assert "this shell has AWS_ENDPOINT_URL, HTTP_PROXY)" in said
    assert len(said.splitlines()) == 1


def test_a_full_disk_leaves_no_half_plan(operator: Operator) -> None:
    operator.plan(PHASE)
    stack = operator.stack(PHASE)
    fresh = stack.saved.with_suffix(".new")
    fresh.symlink_to("/dev/full")
    said = operator.plan(PHASE, expect=2)
    assert f"the disk of {stack.folder} is full; free some space, then make plan ENV=prod PHASE=registry" in said
    assert not list(stack.folder.glob("saved*")), "neither half a plan nor the earlier one"
    operator.plan(PHASE)
    assert stack.saved.exists()


def test_missing_terraform_is_said_so(operator: Operator, tmp_path: Path) -> None:
    said = operator.with_variables(PATH=str(tmp_path)).run("plan", "prod", expect=2).stderr
    assert said.startswith("error: no terraform here; install the version in .tool-versions")
