"""The gate doesn't pass by accident: whatever keeps it from seeing everything is exit code 2."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ops.gate.expected import Expected
from ops.gate.model import Doubt, Outcome, Verdict
from tests.gate.project import Body, Project, entry, frame, remote_state, topic

CHECK = """
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class Planted(BaseResourceCheck):
    def __init__(self):
        super().__init__("Planted", "CKV_PLANT_1", [CheckCategories.IAM], ["aws_sns_topic"])

    def scan_resource_conf(self, conf):
        {body}


{end}
"""
PASSES = CHECK.format(body="return CheckResult.PASSED", end="check = Planted()")
GRAPH = """
metadata:
  id: "CKV_PLANT_2"
  name: "Planted"
  category: "IAM"
definition:
  cond_type: attribute
  resource_types: [aws_sns_topic]
  attribute: name
  operator: {operator}
  value: "alerts"
"""


def doubts(verdict: Verdict) -> list[Doubt]:
    assert verdict.outcome is Outcome.UNTRUSTED
    assert all(reason.where and reason.what and reason.fix for reason in verdict.distrust)
    return [reason.doubt for reason in verdict.distrust]


def words(verdict: Verdict) -> str:
    return " ".join(f"{reason.where} {reason.what} {reason.fix}" for reason in verdict.distrust)


def test_the_project_is_clean_without_a_plant(project: Project) -> None:
    verdict = project.judge()
    assert verdict.outcome is Outcome.CLEAN, verdict
    assert verdict.stacks == ("demo-network", "demo-services")
    assert verdict.resources == 2
    assert verdict.passed > 10


def test_no_stacks(project: Project) -> None:
    project.stacks.clear()
    assert doubts(project.judge()) == [Doubt.NO_STACKS]


def test_an_empty_folder_of_stacks(project: Project) -> None:
    project.stacks.clear()
    assert doubts(project.judge(before=lambda: (project.out / "stacks").mkdir(parents=True))) == [Doubt.NO_STACKS]


def test_a_missing_phase(project: Project) -> None:
    del project.stacks["demo-services"]
    verdict = project.judge()
    assert doubts(verdict) == [Doubt.MISSING_PHASE]
    assert "demo-services" in words(verdict)


def test_a_missing_environment(project: Project) -> None:
    project.expected = Expected({**project.expected.environments, "other": ("network",)})
    assert doubts(project.judge()) == [Doubt.MISSING_PHASE]


def test_a_named_stack_needs_its_whole_environment(project: Project) -> None:
    del project.stacks["demo-services"]
    assert doubts(project.judge("demo-network")) == [Doubt.MISSING_PHASE]


def test_a_stack_that_no_environment_has(project: Project) -> None:
    project.stacks["old-network"] = frame("network")
    verdict = project.judge()
    assert doubts(verdict) == [Doubt.UNKNOWN_STACK]
    assert "old-network" in words(verdict)


def test_an_unknown_name_is_answered_with_the_nearest(project: Project) -> None:
    verdict = project.judge("demo-netwrok")
    assert doubts(verdict) == [Doubt.UNKNOWN_STACK]
    assert "did you mean demo-network?" in words(verdict)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '"text"',
        "{",
        '{"resource": {',
        '{"resource": {}} trailing',
        '{"a": NaN}',
        '{"a": 1, "a": 2}',
    ],
    ids=["zero bytes", "null", "list", "empty", "text", "brace", "truncated", "trailing", "NaN", "key twice"],
)
def test_a_broken_stack_among_good_ones(project: Project, text: str) -> None:
    verdict = project.judge(before=lambda: project.file("services").write_text(text, encoding="utf-8"))
    assert doubts(verdict) == [Doubt.MALFORMED]
    assert "demo-services" in words(verdict)


def test_a_stack_that_is_not_text(project: Project) -> None:
    verdict = project.judge(before=lambda: project.file("services").write_bytes(b'{"a": "\xff"}'))
    assert doubts(verdict) == [Doubt.MALFORMED]


@pytest.mark.parametrize(
    "body",
    [
        {"module": {"vpc": {"source": "./vpc"}}},
        {"resource": [{"aws_sns_topic": {"a": topic()}}]},
        {"resource": {"aws_sns_topic": {"a": [topic()]}}},
        {"data": {"aws_caller_identity": []}},
    ],
    ids=["module", "list of resources", "list of settings", "list of data"],
)
def test_a_form_that_would_go_unscanned(project: Project, body: Body) -> None:
    project.stacks["demo-services"] = {**frame("services"), **body}
    assert doubts(project.judge()) == [Doubt.NOT_UNDERSTOOD]


@pytest.mark.parametrize("section", ["import", "moved", "removed"])
def test_blocks_that_make_checkov_drop_a_stack_are_set_aside(project: Project, section: str) -> None:
    project.stacks["demo-services"][section] = [{"from": "aws_sns_topic.old", "to": "aws_sns_topic.services"}]
    project.stacks["demo-services"]["terraform"]["experiments"] = ["module_variable_optional_attrs"]
    assert project.judge().outcome is Outcome.CLEAN


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("${data.terraform_remote_state.network.outputs.nothing}", "it publishes topic"),
        ('${data.terraform_remote_state.network.outputs.topic["a"]}', "no keys"),
        ("${data.terraform_remote_state.nowhere.outputs.topic}", "none of network, services"),
    ],
)
def test_a_contract_that_nobody_keeps(project: Project, expression: str, complaint: str) -> None:
    project.stacks["demo-network"]["output"] = {"topic": {"value": "${aws_sns_topic.network.arn}"}}
    project.add("services", "aws_sns_topic", "reader", topic(display_name=expression))
    verdict = project.judge()
    assert doubts(verdict) == [Doubt.BROKEN_CONTRACT]
    assert complaint in words(verdict)


def test_a_remote_state_that_is_not_what_it_is_called(project: Project) -> None:
    project.add("services", "terraform_remote_state", "network", remote_state("other"), section="data")
    assert doubts(project.judge()) == [Doubt.BROKEN_CONTRACT]


def test_a_skip_inside_a_stack(project: Project) -> None:
    skip = {"checkov": {"skip": [{"id": "CKV_AWS_26", "comment": "because"}]}}
    project.add("services", "aws_sns_topic", "skips", {"name": "open", "//": skip})
    assert doubts(project.judge()) == [Doubt.INLINE_SKIP]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("broken.py", '"CKV_PLANT_1"\nimport nothing_of_that_name', "ModuleNotFoundError"),
        ("syntax.py", '"CKV_PLANT_1"\ndef', "SyntaxError"),
        ("unmade.py", CHECK.format(body="return None", end=""), "not registered"),
        ("twin.py", PASSES, "another check's id"),
        ("empty.py", "", "holds no check"),
        ("stock.py", PASSES.replace("CKV_PLANT_1", "CKV_AWS_26"), "another check's id"),
        ("graph.yaml", 'metadata:\n  id: "CKV_PLANT_2"\n', "not registered"),
    ],
)
def test_a_check_that_does_not_load(project: Project, name: str, text: str, complaint: str) -> None:
    project.checks = {"good.py": PASSES if name == "twin.py" else PASSES.replace("_1", "_3"), name: text}
    verdict = project.judge()
    assert set(doubts(verdict)) <= {Doubt.CHECK_NOT_LOADED, Doubt.SCANNER}
    assert complaint in words(verdict)


def test_no_checks_of_our_own(project: Project) -> None:
    project.checks = {}
    assert doubts(project.judge()) == [Doubt.CHECK_NOT_LOADED]


def test_a_check_that_raises(project: Project) -> None:
    project.checks = {"raises.py": CHECK.format(body='raise KeyError("hunter2")', end="check = Planted()")}
    verdict = project.judge()
    assert doubts(verdict) == [Doubt.CHECK_RAISED] * 2
    assert "CKV_PLANT_1 raised KeyError" in words(verdict)
    assert "hunter2" not in words(verdict)


def test_a_graph_check_that_raises(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from checkov.common.checks_infra.solvers.attribute_solvers.equals_attribute_solver import (  # noqa: PLC0415
        EqualsAttributeSolver,
    )

    def raises(*_: object, **__: object) -> bool:
        raise KeyError

    project.checks = {"graph.yaml": GRAPH.format(operator="equals"), "good.py": PASSES}
    assert project.judge().outcome is Outcome.CLEAN
    monkeypatch.setattr(EqualsAttributeSolver, "_get_operation", raises)
    assert Doubt.CHECK_RAISED in doubts(project.judge())


def test_a_scan_leaves_no_check_behind(project: Project) -> None:
    project.checks = {"good.py": PASSES}
    assert "CKV_PLANT_1" in project.judge().checks
    project.checks = {"good.py": PASSES.replace("CKV_PLANT_1", "CKV_PLANT_3")}
    assert "CKV_PLANT_1" not in project.judge().checks


def test_a_stack_with_resources_and_no_record(project: Project) -> None:
    project.checks = {"good.py": PASSES}
    project.stacks["demo-services"]["resource"] = {"null_resource": {"unknown": {}}}
    verdict = project.judge()
    assert doubts(verdict) == [Doubt.NOT_SCANNED]
    assert "demo-services" in words(verdict)


def test_a_block_that_checkov_loses(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from checkov.terraform.graph_builder.graph_components.module import Module  # noqa: PLC0415

    monkeypatch.setattr(Module, "_block_type_to_func", {})
    assert set(doubts(project.judge())) == {Doubt.NOT_SCANNED}


@pytest.mark.parametrize(
    ("plant", "complaint"),
    [
        (lambda risk: risk.update(checks=["CKV_AWS_99999"]), "which no check has as its id"),
        (lambda risk: risk.update(resources=["aws_sns_topic.gone"]), "covers no finding"),
        (lambda risk: risk.update(checks=["CKV_AWS_26", "CKV_AWS_1"]), "covers no finding"),
        (lambda risk: risk.update(stacks=["demo-services", "demo-network"]), "covers no finding"),
    ],
    ids=["unknown check", "unused resource", "unused check", "unused stack"],
)
def test_an_entry_of_the_register_that_is_not_used(
    project: Project, plant: Callable[[Body], object], complaint: str
) -> None:
    project.add("services", "aws_sns_topic", "open", {"name": "open"})
    risk = entry(checks=["CKV_AWS_26"], resources=["aws_sns_topic.open"], stacks=["demo-services"])
    project.risks = [risk]
    assert project.judge().outcome is Outcome.CLEAN
    plant(risk)
    verdict = project.judge()
    assert set(doubts(verdict)) == {Doubt.REGISTER}
    assert complaint in words(verdict)


def test_every_reason_comes_out_in_one_run(project: Project) -> None:
    project.risks = [entry(checks=["CKV_AWS_26"])]
    project.stacks["old-network"] = frame("network")
    project.stacks["demo-services"]["module"] = {}

    def spoil() -> None:
        project.file("network").write_text(json.dumps([]), encoding="utf-8")

    assert set(doubts(project.judge(before=spoil))) == {Doubt.REGISTER, Doubt.UNKNOWN_STACK, Doubt.MALFORMED}
