"""Who comes in, as the trust policies of every stack say it: each principal can meet what it is asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest

from environments.schema import Environment, IamUser, PermissionSet
from tests.cases import every_case
from tests.conftest import Body, Stack
from tests.iam.blocks import allowed
from tests.synth.conftest import BOTH_KINDS

# "The temporary credentials returned by AssumeRole do not include MFA information", and no other caller has MFA either.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
CAN_SHOW_MFA = re.compile(r"arn:aws[\w-]*:iam::\d{12}:user/[\w+=,.@/-]+")
MFA_KEYS = {"aws:multifactorauthpresent", "aws:multifactorauthage"}
SUFFIX = "0123456789abcdef"
"""What Identity Center ends the name of a role with."""


def trusts(stack: Stack) -> Iterator[tuple[str, Body]]:
    """The statements of all trust policies of a stack, each with its role."""
    for id_, role in stack.resources("aws_iam_role").items():
        policy = role["assume_role_policy"]
        document = re.fullmatch(r"\$\{data\.aws_iam_policy_document\.(\w+)_document\.json\}", policy)
        assert document, f"{stack.name} {id_}: read this form too: {policy}"
        yield from ((id_, statement) for statement in stack.policy(document[1]))


def named(statement: Body) -> list[str]:
    """Whom a statement is about: where `aws:PrincipalArn` narrows it, who that is."""
    narrowed = [
        value
        for condition in statement.get("condition", [])
        if condition["variable"].lower() == "aws:principalarn"
        for value in condition["values"]
    ]
    return narrowed or [who for principals in statement["principals"] for who in principals["identifiers"]]


def asks(statement: Body) -> bool:
    return any(condition["variable"].lower() in MFA_KEYS for condition in statement.get("condition", []))


@pytest.mark.requirement("R1.2", "R1.3")
def test_no_trust_asks_for_mfa_whom_it_cannot_come_from(
    stacks: dict[str, Stack], elsewhere: tuple[Environment, dict[str, Stack]]
) -> None:
    found = 0
    for stack in (*stacks.values(), *elsewhere[1].values()):
        for role, statement in trusts(stack):
            for who in named(statement) if asks(statement) else ():
                assert CAN_SHOW_MFA.fullmatch(who), f"{stack.name} {role}: {who} can't show MFA"
                found += 1
    assert found


@pytest.mark.requirement("R1.2", "R1.3")
@every_case("role", ["deployer", "planner", "break_glass"])
def test_both_kinds_of_people_come_in(role: str, elsewhere: tuple[Environment, dict[str, Stack]]) -> None:
    _, phases = elsewhere
    (users, sets) = (each for each in phases["account"].policy(f"{role}_trust") if "sts:AssumeRole" in each["actions"])
    recent = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "60", "aws:RequestedRegion": "us-east-1"}
    without = {"aws:RequestedRegion": "eu-central-1"}
    assert users["principals"] == [
        {"type": "AWS", "identifiers": [each.arn for each in BOTH_KINDS if isinstance(each, IamUser)]}
    ]
    assert allowed([users], "sts:AssumeRole", context=recent)
    assert allowed([users], "sts:AssumeRole", context=without) is (role == "planner")
    accounts = sorted({each.account_id for each in BOTH_KINDS if isinstance(each, PermissionSet)})
    assert sets["principals"] == [
        {"type": "AWS", "identifiers": [f"arn:aws:iam::{account}:root" for account in accounts]}
    ]
    path = "role/aws-reserved/sso.amazonaws.com"
    for arn, may in {
        f"arn:aws:iam::444455556666:{path}/AWSReservedSSO_lead_{SUFFIX}": True,
        f"arn:aws:iam::444455556666:{path}/eu-west-2/AWSReservedSSO_lead_{SUFFIX}": True,
        f"arn:aws:iam::777788889999:{path}/eu-west-2/AWSReservedSSO_engineer_{SUFFIX}": True,
        # Another account, another permission set, a role and a user of the same names.
        f"arn:aws:iam::777788889999:{path}/eu-west-2/AWSReservedSSO_lead_{SUFFIX}": False,
        f"arn:aws:iam::444455556666:{path}/eu-west-2/AWSReservedSSO_leader_{SUFFIX}": False,
        f"arn:aws:iam::444455556666:role/AWSReservedSSO_lead_{SUFFIX}": False,
        f"arn:aws:iam::444455556666:role/team/aws-reserved/sso.amazonaws.com/AWSReservedSSO_lead_{SUFFIX}": False,
        f"arn:aws:iam::444455556666:user/AWSReservedSSO_lead_{SUFFIX}": False,
    }.items():
        assert allowed([sets], "sts:AssumeRole", context={**without, "aws:PrincipalArn": arn}) is may, arn
    elsewhere_called = {"aws:PrincipalArn": f"arn:aws:iam::444455556666:{path}/AWSReservedSSO_lead_{SUFFIX}"}
    called = {**elsewhere_called, "aws:RequestedRegion": "ap-south-1"}
    assert allowed([sets], "sts:AssumeRole", context=called) is (role != "break_glass")


@pytest.mark.requirement("R1.3")
def test_an_alert_says_who_came_in_from_this_account_and_from_another(account: Stack) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html: two records of one call."""
    own = {"type": "IAMUser", "principalId": "AIDAQRSTUVWXYZEXAMPLE", "arn": "arn:aws:iam::777788889999:user/JohnDoe"}
    foreign = {"type": "AWSAccount", "principalId": "AIDAQRSTUVWXYZEXAMPLE", "accountId": "777788889999"}
    target = account.resources("aws_cloudwatch_event_target")["break_glass_assumed_target"]["input_transformer"]
    said = {}
    for identity in (own, foreign):
        asked = {"roleSessionName": "JohnDoe-dev", "serialNumber": "arn:aws:iam::777788889999:mfa/JohnDoe"}
        detail = {"userIdentity": identity, "requestParameters": asked, "sourceIPAddress": "192.0.2.101"}
        event = {"time": "2014-07-18T15:07:39Z", "account": "111122223333", "detail": detail}
        said[identity["type"]] = transformed(target, event)
    assert "Who: arn:aws:iam::777788889999:user/JohnDoe AIDAQRSTUVWXYZEXAMPLE" in said["IAMUser"]
    assert "Who:  AIDAQRSTUVWXYZEXAMPLE\nOf account: 777788889999\n" in said["AWSAccount"]
    assert "Session: JohnDoe-dev\nMFA device: arn:aws:iam::777788889999:mfa/JohnDoe" in said["AWSAccount"]


def transformed(target: Body, event: Body) -> str:
    """The message's text; what an event doesn't have "won't appear in the output".

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    template = target["input_template"]
    for name, path in target["input_paths"].items():
        value: object = event
        for part in path.removeprefix("$.").split("."):
            value = value.get(part, "") if isinstance(value, dict) else ""
        template = template.replace(f"<{name}>", str(value))
    assert not re.search(r"<\w+>", template)
    return str(json.loads(template)["content"]["description"])


@pytest.fixture
def account(stacks: dict[str, Stack]) -> Stack:
    return stacks["prod-account"]


def test_patterns_are_those_of_aws(elsewhere: tuple[Environment, dict[str, Stack]]) -> None:
    """https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html."""
    (_, sets) = (each for each in elsewhere[1]["account"].policy("break_glass_trust"))
    patterns = next(each["values"] for each in sets["condition"] if each["variable"] == "aws:PrincipalArn")
    example = (
        "arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com/eu-west-2/AWSReservedSSO_lead_1234567890abcdef"
    )
    assert any(fnmatchcase(example, pattern) for pattern in patterns)
