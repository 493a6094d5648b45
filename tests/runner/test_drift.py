"""Drift as the planner sees it, who may read no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from environments import load
from environments.names import Names
from modules.phases import PHASES, phase
from ops.aws.session import Caller
from ops.errors import RefusedError
from ops.terraform.drift import readable
from ops.terraform.plan import SECRET_VALUE, caller_flags, is_planner, refuse_other_roles
from ops.terraform.stack import Stack
from tests.conftest import ENVIRONMENTS


@pytest.mark.parametrize("name", ENVIRONMENTS)
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


@pytest.mark.requirement("R4.3")
@pytest.mark.parametrize("name", ENVIRONMENTS)
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
