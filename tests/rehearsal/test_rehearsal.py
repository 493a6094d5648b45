"""The whole rollout of `prod-starter`, and its growth into `prod`, on emulated AWS with real Terraform.

`make rehearse-all` runs it. CI rehearses go-live day of `prod-starter`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modules.phases import PHASES
from ops.verify.criteria import chosen
from tests.products import AEP
from tests.rehearsal.orphans import orphans

pytestmark = [pytest.mark.long, pytest.mark.timeout(45 * 60)]
ROOT = Path(__file__).parents[2]
LONGEST = 45 * 60
"""Seconds after which a rehearsal counts as hanging: five times what it takes."""


@pytest.fixture(scope="module")
def report(own_output: Path) -> dict[str, Any]:
    """What the rehearsal showed; it goes on to the end or to the first step that fails."""
    command = [sys.executable, "-m", "ops", "rehearse", "prod-starter", "--to", "prod", "--out", str(own_output)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "ENVIRONMENTS": str(AEP)},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    path = own_output / "reports" / "rehearsal-prod-starter.json"
    assert path.exists(), done.stderr
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert (done.returncode == 0) == found["passed"], done.stderr
    return found


def shown(report: dict[str, Any], name: str) -> dict[str, Any]:
    """The step of that name; it must have shown what it is for."""
    failed = [step for step in report["steps"] if not step["passed"]]
    assert not failed, failed[0]["evidence"]
    (step,) = (step for step in report["steps"] if step["name"] == name)
    found: dict[str, Any] = step
    return found


@pytest.mark.requirement("R10.1")
def test_every_phase_applies_without_a_change_of_public_dns(report: dict[str, Any]) -> None:
    step = shown(report, "every phase applies")
    assert {phase["phase"]: phase["result"] for phase in step["phases"]} == {each.name: "applied" for each in PHASES}
    assert step["evidence"].endswith(" resources; 0 % of the traffic goes here")


@pytest.mark.requirement("R1.3")
def test_an_administrator_comes_in_with_mfa_and_is_seen(report: dict[str, Any]) -> None:
    evidence = shown(report, "every use of break-glass raises an alert")["evidence"]
    assert "Of account: 777788889999" in evidence
    assert "MFA device: arn:aws:iam::777788889999:mfa/platform-lead" in evidence


def test_a_second_plan_is_empty(report: dict[str, Any]) -> None:
    phases = shown(report, "a second plan is empty")["phases"]
    assert {phase["phase"]: phase["result"] for phase in phases} == {each.name: "no changes" for each in PHASES}


@pytest.mark.requirement("R8.5")
def test_no_service_created_a_log_group_of_its_own(report: dict[str, Any]) -> None:
    assert shown(report, "every log group has our key and retention")["evidence"].endswith(" log groups")


def test_the_exit_criteria_hold(report: dict[str, Any]) -> None:
    asked = int(shown(report, "exit criteria hold")["evidence"].split()[0])
    assert asked == len(chosen(over_http=False)) > len(PHASES)


@pytest.mark.requirement("R5.4")
def test_a_failed_migration_fails_beside_an_agent_that_does_not(report: dict[str, Any]) -> None:
    evidence = shown(report, "a failed migration fails")["evidence"]
    assert evidence.startswith("exit code 3, while aws-guardduty-agent-")
    assert evidence.endswith(" ended with 0")


@pytest.mark.requirement("R0.2", "R4.2")
def test_no_secret_is_in_a_state_a_plan_a_log_or_a_report(report: dict[str, Any]) -> None:
    assert int(shown(report, "no secret is stored")["evidence"].split()[0]) >= 6


@pytest.mark.requirement("R10.4", "R10.5")
def test_traffic_moves_by_weight_and_back(report: dict[str, Any]) -> None:
    assert shown(report, "traffic moves by weight and back")["evidence"] == "0 → 10 → 100 → 0"


@pytest.mark.requirement("R3.4")
def test_a_new_digest_touches_task_definitions_and_services_only(report: dict[str, Any]) -> None:
    evidence = shown(report, "a new release touches services only")["evidence"]
    assert evidence == "aws_ecs_service, aws_ecs_task_definition in services"


@pytest.mark.requirement("R7.5")
def test_a_deployment_that_rolled_back_fails_its_apply(report: dict[str, Any]) -> None:
    assert "the apply failed" in shown(report, "a deployment that rolled back fails its apply")["evidence"]


@pytest.mark.requirement("R11.4")
def test_the_starter_grows_into_prod_without_losing_anything(report: dict[str, Any]) -> None:
    assert "to create" in shown(report, "grows into prod in place")["evidence"]


def test_everything_is_emulated_and_nothing_runs_on(report: dict[str, Any], output: Path) -> None:
    resources = [
        name
        for stack in (output / "stacks").glob("prod-starter-*/cdk.tf.json")
        for found in json.loads(stack.read_bytes()).get("resource", {}).values()
        for name in found
    ]
    assert shown(report, "every phase applies")["evidence"].startswith(f"{len(resources)} resources")
    assert report["unemulated"] == {}
    assert not orphans()
