"""The reports: complete, well-formed, and without a secret."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from ops.errors import OpsError
from ops.gate.folder import BESIDE_STACK
from ops.gate.model import Block, Outcome, Record, Verdict, in_order
from ops.gate.reports import as_data, write
from tests.gate.project import Project, entry
from tests.gate.test_scan_errors import CHECK

NAMES = {"gate.txt", "gate.json", "gate.sarif", "gate.junit.xml", "gate.md"}
SECRET = "hunter2-correct-horse"


def written(verdict: Verdict, folder: Path) -> dict[str, str]:
    write(verdict, folder)
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_records_are_in_the_order_of_their_fields() -> None:
    blocks = [Block(*each) for each in product("ab", "ab", "ab", (9, 10))]
    records = [
        Record(check, block, passed, details)
        for check, block, passed, details in product("yx", blocks, (True, False), (("b",), ("a", "b"), ()))
    ]
    assert in_order(records) == sorted(records)


@pytest.fixture
def verdict(project: Project) -> Verdict:
    """One finding of ours, one of checkov's, one that is accepted, and a warning."""
    project.add("network", "aws_sns_topic", "open", {"name": "open"})
    project.add("network", "aws_sns_topic", "closed", {"name": "accepted"})
    project.add("services", "aws_cloudwatch_log_group", "logs", {"name": "logs", "retention_in_days": 400})
    project.risks = [entry(checks=["CKV_AWS_26"], resources=["aws_sns_topic.closed"], stacks=["demo-network"])]
    project.risks[0] = {**project.risks[0], "expires": project.risks[0]["accepted"].replace(month=3, day=20)}
    return project.judge()


def test_the_console_says_what_failed_where_and_how_to_fix_it(verdict: Verdict, tmp_path: Path) -> None:
    text = written(verdict, tmp_path / "reports")["gate.txt"]
    assert "FAIL   CKV_ROLLOUT_32 Logs are encrypted with our own key" in text
    assert "demo-services/cdk.tf.json:" in text
    assert "has no kms_key_id; use the account's log key" in text
    assert "FAIL   CKV_AWS_26" in text
    assert "WARN   " in text
    assert text.splitlines()[-1].startswith("gate: findings. 2 stacks, 5 resources, ")
    assert text.splitlines()[-1].endswith(" failed, 1 accepted")


def test_json(verdict: Verdict, tmp_path: Path) -> None:
    data = json.loads(written(verdict, tmp_path / "reports")["gate.json"])
    assert data == as_data(verdict)
    assert (data["outcome"], data["exit_code"]) == ("findings", 1)
    assert {each["check"] for each in data["findings"]} == {"CKV_AWS_26", "CKV_AWS_158", "CKV_ROLLOUT_32"}
    assert [each["risk"] for each in data["accepted"]] == ["planted"]
    assert all(each["line"] > 1 for each in data["findings"])


def test_sarif(verdict: Verdict, tmp_path: Path) -> None:
    (run,) = json.loads(written(verdict, tmp_path / "reports")["gate.sarif"])["runs"]
    rules = {each["id"] for each in run["tool"]["driver"]["rules"]}
    assert {each["ruleId"] for each in run["results"]} == rules
    assert [each["ruleId"] for each in run["results"] if "suppressions" in each] == ["CKV_AWS_26"]
    assert len({each["partialFingerprints"]["gate/v1"] for each in run["results"]}) == len(run["results"])
    assert run["invocations"][0]["executionSuccessful"]


def test_junit(verdict: Verdict, tmp_path: Path) -> None:
    root = ET.fromstring(written(verdict, tmp_path / "reports")["gate.junit.xml"])
    counts = {suite.get("name"): (suite.get("failures"), suite.get("skipped")) for suite in root}
    assert counts == {"gate": ("0", "0"), "demo-network": ("1", "1"), "demo-services": ("2", "0")}


def test_markdown(verdict: Verdict, tmp_path: Path) -> None:
    text = written(verdict, tmp_path / "reports")["gate.md"]
    assert text.startswith("## Gate: findings\n")
    assert "| `aws_cloudwatch_log_group.logs` |" in text
    assert "### Accepted" in text


def test_an_error_is_in_every_report(project: Project, tmp_path: Path) -> None:
    del project.stacks["demo-services"]
    verdict = project.judge()
    reports = written(verdict, tmp_path / "reports")
    assert reports.keys() == NAMES
    assert all("demo-services isn't synthesized" in text for text in reports.values())
    assert not json.loads(reports["gate.sarif"])["runs"][0]["invocations"][0]["executionSuccessful"]


