"""`ops parity`: what it prints, its exit codes and its errors."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from modules.synthesis import STACK_FILE
from ops.__main__ import app
from tests.products import AEP, HERE, values


@pytest.fixture
def aep() -> Iterator[None]:
    """The environments are AEP's."""
    with values(AEP):
        yield


def call(out: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["parity", *arguments, "--out", str(out)])


@pytest.fixture
def edited(output: Path, tmp_path: Path) -> Path:
    """AEP's stacks, of which one is edited by hand."""
    shutil.copytree(output / "stacks", tmp_path / "stacks")
    file = tmp_path / "stacks" / "prod-data" / STACK_FILE
    text = file.read_text(encoding="utf-8")
    assert '"Isolated subnets"' in text
    file.write_text(text.replace('"Isolated subnets"', '"edited"', 1), encoding="utf-8")
    return tmp_path


@pytest.mark.slow
@pytest.mark.requirement("R0.5")
@pytest.mark.usefixtures("aep")
def test_a_value_is_shown_with_its_places_and_effects(output: Path) -> None:
    result = call(output, "prod", "prod-starter")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("  profile.database_class: "))
    assert "/profiles.py:" in lines[start]
    assert lines[start + 1].startswith("    data aws_db_instance.database: instance_class: ")
    assert "    hardening aws_wafv2_web_acl.web_acl: only in prod" in lines


@pytest.mark.slow
@pytest.mark.usefixtures("aep")
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), {("prod", "prod-starter"), ("prod", "staging"), ("prod-starter", "staging")}),
        (("staging",), {("prod", "staging"), ("prod-starter", "staging")}),
        (("staging", "prod"), {("staging", "prod")}),
    ],
)
def test_pairs(output: Path, names: tuple[str, ...], expected: set[tuple[str, str]]) -> None:
    found: dict[str, Any] = json.loads(call(output, *names, "--json").stdout)
    assert {tuple(each["environments"]) for each in found["comparisons"]} == expected
    assert found["outcome"] == "clean"
    for each in found["comparisons"]:
        settings = {value["setting"] for value in each["values"]}
        assert all(part["causes"] and set(part["causes"]) <= settings for part in each["resources"])


@pytest.mark.slow
@pytest.mark.usefixtures("aep")
def test_what_no_value_explains_is_a_finding(edited: Path) -> None:
    result = call(edited, "prod", "staging")
    assert result.exit_code == 1
    assert result.stdout.startswith("prod: 1 difference that no value explains\n")
    assert "prod-data aws_db_subnet_group.database_subnets: description isn't what the values give" in result.stdout
    data = json.loads(call(edited, "prod", "staging", "--json").stdout)
    (found,) = data["unexplained"]
    assert (data["outcome"], found["address"], found["argument"]) == (
        "findings",
        "aws_db_subnet_group.database_subnets",
        "description",
    )
    assert found["file"].endswith("cdk.tf.json")
    line = Path(found["file"]).read_text(encoding="utf-8").splitlines()[found["line"] - 1]
    assert line.strip() == '"database_subnets": {'
    markdown = call(edited, "prod", "staging", "--markdown")
    assert markdown.exit_code == 1
    assert markdown.stdout.startswith("### prod: 1 difference that no value explains\n")
    assert "edited" not in result.stdout + markdown.stdout, "the value is printed"


@pytest.mark.slow
@pytest.mark.usefixtures("aep")
def test_markdown_has_tables(output: Path) -> None:
    result = call(output, "prod", "staging", "--markdown")
    assert result.exit_code == 0, result.output
    tables = [line for line in result.stdout.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in tables} == {4, 5}
    assert "| `data aws_db_instance.database` | backup_retention_period: 30 → 14 | `database.backup_days` |" in tables


@pytest.mark.usefixtures("aep")
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("prod", "prod"), "error: prod twice; name two environments"),
        (("prod", "staging", "prod-starter"), "error: 3 environments; name two, one to compare with all others"),
        (("prod", "stagin"), "error: unknown environment 'stagin'; did you mean staging?"),
        (("prod", "staging", "--json", "--markdown"), "error: --json and --markdown exclude each other"),
    ],
)
def test_wrong_arguments(output: Path, arguments: tuple[str, ...], error: str) -> None:
    result = call(output, *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(error)
    assert result.stderr.count("\n") == 1


@pytest.mark.usefixtures("aep")
def test_stacks_that_arent_synthesized(tmp_path: Path) -> None:
    result = call(tmp_path, "prod", "staging")
    assert result.exit_code == 2
    assert "make synth" in result.stderr


@pytest.mark.parametrize(
    ("names", "error"),
    [((), "error: no product has two environments"), (("mini-demo",), "error: mini-demo is the only environment of")],
)
def test_a_product_with_one_environment(tmp_path: Path, names: tuple[str, ...], error: str) -> None:
    with values(HERE / "mini"):
        result = call(tmp_path, *names)
    assert result.exit_code == 2
    assert result.stderr.startswith(error)
