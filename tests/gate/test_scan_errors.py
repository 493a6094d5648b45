"""The gate doesn't pass by accident: whatever keeps it from seeing everything is exit code 2."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from ops.gate.model import ErrorKind, Outcome, ScanError, Verdict
from ops.gate.stacks import Expected
from ops.gate.understood import attributes
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


def kinds(verdict: Verdict) -> list[ErrorKind]:
    assert verdict.outcome is Outcome.ERROR
    assert all(error.where and error.what and error.fix for error in verdict.errors)
    return [error.kind for error in verdict.errors]


def words(verdict: Verdict) -> str:
    return " ".join(f"{error.where} {error.what} {error.fix}" for error in verdict.errors)


def test_the_project_is_clean_without_a_plant(project: Project) -> None:
    verdict = project.judge()
    assert verdict.outcome is Outcome.CLEAN, verdict
    assert verdict.stacks == ("demo-network", "demo-services")
    assert verdict.resources == 2
    assert verdict.passed > 10


def test_no_stacks(project: Project) -> None:
    project.stacks.clear()
    assert kinds(project.judge()) == [ErrorKind.NO_STACKS]


def test_an_empty_folder_of_stacks(project: Project) -> None:
    project.stacks.clear()
    assert kinds(project.judge(before=lambda: (project.out / "stacks").mkdir(parents=True))) == [ErrorKind.NO_STACKS]


def test_a_missing_phase(project: Project) -> None:
    del project.stacks["demo-services"]
    verdict = project.judge()
    assert kinds(verdict) == [ErrorKind.MISSING_PHASE]
    assert "demo-services" in words(verdict)


def test_a_missing_environment(project: Project) -> None:
    project.expected = Expected({**project.expected.environments, "other": ("network",)})
    assert kinds(project.judge()) == [ErrorKind.MISSING_PHASE]


def test_a_named_stack_needs_its_whole_environment(project: Project) -> None:
    del project.stacks["demo-services"]
    assert kinds(project.judge("demo-network")) == [ErrorKind.MISSING_PHASE]


def test_a_stack_that_no_environment_has(project: Project) -> None:
    project.stacks["old-network"] = frame("network")
    verdict = project.judge()
    assert kinds(verdict) == [ErrorKind.UNKNOWN_STACK]
    assert "old-network" in words(verdict)


def test_an_unknown_name_is_answered_with_the_nearest(project: Project) -> None:
    verdict = project.judge("demo-netwrok")
    assert kinds(verdict) == [ErrorKind.UNKNOWN_STACK]
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
    assert kinds(verdict) == [ErrorKind.MALFORMED]
    assert "demo-services" in words(verdict)


def test_a_stack_that_is_not_text(project: Project) -> None:
    verdict = project.judge(before=lambda: project.file("services").write_bytes(b'{"a": "\xff"}'))
    assert kinds(verdict) == [ErrorKind.MALFORMED]


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
    assert kinds(project.judge()) == [ErrorKind.NOT_UNDERSTOOD]


@pytest.mark.parametrize("section", ["moved", "check", "language"])
def test_blocks_that_the_project_never_writes(project: Project, section: str) -> None:
    project.stacks["demo-services"][section] = {"a": {"to": "aws_sns_topic.services"}}
    verdict = project.judge()
    assert kinds(verdict) == [ErrorKind.NOT_UNDERSTOOD]
    assert f'add `[blocks] {section} = "check …"` to ops/gate/understood/stack.toml,' in words(verdict)


def test_a_variable_that_the_values_do_not_lead_to(project: Project) -> None:
    project.stacks["demo-services"]["variable"] = {"a": {"type": "string", "default": "b"}}
    verdict = project.judge()
    assert kinds(verdict) == [ErrorKind.NOT_UNDERSTOOD]
    assert "variable 'a', which the environment's values don't lead to" in words(verdict)


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("${data.terraform_remote_state.network.outputs.nothing}", "it publishes topic"),
        ('${data.terraform_remote_state.network.outputs.topic["a"]}', "no keys"),
        ("${data.terraform_remote_state.nowhere.outputs.topic}", "phases: network, services"),
    ],
)
def test_a_contract_that_is_not_kept(project: Project, expression: str, complaint: str) -> None:
    project.stacks["demo-network"]["output"] = {"topic": {"value": "${aws_sns_topic.network.arn}"}}
    project.add("services", "aws_sns_topic", "reader", topic(display_name=expression))
    verdict = project.judge()
    assert kinds(verdict) == [ErrorKind.BROKEN_CONTRACT]
    assert complaint in words(verdict)


def test_a_remote_state_that_is_not_what_it_is_called(project: Project) -> None:
    project.add("services", "terraform_remote_state", "network", remote_state("other"), section="data")
    assert kinds(project.judge()) == [ErrorKind.BROKEN_CONTRACT]


def test_a_skip_inside_a_stack(project: Project) -> None:
    skip = {"checkov": {"skip": [{"id": "CKV_AWS_26", "comment": "because"}]}}
    project.add("services", "aws_sns_topic", "skips", {"name": "open", "//": skip})
    assert kinds(project.judge()) == [ErrorKind.INLINE_SKIP]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("broken.py", '"CKV_PLANT_1"\nimport nothing_of_that_name', "ModuleNotFoundError"),
        ("syntax.py", '"CKV_PLANT_1"\ndef', "SyntaxError"),
        ("unmade.py", CHECK.format(body="return None", end=""), "not registered"),
        ("twin.py", PASSES, "is the id of several checks"),
        ("empty.py", "", "holds no check"),
        ("stock.py", PASSES.replace("CKV_PLANT_1", "CKV_AWS_26"), "is the id of several checks"),
        ("graph.yaml", 'metadata:\n  id: "CKV_PLANT_2"\n', "not registered"),
    ],
)
def test_a_check_that_does_not_load(project: Project, name: str, text: str, complaint: str) -> None:
    project.checks = {"good.py": PASSES if name == "twin.py" else PASSES.replace("_1", "_3"), name: text}
    verdict = project.judge()
    assert set(kinds(verdict)) <= {ErrorKind.CHECK_NOT_LOADED, ErrorKind.SCANNER}
    assert complaint in words(verdict)


def test_no_checks_of_our_own(project: Project) -> None:
    project.checks = {}
    assert kinds(project.judge()) == [ErrorKind.CHECK_NOT_LOADED]


def test_a_check_that_raises(project: Project) -> None:
    project.checks = {"raises.py": CHECK.format(body='raise KeyError("hunter2")', end="check = Planted()")}
    verdict = project.judge()
    assert kinds(verdict) == [ErrorKind.CHECK_RAISED] * 2
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
    assert ErrorKind.CHECK_RAISED in kinds(project.judge())


def test_a_scan_leaves_no_check_behind(project: Project) -> None:
    project.checks = {"good.py": PASSES}
    assert "CKV_PLANT_1" in project.judge().checks
    project.checks = {"good.py": PASSES.replace("CKV_PLANT_1", "CKV_PLANT_3")}
    assert "CKV_PLANT_1" not in project.judge().checks


def test_a_stack_with_resources_and_no_record(project: Project) -> None:
    project.checks = {"good.py": PASSES}
    project.stacks["demo-services"]["resource"] = {"null_resource": {"unknown": {}}}
    verdict = project.judge()
    assert kinds(verdict) == [ErrorKind.NOT_SCANNED]
    assert "demo-services" in words(verdict)


def test_a_block_that_checkov_loses(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from checkov.terraform.graph_builder.graph_components.module import Module  # noqa: PLC0415

    monkeypatch.setattr(Module, "_block_type_to_func", {})
    assert set(kinds(project.judge())) == {ErrorKind.NOT_SCANNED}


@pytest.mark.parametrize(
    ("plant", "complaint"),
    [
        (lambda risk: risk.update(checks=["CKV_AWS_99999"]), "but no check has that id"),
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
    assert set(kinds(verdict)) == {ErrorKind.REGISTER}
    assert complaint in words(verdict)


def test_every_reason_comes_out_in_one_run(project: Project) -> None:
    project.risks = [entry(checks=["CKV_AWS_26"])]
    project.stacks["old-network"] = frame("network")
    project.stacks["demo-services"]["module"] = {}

    def spoil() -> None:
        project.file("network").write_text(json.dumps([]), encoding="utf-8")

    assert set(kinds(project.judge(before=spoil))) == {ErrorKind.REGISTER, ErrorKind.UNKNOWN_STACK, ErrorKind.MALFORMED}


def test_an_error_of_the_tables_is_no_traceback(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """References in a circle, or a table without its type, raise where values are compared."""

    def raising(*_: object) -> Iterator[ScanError]:
        raise RecursionError
        yield

    monkeypatch.setattr(attributes, "scan_errors", raising)
    verdict = project.judge()
    assert verdict.outcome is Outcome.ERROR
    assert any("RecursionError" in error.what for error in verdict.errors)


def test_an_import_that_the_values_lead_to(project: Project) -> None:
    frames = {
        name: replace(each, existing={"aws_sns_topic.services": "arn"})
        for name, each in project.expected.frames.items()
    }
    project.expected = replace(project.expected, frames=frames)
    project.stacks["demo-services"]["import"] = [{"id": "arn", "to": "aws_sns_topic.services"}]
    assert project.judge().outcome is Outcome.CLEAN


@pytest.mark.parametrize(
    "block",
    [
        {"id": "arn", "to": "aws_sns_topic.network"},
        {"id": "arn", "to": "aws_sns_topic.services"},
        {"id": "arn", "to": "aws_sns_topic.services", "provider": "aws.other"},
        {"id": "arn", "to": "aws_sns_topic.services", "for_each": []},
    ],
    ids=["of another stack", "not in the values", "of a provider", "of several"],
)
def test_an_import_that_the_values_do_not_lead_to(project: Project, block: Body) -> None:
    project.stacks["demo-services"]["import"] = [block]
    verdict = project.judge()
    assert kinds(verdict) == [ErrorKind.NOT_UNDERSTOOD]
    assert "which the environment's `existing` doesn't lead to" in words(verdict)


FORGOTTEN = {"from": "aws_db_instance.database", "lifecycle": {"destroy": False}}


def forgetting(project: Project, block: Body) -> Verdict:
    """Let the values lead to one forgotten address, and the stack have a block."""
    frames = {
        name: replace(each, forgotten=("aws_db_instance.database",)) for name, each in project.expected.frames.items()
    }
    project.expected = replace(project.expected, frames=frames)
    project.stacks["demo-services"]["removed"] = [block]
    return project.judge()


def test_what_a_restore_left_may_be_forgotten(project: Project) -> None:
    assert forgetting(project, FORGOTTEN).outcome is Outcome.CLEAN


@pytest.mark.requirement("R13.13", "R5.5")
@pytest.mark.parametrize(
    "block",
    [
        {**FORGOTTEN, "lifecycle": {"destroy": True}},
        {"from": "aws_db_instance.database"},
        {**FORGOTTEN, "from": "aws_sns_topic.services"},
        {**FORGOTTEN, "provisioner": {"local-exec": {"command": "true"}}},
    ],
    ids=["destroyed", "destroyed by default", "of another address", "with a program"],
)
def test_nothing_else_is_forgotten_and_nothing_destroyed_by_a_block(project: Project, block: Body) -> None:
    verdict = forgetting(project, block)
    assert kinds(verdict) == [ErrorKind.NOT_UNDERSTOOD]
    assert "which the environment's `restored` don't say" in words(verdict)
