"""What additions about access are for: who assumes a role, who reads a secret, and who is notified of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from tests.emulator.aws import REGION, Aws
from tests.emulator.examples import EXAMPLES, example
from tests.emulator.people import allow, role, session, user

__all__ = ["EXAMPLES"]


def refused(call: Callable[[], object]) -> str:
    """What a call is refused with; nothing if it isn't."""
    try:
        call()
    except ClientError as error:
        return str(error)
    return ""


@example("sts", "AssumeRole", "GetCallerIdentity")
def trusted(aws: Aws) -> None:
    assert aws("sts").get_caller_identity()["Arn"].endswith("assumed-role/OrganizationAccountAccessRole/emulator")
    own = role(aws, "own", allow({"AWS": f"arn:aws:iam::{aws.account}:role/OrganizationAccountAccessRole"}))
    keys = session(aws, own)
    assert aws("sts", keys).get_caller_identity()["Arn"] == f"arn:aws:sts::{aws.account}:assumed-role/own/session"
    assert "AccessDenied" in refused(lambda: session(aws, own, keys))


@example("sts", "AssumeRoleWithWebIdentity")
def unknown_provider(aws: Aws) -> None:
    arn = role(aws, "deployer", allow({"Federated": "arn:aws:iam::1:oidc-provider/x"}, "sts:AssumeRoleWithWebIdentity"))
    come_in = partial(aws("sts").assume_role_with_web_identity, RoleArn=arn, RoleSessionName="job")
    for token, code in (
        ("no token", "InvalidIdentityToken"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL3gifQ.x", "No OpenIDConnect"),
    ):
        assert code in refused(partial(come_in, WebIdentityToken=token))
    # Nothing but what is refused is needed here; test_sts.py has the rest.
    aws.called.add(("sts", "AssumeRoleWithWebIdentity"))


@example("sts", "GetSessionToken")
def session_of_a_user(aws: Aws) -> None:
    lead = user(aws, "lead")
    keys = aws("sts", lead.keys).get_session_token(**lead.mfa)["Credentials"]
    assert aws("sts", keys).get_caller_identity()["Arn"] == lead.arn


@example("secretsmanager", "GetSecretValue", "PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage")
def closed_secret(aws: Aws) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html."""
    reader = role(aws, "reader", allow({"AWS": aws.account}))
    client, allowed = aws("secretsmanager"), aws("secretsmanager", session(aws, reader))
    arn = client.create_secret(Name="URL", SecretString="one")["ARN"]
    shut = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": [f"secretsmanager:{verb}" for verb in ("GetSecretValue", "PutSecretValue", "UpdateSecret*")],
        "Resource": arn,
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": [reader]}},
    }
    client.put_resource_policy(SecretId="URL", ResourcePolicy=json.dumps({"Statement": [shut]}))
    versions: list[str] = []

    def calls(secrets: Any) -> list[Any]:
        return [
            lambda: versions.append(secrets.get_secret_value(SecretId="URL")["VersionId"]),
            lambda: secrets.put_secret_value(SecretId=arn, SecretString="two"),
            lambda: versions.append(secrets.update_secret(SecretId="URL", SecretString="three")["VersionId"]),
            lambda: secrets.update_secret_version_stage(
                SecretId="URL", VersionStage="MINE", MoveToVersionId=versions[-1]
            ),
        ]

    for call in calls(allowed):
        call()
    for call in calls(client):
        said = refused(call)
        assert "AccessDeniedException" in said and "with an explicit deny in a resource-based policy" in said
    assert client.describe_secret(SecretId="URL")["Name"] == "URL"


def heard(aws: Aws, template: str, paths: dict[str, str]) -> list[str]:
    """What a topic says of two events: one with a name and one without."""
    topic = aws("sns").create_topic(Name="alerts")["TopicArn"]
    queue = aws("sqs").create_queue(QueueName="alerts")["QueueUrl"]
    queue_arn = f"arn:aws:sqs:{REGION}:{aws.account}:alerts"
    raw = {"RawMessageDelivery": "true"}
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes=raw)
    events = aws("events")
    events.put_rule(Name="one", EventPattern=json.dumps({"source": ["mine"]}))
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    events.put_targets(Rule="one", Targets=[{"Id": "topic", "Arn": topic, "InputTransformer": transformer}])
    for detail in ({"name": "lead", "id": "1"}, {"id": "2"}):
        events.put_events(Entries=[{"Source": "mine", "DetailType": "Example", "Detail": json.dumps(detail)}])
    found = aws("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(each["Body"]) for each in found]


@example("events", "PutEvents", "PutTargets")
def alert(aws: Aws) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html."""
    template = json.dumps("Who: <name> <id>")
    assert heard(aws, template, {"name": "$.detail.name", "id": "$.detail.id"}) == ["Who: lead 1", "Who:  2"]
