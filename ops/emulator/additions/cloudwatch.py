"""CloudWatch: composite alarms."""

from __future__ import annotations

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from ops.emulator.additions.registry import adds


@adds(CloudWatchResponse, "cloudwatch", "PutCompositeAlarm", why="moto has composite alarms, but not the call")
def put_composite_alarm(self: CloudWatchResponse) -> ActionResult:
    """Go where moto itself expects a composite alarm's rule."""
    return self.put_metric_alarm()
