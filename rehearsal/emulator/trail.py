"""CloudTrail's record of an assumed role, as EventBridge's rules see it."""

from __future__ import annotations

from typing import Any

from moto.core.utils import unix_time, utcnow
from moto.events.models import events_backends
from moto.moto_api._internal import mock_random
from moto.sts.models import AssumedRole

from rehearsal.emulator.callers import Caller

SEES_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
"""State of a rule that sees calls which count as reading, as AssumeRole does.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
"""


def role_assumed(caller: Caller, assumed: AssumedRole, region: str, *, serial: str | None) -> None:
    """Write the event to the role's account and the caller's; the former has no ARN of another account's session.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html#stscloudtrailexample

    Args:
        caller: Who assumed it.
        assumed: The session.
        region: Of the endpoint that was called: the event is that region's.
        serial: The MFA device, if one was named.
    """
    detail = {
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "eventTime": f"{utcnow():%Y-%m-%dT%H:%M:%SZ}",
        "awsRegion": region,
        "sourceIPAddress": "127.0.0.1",
        "requestParameters": {
            "roleArn": assumed.role_arn,
            "roleSessionName": assumed.session_name,
            **({"serialNumber": serial} if serial else {}),
        },
        "responseElements": {"assumedRoleUser": {"assumedRoleId": assumed.user_id, "arn": assumed.arn}},
        "eventType": "AwsApiCall",
        "sharedEventID": str(mock_random.uuid4()),
    }
    own = {
        "type": "IAMUser" if caller.user else "AssumedRole",
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account_id,
    }
    foreign = {"type": "AWSAccount", "principalId": caller.user_id, "accountId": caller.account_id}
    at = unix_time()
    for account_id in dict.fromkeys((caller.account_id, assumed.account_id)):
        identity = own if account_id == caller.account_id else foreign
        _deliver(account_id, region, at, {**detail, "userIdentity": identity, "recipientAccountId": account_id})


def _deliver(account_id: str, region: str, at: float, detail: dict[str, Any]) -> None:
    event: Any = {
        "version": "0",
        "id": str(mock_random.uuid4()),
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.sts",
        "account": account_id,
        "time": at,
        "ingestion-time": at,
        "region": region,
        "resources": [],
        "detail": detail,
    }
    for rule in list(events_backends[account_id][region].describe_event_bus("default").rules.values()):
        if rule.state == SEES_READS:
            rule.send_to_targets(event)
