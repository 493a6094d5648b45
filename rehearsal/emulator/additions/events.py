"""EventBridge: topics as targets, and what becomes of a variable that the event has no value for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from jsonpath_ng.ext.parser import parse as json_path
from moto.events.models import Rule
from moto.events.utils import EventTemplateParser
from moto.sns.models import sns_backends

from environments.arns import account_of
from rehearsal.emulator.additions.registry import corrects

Event = Any


@corrects(
    EventTemplateParser,
    "parse",
    "events",
    "PutTargets",
    why="moto keeps a variable in the message if the event doesn't have its path",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html",
)
def parse(
    original: Callable[..., Any], input_template: str | None, input_paths_map: Mapping[str, str], event: Event
) -> Any:  # noqa: ANN401
    """Leave out a variable whose path the event doesn't have: it "isn't created and won't appear in the output".

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html#eb-transform-input-issues
    """
    template, found = input_template, dict(input_paths_map)
    for name, path in input_paths_map.items():
        if template and not json_path(path).find(event):
            template = template.replace(f"<{name}>", "")
            del found[name]
    return original(input_template=template, input_paths_map=found, event=event)


@corrects(Rule, "send_to_targets", "events", "PutEvents", why="moto publishes events to no topic")
def send_to_targets(
    original: Callable[..., None],
    rule: Rule,
    original_event: Event,
    transform_input: bool = True,
) -> None:
    """Publish to the rule's topics, and leave its other targets to moto."""
    targets = rule.targets
    topics = [target for target in targets if target["Arn"].split(":")[2] == "sns"]
    if topics and rule.event_pattern.matches_event(original_event):
        for target in topics:
            _publish(target, original_event)
    rule.targets = [target for target in targets if target not in topics]
    try:
        original(rule, original_event, transform_input)
    finally:
        rule.targets = targets


def _publish(target: Mapping[str, Any], event: Event) -> None:
    arn = target["Arn"]
    # Times are texts to AWS's rules; moto's own are numbers.
    told: Event = {**event, "time": datetime.fromtimestamp(float(event["time"]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    transformer = target.get("InputTransformer", {})
    message = EventTemplateParser.parse(
        input_template=transformer.get("InputTemplate"),
        input_paths_map=transformer.get("InputPathsMap", {}),
        event=told,
    )
    region = arn.split(":")[3]
    sns_backends[account_of(arn)][region].publish(message=json.dumps(message), arn=arn)
