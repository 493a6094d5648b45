"""Break-glass: recent MFA, an hour, no access keys, and every use raises an alert."""

from __future__ import annotations

from typing import Any, cast

import pytest
from moto.events.models import EventPattern

from environments.names import Names
from environments.schema import Environment, IamUser
from tests.conftest import Stack, of_aep
from tests.iam.blocks import allowed

MFA = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "60", "aws:RequestedRegion": "us-east-1"}


@pytest.fixture
def account(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-account"]


def events(names: Names) -> list[dict[str, Any]]:
    """What AWS reports: the role assumed, its session in the console, the root user in the console."""
    session = f"arn:aws:sts::{names.environment.account_id}:assumed-role/{names.role('break-glass')}/somebody"
    sign_in = {"source": "aws.signin", "detail-type": "AWS Console Sign In via CloudTrail"}
    assumed = {"eventName": "AssumeRole", "requestParameters": {"roleArn": names.role_arn("break-glass")}}
    return [
        {"source": "aws.sts", "detail-type": "AWS API Call via CloudTrail", "detail": assumed},
        sign_in | {"detail": {"eventName": "SwitchRole", "userIdentity": {"type": "AssumedRole", "arn": session}}},
        sign_in | {"detail": {"eventName": "ConsoleLogin", "userIdentity": {"type": "Root"}}},
    ]


def ordinary(names: Names) -> dict[str, Any]:
    assumed = {"eventName": "AssumeRole", "requestParameters": {"roleArn": names.role_arn("deployer")}}
    return {"source": "aws.sts", "detail-type": "AWS API Call via CloudTrail", "detail": assumed}


def matching(stack: Stack, event: dict[str, Any], *, local: bool = True) -> list[str]:
    return [
        id_
        for id_, rule in stack.resources("aws_cloudwatch_event_rule").items()
        if ("provider" not in rule) is local
        and EventPattern.load(rule["event_pattern"]).matches_event(cast(Any, event))
    ]


@of_aep
@pytest.mark.requirement("R1.3")
@pytest.mark.parametrize(
    ("context", "may"),
    [
        (MFA, True),
        (MFA | {"aws:MultiFactorAuthAge": "3600"}, False),
        (MFA | {"aws:MultiFactorAuthPresent": "false"}, False),
        ({"aws:RequestedRegion": "us-east-1"}, False),
        (MFA | {"aws:RequestedRegion": "ap-south-1"}, False),
    ],
    ids=["recent MFA", "old MFA", "without MFA", "access keys", "a region where no rule waits"],
)
def test_it_takes_recent_mfa(account: Stack, env: Environment, context: dict[str, str], may: bool) -> None:
    (statement,) = account.policy("break_glass_trust")
    users = [each.arn for each in env.access.administrators if isinstance(each, IamUser)]
    assert statement["principals"] == [{"type": "AWS", "identifiers": users}]
    assert allowed([statement], "sts:AssumeRole", context=context) is may


@pytest.mark.requirement("R1.3")
def test_sessions_are_short_and_leave_no_access_keys(account: Stack, env: Environment) -> None:
    assert account.resources("aws_iam_role")["break_glass"]["max_session_duration"] == 3600
    administrator = {"effect": "Allow", "sid": "All", "actions": ["*"], "resources": ["*"]}
    statements = [administrator, *account.policy("break_glass")]
    assert allowed(statements, "iam:CreateRole", f"arn:aws:iam::{env.account_id}:role/x")
    assert not allowed(statements, "iam:CreateAccessKey", f"arn:aws:iam::{env.account_id}:user/somebody")
    assert not account.resources("aws_iam_user") and not account.resources("aws_iam_access_key")


@pytest.mark.requirement("R1.3")
def test_using_it_raises_an_alert(account: Stack, env: Environment) -> None:
    rules, targets = account.resources("aws_cloudwatch_event_rule"), account.resources("aws_cloudwatch_event_target")
    for event in events(Names(env)):
        (alert,) = matching(account, event)
        assert targets[f"{alert}_target"]["arn"] == "${aws_sns_topic.alerts.arn}"
        # Without this state a rule doesn't see AssumeRole, which counts as reading.
        assert rules[alert]["state"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    assert not matching(account, ordinary(Names(env)))


@pytest.mark.requirement("R1.3")
def test_events_of_the_global_endpoints_come_to_where_the_rules_are(
    elsewhere: tuple[Environment, dict[str, Stack]],
) -> None:
    environment, phases = elsewhere
    names, account = Names(environment), phases["account"]
    targets = account.resources("aws_cloudwatch_event_target")
    for event in events(names):
        assert len(matching(account, event)) == 1
        (forward,) = matching(account, event, local=False)
        assert targets[f"{forward}_target"]["arn"] == names.arn("events", "event-bus/default")
        assert targets[f"{forward}_target"]["provider"] == "aws.global_events"
    (statement,) = account.policy("global_events")
    assert allowed([statement], "events:PutEvents", names.arn("events", "event-bus/default"))
    regions = {each.get("alias"): each["region"] for each in account.document["provider"]["aws"]}
    assert regions == {None: environment.region, "global_events": "us-east-1"}
