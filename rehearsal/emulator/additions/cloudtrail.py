"""CloudTrail: the trails that are asked for, and one that goes when it is deleted."""

from __future__ import annotations

import json
from collections.abc import Callable

from moto.cloudtrail.models import CloudTrailBackend
from moto.cloudtrail.responses import CloudTrailResponse

from rehearsal.emulator.additions.registry import corrects


@corrects(
    CloudTrailBackend,
    "delete_trail",
    "cloudtrail",
    "DeleteTrail",
    why="moto deletes a trail by its name only; the provider gives its ARN",
)
def delete_trail(original: Callable[..., None], backend: CloudTrailBackend, name: str) -> None:
    """Find the name."""
    original(backend, backend.get_trail(name).trail_name)


@corrects(
    CloudTrailResponse,
    "describe_trails",
    "cloudtrail",
    "DescribeTrails",
    why="moto returns all trails, not only those in the request",
)
def describe_trails(original: Callable[..., str], self: CloudTrailResponse) -> str:
    """Return the trails of those names or ARNs; all if none is named."""
    asked = self._get_param("trailNameList") or []
    trails = json.loads(original(self))["trailList"]
    return json.dumps(
        {"trailList": [each for each in trails if not asked or {each["Name"], each["TrailARN"]} & {*asked}]}
    )