@pytest.mark.requirement("R0.2")
def test_no_report_holds_a_secret(project: Project, tmp_path: Path) -> None:
    project.checks = {"raises.py": CHECK.format(body="raise KeyError(conf)", end="check = Planted()")}
    project.add("services", "aws_sns_topic", "open", {"name": "open", "display_name": SECRET})
    raising = written(project.judge(), tmp_path / "raising")

    clean = Project(tmp_path / "other")
    clean.folder.mkdir()
    database = {"identifier": "a", "username": "postgres", "password": SECRET, "db_name": "a"}
    clean.add("network", "aws_db_instance", "a", database)
    replaced = {"replace_triggered_by": ["aws_db_instance.a.resource_id"]}
    version = {"secret_id": "a", "secret_string": SECRET, "lifecycle": replaced}
    clean.add("services", "aws_secretsmanager_secret_version", "a", version)
    clean.add("services", "aws_ssm_parameter", "a", {"name": "a", "type": "SecureString", "value": SECRET})
    clean.add("services", "aws_sns_topic", "url", {"name": f"postgresql://user:{SECRET}@host/db"})
    environment = [{"name": "DB_PASSWORD", "value": SECRET}]
    container = {"name": "app", "image": "app", "environment": environment, "command": ["--password", SECRET]}
    clean.add("services", "aws_ecs_task_definition", "a", {"container_definitions": json.dumps([container])})
    verdict = clean.judge()
    assert verdict.outcome is Outcome.FINDINGS, verdict.errors
    found = {(each.record.check, each.record.block.address.split(".")[0]) for each in verdict.findings}
    assert {("CKV_ROLLOUT_6", "aws_db_instance"), ("CKV_ROLLOUT_8", "aws_ecs_task_definition")} <= found
    assert ("CKV_ROLLOUT_7", "aws_sns_topic") in found

    finding = written(verdict, tmp_path / "finding")
    clean.stacks["demo-network"]["output"] = {"url": {"value": SECRET}}
    rejected = written(clean.judge(), tmp_path / "rejected")
    assert raising.keys() == finding.keys() == rejected.keys() == NAMES
    for name, text in [*raising.items(), *finding.items(), *rejected.items()]:
        assert SECRET not in text, name


def test_control_characters_do_not_break_the_xml(project: Project, tmp_path: Path) -> None:
    project.stacks["demo-\x01old"] = {"resource": {}}
    ET.fromstring(written(project.judge(), tmp_path / "reports")["gate.junit.xml"])


def test_a_verdict_stands_beside_each_stack_until_that_is_judged_again(verdict: Verdict, tmp_path: Path) -> None:
    """Judging one environment takes nothing away from another; judging nothing takes all away."""
    stacks = [tmp_path / "stacks" / name for name in (*verdict.stacks, "other-network")]
    for folder in stacks:
        folder.mkdir(parents=True)
    (stacks[-1] / BESIDE_STACK).write_text("kept")
    write(verdict, tmp_path / "reports")
    for folder in stacks[:-1]:
        said = json.loads((folder / BESIDE_STACK).read_text())
        assert said == {
            "outcome": "findings",
            "today": verdict.today.isoformat(),
            "until": str(verdict.until),
            "files": verdict.files[folder.name],
        }
    assert (stacks[-1] / BESIDE_STACK).read_text() == "kept"
    write(Verdict(verdict.today), tmp_path / "reports")
    assert not list(tmp_path.glob(f"stacks/*/{BESIDE_STACK}"))


@pytest.mark.parametrize("name", ["a\x1b[2J", "a\u202eb", "x\ngate: clean. 0 findings", "\u2028gate: clean."])
def test_a_resource_cannot_fake_a_line_of_the_gates_reports(project: Project, name: str) -> None:
    project.add("network", "aws_sns_topic", name, {"name": "open"})
    verdict = project.judge()
    write(verdict, project.out / "reports")
    for report in ("gate.txt", "gate.md", "gate.junit.xml", "gate.json", "gate.sarif"):
        text = (project.out / "reports" / report).read_text(encoding="utf-8")
        assert name not in text
        assert not [line for line in text.splitlines() if line.startswith("gate: clean")]
        assert text.replace("\n", "").isprintable(), report


def test_reports_that_cannot_be_written_are_one_clear_error(verdict: Verdict, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(OpsError, match=r"can't write reports to .*reports"):
        write(verdict, tmp_path / "reports")
