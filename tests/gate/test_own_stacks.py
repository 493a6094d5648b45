"""What this project synthesizes passes the gate: every finding is fixed or accepted with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.gate.model import Outcome, Verdict
from ops.gate.register import Register, of_products
from ops.gate.reports import as_text
from ops.gate.run import run
from ops.gate.stacks import expected_stacks
from tests.conftest import Stack
from tests.gate.project import POLICIES

pytestmark = pytest.mark.slow  # `make test` has run the gate over the same stacks already


@pytest.fixture(scope="session")
def verdict(output: Path) -> Verdict:
    """The verdict on everything, on the day when the register was last added to; no clock is read."""
    today = max(risk.accepted for risk in Register.read(POLICIES / "risks.toml", of_products()).risks)
    return run(out=output, policies=POLICIES, products=of_products(), expected=expected_stacks(), today=today)


def holds(verdict: Verdict, stacks: dict[str, Stack], kind: str, *checks: str) -> None:
    """Assert that our checks passed on all blocks of a kind that there are, and nothing was accepted."""
    assert any(stack.resources(kind) for stack in stacks.values()), kind
    ids = {f"CKV_ROLLOUT_{number}" for number in checks}
    assert ids <= verdict.checks.keys()
    failed = [each.record for each in verdict.findings] + [each.record for each in verdict.accepted]
    assert [record for record in failed if record.check in ids] == []
    assert verdict.errors == ()


@pytest.mark.requirement("R11.2")
def test_no_finding_is_unexplained(verdict: Verdict) -> None:
    assert verdict.outcome is Outcome.CLEAN, as_text(verdict)


@pytest.mark.requirement("R9.4")
def test_containers_are_hardened(verdict: Verdict, stacks: dict[str, Stack]) -> None:
    holds(verdict, stacks, "aws_ecs_task_definition", "10", "11", "12", "13", "14", "15")


@pytest.mark.requirement("R3.4")
def test_images_are_named_by_digest(verdict: Verdict, stacks: dict[str, Stack]) -> None:
    holds(verdict, stacks, "aws_ecs_task_definition", "16")


@pytest.mark.requirement("R7.4")
def test_deployments_go_back_by_themselves(verdict: Verdict, stacks: dict[str, Stack]) -> None:
    holds(verdict, stacks, "aws_ecs_service", "18")


@pytest.mark.requirement("R0.2")
def test_no_secret_value_is_in_a_stack(verdict: Verdict, stacks: dict[str, Stack]) -> None:
    holds(verdict, stacks, "aws_secretsmanager_secret_version", "6", "7", "8", "9")


@pytest.mark.requirement("R6.4")
def test_listeners_speak_modern_tls(verdict: Verdict, stacks: dict[str, Stack]) -> None:
    holds(verdict, stacks, "aws_lb_listener", "33")


@pytest.mark.requirement("R8.3")
def test_alarms_notify_and_name_a_runbook(verdict: Verdict, stacks: dict[str, Stack]) -> None:
    holds(verdict, stacks, "aws_cloudwatch_metric_alarm", "24", "25")


@pytest.mark.requirement("R8.5")
def test_logs_expire_and_are_encrypted(verdict: Verdict, stacks: dict[str, Stack]) -> None:
    holds(verdict, stacks, "aws_cloudwatch_log_group", "31", "32")
