"""Drift: which attributes differ, and what the planner compares, who may read no secret."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from environments import load
from environments.names import Names
from modules.phases import PHASES, phase
from ops.aws.session import Caller
from ops.errors import RefusedError
from ops.terraform.drift import drifted, readable
from ops.terraform.plan import (
    SECRET_VALUE,
    caller_flags,
    is_planner,
    reads_zone,
    refuse_other_roles,
    refuse_reading_plan,
)
from ops.terraform.report import Report
from ops.terraform.stack import Stack
from tests.cases import every_case
from tests.conftest import ENVIRONMENTS


@every_case("name", ENVIRONMENTS)
def test_the_planner_compares_all_but_what_holds_a_secrets_value(name: str, output: Path) -> None:
    """No other resource refers to the secret's version: -target would include it otherwise."""
    for each in PHASES:
        stack = Stack(load(name), each, output)
        resources = stack.content.get("resource", {})
        others = {kind: found for kind, found in resources.items() if kind != SECRET_VALUE}
        if others == resources:
            assert readable(stack) == ()
            continue
        assert set(readable(stack)) == {f"-target={kind}.{one}" for kind, found in others.items() for one in found}
        assert SECRET_VALUE not in str(others)


def test_who_is_the_planner(output: Path) -> None:
    stack, names = Stack(load("prod"), phase("data"), output), Names(load("prod"))
    account = load("prod").account_id
    planner = Caller(account, f"arn:aws:sts::{account}:assumed-role/{names.role('planner')}/someone")
    deployer = Caller(account, f"arn:aws:sts::{account}:assumed-role/{names.role('deployer')}/someone")
    assert (is_planner(planner, stack), is_planner(deployer, stack)) == (True, False)
    assert caller_flags(planner, stack) == ("-lock=false", "-refresh=false")
    assert caller_flags(planner, Stack(load("prod"), phase("network"), output)) == ("-lock=false",)
    assert caller_flags(deployer, stack) == ()


@pytest.mark.requirement("R1.2")
@pytest.mark.parametrize("name", ["edge", "cutover"])
def test_the_planner_plans_records_in_another_accounts_zone_with_the_role_that_reads(name: str, output: Path) -> None:
    stack, names, account = Stack(load("prod"), phase(name), output), Names(load("prod")), load("prod").account_id
    reader = "arn:aws:iam::444455556666:role/aep-staging-dns-reader"
    planner = Caller(account, f"arn:aws:sts::{account}:assumed-role/{names.role('planner')}/someone")
    deployer = Caller(account, f"arn:aws:sts::{account}:assumed-role/{names.role('deployer')}/someone")
    assert caller_flags(planner, stack) == ("-lock=false", f"-var=zone_role={reader}")
    assert caller_flags(deployer, stack) == ()
    (variable,) = stack.content["variable"].values()
    assert variable == {"default": "arn:aws:iam::444455556666:role/aep-staging-dns", "type": "string"}
    with pytest.raises(RefusedError, match="with the role that only reads the zone; make plan ENV=prod PHASE="):
        refuse_reading_plan(planner.arn, stack)
    refuse_reading_plan(deployer.arn, stack)
    refuse_reading_plan(planner.arn, Stack(load("prod"), phase("network"), output))
    assert reads_zone(Stack(load("staging"), phase(name), output)) == ()


@pytest.mark.requirement("R4.3")
@every_case("name", ENVIRONMENTS)
def test_what_a_secrets_policy_would_stop_half_way_does_not_begin(name: str, output: Path) -> None:
    environment = load(name)
    names, account = Names(environment), environment.account_id
    roles = ("OrganizationAccountAccessRole", names.role("deployer"), names.role("break-glass"))
    callers = [f"arn:aws:sts::{account}:assumed-role/{role}/somebody" for role in roles]
    refused = {
        (each.name, arn)
        for each in PHASES
        for arn in (*callers, f"arn:aws:iam::{account}:user/first-apply")
        if refuses(Caller(account, arn), Stack(environment, each, output))
    }
    assert refused == {("data", arn) for arn in (*callers[:2], f"arn:aws:iam::{account}:user/first-apply")}


