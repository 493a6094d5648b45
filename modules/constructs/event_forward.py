"""Brings events of another region to the region where the rules are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import CloudwatchEventTarget
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from constructs import Construct

from environments.names import Names
from modules.constructs.role import Role
from modules.policy import Statement, trust


class EventForward:
    """Rules in the other region, whose target is this region's event bus.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        source_region: str,
        patterns: Mapping[str, Mapping[str, Any]],
        tags: Mapping[str, str],
    ) -> None:
        """Make provider, role, rules and targets.

        Args:
            scope: The stack.
            id_: Id of provider and role; the rules are named after it.
            names: The environment's names.
            source_region: Where the events arrive.
            patterns: Which events, by the id of the rule that waits for them.
            tags: What everything there is tagged with.
        """
        environment = names.environment
        bus = names.arn("events", "event-bus/default")
        provider = AwsProvider(
            scope,
            f"aws_{id_}",
            alias=id_,
            region=source_region,
            allowed_account_ids=[environment.account_id],
            default_tags=[AwsProviderDefaultTags(tags=dict(tags))],
        )
        role = Role(
            scope,
            id_,
            name=names.role("event-forward"),
            description=f"Brings events from {source_region}",
            trust=[trust("events.amazonaws.com", account_id=environment.account_id)],
            statements=[Statement(sid="Forward", actions=["events:PutEvents"], resources=[bus])],
        )
        for alert, pattern in patterns.items():
            CloudwatchEventRule(
                scope,
                f"{id_}_{alert}",
                provider=provider,
                name=names.resource(f"forward-{alert.replace('_', '-')}"),
                description=f"Brings {alert.replace('_', ' ')} to {environment.region}",
                event_pattern=json.dumps(pattern, sort_keys=True),
                state="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            )
            target = CloudwatchEventTarget(
                scope,
                f"{id_}_{alert}_target",
                provider=provider,
                rule=f"${{aws_cloudwatch_event_rule.{id_}_{alert}.name}}",
                arn=bus,
                role_arn=role.arn,
            )
            target.add_override("depends_on", role.permissions)
