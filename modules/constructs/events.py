"""EventBridge rules that send alerts, also for events of other regions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from environments.beside import GLOBAL_REGION
from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.constructs.alerts_topic import AlertsTopic
from modules.constructs.provider_tags import ignored_tags
from modules.constructs.role import Role
from modules.ids import depend, reference, slug
from modules.policy import Statement, trust

# AssumeRole counts as a read-only event; rules match it only in this state.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
_WITH_READ_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


class EventAlert:
    """A rule that publishes a readable message with a title.

    `facts` are the lines of the message: by label, paths in the event. A path that an event doesn't have adds no text.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        title: str,
        pattern: Mapping[str, Any],
        facts: Mapping[str, Sequence[str]],
        topic: AlertsTopic,
    ) -> None:
        aws.CloudwatchEventRule(
            scope,
            id_,
            name=name,
            description=title,
            event_pattern=json.dumps(pattern, sort_keys=True),
            state=_WITH_READ_EVENTS,
        )
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
        keys = {path: path.removeprefix("$.").replace(".", "_") for paths in facts.values() for path in paths}
        lines = (f"{label}: {' '.join(f'<{keys[path]}>' for path in paths)}" for label, paths in facts.items())
        # Slack's format for custom notifications; it is readable in an e-mail too.
        # https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
        content = {"title": title, "description": "\n".join(lines)}
        target = aws.CloudwatchEventTarget(
            scope,
            f"{id_}_target",
            rule=reference("aws_cloudwatch_event_rule", id_, "name"),
            arn=topic.arn,
            input_transformer=aws.CloudwatchEventTargetInputTransformer(
                input_paths={key: path for path, key in keys.items()},
                input_template=json.dumps({"version": "1.0", "source": "custom", "content": content}),
            ),
        )
        depend(target, [topic.policy])


class EventForward:
    """Rules in the region of global events that forward them to this region's event bus.

    `patterns` are event patterns by the id of the rule in this region; `tags` are the default tags in that region.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        patterns: Mapping[str, Mapping[str, Any]],
        tags: Mapping[str, str],
    ) -> None:
        environment = names.environment
        bus = names.arn("events", "event-bus/default")
        provider = aws.AwsProvider(
            scope,
            f"aws_{id_}",
            alias=id_,
            region=GLOBAL_REGION,
            allowed_account_ids=[environment.account_id],
            default_tags=[aws.AwsProviderDefaultTags(tags=dict(tags))],
            ignore_tags=ignored_tags(environment),
        )
        role = Role(
            scope,
            id_,
            names=names,
            purpose="event-forward",
            description=f"Forwards events from {GLOBAL_REGION}",
            trust=[trust("events.amazonaws.com", names)],
            statements=[Statement(sid="Forward", actions=["events:PutEvents"], resources=[bus])],
        )
        for alert, pattern in patterns.items():
            aws.CloudwatchEventRule(
                scope,
                f"{id_}_{alert}",
                provider=provider,
                name=names.resource(f"forward-{slug(alert)}"),
                description=f"Forwards {alert.replace('_', ' ')} to {environment.region}",
                event_pattern=json.dumps(pattern, sort_keys=True),
                state=_WITH_READ_EVENTS,
            )
            target = aws.CloudwatchEventTarget(
                scope,
                f"{id_}_{alert}_target",
                provider=provider,
                rule=reference("aws_cloudwatch_event_rule", f"{id_}_{alert}", "name"),
                arn=bus,
                role_arn=role.arn,
            )
            depend(target, role.permissions)
