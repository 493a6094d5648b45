"""Which phases a change affects: exact comparison with the base's stacks, and what readers of outputs depend on."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops import versions
from ops.ci.affected import AffectedPhase, Folders, Why, affected
from ops.errors import AbsentError
from tests.cases import every_case
from tests.ops.cli import run
from tests.products import AEP, values

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def base(output: Path, tmp_path: Path) -> Path:
    """A copy of AEP's stacks to edit: the base, to which the real ones are the change."""
    return Path(shutil.copytree(output, tmp_path / "base"))


def edit(out: Path, stack: str, change: Edit) -> None:
    path = out / "stacks" / stack / "cdk.tf.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")


def found(base: Path, head: Path, name: str = "prod") -> dict[str, AffectedPhase]:
    compared = affected(Folders(base, head, "main", "c0ffee"), [name], whole=False)
    return {each.phase: each for each in compared.environments[name]}


def test_equal_stacks_affect_nothing(base: Path, output: Path) -> None:
    compared = affected(Folders(base, output, "main", "c0ffee"), ["prod", "staging"], whole=True)
    assert (compared.planned, compared.removed, compared.organization) == ({}, (), "")
    assert compared.as_text().splitlines() == ["prod: no phase is affected", "staging: no phase is affected"]
    assert compared.outputs() == {"environments": "[]", "affected": "[]", "organization": "false", "any": "false"}


def test_a_resource_that_no_output_depends_on_affects_its_own_phase_only(base: Path, output: Path) -> None:
    def more_days(document: dict[str, Any]) -> None:
        (log,) = document["resource"]["aws_flow_log"].values()
        log["max_aggregation_interval"] = 1

    edit(base, "prod-network", more_days)
    assert found(base, output) == {"network": AffectedPhase("network", Why.CHANGED)}


def test_readers_of_what_may_change_are_affected_and_only_these(base: Path, output: Path) -> None:
    """A VPC that may be replaced gives new subnets and groups: whatever reads them, and what reads that."""

    def another_range(document: dict[str, Any]) -> None:
        (vpc,) = document["resource"]["aws_vpc"].values()
        vpc["cidr_block"] = "10.99.0.0/16"

    edit(base, "prod-network", another_range)
    result = found(base, output)
    assert result["network"].why is Why.CHANGED
    assert {"data", "edge", "services"} <= result.keys()
    assert {"state", "account", "registry"}.isdisjoint(result)
    assert result["data"].why is Why.READS
    assert any(each.startswith("network.") for each in result["data"].outputs)
    assert "network.vpc_id" in result["edge"].outputs
    # Alarms name the database, whose subnet group is in the other VPC.
    assert "data.database_identifier" in result["observability"].outputs


def test_what_a_phase_passes_on_from_another_one_changes_with_it(base: Path, output: Path) -> None:
    def another_name(document: dict[str, Any]) -> None:
        document["output"]["target_group_arns"]["value"]["web"] = "${aws_lb_target_group.another.arn}"

    edit(base, "prod-edge", another_name)
    result = found(base, output)
    assert result["edge"].why is Why.CHANGED
    assert "edge.target_group_arns" in result["services"].outputs
    assert "cutover" not in result, "cutover reads the load balancer's name, which is the same"


def test_a_change_of_the_provider_may_change_every_output(base: Path, output: Path) -> None:
    edit(base, "prod-registry", lambda document: document["provider"]["aws"][0].update(region="eu-west-1"))
    result = found(base, output)
    assert result["secrets"].outputs == ("registry.repository_arns",)
    assert "network" not in result


def test_a_resource_that_another_one_replaces_changes_with_it(base: Path, output: Path, tmp_path: Path) -> None:
    """`replace_triggered_by` and `depends_on` have addresses without `${…}`, also with an attribute."""
    head = Path(shutil.copytree(output, tmp_path / "head"))

    def publish(document: dict[str, Any]) -> None:
        document["resource"]["aws_ssm_parameter"] = {
            "first": {"name": "n"},
            "replaced": {"name": "r", "lifecycle": {"replace_triggered_by": ["aws_ssm_parameter.first.version"]}},
            "later": {"name": "l", "depends_on": ["aws_ssm_parameter.first"]},
            "other": {"name": "o"},
        }
        names = ("replaced", "later", "other")
        document["output"].update({name: {"value": f"${{aws_ssm_parameter.{name}.version}}"} for name in names})

    def read(document: dict[str, Any]) -> None:
        state = "data.terraform_remote_state.data.outputs"
        document["locals"] = {name: f"${{{state}.{name}}}" for name in ("replaced", "later", "other")}

    for folder in (base, head):
        edit(folder, "prod-data", publish)
        edit(folder, "prod-services", read)
    assert found(base, head) == {}
    edit(base, "prod-data", lambda document: document["resource"]["aws_ssm_parameter"]["first"].update(name="m"))
    assert found(base, head)["services"].outputs == ("data.later", "data.replaced")