def refuses(caller: Caller, stack: Stack) -> bool:
    try:
        refuse_other_roles(caller, stack)
    except RefusedError as error:
        role = Names(stack.environment).role("break-glass")
        assert f"denies to {caller.arn}; assume {role}" in str(error)
        return True
    return False


SECRET = "hunter2-correct-horse"
CHANGED: dict[str, Any] = {
    "format_version": "1.2",
    "configuration": {},
    "output_changes": {"id": {"actions": ["no-op"]}},
    "resource_changes": [
        {
            "address": "aws_vpc.main",
            "mode": "managed",
            "change": {
                "actions": ["update"],
                "before": {
                    "id": "1",
                    "tags": {"Owner": "a"},
                    "tags_all": {"Owner": "a", "Phase": "x"},
                    "cidr": "10.0.0.0/16",
                },
                "after": {
                    "id": "1",
                    "tags": {"Owner": "b"},
                    "tags_all": {"Owner": "b", "Phase": "y"},
                    "cidr": "10.0.0.0/16",
                },
                "after_unknown": {"arn": True},
            },
        },
        {
            "address": "aws_db_instance.main",
            "mode": "managed",
            "change": {
                "actions": ["update"],
                "before": {
                    "password": SECRET,
                    "rule": [{"name": "a", "days": 1}, {"name": "b", "days": 2}],
                    "note": "x" * 200,
                },
                "after": {
                    "password": "other-" + SECRET,
                    "rule": [{"name": "a", "days": 1}, {"name": "b", "days": 3}],
                    "note": None,
                },
                "before_sensitive": {"password": True},
                "after_sensitive": {"password": True},
            },
        },
        {
            "address": "aws_eip.a",
            "mode": "managed",
            "change": {"actions": ["create"], "before": None, "after": {"id": "1"}},
        },
        {"address": "aws_eip.b", "mode": "managed", "change": {"actions": ["no-op"], "before": {}, "after": {}}},
    ],
}


def test_drift_names_each_attribute_and_hides_secrets() -> None:
    result = drifted("network", CHANGED)
    assert result.counts == {"update": 2, "create": 1}
    assert result.message.splitlines() == [
        "update aws_vpc.main; update aws_db_instance.main; create aws_eip.a",
        "  aws_vpc.main tags.Owner: a in the account, b in the code",
        "  aws_vpc.main tags.Phase: x in the account, y in the code",
        "  aws_db_instance.main password: (sensitive) in the account, (sensitive) in the code",
        "  aws_db_instance.main rule[b].days: 2 in the account, 3 in the code",
        f"  aws_db_instance.main note: {'x' * 120}… in the account, none in the code",
    ]
    report = Report("drift", "prod", datetime.now(UTC), "c", (result,)).as_json()
    assert SECRET not in report
    assert json.loads(report)["phases"][0]["drift"][0] == {
        "address": "aws_vpc.main",
        "attribute": "tags.Owner",
        "account": "a",
        "code": "b",
    }


def test_a_credential_that_terraform_does_not_mark_is_hidden_too() -> None:
    key = "AKIAIOSFODNN7EXAMPLE"
    change = {"actions": ["update"], "before": {"tags": {"Note": f"key {key}"}}, "after": {"tags": {}}}
    document = {"resource_changes": [{"address": "aws_vpc.a", "mode": "managed", "change": change}]}
    assert key not in str(drifted("network", document))


def test_drift_of_outputs_names_them() -> None:
    document = {
        "resource_changes": [],
        "output_changes": {"vpc_id": {"actions": ["update"]}, "b": {"actions": ["no-op"]}},
    }
    assert drifted("network", document).message == "only outputs differ: vpc_id"
