"""The adapter gives what stock checkov gives, more where that is blind, and nothing can weaken it."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from ops.gate.documents import read
from ops.gate.model import Outcome
from ops.gate.scanner import Scanner
from ops.gate.stacks import EnvironmentStacks
from ops.gate.view import merged_view
from tests.gate.project import POLICIES, Project, failed, frame

WEAKENING = {
    "CKV_SKIP_CHECK": "CKV_AWS_26",
    "CKV_CHECK": "CKV_AWS_1",
    "CKV_FRAMEWORK": "dockerfile",
    "CKV_IGNORED_DIRECTORIES": "stacks",
    "CHECKOV_CHECK_FAIL_LEVEL": "WARNING",
    "CHECKOV_ENABLE_FOREACH_HANDLING": "False",
    "CHECKOV_RENDER_MAX_LEN": "1",
    "CREATE_EDGES": "False",
    "TF_VAR_encrypted": "alias/key",
    "LOG_LEVEL": "DEBUG",
}
RESOURCES: dict[str, Any] = {
    "aws_db_instance": {"a": {"engine": "postgres", "instance_class": "db.t4g.small", "storage_encrypted": False}},
    "aws_ecr_repository": {"a": {"name": "a", "image_scanning_configuration": {"scan_on_push": True}}},
    "aws_iam_role": {"a": {"name": "a", "assume_role_policy": '{"Statement": []}'}},
    "aws_lb": {"a": {"name": "a", "internal": False, "load_balancer_type": "application"}},
    "aws_s3_bucket": {"a": {"bucket": "a", "tags": {"A": "b"}}},
    "aws_security_group": {
        "a": {"ingress": [{"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}]}
    },
    "aws_vpc": {"a": {"cidr_block": "10.0.0.0/16", "enable_dns_support": True}},
}


def stock_records(folder: Path) -> set[tuple[str, str, bool]]:
    """What checkov's own runner says of a folder with one stack, which has no references to render."""
    from checkov.runner_filter import RunnerFilter  # noqa: PLC0415
    from checkov.terraform_json.runner import TerraformJsonRunner  # noqa: PLC0415

    chosen = RunnerFilter(framework=["terraform_json"], show_progress_bar=False)
    report = TerraformJsonRunner().run(root_folder=str(folder), runner_filter=chosen)
    assert not isinstance(report, list)
    return {
        (record.check_id, record.resource.split(".")[-1], passed)
        for passed, records in ((True, report.passed_checks), (False, report.failed_checks))
        for record in records
    }


def test_the_stock_checks_say_what_stock_checkov_makes_them_say(tmp_path: Path) -> None:
    path = tmp_path / "cdk.tf.json"
    body = {**frame("network"), "resource": RESOURCES}
    # The stock runner names the resource without its type, so names are made unique.
    body["resource"] = {kind: {kind: settings["a"]} for kind, settings in RESOURCES.items()}
    path.write_text(json.dumps(body, indent=2), encoding="utf-8")

    stock = stock_records(tmp_path)
    with Scanner(POLICIES / "checks") as loaded:
        scan = loaded.scan(merged_view(EnvironmentStacks("demo", {"network": read(path, "demo-network")})))
        ours = {
            (record.check, record.block.address.split(".")[1], record.passed)
            for record in scan.records
            if not loaded.checks[record.check].own
        }
    assert len(stock) > 50
    assert ours == stock


def test_settings_of_the_environment_and_stray_files_change_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add("services", "aws_sns_topic", "open", {"name": "open"})
    project.add("services", "aws_kms_key", "a", {"lifecycle": {"prevent_destroy": True}})
    before = failed(project.judge())
    assert ("CKV_AWS_26", "aws_sns_topic.open") in before

    for name, value in WEAKENING.items():
        monkeypatch.setenv(name, value)
    for folder in (project.folder, project.out, project.out / "stacks"):
        (folder / ".checkov.yaml").write_text("skip-check: [CKV_AWS_26]\n", encoding="utf-8")
        (folder / "terraform.tfvars.json").write_text("{}", encoding="utf-8")
    monkeypatch.chdir(project.folder)
    verdict = project.judge()
    assert failed(verdict) == before
    assert verdict.outcome is Outcome.FINDINGS
    assert os.environ["CKV_SKIP_CHECK"] == "CKV_AWS_26", "the environment is given back"


def test_no_call_leaves_the_machine(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the gate works offline")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert project.judge().outcome is Outcome.CLEAN


def test_a_scan_prints_nothing(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    project.judge()
    assert capfd.readouterr() == ("", "")
