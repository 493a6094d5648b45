"""Controls of AWS FSBP and CIS follow from the gate's results: a planted change fails the controls about it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.__main__ import app
from ops.report.architecture import architecture
from ops.report.contents import Reports, contents
from ops.report.stacks import read
from tests.products import AEP, values

pytestmark = pytest.mark.slow
Results = dict[str, dict[str, Any]]
"""By standard and id."""
PLANTED: dict[tuple[str, str], dict[str, tuple[object, set[str]]]] = {
    ("data", "aws_db_instance"): {
        "multi_az": (False, {"FSBP RDS.5"}),
        "publicly_accessible": (True, {"FSBP RDS.2", "CIS 2.3.3"}),
        "storage_encrypted": (False, {"FSBP RDS.3", "CIS 2.3.1"}),
        "deletion_protection": (False, {"FSBP RDS.8"}),
        "auto_minor_version_upgrade": (False, {"FSBP RDS.13", "CIS 2.3.2"}),
        "copy_tags_to_snapshot": (False, {"FSBP RDS.17"}),
        "monitoring_interval": (0, {"FSBP RDS.6"}),
        "iam_database_authentication_enabled": (False, {"FSBP RDS.10"}),
    },
    ("data", "aws_kms_key"): {"enable_key_rotation": (False, {"CIS 3.6"})},
    ("account", "aws_cloudtrail"): {
        "enable_log_file_validation": (False, {"FSBP CloudTrail.4", "CIS 3.2"}),
        "is_multi_region_trail": (False, {"FSBP CloudTrail.1", "CIS 3.1"}),
    },
    ("edge", "aws_lb"): {
        "drop_invalid_header_fields": (False, {"FSBP ELB.4"}),
        "enable_deletion_protection": (False, {"FSBP ELB.6"}),
        "desync_mitigation_mode": ("monitor", {"FSBP ELB.12"}),
    },
    ("registry", "aws_ecr_repository"): {"image_tag_mutability": ("MUTABLE", {"FSBP ECR.2"})},
}
"""Arguments of all resources of a type in a phase, with another value and the controls that then fail."""


@pytest.fixture(scope="module")
def judged(output: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Results]:
    """Controls of an environment, after the gate; with the planted changes for `planted`."""

    def run(which: str) -> Results:
        name, out = ("prod" if which == "planted" else which), tmp_path_factory.mktemp(which)
        for folder in output.glob(f"stacks/{name}-*"):
            shutil.copytree(folder, out / "stacks" / folder.name)
        if which == "planted":
            for (phase, kind), arguments in PLANTED.items():
                _plant(out / "stacks" / f"prod-{phase}" / "cdk.tf.json", kind, arguments)
        with values(AEP):
            CliRunner().invoke(app, ["gate", name, "--out", str(out)])
            found, reports = read(out, [name]), Reports(out)
            shown = [architecture(each.view, each.environment) for each in found]
            controls = contents(found, shown, reports.gate(found), reports, [])["controls"]
        return {f"{each['standard']} {each['id']}": each["results"][name] for each in controls}

    return run


def _plant(file: Path, kind: str, arguments: dict[str, tuple[object, set[str]]]) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    for body in content["resource"][kind].values():
        body |= {argument: value for argument, (value, _) in arguments.items()}
    file.write_text(json.dumps(content, indent=2), encoding="utf-8")


def of(results: Results, status: str) -> set[str]:
    return {control for control, result in results.items() if result["status"] == status}


def test_planted_changes_fail_their_controls_and_no_others(judged: Callable[[str], Results]) -> None:
    before, after = judged("prod"), judged("planted")
    wanted = {control for arguments in PLANTED.values() for _, controls in arguments.values() for control in controls}
    assert not of(before, "fail") | of(before, "unknown")
    assert of(after, "fail") == wanted <= of(before, "pass")
    assert after["FSBP RDS.5"]["why"] == "aws_db_instance.database"
    assert {name: result["status"] for name, result in after.items() if name not in wanted} == {
        name: result["status"] for name, result in before.items() if name not in wanted
    }


def test_accepted_and_not_applicable_controls_have_their_reason(judged: Callable[[str], Results]) -> None:
    results = judged("prod-starter")
    assert {control: results[control]["risks"] for control in of(results, "accepted")} == {
        "FSBP ElastiCache.3": ("cache-of-one-node",),
        "FSBP ELB.16": ("load-balancer-without-waf",),
        "FSBP RDS.5": ("database-in-one-zone",),
        "FSBP S3.9": ("state-bucket-without-access-log",),
        "FSBP SecretsManager.1": ("secrets-that-nothing-can-rotate",),
    }
    assert results["FSBP WAF.10"]["why"] == "no aws_wafv2_web_acl in the stacks"
    assert results["CIS 3.4"]["status"] == "pass", "the state's bucket has no access log, the trail's has"
