"""A data store gives way to its restored copy: one class of plan, and nothing that looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from ops.gate.model import Outcome
from ops.plan_gate.model import FindingKind
from tests.cases import every_case
from tests.plan_gate.plans import REPLACE, Body, change, judge, plan

SAME = {
    "engine": "postgres",
    "db_name": "shop",
    "username": "shop",
    "kms_key_id": "key",
    "db_subnet_group_name": "shop",
}
PREVIOUS, COPY = {"id": "db-1", "identifier": "shop", **SAME}, {"id": "db-2", "identifier": "shop-r1", **SAME}


def forgotten(before: Body = PREVIOUS) -> Body:
    return change("aws_db_instance.database", before, None, actions=("forget",))


def imported(before: Body = COPY, **more: Any) -> Body:
    entry = change("aws_db_instance.database_r1", before, {**before, "backup_retention_period": 14}, **more)
    entry["change"]["importing"] = {"id": before["identifier"]}
    return entry


@pytest.mark.requirement("R13.13", "R5.5")
def test_a_copy_that_takes_the_place_of_its_original_needs_approval() -> None:
    verdict = judge(plan(forgotten(), imported()))
    (finding,) = verdict.findings
    assert (finding.kind, finding.where) == (FindingKind.LOSS_IN_PLACE, "aws_db_instance.database")
    assert finding.what.startswith("would give way to aws_db_instance.database_r1, its restored copy")
    assert verdict.outcome is Outcome.FINDINGS
    assert judge(plan(forgotten(), imported()), approve=True).outcome is Outcome.CLEAN


@pytest.mark.requirement("R13.13", "R5.5")
def test_caches_too() -> None:
    kind, same = "aws_elasticache_replication_group", {"kms_key_id": "key", "subnet_group_name": "shop"}
    before, after = ({"id": name, "replication_group_id": name, **same} for name in ("shop", "shop-r1"))
    entry = change(f"{kind}.cache_r1", after, after)
    entry["change"]["importing"] = {"id": "shop-r1"}
    verdict = judge(plan(change(f"{kind}.cache", before, None, actions=("forget",)), entry), approve=True)
    assert [each.kind for each in verdict.findings] == [FindingKind.LOSS_IN_PLACE]
    assert verdict.outcome is Outcome.CLEAN


OTHERS: dict[str, tuple[Body, ...]] = {
    "forgotten without a copy": (forgotten(),),
    "the copy is created": (forgotten(), change("aws_db_instance.database_r1", None, COPY)),
    "the copy exists in the state": (forgotten(), change("aws_db_instance.database_r1", COPY, COPY)),
    "the previous one is deleted": (change("aws_db_instance.database", PREVIOUS, None), imported()),
    "the previous one is replaced": (
        change("aws_db_instance.database", PREVIOUS, {**PREVIOUS, "engine": "mysql"}, actions=REPLACE),
        imported(),
    ),
    "the copy would be replaced": (forgotten(), imported(actions=REPLACE)),
    "the copy would be replaced and forgotten": (forgotten(), imported(actions=("create", "forget"))),
    "another object of the same address is deleted": (
        forgotten(),
        change("aws_db_instance.database", PREVIOUS, None, deposed="abcd1234"),
        imported(),
    ),
    "of another region": (
        forgotten({**PREVIOUS, "arn": "arn:aws:rds:eu-central-1:111122223333:db:shop"}),
        imported({**COPY, "arn": "arn:aws:rds:eu-west-1:111122223333:db:shop-r1"}),
    ),
    "of another account": (
        forgotten({**PREVIOUS, "arn": "arn:aws:rds:eu-central-1:111122223333:db:shop"}),
        imported({**COPY, "arn": "arn:aws:rds:eu-central-1:444455556666:db:shop-r1"}),
    ),
    "neither has a key": (forgotten({**PREVIOUS, "kms_key_id": ""}), imported({**COPY, "kms_key_id": ""})),
    "the same instance": (forgotten(), imported({**COPY, "identifier": "shop"})),
    "of another type": (
        change("aws_s3_bucket.database", {"id": "shop", "bucket": "shop"}, None, actions=("forget",)),
        imported(),
    ),
    "two are forgotten": (
        forgotten(),
        change("aws_db_instance.other", {**PREVIOUS, "identifier": "other"}, None, actions=("forget",)),
        imported(),
    ),
    **{
        f"another {name}": (forgotten(), imported({**COPY, name: "other"}))
        for name in ("engine", "db_name", "username", "kms_key_id", "db_subnet_group_name")
    },
}


@pytest.mark.requirement("R13.13", "R5.5")
@every_case("what", OTHERS)
def test_whatever_else_loses_a_data_store_is_refused_whatever_is_approved(what: str) -> None:
    verdict = judge(plan(*OTHERS[what]), approve=True)
    refused = {each.kind for each in verdict.findings if each.refused}
    assert refused & {FindingKind.STATEFUL, FindingKind.FIXED}
    assert verdict.outcome is Outcome.FINDINGS
