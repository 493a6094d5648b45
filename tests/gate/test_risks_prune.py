"""`ops risks prune` removes from the register what matches nothing, keeps the rest, and keeps comments."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import ops.gate.register
import ops.gate.stacks
from ops.__main__ import app
from tests.gate.project import Project, entry

FINDING = {"checks": ["CKV_AWS_26"], "resources": ["aws_sns_topic.open"], "stacks": ["*-services"]}
COMMENTED = """# Head

# Section one

[[risk]]
id = "fixed"
checks = ["CKV_AWS_26"]
resources = ["aws_sns_topic.gone"]
stacks = ["*-services"]
{rest}
# Section two

[[risk]]
id = "kept"
checks = ["CKV_AWS_26"]
resources = [
  "aws_sns_topic.gone",
  "aws_sns_topic.open",  # the reason is a comment
]
stacks = ["*-services"]
{rest}"""
REST = """why = "a test needs an entry that is valid"
compensation = "nothing has to make up for a plant"
owner = "platform lead"
accepted = 2026-11-01
expires = 2027-10-31
closes = "the end of the test closes it for good"
"""


@pytest.fixture
def known(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with one finding, whose files the command reads."""
    project.add("services", "aws_sns_topic", "open", {"name": "open"})
    monkeypatch.setattr(ops.gate.stacks, "expected_stacks", lambda: project.expected)
    monkeypatch.setattr(ops.gate.register, "of_products", lambda: project.products)
    return project


def prune(project: Project, *arguments: str, register: str | None = None) -> Result:
    project.write()
    if register is not None:
        (project.products / "aep.toml").write_text(register, encoding="utf-8")
    where = ["--out", str(project.out), "--policies", str(project.folder / "policies")]
    return CliRunner().invoke(app, ["risks", "prune", *where, *arguments])


def ids(path: Path) -> list[str]:
    return [risk["id"] for risk in tomllib.loads(path.read_text(encoding="utf-8"))["risk"]]


def test_it_removes_entries_and_patterns_and_keeps_comments(known: Project) -> None:
    result = prune(known, "--yes", register=COMMENTED.format(rest=REST))
    assert result.exit_code == 0, result.output
    assert "risks/aep.toml [[risk]] fixed: the whole entry" in result.stdout
    assert "risks/aep.toml [[risk]] kept: 'aws_sns_topic.gone' in resources" in result.stdout
    assert (known.products / "aep.toml").read_text(encoding="utf-8") == (
        '# Head\n\n# Section one\n\n# Section two\n\n[[risk]]\nid = "kept"\nchecks = ["CKV_AWS_26"]\n'
        'resources = [\n  "aws_sns_topic.open",  # the reason is a comment\n]\nstacks = ["*-services"]\n' + REST
    )
    again = prune(known, "--yes", register=(known.products / "aep.toml").read_text(encoding="utf-8"))
    assert (again.exit_code, again.stderr) == (0, "no changes: each entry and pattern matches something\n")


def test_without_consent_nothing_changes(known: Project) -> None:
    register = COMMENTED.format(rest=REST)
    result = prune(known, register=register)
    assert result.exit_code == 1
    assert "[[risk]] fixed" in result.stdout
    assert (known.products / "aep.toml").read_text(encoding="utf-8") == register


def test_the_common_file_is_pruned_only_on_request(known: Project) -> None:
    known.risks = [entry(**FINDING)]
    unused = entry(id="unused", checks=["CKV_AWS_26"], resources=["aws_sns_topic.gone"], stacks=["*"])
    known.common = [unused, entry(id="choice", profile_risks=["no_waf"], environments=["demo"])]
    file = known.folder / "policies" / "risks.toml"
    assert prune(known, "--yes").exit_code == 0
    assert ids(file) == ["unused", "choice"]
    assert prune(known, "--yes", "--common").exit_code == 0
    assert not file.exists()


def test_the_file_of_a_product_without_environments_is_deleted(known: Project) -> None:
    known.common = [entry(**FINDING)]
    known.risks = [entry(id="old", **{**FINDING, "resources": ["aws_sns_topic.old"]})]
    result = prune(known, "--yes")
    assert result.exit_code == 0, result.output
    assert not (known.products / "aep.toml").exists()


def test_it_removes_nothing_while_the_gate_can_not_check_everything(known: Project) -> None:
    known.risks = [entry(id="old", **{**FINDING, "resources": ["aws_sns_topic.old"]})]
    del known.stacks["demo-network"]
    result = prune(known, "--yes")
    assert result.exit_code == 2
    assert "demo-network isn't synthesized" in result.stderr
    assert ids(known.products / "aep.toml") == ["old"]
