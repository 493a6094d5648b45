"""Reads lines of a log group, each once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.aws.errors import explained
from ops.aws.session import Aws
from ops.errors import OpsError
from ops.printable import printable

TAB = "\t"
LATE = 30_000
"""Milliseconds by which a line may arrive late and still be found."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Line:
    """A line that a task logged."""

    time: str
    """ISO 8601, in UTC."""
    stream: str
    message: str

    def __str__(self) -> str:
        """The message as it is safe to show, with time and task before each of its lines: none looks like another's."""
        before = printable(f"{self.time} {self.stream.rpartition('/')[2][:8]}")
        return "\n".join(f"{before} {printable(each, keep=TAB)}" for each in self.message.split("\n"))


def seconds(duration: str) -> int:
    """`90s`, `10m`, `2h` or `1d` in seconds.

    Raises:
        OpsError: The text isn't a duration.
    """
    match = re.fullmatch(r"(\d+)([smhd])", duration)
    if not match:
        raise OpsError(f"{duration!r} isn't a duration; write it as 90s, 10m, 2h or 1d")
    return int(match[1]) * _UNITS[match[2]]


class LogLines:
    """Reads new lines of a log group with each call."""

    def __init__(self, aws: Aws, group: str, *, since: datetime, streams: Mapping[str, Any]) -> None:
        """Begin at a time.

        Args:
            aws: The account.
            group: The log group.
            since: Older lines are left out.
            streams: The streams, as arguments of FilterLogEvents: logStreamNames or logStreamNamePrefix.
        """
        self._client = aws.client("logs")
        self._asked = {"logGroupName": group, **streams}
        self._since = self._newest = int(since.timestamp() * 1000)
        self._seen: dict[str, int] = {}
        self.absent = False
        """Whether group or stream didn't exist at the last call."""

    def new(self) -> Iterator[Line]:
        """New lines since the last call; empty while group or stream don't exist.

        Raises:
            AwsError: The logs can't be read.
        """
        start = max(self._since, self._newest - LATE)
        self._seen = {event: moment for event, moment in self._seen.items() if moment >= start}
        with explained(f"read the log group {self._asked['logGroupName']}"):
            try:
                pages = self._client.get_paginator("filter_log_events").paginate(startTime=start, **self._asked)
                events = [event for page in pages for event in page["events"]]
            except self._client.exceptions.ResourceNotFoundException:
                self.absent = True
                return
        self.absent = False
        for event in events:
            if event["eventId"] not in self._seen:
                self._seen[event["eventId"]] = event["timestamp"]
                self._newest = max(self._newest, event["timestamp"])
                moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                yield Line(f"{moment:%Y-%m-%dT%H:%M:%SZ}", event["logStreamName"], event["message"].rstrip("\n"))
