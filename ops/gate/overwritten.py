"""Checks that no two resources set the same thing at AWS: AWS accepts both, and the last one overwrites the other.

Neither Terraform nor AWS reports an error: of two alarms with one name, one doesn't exist. The tables' lines `present`
find this where they compare the attributes that AWS does; here are the types that they identify by something else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from environments.names import Names
from environments.schema import Environment
from ops.gate.index import Index, shown
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.permissions.statements import Arns

OVERWRITTEN = "ROLLOUT_OVERWRITTEN"
CHECKS = {
    OVERWRITTEN: Check(
        OVERWRITTEN,
        "No two resources set the same thing at AWS, and names are the environment's own",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
        own=True,
    )
}
IDENTITIES: Mapping[str, tuple[str, ...]] = {
    # https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
    "aws_appautoscaling_policy": ("name", "resource_id", "scalable_dimension"),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html and
    # API_PutCompositeAlarm.html: names of alarms of both types are unique within a region.
    "aws_cloudwatch_composite_alarm": ("alarm_name",),
    "aws_cloudwatch_metric_alarm": ("alarm_name",),
    # https://docs.aws.amazon.com/guardduty/latest/APIReference/API_UpdateDetector.html
    "aws_guardduty_detector_feature": ("detector_id", "name"),
    # With `allow_overwrite`: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
    "aws_route53_record": ("zone_id", "name", "type", "set_identifier"),
}
"""The attributes by which AWS identifies what a type of resource sets."""
_TOGETHER = {"aws_cloudwatch_composite_alarm": "alarm", "aws_cloudwatch_metric_alarm": "alarm"}
"""Types whose names are of one kind."""
NAMES: Mapping[str, str] = {
    "aws_cloudwatch_dashboard": "dashboard_name",
    "aws_cloudwatch_log_resource_policy": "policy_name",
    "aws_cloudwatch_metric_alarm": "alarm_name",
    "aws_sns_topic": "name",
}
"""Names that must be the environment's: another stage or product of the account has resources with its own prefix."""


def overwritten(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Find resources that overwrite others, in the environment or in another one of its account.

    Args:
        view: The merged view of all its stacks.
        environment: Its values.
    """
    ledger, index, names = Ledger(), Index(view), Names(environment)
    arns = Arns(index, names.place)
    same: dict[tuple[str, ...], list[ScannedBlock]] = defaultdict(list)
    for kind, attributes in IDENTITIES.items():
        for block in index.all(kind):
            # The provider of another region sets other resources.
            place = str(block.settings.get("provider", ""))
            same[_TOGETHER.get(kind, kind), place, *_identity(block, attributes, index, arns)].append(block)
    for blocks in same.values():
        for block in blocks:
            others = [shown(each) for each in blocks if each is not block]
            ledger.judge(OVERWRITTEN, block.block, [f"sets the same at AWS as {other}" for other in others])
    for kind, attribute in NAMES.items():
        for block in index.all(kind):
            name = str(block.settings.get(attribute))
            own = name == names.prefix or name.startswith(f"{names.prefix}-")
            what = (
                f"its {attribute} {name!r} doesn't start with {names.prefix!r}: another environment may have that name"
            )
            ledger.judge(OVERWRITTEN, block.block, [] if own else [what])
    return ledger.records()


def _identity(block: ScannedBlock, attributes: Sequence[str], index: Index, arns: Arns) -> Iterator[str]:
    """What a resource sets: names and ARNs, whether they are literals or references."""
    for attribute in attributes:
        value = block.settings.get(attribute, "")
        yield arns.render(value, allows=False) if index.follow(value) else str(value)
