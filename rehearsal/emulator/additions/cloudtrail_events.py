"""CloudTrail's event history: the changes of Route 53's records, as LookupEvents returns them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudtrail.models import cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random
from moto.route53.responses import Route53

from rehearsal.emulator.additions.registry import AwsError, adds, corrects, kept, parameters
from rehearsal.emulator.callers import Caller, caller_of

MOST = 50
"""Events of one response: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html"""
A_SECOND = 2
"""Lookups of a second, by account and region; the same page."""
HISTORY = timedelta(days=90)
"""The same page."""
_ATTRIBUTES = {
    "EventId": "eventID",
    "EventName": "eventName",
    "EventSource": "eventSource",
    "ReadOnly": "readOnly",
}
"""AWS's attributes of a lookup that are known here, and the event's field."""


@corrects(
    Route53,
    "change_resource_record_sets",
    "route53",
    "ChangeResourceRecordSets",
    why="moto records no call; CloudTrail has each, also those that Route 53 refuses",
    source="https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/logging-using-cloudtrail.html",
)
def change_resource_record_sets(original: Callable[..., object], self: Route53) -> object:
    """Make the change, and record the call."""
    given, caller = parameters(self), caller_of(self)
    try:
        response = original(self)
    except ServiceException as error:
        _record(self, caller, given, {"errorCode": error.code, "errorMessage": error.message})
        raise
    _record(self, caller, given, {})
    return response


def _record(response: Route53, caller: Caller, given: Mapping[str, Any], error: Mapping[str, str]) -> None:
    """Write the event to the history of the caller's account, in the region that global services are signed for.

    The caller of a zone in another account is a session of a role there, so it is that account's event.
    """
    place = response.region  # The one that the call was signed for.
    backend = cloudtrail_backends[caller.account_id][place]
    identity = {
        "type": "IAMUser" if caller.user else "AssumedRole",
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account_id,
    }
    event = {
        "eventVersion": "1.11",
        "eventID": str(mock_random.uuid4()),
        "eventTime": f"{utcnow():%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "route53.amazonaws.com",
        "eventName": "ChangeResourceRecordSets",
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
        "managementEvent": True,
        "readOnly": False,
        "awsRegion": place,
        "sourceIPAddress": "127.0.0.1",
        "userIdentity": identity,
        "recipientAccountId": caller.account_id,
        "requestParameters": _as_in_trails({key: given[key] for key in ("HostedZoneId", "ChangeBatch")}),
        "additionalEventData": {"Note": "Do not use to reconstruct hosted zone"},
        **error,
    }
    kept(backend, "events", list[dict[str, Any]]).append(event)


def _as_in_trails(value: Any) -> Any:  # noqa: ANN401  (any part of a request)
    """A request with the keys of events: they begin with a lower-case letter, as in `dNSName` and `tTL`."""
    if isinstance(value, Mapping):
        return {f"{key[:1].lower()}{key[1:]}": _as_in_trails(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_as_in_trails(part) for part in value]
    return value


@adds(CloudTrailResponse, "cloudtrail", "LookupEvents", why="moto has no event history")
def lookup_events(self: CloudTrailResponse) -> ActionResult:
    """The newest events first, in pages, of the region and account that is asked."""
    given, backend = parameters(self), cloudtrail_backends[self.current_account][self.region]
    calls = kept(backend, "lookups", list[float])
    calls[:] = [*(each for each in calls if time.monotonic() - each < 1), time.monotonic()]
    if len(calls) > A_SECOND:
        calls.pop()
        raise AwsError("ThrottlingException", "Rate exceeded")
    attributes = given.get("LookupAttributes") or []
    if len(attributes) > 1 or any(each["AttributeKey"] not in _ATTRIBUTES for each in attributes):
        raise AwsError("InvalidLookupAttributesException", "You can only specify one lookup attribute.")
    most = int(given.get("MaxResults", MOST))
    if not 1 <= most <= MOST:
        raise AwsError("InvalidMaxResultsException", f"A maximum of {MOST} results can be returned.")
    now = datetime.now(UTC)
    start, end = _time(given.get("StartTime"), now - HISTORY), _time(given.get("EndTime"), now)
    if start > end:
        raise AwsError("InvalidTimeRangeException", "The start time must be earlier than the end time.")
    found = [
        event
        for event in reversed(kept(backend, "events", list[dict[str, Any]]))
        if max(start, now - HISTORY) <= datetime.fromisoformat(event["eventTime"]) <= end
        and all(
            str(event[_ATTRIBUTES[each["AttributeKey"]]]).lower() == each["AttributeValue"].lower()
            for each in attributes
        )
    ]
    try:
        first = int(given.get("NextToken") or 0)
    except ValueError:
        raise AwsError("InvalidNextTokenException", "The specified NextToken is not valid.") from None
    result: dict[str, Any] = {"Events": [_listed(event) for event in found[first : first + most]]}
    if len(found) > first + most:
        result["NextToken"] = str(first + most)
    return ActionResult(result)


def _time(given: object, default: datetime) -> datetime:
    if given is None:
        return default
    if isinstance(given, datetime):
        return given if given.tzinfo else given.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(str(given)), UTC)


def _listed(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "EventSource": event["eventSource"],
        "EventTime": datetime.fromisoformat(event["eventTime"]),
        "ReadOnly": str(event["readOnly"]).lower(),
        "Username": event["userIdentity"]["arn"].rpartition("/")[2],
        "Resources": [
            {"ResourceType": "AWS::Route53::HostedZone", "ResourceName": event["requestParameters"]["hostedZoneId"]}
        ],
        "CloudTrailEvent": json.dumps(event),
    }
