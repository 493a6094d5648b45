"""The public name exists already: `cutover prepare` first, then Terraform takes the weighted records over."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from environments import load
from environments.names import Names
from rehearsal.context import seed
from rehearsal.emulator.client import Control
from rehearsal.emulator.settings import credentials
from tests.runner.operator import APPROVED, ROOT, Operator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(20 * 60)]
PROD = load("prod")
PREVIOUS = PROD.cutover.previous
ZONE = PROD.edge.zone
assert PREVIOUS and ZONE.id and ZONE.role
PREVIOUS_NAME = PREVIOUS.dns_name


@pytest.fixture
def rolled_out(operator: Operator, control: Control) -> Iterator[Operator]:
    """A deployer before the public name as it is before a rollout; of the phases, only what cutover reads of edge."""
    seed(PROD, control)
    operator = operator.with_variables(**credentials(PROD.account_id, Names(PROD).role("deployer")))
    names, balancers, ec2 = Names(PROD), operator.client("elbv2"), operator.client("ec2")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
    balancer = balancers.create_load_balancer(Name=names.prefix, Subnets=subnets)["LoadBalancers"][0]
    outputs = {
        "zone_id": ZONE.id,
        "load_balancer_dns_name": balancer["DNSName"],
        "load_balancer_zone_id": balancer["CanonicalHostedZoneId"],
    }
    state = {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": 1,
        "lineage": "edge",
        "outputs": {name: {"value": value, "type": "string"} for name, value in outputs.items()},
        "resources": [],
    }
    operator.client("s3").put_object(
        Bucket=names.state_bucket, Key=names.state_key("edge"), Body=json.dumps(state).encode()
    )
    yield operator


def records(operator: Operator) -> list[dict[str, Any]]:
    role = operator.client("sts").assume_role(RoleArn=ZONE.role, RoleSessionName="test")["Credentials"]
    assumed = {
        "AWS_ACCESS_KEY_ID": role["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": role["SecretAccessKey"],
        "AWS_SESSION_TOKEN": role["SessionToken"],
    }
    client = operator.with_variables(**assumed).client("route53")
    found = client.list_resource_record_sets(HostedZoneId=ZONE.id)["ResourceRecordSets"]
    own = [each for each in found if each["Name"] == f"{PROD.edge.host}."]
    # Terraform creates records side by side, so their order says nothing.
    return sorted(own, key=lambda record: (record["Type"], record.get("SetIdentifier", "")))


def weights(operator: Operator) -> dict[str, int]:
    return {each["SetIdentifier"]: each["Weight"] for each in records(operator) if "Weight" in each}


def prepare(operator: Operator, folder: Path, *options: str) -> str:
    command = [sys.executable, "-m", "ops", "cutover", "prepare", "prod", *options]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**operator.variables, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.requirement("R10.1", "R10.4")
def test_plan_waits_for_prepare_and_then_takes_the_records_over(rolled_out: Operator, tmp_path: Path) -> None:
    operator = rolled_out
    (plain,) = records(operator)
    said = operator.plan("cutover")
    assert "cutover  waiting for cutover prepare" in said
    assert "waiting for cutover prepare: app.navralabs.com has a plain record" in said
    assert "bin/ops cutover prepare prod replaces it in one change" in said
    assert operator.report("plan")["phases"]["cutover"]["waits_for"] == ["cutover prepare"]
    assert not operator.stack("cutover").saved.exists()
    assert records(operator) == [plain], "a plan changes nothing"

    prepare(operator, tmp_path, "--yes")
    prepared = records(operator)
    assert weights(operator) == {"aep-prod-current": 0, "aep-prod-previous": 100}
    assert "nothing to replace" in prepare(operator, tmp_path, "--yes")

    assert "cutover  changes  2 to create" in operator.plan("cutover")
    assert "cutover  applied  2 created" in operator.apply("cutover")
    assert records(operator) == prepared, "Terraform writes what prepare wrote"
    assert "cutover  no changes" in operator.plan("cutover")

    prepare(operator, tmp_path, "--undo", "--yes")
    (back,) = records(operator)
    assert (back["Type"], back["AliasTarget"]["DNSName"]) == ("A", f"{PREVIOUS_NAME}.")
    assert "cutover  waiting for cutover prepare" in operator.plan("cutover")


def test_a_plain_record_that_comes_after_the_plan_is_explained(rolled_out: Operator, tmp_path: Path) -> None:
    operator = rolled_out
    prepare(operator, tmp_path, "--yes")
    operator.plan("cutover")
    prepare(operator, tmp_path, "--undo", "--yes")
    said = operator.apply("cutover", expect=2)
    assert "AWS refuses a weighted record beside a plain one of the same name" in said
    assert "bin/ops cutover prepare prod" in said
    assert not weights(operator)


@pytest.mark.requirement("R10.1")
def test_a_plan_that_one_machine_stores_is_applied_by_another(
    rolled_out: Operator, gated: Path, tmp_path: Path
) -> None:
    """Only the bucket is common: folders, Terraform's files in them, and so the plan's absolute paths differ."""
    operator, outputs = rolled_out, tmp_path / "outputs"
    prepare(operator, tmp_path, "--yes")
    stored = ("rollout", "prod", "cutover", "--store", "--outputs", str(outputs), *APPROVED)
    said = operator.run(*stored, expect=3).stderr
    assert "cutover is waiting for state (aep-prod-break-glass), account (aep-prod-break-glass), network" in said
    assert not outputs.exists()
    s3, names = operator.client("s3"), Names(PROD)
    for name in ("state", "account", "network", "edge"):
        record = {
            **{"phase": name, "environment": "prod", "commit": None, "dirty": False, "plan_sha256": "", "serial": 1},
            **{"applied_at": "2026-11-29T10:00:00+00:00", "caller": "lead"},
            "stack_sha256": operator.stack(name).digest,
        }
        s3.put_object(Bucket=names.state_bucket, Key=names.applied_key(name), Body=json.dumps(record).encode())
        if name != "edge":
            output = {"id": {"value": "1", "type": "string"}}
            state: Any = {"version": 4, "serial": 1, "lineage": name, "outputs": output, "resources": []}
            s3.put_object(Bucket=names.state_bucket, Key=names.state_key(name), Body=json.dumps(state).encode())
    assert "| cutover | `changes  2 to create" in operator.run(*stored, "--markdown").stdout
    found = dict(line.split("=") for line in outputs.read_text().splitlines())
    assert found["changes"] == "true"
    other = replace(operator, out=tmp_path / "another" / "cdktf.out")
    shutil.copytree(gated, other.out)
    applied = ("rollout", "prod", "cutover", "--yes", *APPROVED, "--stored")
    wrong = other.run(*applied, "0" * 64, expect=1).stderr
    assert f"there is no stored plan {'0' * 64} of cutover" in wrong
    said = other.run(*applied, found["sha256"]).stderr
    assert "rollout of prod: 1 applied" in said
    assert "pass" in said
    assert weights(operator) == {"aep-prod-current": 0, "aep-prod-previous": 100}
    body = s3.get_object(Bucket=names.state_bucket, Key=names.applied_key("cutover"))["Body"].read()
    assert json.loads(body)["counts"] == {"create": 2}
    assert "this plan was applied at" in other.run(*applied, found["sha256"]).stderr
