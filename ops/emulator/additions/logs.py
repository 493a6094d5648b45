"""CloudWatch Logs: streams by prefix, and the class of a group."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse

from ops.emulator.additions.registry import mends


@mends(
    LogsResponse,
    "filter_log_events",
    "logs",
    "FilterLogEvents",
    why="moto answers the events of all streams, whatever prefix is asked for",
)
def filter_log_events(original: Callable[..., str], self: LogsResponse) -> str:
    """Leave out what other streams have; a page may be shorter for it."""
    answer = json.loads(original(self))
    prefix = self._get_param("logStreamNamePrefix", "")
    for part in ("events", "searchedLogStreams"):
        answer[part] = [each for each in answer[part] if each["logStreamName"].startswith(prefix)]
    return json.dumps(answer)


@mends(
    LogGroup,
    "to_describe_dict",
    "logs",
    "DescribeLogGroups",
    why="moto doesn't say which class a log group is of",
    source="https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html",
)
def describe_log_group(original: Callable[..., dict[str, Any]], group: LogGroup) -> dict[str, Any]:
    """Say it."""
    return {"logGroupClass": "STANDARD", **original(group)}
