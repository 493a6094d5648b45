"""Imports in three classes: unchanged, changed in place, and what can't be changed in place."""

from __future__ import annotations

from typing import Any

import pytest

from ops.gate.model import Outcome
from ops.plan_gate import reports
from ops.plan_gate.model import FindingKind, Import, ImportClass
from tests.plan_gate.plans import REPLACE, Body, change, judge, plan

NAMED = {"id": "shop", "name": "shop"}


def imported(address: str, before: Body, after: Body, **more: Any) -> Body:
    entry = change(address, before, after, **more)
    entry["change"]["importing"] = {"id": before["id"]}
    return entry


REPOSITORY = "aws_ecr_repository.shop"
REPLACED = imported(
    REPOSITORY,
    {**NAMED, "encryption_configuration": [{"encryption_type": "AES256"}]},
    {**NAMED, "encryption_configuration": [{"encryption_type": "KMS"}]},
    actions=REPLACE,
    replace_paths=[["encryption_configuration", 0, "encryption_type"]],
)


def test_a_resource_that_stays_as_it_is() -> None:
    verdict = judge(plan(imported("aws_ecs_cluster.cluster", NAMED, NAMED)))
    assert verdict.imports == (Import("aws_ecs_cluster.cluster", ImportClass.UNCHANGED),)
    assert verdict.outcome is Outcome.CLEAN
    assert "IMPORT 1 unchanged" in reports.as_text(verdict)


def test_a_resource_that_is_changed_in_place_has_its_attributes() -> None:
    before, after = (
        {**NAMED, "tags": tags, "force_delete": delete} for tags, delete in (({}, None), ({"A": "b"}, False))
    )
    verdict = judge(plan(imported("aws_ecs_cluster.cluster", before, after)))
    assert verdict.imports == (Import("aws_ecs_cluster.cluster", ImportClass.IN_PLACE, ("tags",)),)
    assert "       aws_ecs_cluster.cluster: tags" in reports.as_text(verdict)
    assert '"class": "changed in place"' in reports.as_json(verdict)


@pytest.mark.parametrize("approve", [False, True])
def test_what_would_be_replaced_is_refused_with_its_way_out_whatever_is_approved(approve: bool) -> None:
    verdict = judge(plan(REPLACED), approve=approve)
    assert verdict.outcome is Outcome.FINDINGS
    assert [each.kind for each in verdict.findings if each.kind in {FindingKind.FIXED, FindingKind.STATEFUL}] == [
        FindingKind.FIXED
    ]
    (finding,) = verdict.of(FindingKind.FIXED)
    assert finding.what == (
        "would be imported and then replaced: encryption_configuration[0].encryption_type can't be changed in place"
    )
    assert finding.remedy.startswith("copy the images to another repository")
    assert "copy the images" in reports.as_markdown(verdict)


def test_one_without_data_is_refused_too() -> None:
    before, after = {**NAMED, "description": "a"}, {**NAMED, "description": "b"}
    entry = imported("aws_security_group.app", before, after, actions=REPLACE, replace_paths=[["description"]])
    verdict = judge(plan(entry), approve=True)
    assert [each.kind for each in verdict.findings if each.refused] == [FindingKind.FIXED]
    assert not verdict.of(FindingKind.OUTAGE)


def test_a_replacement_without_an_import_is_judged_as_before() -> None:
    entry = change(REPOSITORY, NAMED, {**NAMED, "name": "other"}, actions=REPLACE)
    verdict = judge(plan(entry))
    assert verdict.imports == ()
    assert [each.kind for each in verdict.findings] == [FindingKind.STATEFUL]
