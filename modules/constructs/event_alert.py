"""An event that somebody is told of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetInputTransformer,
)
from constructs import Construct

from modules.constructs.alerts_topic import AlertsTopic


class EventAlert:
    """A rule that publishes a readable message."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        pattern: Mapping[str, Any],
        title: str,
        facts: Mapping[str, Sequence[str]],
        topic: AlertsTopic,
    ) -> None:
        """Make rule and target.

        Args:
            scope: The stack.
            id_: Id of the rule; its target is named after it.
            name: Name of the rule.
            description: What it watches for.
            pattern: Which events it takes.
            title: What the message begins with.
            facts: What the message tells of the event: label by label, the paths in the event. A path that an event
                doesn't have leaves nothing in the message.
            topic: Where it goes.
        """
        CloudwatchEventRule(
            scope,
            id_,
            name=name,
            description=description,
            event_pattern=json.dumps(pattern, sort_keys=True),
            # AssumeRole counts as reading; without this state, rules don't see it.
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
            state="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        )
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
        keys = {path: path.removeprefix("$.").replace(".", "_") for paths in facts.values() for path in paths}
        # The form that Slack shows, and that is readable in a mail.
        # https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
        message = {
            "version": "1.0",
            "source": "custom",
            "content": {
                "title": title,
                "description": "\n".join(
                    f"{label}: {' '.join(f'<{keys[path]}>' for path in paths)}" for label, paths in facts.items()
                ),
            },
        }
        target = CloudwatchEventTarget(
            scope,
            f"{id_}_target",
            rule=f"${{aws_cloudwatch_event_rule.{id_}.name}}",
            arn=topic.arn,
            input_transformer=CloudwatchEventTargetInputTransformer(
                input_paths={key: path for path, key in keys.items()},
                input_template=json.dumps(message),
            ),
        )
        target.add_override("depends_on", [topic.policy])
