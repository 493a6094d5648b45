"""The output of a run: the lines of a plan, a report with an exit code, and why `services` has to wait."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress

from environments import load
from modules.phases import PHASES, phase
from ops.errors import RefusedError
from ops.terraform import apply
from ops.terraform.plan import summary
from ops.terraform.progress import PhaseProgress
from ops.terraform.report import PhaseResult, Report, Result, took
from ops.terraform.stack import Stack, outputs_read
from tests.cases import every_case
from tests.conftest import ENVIRONMENTS

STARTED = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def change(address: str, actions: list[str], **rest: Any) -> dict[str, Any]:
    return {"address": address, "change": {"actions": actions, **rest}}


def test_a_plan_is_a_line_a_resource_with_names_and_no_values() -> None:
    document = {
        "resource_changes": [
            change("aws_vpc.a", ["create"], after={"cidr": "10.0.0.0/16"}),
            change("aws_vpc.b", ["no-op"], before={"cidr": "x"}, after={"cidr": "x"}),
            change("aws_vpc.c", ["update"], before={"cidr": "x", "b": 1}, after={"cidr": "hidden", "b": 1}),
            change(
                "aws_vpc.d",
                ["delete", "create"],
                before={"cidr": "x"},
                after={"cidr": "y"},
                after_unknown={"id": True},
                replace_paths=[["cidr"]],
            ),
            change("aws_vpc.e", ["delete"], before={"cidr": "x"}, after=None),
        ],
        "output_changes": {"b": {"actions": ["create"]}, "a": {"actions": ["no-op"]}},
    }
    assert summary(json.dumps(document)).splitlines() == [
        "+   aws_vpc.a",
        "~   aws_vpc.c: cidr",
        "-/+ aws_vpc.d: cidr (forces replacement), id",
        "-   aws_vpc.e",
        "outputs: b",
    ]


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([Result.CHANGES, Result.NO_CHANGES, Result.WAITING, Result.APPLIED], 0),
        ([Result.CHANGES, Result.REFUSED], 1),
        ([Result.REFUSED, Result.FAILED], 2),
        ([Result.INTERRUPTED, Result.NOT_BEGUN], 2),
        ([Result.APPLIED, Result.NOT_BEGUN], 2),
        ([Result.REFUSED, Result.NOT_BEGUN], 1),
    ],
)
def test_the_exit_code_tells_the_worst(results: list[Result], code: int, tmp_path: Path) -> None:
    phases = tuple(PhaseResult(f"p{number}", each) for number, each in enumerate(results))
    report = Report("plan", "prod", STARTED, "c", phases)
    assert report.exit_code == code
    written = json.loads(report.write(tmp_path).read_text())
    assert (written["exit_code"], written["command"], written["environment"]) == (code, "plan", "prod")
    assert [each["result"] for each in written["phases"]] == [each.value for each in results]
    assert set(written["phases"][0]) == {"phase", "result", "counts", "seconds", "waits_for", "message", "drift"}


def test_a_report_tells_the_next_run_what_each_phase_took_and_a_broken_one_tells_nothing(tmp_path: Path) -> None:
    phases = (PhaseResult("state", Result.CHANGES, seconds=5.04), PhaseResult("network", Result.FAILED, seconds=1.0))
    path = Report("plan", "prod", STARTED, "c", phases).write(tmp_path)
    assert took(tmp_path, "plan", "prod") == {"state": 5.0, "network": 1.0}
    for broken in ("", "{", "[]", '{"phases": [1]}', '{"phases": [{"phase": "state"}]}'):
        path.write_text(broken)
        assert took(tmp_path, "plan", "prod") == {}
    assert took(tmp_path, "drift", "prod") == {}


def test_people_are_told_each_phase_once_then_what_it_needs_and_the_sum() -> None:
    shown = io.StringIO()
    results = [
        PhaseResult("data", Result.WAITING, waits_for=("account", "network")),
        PhaseResult("network", Result.CHANGES, {"create": 61}, seconds=9.4),
        PhaseResult("cutover", Result.CHANGES),
        PhaseResult("edge", Result.FAILED, message="the state is locked"),
    ]
    with Progress(console=Console(file=shown, width=80), disable=True) as progress:
        for each in results:
            PhaseProgress(progress).end(each)
    assert [line.split() for line in shown.getvalue().splitlines()] == [
        ["data", "waiting", "for", "account,", "network"],
        ["network", "changes", "61", "to", "create", "9", "s"],
        ["cutover", "changes", "outputs", "only"],
        ["edge", "failed"],
    ]
    assert list(Report("plan", "prod", STARTED, "c", tuple(results)).lines()) == [
        "edge: the state is locked",
        "plan of prod: 1 waiting, 2 changes, 1 failed",
    ]


@every_case("name", ENVIRONMENTS)
def test_what_a_stack_reads_is_known_and_published(name: str, output: Path) -> None:
    """A phase waits for exactly the outputs that it reads."""
    stacks = {each.name: Stack(load(name), each, output) for each in PHASES}
    for stack in stacks.values():
        read = outputs_read(stack)
        assert set(read) == set(stack.phase.reads)
        for upstream, outputs in read.items():
            assert outputs <= stacks[upstream].outputs, f"{stack.name} reads {upstream}"
    assert "vpc_id" in outputs_read(stacks["edge"])["network"]


@pytest.mark.requirement("R4.1")
def test_services_wait_for_secrets_without_a_value(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "missing", lambda aws, environment: ("OPENAI_API_KEY", "REDIS_URL"))
    applier = apply.Applier(SimpleNamespace(aws=None))  # type: ignore[arg-type]
    stack = Stack(load("prod"), phase("services"), output)
    with pytest.raises(RefusedError, match="no value yet: OPENAI_API_KEY, REDIS_URL; tasks of prod-services would not"):
        applier.check_secrets(stack)
    applier.check_secrets(replace(stack, phase=phase("network")))
