"""The proofs are part of the gate: what they find and the errors that they raise are in its verdict."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from pathlib import Path

import pytest

import environments
from ops.gate import run as gate
from ops.gate.model import ErrorKind, Outcome
from ops.gate.reachability import reachability
from ops.gate.run import run
from ops.gate.stacks import EnvironmentStacks, Expected
from ops.gate.understood import attributes
from ops.gate.view import merged_view
from tests.gate.plants import Ground, add
from tests.gate.project import PHASES, frame, frames

RULE = "aws_vpc_security_group_ingress_rule"


def test_what_the_proofs_find_is_in_the_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two phases that take prod's name: the gate asks prod's tables about them."""
    for phase in PHASES:
        content = frame(phase)
        topic = {"name": "alerts", "kms_master_key_id": "alias/aep"}
        add("aws_sns_topic", phase, topic)(content)
        if phase == "network":
            add("aws_eip", "planted", {"domain": "vpc"})(content)
        file = tmp_path / "out" / "stacks" / f"prod-{phase}" / "cdk.tf.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "risks.toml").touch()
    (tmp_path / "checks").symlink_to(Path(__file__).parents[2] / "policies" / "checks")
    monkeypatch.setattr(attributes, "scan_errors", lambda *_: ())  # The topics are examples of no product.
    expected = Expected({"prod": PHASES}, frames=frames("prod"))
    verdict = run(out=tmp_path / "out", policies=tmp_path, expected=expected, today=date(2026, 3, 1))
    assert verdict.outcome is Outcome.FINDINGS
    found = {(each.record.check, each.record.block.address) for each in verdict.findings}
    assert ("ROLLOUT_REACH_WIDER", "aws_eip.planted") in found
    assert {check for check, _ in found} >= {"ROLLOUT_REACH_MISSING", "ROLLOUT_IAM_MISSING"}


def test_a_proof_that_raises_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("ops.gate.reachability.reachability", fails)
    scan = gate.prove([EnvironmentStacks("prod", {})], [[]])
    assert ErrorKind.CHECK_RAISED in {error.kind for error in scan.errors}


def test_stacks_outside_any_environment_have_no_tables() -> None:
    assert gate.prove([EnvironmentStacks("organization", {})], [[]]).records == ()


@pytest.mark.requirement("R2.6")
def test_what_cannot_be_known_is_an_error(output: Path) -> None:
    documents = deepcopy(Ground.of(output, environments.load("prod"), reachability).documents)
    rule = documents["network"].content["resource"][RULE]["backend_to_database_5432_ingress"]
    rule["from_port"] = "${var.port}"
    stacks = EnvironmentStacks("prod", documents)
    assert {each.kind for each in gate.prove([stacks], [merged_view(stacks)]).errors} == {ErrorKind.NOT_UNDERSTOOD}
