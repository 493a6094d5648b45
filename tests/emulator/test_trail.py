"""Who hears that a role was assumed, and what an alert can say of who did."""

from __future__ import annotations

import json
from itertools import count

import pytest

from rehearsal.emulator.process import Emulator
from tests.emulator.aws import REGION, Aws
from tests.emulator.people import User, allow, role, session, user

pytestmark = pytest.mark.slow

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
SEES_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
PATHS = {
    "arn": "$.detail.userIdentity.arn",
    "principal": "$.detail.userIdentity.principalId",
    "account": "$.detail.userIdentity.accountId",
    "kind": "$.detail.userIdentity.type",
    "device": "$.detail.requestParameters.serialNumber",
    "time": "$.time",
}
_accounts = count(220000000000)


@pytest.fixture
def owner(emulator: Emulator) -> Aws:
    """The account whose role is assumed."""
    return Aws(str(next(_accounts)), emulator.endpoint)


@pytest.fixture
def people(emulator: Emulator) -> Aws:
    """The account that people sign in to."""
    return Aws(str(next(_accounts)), emulator.endpoint)


def listen(aws: Aws, role_arn: str, *, state: str = SEES_READS, region: str = REGION) -> None:
    """A rule on AssumeRole of a role, and a topic with a queue that take what it says."""
    topic = aws("sns").create_topic(Name="alerts")["TopicArn"]
    aws("sqs").create_queue(QueueName="alerts")
    queue = f"arn:aws:sqs:{region}:{aws.account}:alerts"
    raw = {"RawMessageDelivery": "true"}
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=raw)
    detail = {"eventName": ["AssumeRole"], "requestParameters": {"roleArn": [role_arn]}}
    pattern = {"source": ["aws.sts"], "detail-type": ["AWS API Call via CloudTrail"], "detail": detail}
    aws("events").put_rule(Name="assumed", EventPattern=json.dumps(pattern), State=state)
    template = json.dumps({name: f"<{name}>" for name in PATHS})
    transformer = {"InputPathsMap": PATHS, "InputTemplate": template}
    aws("events").put_targets(Rule="assumed", Targets=[{"Id": "topic", "Arn": topic, "InputTransformer": transformer}])


def heard(aws: Aws) -> list[dict[str, str]]:
    messages = aws("sqs").receive_message(QueueUrl="alerts", MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(each["Body"]) for each in messages]


def principal(aws: Aws, lead: User) -> str:
    return str(aws("sts", lead.keys).get_caller_identity()["UserId"])


def test_from_another_account_there_is_a_principal_and_no_arn(owner: Aws, people: Aws) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html: two records of one call."""
    lead = user(people, "lead")
    target = role(owner, "break-glass", allow({"AWS": lead.arn}))
    for aws in (owner, people):
        listen(aws, target)
    session(owner, target, lead.keys, **lead.mfa)
    said = {"principal": principal(people, lead), "account": people.account, "device": lead.device}
    (foreign,), (own,) = heard(owner), heard(people)
    assert foreign.pop("time") == own.pop("time") != ""
    assert foreign == {**said, "arn": "", "kind": "AWSAccount"}
    assert own == {**said, "arn": lead.arn, "kind": "IAMUser"}


def test_a_role_of_another_account_is_told_by_its_session(owner: Aws, people: Aws) -> None:
    between = role(people, "engineer", allow({"AWS": people.account}))
    target = role(owner, "break-glass", allow({"AWS": between}))
    listen(owner, target)
    session(owner, target, session(people, between))
    (foreign,) = heard(owner)
    assert foreign["principal"].endswith(":session")
    assert (foreign["arn"], foreign["kind"], foreign["device"]) == ("", "AWSAccount", "")


def test_in_its_own_account_there_is_an_arn(owner: Aws) -> None:
    target = role(owner, "break-glass", allow({"AWS": owner.account}))
    listen(owner, target)
    session(owner, target)
    (own,) = heard(owner)
    assert own["arn"] == owner("sts").get_caller_identity()["Arn"]
    assert (own["kind"], own["account"]) == ("AssumedRole", owner.account)


@pytest.mark.parametrize("state", ["ENABLED", "DISABLED"])
def test_a_rule_in_another_state_does_not_hear_of_it(state: str, owner: Aws) -> None:
    target = role(owner, "break-glass", allow({"AWS": owner.account}))
    listen(owner, target, state=state)
    session(owner, target)
    assert heard(owner) == []