def test_a_phase_that_passes_a_whole_state_on_reads_all_of_it(base: Path, output: Path, tmp_path: Path) -> None:
    head = Path(shutil.copytree(output, tmp_path / "head"))
    for folder in (base, head):
        edit(
            folder,
            "prod-hardening",
            lambda document: document.update(
                locals={"all": "${jsonencode(data.terraform_remote_state.edge)}", "edge": "${local.all}"}
            ),
        )
        edit(
            folder,
            "prod-edge",
            lambda document: document["output"].update(another={"value": "${aws_lb.another.arn}"}),
        )
    edit(base, "prod-edge", lambda document: document["output"].update(another={"value": "1"}))
    assert found(base, head)["hardening"].outputs == ("edge.*",)


def test_other_packages_affect_everything(base: Path, output: Path, tmp_path: Path) -> None:
    """The base is synthesized with this version's packages, so a new provider is in both and no byte differs."""
    compared = affected(Folders(base, output, "main", "c0ffee", ("cdktf",)), ["prod"], whole=True)
    assert {str(each) for each in compared.environments["prod"]} >= {"state (other packages)", "edge (other packages)"}
    assert len(compared.planned["prod"]) == 11
    assert compared.organization == "other packages"
    pins = (versions.ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    (tmp_path / "requirements-dev.txt").write_text(pins.replace("boto3==", "boto3==1."), encoding="utf-8")
    assert versions.other_packages(tmp_path) == ()
    older = re.sub(r"(?m)^cdktf-cdktf-provider-aws==\S+", "cdktf-cdktf-provider-aws==1.0.0", pins)
    (tmp_path / "requirements-dev.txt").write_text(older, encoding="utf-8")
    assert versions.other_packages(tmp_path) == ("cdktf-cdktf-provider-aws",)


def test_bytes_count_and_not_meaning(base: Path, output: Path) -> None:
    edit(base, "prod-cutover", lambda document: document.update({"//": {"comment": "the same to Terraform"}}))
    assert found(base, output) == {"cutover": AffectedPhase("cutover", Why.CHANGED)}


def test_a_new_environment_is_affected_whole_and_a_removed_one_is_named(base: Path, output: Path) -> None:
    for path in (base / "stacks").glob("prod-starter-*"):
        shutil.rmtree(path)
    shutil.copytree(base / "stacks" / "staging-edge", base / "stacks" / "old-demo-edge")
    shutil.copytree(base / "stacks" / "staging-edge", base / "stacks" / "staging-vault")
    shutil.rmtree(base / "stacks" / "organization")
    compared = affected(Folders(base, output, "main", "c0ffee"), ["prod-starter", "staging"], whole=True)
    assert {each.why for each in compared.environments["prod-starter"]} == {Why.NEW}
    assert len(compared.planned["prod-starter"]) == 11
    assert compared.removed == ("old-demo-edge", "staging-vault")
    assert compared.organization == "new"
    assert "old-demo-edge: removed; its resources and state stay" in compared.as_text()
    only_one = affected(Folders(base, output, "main", "c0ffee"), ["staging"], whole=False)
    assert (only_one.removed, only_one.organization, only_one.planned) == (("staging-vault",), "", {})


def test_a_stack_of_this_version_must_be_synthesized(base: Path, output: Path) -> None:
    shutil.rmtree(base / "stacks" / "prod-edge")
    with pytest.raises(AbsentError, match="prod-edge isn't synthesized; run make synth ENV=prod"):
        found(output, base)


def test_the_outputs_are_what_a_workflow_reads(base: Path, output: Path) -> None:
    edit(base, "staging-cutover", lambda document: document.update({"//": {}}))
    compared = affected(Folders(base, output, "main", "c0ffee"), ["prod", "staging"], whole=True)
    found = compared.outputs()
    assert {name: json.loads(value) for name, value in found.items()} == {
        "environments": ["staging"],
        "affected": [{"environment": "staging", "phases": ["cutover"]}],
        "organization": False,
        "any": True,
    }
    assert json.loads(json.dumps(compared.as_data()))["environments"][1] == {
        "environment": "staging",
        "phases": [{"phase": "cutover", "why": "changed", "outputs": []}],
    }


@every_case(
    ("words", "message"),
    [
        (("--base", "no-such-version"), "git knows no commit 'no-such-version'; name a commit, branch or tag"),
        (("--base", "--output=x"), "git knows no commit '--output=x'"),
        (("--base", "HEAD", "prd"), "unknown environment 'prd'"),
        (("prd",), "unknown environment 'prd'"),
        ((), "--base is missing: the version to compare with; for example bin/ops affected --base main"),
    ],
)
def test_a_mistake_is_one_line(words: tuple[str, ...], message: str, output: Path) -> None:
    with values(AEP):
        done = run("affected", *words, "--out", str(output))
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
