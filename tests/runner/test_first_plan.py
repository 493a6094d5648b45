"""Which first plans are exempt, and what plan and apply always show."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from environments import load
from ops.plan_gate.model import APPROVABLE, FindingKind
from ops.plan_gate.run import run
from ops.terraform.plan import _judged
from ops.terraform.report import Result
from ops.terraform.session import Session
from tests.plan_gate.plans import change, plan
from tests.plan_gate.test_command import LOST


def session(*applied: str, bootstrapped: bool = True, **values: Any) -> Session:
    """A session whose environment has these phases applied."""
    states: Any = SimpleNamespace(applied=lambda phase: phase in applied, bootstrapped=lambda: bootstrapped)
    unused: Any = None
    return Session(replace(load("prod"), **values), unused, unused, states, unused, unused)


def test_an_account_without_another_stack_is_known_by_its_states() -> None:
    assert session(bootstrapped=False).alone("state")
    assert session().alone("registry")
    assert session("registry").alone("registry"), "its own stack"
    assert not session("state").alone("registry")
    assert not session("registry").alone("network")


def test_an_account_that_another_environment_uses_is_never_without_a_stack() -> None:
    assert not session(bootstrapped=False, account_resources_from="shop-prod").alone("state")


ALARM = change("aws_cloudwatch_metric_alarm.a", {"alarm_actions": ["a"]}, {"alarm_actions": []})
UNCHECKED = change("aws_xray_group.a", None, {"group_name": "a"})


@pytest.mark.requirement("R13.3")
def test_an_approved_change_is_shown_by_plan() -> None:
    verdict = run(_json(ALARM, UNCHECKED), name="prod-observability", approved=frozenset({FindingKind.PROTECTION_OFF}))
    result = _judged("observability", verdict, "")
    assert result.result is Result.CHANGES
    assert result.message.splitlines() == [
        "OFF    aws_cloudwatch_metric_alarm.a · alarm_actions: a → none: operators are no longer notified, or later",
        "       add the new alarm or recipient first, then remove the previous one",
        "UNCHECKED  types that no table of this gate has: aws_xray_group",
    ]


def test_a_refused_plan_names_the_options() -> None:
    result = _judged("observability", run(_json(ALARM), name="prod-observability"), "")
    assert result.result is Result.REFUSED
    assert "--approve-protection-off (make gate PLAN=… APPROVE_PROTECTION_OFF=1)" in result.message


def test_no_option_approves_a_loss() -> None:
    verdict = run(json.dumps(LOST).encode(), name="demo", approved=frozenset(APPROVABLE))
    assert [each.kind for each in verdict.findings if each.refused] == [FindingKind.STATEFUL]


def _json(*changes: Any) -> bytes:
    return json.dumps(plan(*changes)).encode()
