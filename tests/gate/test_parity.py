"""The gate's check of parity: a finding like any other, which the register may accept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ops.gate.model import Outcome
from ops.gate.parity import PARITY, parity
from ops.gate.stacks import expected_stacks, select
from tests.gate.project import Project, entry, failed
from tests.products import AEP, OF_AEP, values

DEMO = replace(OF_AEP[0].environment, name="demo")
TOPIC = "aws_sns_topic.network"


@pytest.mark.requirement("R0.5")
def test_what_no_value_gives_is_a_finding_that_the_register_may_accept(project: Project) -> None:
    assert (PARITY, TOPIC) not in failed(project.judge())
    project.expected = replace(project.expected, values={"demo": DEMO})
    verdict = project.judge()
    assert verdict.outcome is Outcome.FINDINGS
    assert (PARITY, TOPIC) in failed(verdict)
    project.risks = [entry(checks=[PARITY], resources=[TOPIC], stacks=["demo-network"])]
    verdict = project.judge()
    assert (PARITY, TOPIC) not in failed(verdict)
    assert [(each.record.check, each.record.block.address) for each in verdict.accepted] == [(PARITY, TOPIC)]


def test_aeps_stacks_pass(output: Path) -> None:
    with values(AEP):
        expected = expected_stacks()
        records = parity(select(output, (), expected).environment_stacks, expected.values)
    assert [each for each in records if not each.passed] == []
    assert {each.block.stack for each in records} >= {"prod-data", "staging-data", "prod-starter-data"}
