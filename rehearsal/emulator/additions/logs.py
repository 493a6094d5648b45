"""CloudWatch Logs: streams by prefix, class and key of a group, and groups that other services create."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.logs.models import LogGroup, logs_backends
from moto.logs.responses import LogsResponse

from rehearsal.emulator.additions.registry import AwsError, adds, corrects, parameters


def created_by_service(backend: BaseBackend, name: str, *, days: int | None = None, region: str = "") -> None:
    """Create a log group as a service does that finds none: without a key.

    Args:
        backend: The service's own.
        name: Of the log group.
        days: Its retention; none keeps events for ever.
        region: Where; the service's own by default.
    """
    logs = logs_backends[backend.account_id][region or backend.region_name]
    if name not in logs.groups:
        logs.create_log_group(name, {})
        vars(logs.groups[name])["retention_in_days"] = days


@corrects(
    LogsResponse,
    "filter_log_events",
    "logs",
    "FilterLogEvents",
    why="moto returns the events of all streams and ignores the prefix",
)
def filter_log_events(original: Callable[..., str], self: LogsResponse) -> str:
    """Leave out what other streams have; a page may be shorter for it."""
    answer = json.loads(original(self))
    prefix = self._get_param("logStreamNamePrefix", "")
    for part in ("events", "searchedLogStreams"):
        answer[part] = [each for each in answer[part] if each["logStreamName"].startswith(prefix)]
    return json.dumps(answer)


@corrects(
    LogGroup,
    "to_describe_dict",
    "logs",
    "DescribeLogGroups",
    why="moto doesn't return a log group's class",
    source="https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html",
)
def describe_log_group(original: Callable[..., dict[str, Any]], group: LogGroup) -> dict[str, Any]:
    """Return the class."""
    return {"logGroupClass": "STANDARD", **original(group)}


@adds(LogsResponse, "logs", "AssociateKmsKey", why="moto lacks the key of an existing log group")
def associate_kms_key(response: LogsResponse) -> str:
    """Encrypt what is written from now on with a key."""
    given = parameters(response)
    vars(_group(response, given))["kms_key_id"] = given["kmsKeyId"]
    return "{}"


@adds(LogsResponse, "logs", "DisassociateKmsKey", why="moto lacks the key of an existing log group")
def disassociate_kms_key(response: LogsResponse) -> str:
    """Encrypt what is written from now on with CloudWatch's own key."""
    vars(_group(response, parameters(response)))["kms_key_id"] = None
    return "{}"


def _group(response: LogsResponse, given: dict[str, Any]) -> LogGroup:
    logs = logs_backends[response.current_account][response.region]
    group: LogGroup | None = logs.groups.get(given.get("logGroupName", ""))
    if group is None:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return group
