"""What `ops adopt` prints and writes, and what runs of Terraform say about imports."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import environments
from ops.adopt.adoption import Adoption, write
from ops.adopt.search import Found, Obstacle, Outcome
from ops.plan_gate.run import ACTIONS
from ops.terraform.advice import advice
from ops.terraform.plan import summary
from ops.terraform.process import Done
from ops.terraform.report import PhaseResult, Result
from tests.products import HERE, values

FIXED = Obstacle("encryption", "storage_encrypted", "false", "true", "take a snapshot")
FOUND = (
    Found("network", "aws_vpc.vpc", Outcome.ADOPT, "vpc-1"),
    Found("network", "aws_subnet.a", Outcome.CREATE),
    Found("data", "aws_db_instance.database", Outcome.BLOCKED, "mini", obstacles=(FIXED,)),
    Found("data", "aws_db_subnet_group.subnets", Outcome.UNKNOWN, why="can't ask rds"),
)


def test_what_needs_a_decision_is_listed_and_the_rest_is_counted() -> None:
    assert list(Adoption(FOUND, ("sg-1 keeps the rule",)).lines()) == [
        "network: 1 adopt, 1 create",
        "  ADOPT    aws_vpc.vpc  vpc-1",
        "data: 1 blocked, 1 unknown",
        "  FIXED    aws_db_instance.database  mini",
        "           can't be changed in place (encryption): storage_encrypted is false, must be true",
        "           way out: take a snapshot",
        "  UNKNOWN  aws_db_subnet_group.subnets  can't ask rds",
        "BESIDE     sg-1 keeps the rule: not in the stack, so it stays as it is; remove it, or add it to the code",
    ]
    assert not Adoption(FOUND, ()).complete
    assert Adoption(FOUND[:3], ()).complete


@pytest.fixture
def mini(tmp_path: Path) -> Iterator[Path]:
    """Mini's values in a folder of their own, which commands use."""
    folder = Path(shutil.copytree(HERE / "mini", tmp_path / "mini"))
    with values(folder):
        yield folder


def test_values_of_other_phases_stay_and_those_that_are_done_go(mini: Path) -> None:
    path = mini / "existing" / "mini-demo.json"
    before = {"aws_ecr_repository.shop": "shop", "aws_subnet.a": "subnet-1"}
    environment = replace(environments.load("mini-demo"), existing=before)
    assert "2 resources; review it" in write(environment, Adoption(FOUND, ()))
    assert json.loads(path.read_text(encoding="utf-8")) == {"aws_ecr_repository.shop": "shop", "aws_vpc.vpc": "vpc-1"}
    nothing = tuple(replace(each, outcome=Outcome.MANAGED) for each in FOUND)
    assert "nothing to adopt" in write(replace(environment, existing={"aws_vpc.vpc": "vpc-1"}), Adoption(nothing, ()))
    assert not path.exists()


def test_a_value_by_hand_stays_while_aws_does_not_decide(mini: Path) -> None:
    by_hand = {"aws_db_subnet_group.subnets": "mini", "aws_vpc.vpc": "vpc-9", "aws_route53_record.a": "Z_a_A"}
    result = (
        replace(FOUND[0], outcome=Outcome.AMBIGUOUS, id=""),
        FOUND[3],
        Found("cutover", "aws_route53_record.a", Outcome.CREATE, why="an apply overwrites it"),
    )
    environment = replace(environments.load("mini-demo"), existing=by_hand)
    write(environment, Adoption(result, ()))
    assert json.loads((mini / "existing" / "mini-demo.json").read_text(encoding="utf-8")) == by_hand


def test_a_refused_question_about_what_is_beside_is_listed() -> None:
    result = Adoption(FOUND[:1], (), ("what a keeps: AccessDenied",))
    assert [*result.lines()][-1] == "UNKNOWN    what a keeps: AccessDenied"
    assert not result.complete


def test_a_run_reports_every_verb_of_a_plan() -> None:
    counts = dict.fromkeys(ACTIONS, 1)
    assert "1 to import" in PhaseResult("network", Result.CHANGES, counts).line
    assert "1 imported" in PhaseResult("network", Result.APPLIED, counts).line


def test_a_summary_has_imports() -> None:
    body = {"before": {"tags": {}}, "after": {"tags": {"A": "b"}}, "after_unknown": {}, "importing": {"id": "x"}}
    same = {**body, "after": body["before"], "actions": ["no-op"]}
    plan = {
        "resource_changes": [
            {"address": "aws_vpc.vpc", "change": {**body, "actions": ["update"]}},
            {"address": "aws_eip.nat", "change": same},
            {"address": "aws_lb.other", "change": {**same, "importing": None}},
        ]
    }
    assert summary(json.dumps(plan)).splitlines() == ["~   aws_vpc.vpc (imported): tags", "=   aws_eip.nat (imported)"]


@pytest.mark.parametrize(
    ("error", "blocks", "expected"),
    [
        ("Instance cannot be destroyed", [{}], "bin/ops adopt mini-demo data names it with its way out"),
        ("Instance cannot be destroyed", [], "Instance cannot be destroyed"),
        ("Cannot import non-existent remote object", [{}], "bin/ops adopt mini-demo data --write writes it again"),
    ],
)
def test_errors_of_imports_lead_to_the_command(mini: Path, error: str, blocks: list[Any], expected: str) -> None:
    stack: Any = SimpleNamespace(
        environment=environments.load("mini-demo"),
        phase=SimpleNamespace(name="data"),
        content={"import": blocks},
        unsaved=mini / "none",
    )
    states: Any = SimpleNamespace(get=lambda *_, **__: None)
    assert expected in advice(stack, Done(1, errors=(error,)), states)
