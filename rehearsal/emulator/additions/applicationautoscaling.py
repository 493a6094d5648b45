"""Application Auto Scaling: tags of targets."""

from __future__ import annotations

import json
from collections.abc import Callable

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from rehearsal.emulator.additions.registry import adds, corrects, kept, parameters

_RUNS = {f"{what}Suspended": False for what in ("DynamicScalingIn", "DynamicScalingOut", "ScheduledScaling")}
_TAGS = "moto has no tags of scalable targets"


def _tags(self: ApplicationAutoScalingResponse, arn: str) -> dict[str, str]:
    return kept(self.applicationautoscaling_backend, "tags", dict[str, dict[str, str]]).setdefault(arn, {})


@corrects(
    ApplicationAutoScalingResponse,
    "register_scalable_target",
    "application-autoscaling",
    "RegisterScalableTarget",
    why="moto drops a target's tags, and doesn't return what is suspended",
)
def register_scalable_target(original: Callable[..., str], self: ApplicationAutoScalingResponse) -> str:
    """Remember the tags as well; nothing is suspended that wasn't asked for.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_SuspendedState.html
    """
    answer = original(self)
    for target in self.applicationautoscaling_backend.targets.get("ecs:service:DesiredCount", {}).values():
        vars(target)["suspended_state"] = _RUNS | (vars(target)["suspended_state"] or {})
    _tags(self, json.loads(answer)["ScalableTargetARN"]).update(parameters(self).get("Tags") or {})
    return answer


@adds(ApplicationAutoScalingResponse, "application-autoscaling", "ListTagsForResource", why=_TAGS)
def list_tags_for_resource(self: ApplicationAutoScalingResponse) -> ActionResult:
    """Return a target's tags."""
    return ActionResult({"Tags": _tags(self, parameters(self)["ResourceARN"])})


@adds(ApplicationAutoScalingResponse, "application-autoscaling", "TagResource", why=_TAGS)
def tag_resource(self: ApplicationAutoScalingResponse) -> ActionResult:
    """Add tags to a target, or change them."""
    given = parameters(self)
    _tags(self, given["ResourceARN"]).update(given["Tags"])
    return EmptyResult()


@adds(ApplicationAutoScalingResponse, "application-autoscaling", "UntagResource", why=_TAGS)
def untag_resource(self: ApplicationAutoScalingResponse) -> ActionResult:
    """Remove tags from a target."""
    given = parameters(self)
    for key in given["TagKeys"]:
        _tags(self, given["ResourceARN"]).pop(key, None)
    return EmptyResult()
