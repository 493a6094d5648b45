"""What the deployer may do and never may, as AWS would decide it."""

from __future__ import annotations

import pytest

from environments.names import Names
from environments.schema import Environment
from modules.phases import PHASES
from ops.gate.requests.deployer import DEPLOYER_CALLS, deployer_never
from ops.iam.reference import reference
from tests.conftest import Body, Stack
from tests.iam.blocks import Context, allowed

GUARDED = (
    "iam",
    "kms",
    "budgets",
    "cloudtrail",
    "config",
    "guardduty",
    "securityhub",
    "access-analyzer",
    "sns",
    "events",
)


@pytest.fixture
def account(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-account"]


def deployer(account: Stack) -> list[Body]:
    parts = [id_ for id_ in account.resources("aws_iam_policy") if id_.startswith("deployer_")]
    attached = {each["policy_arn"] for each in account.resources("aws_iam_role_policy_attachment").values()}
    assert {f"${{aws_iam_policy.{part}.arn}}" for part in parts} <= attached
    return [statement for part in parts for statement in account.policy(part)]


def may(role: list[Body], boundary: list[Body], action: str, resource: str, context: Context) -> bool:
    """What a role may do: its policies and its boundary must both allow it."""
    return allowed(role, action, resource, context) and allowed(boundary, action, resource, context)


@pytest.mark.requirement("R1.2")
def test_the_deployer_can_make_what_its_phases_hold(stacks: dict[str, Stack], account: Stack, env: Environment) -> None:
    names, policies, boundary = Names(env), deployer(account), account.policy("boundary")
    for phase in PHASES:
        if phase.applied_by == "deployer":
            for kind in stacks[f"{env.name}-{phase.name}"].document.get("resource", {}):
                assert kind in DEPLOYER_CALLS, f"{phase.name}: what does {kind} call? ops/gate/requests/deployer.py"
    for kind, calls in DEPLOYER_CALLS.items():
        for action, resource, context in calls(names):
            assert may(policies, boundary, action, resource, context), f"{kind}: {action} on {resource}"


@pytest.mark.requirement("R1.2")
def test_a_certificate_s_wildcard_allows_no_name_in_its_domain(account: Stack, env: Environment) -> None:
    """As a pattern it would mean every name.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html
    """
    zone = Names(env).partition.zone(env.edge.zone.id or "Z123")
    keys = {
        f"route53:ChangeResourceRecordSets{suffix}": value
        for suffix, value in (("NormalizedRecordNames", ["mail"]), ("RecordTypes", ["CNAME"]))
    }
    for wildcard in (name for name in env.edge.certificate_names if name.startswith("*.")):
        other = keys | {"route53:ChangeResourceRecordSetsNormalizedRecordNames": [f"mail{wildcard[1:]}"]}
        assert not allowed(deployer(account), "route53:ChangeResourceRecordSets", zone, other), wildcard


@pytest.mark.requirement("R5.4")
def test_the_deployer_can_migrate_with_a_snapshot_first(account: Stack, env: Environment) -> None:
    names, policies, boundary = Names(env), deployer(account), account.policy("boundary")
    database = names.arn("rds", f"db:{names.prefix}")
    snapshot = names.arn("rds", f"snapshot:{names.prefix}-before-migration-7-20261125-120000")
    for resource in (database, snapshot):
        assert may(policies, boundary, "rds:CreateDBSnapshot", resource, {}) is bool(env.database)
    assert not may(policies, boundary, "rds:DeleteDBSnapshot", snapshot, {})
    assert not may(policies, boundary, "rds:CreateDBSnapshot", names.arn("rds", "db:another"), {})
    task = names.arn("ecs", f"task-definition/{names.service('migration')}:7")
    assert may(policies, boundary, "ecs:RunTask", task, {"ecs:cluster": names.arn("ecs", f"cluster/{names.prefix}")})


@pytest.mark.requirement("R0.3")
@pytest.mark.parametrize("widened", [False, True], ids=["as it is", "with a widened policy"])
def test_the_deployer_never_can(account: Stack, env: Environment, widened: bool) -> None:
    """What guards the account holds even if somebody gave the deployer everything."""
    everything = [{"effect": "Allow", "sid": "Everything", "actions": ["*"], "resources": ["*"]}]
    policies = everything if widened else deployer(account)
    for action, resource in deployer_never(Names(env)):
        context: Context = {
            "kms:ViaService": f"s3.{env.region}.amazonaws.com",
            "iam:PassedToService": "ecs-tasks.amazonaws.com",
        }
        assert not may(policies, account.policy("boundary"), action, resource, context), f"{action} on {resource}"


@pytest.mark.requirement("R0.3")
def test_the_boundary_denies_by_name_what_guards_the_account(account: Stack, env: Environment) -> None:
    """Not by leaving it out alone: adding a service to the boundary can't allow these by mistake."""
    guards = ("iam", "kms", "budgets", "cloudtrail", "config", "guardduty", "securityhub", "access-analyzer")
    denied = [statement for statement in account.policy("boundary") if statement["effect"] == "Deny"]
    everything = {"effect": "Allow", "sid": "Everything", "actions": ["*"], "resources": ["*"]}
    for action, resource in deployer_never(Names(env)):
        if action.startswith(guards) and action != "iam:PassRole":
            assert not allowed([everything, *denied], action, resource), f"{action} on {resource}"


@pytest.mark.requirement("R0.3")
def test_the_deployer_writes_its_own_phases_state_and_reads_all(account: Stack, env: Environment) -> None:
    names, policies, boundary = Names(env), deployer(account), account.policy("boundary")
    for phase in PHASES:
        state = f"arn:aws:s3:::{names.state_bucket}/{names.state_key(phase.name)}"
        own = phase.applied_by == "deployer"
        assert may(policies, boundary, "s3:GetObject", state, {})
        assert may(policies, boundary, "s3:PutObject", state, {}) is own
        assert may(policies, boundary, "s3:DeleteObject", f"{state}.tflock", {}) is own
        record = f"arn:aws:s3:::{names.state_bucket}/{names.applied_key(phase.name)}"
        assert may(policies, boundary, "s3:GetObject", record, {})
        assert may(policies, boundary, "s3:PutObject", record, {}) is own
        plan = f"arn:aws:s3:::{names.state_bucket}/{names.plan_key(phase.name, '0' * 64)}"
        assert may(policies, boundary, "s3:PutObject", plan, {}) is own
        assert not may(policies, boundary, "s3:DeleteObject", plan, {})
        assert not may(account.policy("planner"), boundary, "s3:PutObject", plan, {})
        assert not may(policies, boundary, "s3:DeleteObject", state, {})
        assert may(policies, boundary, "s3:GetObjectVersion", state, {}) is own
        assert not may(policies, boundary, "s3:DeleteObject", f"{state}.tflock.old", {})
    bucket = f"arn:aws:s3:::{names.state_bucket}"
    for action in ("s3:ListBucket", "s3:ListBucketVersions"):
        assert may(policies, boundary, action, bucket, {}), "make recover RESTORE= lists versions"


@pytest.mark.requirement("R1.2", "R10.4")
def test_the_deployer_sees_composite_alarms(account: Stack) -> None:
    """AWS returns them to who may describe alarms on *; the cutover watches one."""
    assert may(deployer(account), account.policy("boundary"), "cloudwatch:DescribeAlarms", "*", {})


@pytest.mark.requirement("R0.3")
def test_the_boundary_s_denials_leave_no_writing_action_and_all_reads(account: Stack) -> None:
    """By AWS's own list of actions: those that begin like a read don't stop a plan, and no new verb is left open."""
    boundary = account.policy("boundary")
    denied = [statement for statement in boundary if statement["effect"] == "Deny" and statement["resources"] == ["*"]]
    everything = {"effect": "Allow", "sid": "Everything", "actions": ["*"], "resources": ["*"]}
    needed = {"iam:PassRole", "kms:Decrypt", "kms:GenerateDataKey"}
    computing = ("kms:Generate", "kms:Verify")  # AWS calls it writing, but nothing is changed by it.
    planner = account.policy("planner")
    for service in GUARDED:
        for action in reference().find(f"{service}:*"):
            stopped = not allowed([everything, *denied], action.name)
            if action.name in needed or allowed(planner, action.name):
                assert not stopped, action.name
            elif action.level not in {"Read", "List"} and not action.name.startswith(computing):
                assert stopped, action.name
