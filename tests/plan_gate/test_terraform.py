"""Plans that real Terraform made with the real provider, from a state that a test writes; STS is emulated."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from environments import load
from ops.__main__ import app
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import environment
from tests.terraform.run import terraform
from tests.terraform.warm import cached

pytestmark = pytest.mark.slow
KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "hunter2-correct-horse"
LOCAL = {"terraform": {"backend": {"local": {"path": "terraform.tfstate"}}}}
BUCKET = {"force_destroy": False, "tags": {}, "tags_all": {}}
RULE = {"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 443, "to_port": 443}
Body = dict[str, Any]


class Folder:
    """A copy of a stack that can be planned here."""

    def __init__(self, path: Path, environment: dict[str, str]) -> None:
        self.path = path
        self.environment = environment
        self.original = self.stack

    @property
    def stack(self) -> Body:
        body: Body = json.loads((self.path / "cdk.tf.json").read_text(encoding="utf-8"))
        return body

    def change(self, **sections: Any) -> None:
        """Put the stack back as it was, but with other resources too."""
        body = self.original
        for section, content in sections.items():
            known = body.get(section, {})
            merged = content
            if isinstance(content, dict):
                merged = {**known, **{kind: {**known.get(kind, {}), **named} for kind, named in content.items()}}
            body = {**body, section: merged}
        (self.path / "cdk.tf.json").write_text(json.dumps(body), encoding="utf-8")

    def had(self, *resources: tuple[str, str, Body]) -> None:
        """What the last state says."""
        state = {
            "version": 4,
            "terraform_version": "1.11.4",
            "serial": 1,
            "lineage": "00000000-0000-0000-0000-000000000000",
            "outputs": {},
            "resources": [
                {
                    "mode": "managed",
                    "type": kind,
                    "name": name,
                    "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
                    "instances": [{"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}],
                }
                for kind, name, attributes in resources
            ],
        }
        (self.path / "terraform.tfstate").write_text(json.dumps(state), encoding="utf-8")

    def plan(self) -> int:
        """Save a plan, and its JSON; its exit code."""
        arguments = ("plan", "-input=false", "-refresh=false", "-out=saved.tfplan")
        done = cached(self.path, *arguments, environment=self.environment)
        shown = cached(self.path, "show", "-json", "saved.tfplan", environment=self.environment)
        assert shown.returncode == 0, shown.stderr
        (self.path / "saved.json").write_text(shown.stdout, encoding="utf-8")
        return done.returncode

    def gate(self, out: Path, *arguments: str, file: str = "saved.json") -> Result:
        out.mkdir(exist_ok=True)
        call = ["gate-plan", str(self.path / file), "--out", str(out), "--name", "demo", *arguments]
        return CliRunner().invoke(app, call, env=self.environment)


@pytest.fixture(scope="module")
def folder(output: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    path = tmp_path_factory.mktemp("plan") / "prod-state"
    path.mkdir()
    shutil.copy(output / "stacks" / "prod-state" / "cdk.tf.json", path)
    (path / "override.tf.json").write_text(json.dumps(LOCAL), encoding="utf-8")
    account = load("prod").account_id
    with Emulator.start(account, path.parent / "emulator.log") as emulator:
        variables = {**environment(emulator.endpoint, account, os.environ), "TF_IN_AUTOMATION": "1"}
        done = terraform(path, "init", "-input=false", environment=variables)
        assert done.returncode == 0, done.stderr
        yield Folder(path, variables)


def without_guard(folder: Folder) -> Body:
    bucket = folder.original["resource"]["aws_s3_bucket"]["state"]
    return {"aws_s3_bucket": {"state": {**bucket, "lifecycle": {}}}}


def test_a_stacks_first_plan(folder: Folder, tmp_path: Path) -> None:
    folder.change()
    folder.had()
    assert folder.plan() == 0
    assert folder.gate(tmp_path / "out").exit_code == 1
    alone = "--first-in-account"
    result = folder.gate(tmp_path / "out", alone)
    assert result.exit_code == 0, result.stdout
    assert "9 to create" in result.stdout
    shown = folder.gate(tmp_path / "out", alone, file="saved.tfplan").stdout
    assert shown == result.stdout, "Terraform shows it itself"
    assert json.loads((tmp_path / "out" / "reports" / "plan-demo.json").read_text())["first_creation"] is True


@pytest.mark.requirement("R5.5")
def test_a_bucket_of_another_name_is_replaced_and_refused(folder: Folder, tmp_path: Path) -> None:
    """Terraform itself refuses while prevent_destroy stands there, and the gate when somebody took it away."""
    folder.had(("aws_s3_bucket", "state", {**BUCKET, "bucket": "another", "id": "another"}))
    folder.change()
    assert folder.plan() == 1
    failed = folder.gate(tmp_path / "out")
    assert failed.exit_code == 2
    assert "plan that failed" in failed.stdout

    folder.change(resource=without_guard(folder))
    assert folder.plan() == 0
    result = folder.gate(tmp_path / "out", "--approve-widening")
    assert result.exit_code == 1
    assert "LOSS   aws_s3_bucket.state · would be replaced, forced by bucket" in result.stdout


@pytest.mark.requirement("R5.5")
@pytest.mark.parametrize("forget", [False, True])
def test_a_bucket_that_goes_is_refused(folder: Folder, tmp_path: Path, forget: bool) -> None:
    folder.had(("aws_s3_bucket", "old", {**BUCKET, "bucket": "old", "id": "old"}))
    removed = [{"from": "aws_s3_bucket.old", "lifecycle": [{"destroy": False}]}]
    folder.change(**({"removed": removed} if forget else {}))
    assert folder.plan() == 0
    result = folder.gate(tmp_path / "out", "--approve-widening")
    assert result.exit_code == 1
    assert f"aws_s3_bucket.old · would be {'forgotten' if forget else 'deleted'}" in result.stdout


def test_a_wider_rule_is_shown_and_needs_approval(folder: Folder, tmp_path: Path) -> None:
    old = {**RULE, "id": "sgr-1", "security_group_rule_id": "sgr-1", "cidr_ipv4": "10.0.0.0/8"}
    folder.had(("aws_vpc_security_group_ingress_rule", "a", old))
    folder.change(resource={"aws_vpc_security_group_ingress_rule": {"a": {**RULE, "cidr_ipv4": "0.0.0.0/0"}}})
    assert folder.plan() == 0
    result = folder.gate(tmp_path / "out")
    assert result.exit_code == 1
    assert "WIDER  aws_vpc_security_group_ingress_rule.a · ingress of sg-1: tcp 443 from 0.0.0.0/0" in result.stdout
    assert folder.gate(tmp_path / "out", "--approve-widening").exit_code == 0


@pytest.mark.requirement("R0.2")
def test_planted_secrets_are_found_and_never_printed(folder: Folder, tmp_path: Path) -> None:
    folder.had()
    folder.change(
        resource={
            "aws_secretsmanager_secret_version": {"a": {"secret_id": "a", "secret_string": SECRET}},
            "aws_sns_topic": {"a": {"name": "a", "tags": {"Note": KEY}}},
        },
        variable={"pin": {"default": SECRET, "sensitive": True}},
        output={"pin": {"value": "${var.pin}", "sensitive": True}},
    )
    assert folder.plan() == 0
    result = folder.gate(tmp_path / "out", "--json")
    assert result.exit_code == 1
    places = {each["where"] for each in json.loads(result.stdout)["findings"] if each["kind"] == "secret"}
    assert {
        "resource_changes[aws_secretsmanager_secret_version.a].change.after.secret_string",
        "resource_changes[aws_sns_topic.a].change.after.tags.Note",
        "planned_values.outputs.pin.value",
        "variables.pin.value",
    } <= places
    written = [file.read_text(encoding="utf-8") for file in (tmp_path / "out" / "reports").iterdir()]
    assert len(written) == 2
    for text in [result.output, *written]:
        assert SECRET not in text
        assert KEY not in text
