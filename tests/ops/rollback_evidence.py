"""A rollback that was really made: the journal's entry, and CloudTrail's event of the same change."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from environments.arns import account_of
from environments.schema import Environment
from ops.aws.dns import replacement
from ops.cutover.records import AliasTarget, shares
from ops.journal import Entry, Line
from tests.ops.verify_responses import LOAD_BALANCER, LOAD_BALANCERS_ZONE, Canned

DEPLOYER = "arn:aws:sts::111122223333:assumed-role/aep-prod-deployer/someone"
ZONE = "Z1"


class Evidence:
    """What the journal's bucket and CloudTrail have. Tests change it before they put it into a context."""

    def __init__(self, environment: Environment, *, hours_ago: float = 24) -> None:
        self.environment, self.at = environment, datetime.now(UTC) - timedelta(hours=hours_ago)
        self.entry = Entry(
            at=self.at.isoformat(timespec="seconds"),
            command="rollback dns",
            event="back",
            outcome="done",
            before=100,
            after=0,
            caller=DEPLOYER,
            account=environment.account_id,
            zone=ZONE,
            writer="0123456789abcdef",
            number=2,
        )
        self.event: dict[str, Any] = self._event()
        self.drill = replace(
            self.entry,
            command="restore database",
            event="restore",
            outcome="checked",
            zone="",
            number=1,
            evidence={"copy": "aep-prod-r1", "source": "snapshot before", "problems": []},
        )
        self.entries = True
        self.events = True

    def changes(self, before: int, after: int) -> list[dict[str, Any]]:
        """The changes from one weight to another, as in CloudTrail."""
        wanted = shares(self.environment, AliasTarget(LOAD_BALANCER, LOAD_BALANCERS_ZONE))
        return [_lower(change) for change in replacement(wanted.at(before), wanted.at(after))]

    def change(self, **fields: object) -> None:
        """Change fields of the entry."""
        self.entry = replace(self.entry, **fields)  # type: ignore[arg-type]  # a test's own fields

    def into(self, context: Canned) -> None:
        """Let a context's AWS return it."""
        lines = [Line(each, json.dumps(asdict(each)).encode()) for each in (self.drill, self.entry)]
        prefix = f"{self.environment.stage}/cutover.journal/"
        bodies = {f"{prefix}{line.id}": line.body for line in lines}

        def get_object(**given: Any) -> dict[str, Any]:
            body = bodies.get(given["Key"], lines[-1].body)
            return {"Body": io.BytesIO(body), "LastModified": self.at, "Metadata": {"delay": "0"}}

        def lookup_events(**given: Any) -> dict[str, Any]:
            (attribute,) = given["LookupAttributes"]
            named = attribute == {"AttributeKey": "EventName", "AttributeValue": self.event["eventName"]}
            at = datetime.fromisoformat(self.event["eventTime"])
            within = given["StartTime"] <= at <= given["EndTime"]
            found = [{"CloudTrailEvent": json.dumps(self.event)}] if self.events and named and within else []
            return {"Events": found}

        contents = [{"Key": key} for key in bodies] if self.entries else []
        context.answers["s3", "list_objects_v2"] = {"Contents": contents}
        context.answers["s3", "get_object"] = get_object
        context.answers["cloudtrail", "lookup_events"] = lookup_events

    def _event(self) -> dict[str, Any]:
        """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/logging-using-cloudtrail.html"""
        role = self.environment.edge.zone.role
        account = account_of(role) if role else self.environment.account_id
        session = f"assumed-role/{role.rpartition('/')[2]}/aep-prod-cutover" if role else ""
        return {
            "eventVersion": "1.11",
            "eventName": "ChangeResourceRecordSets",
            "eventSource": "route53.amazonaws.com",
            "eventTime": f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
            "awsRegion": "us-east-1",
            "recipientAccountId": account,
            "userIdentity": {
                "type": "AssumedRole",
                "arn": f"arn:aws:sts::{account}:{session}" if role else DEPLOYER,
            },
            "requestParameters": {
                "hostedZoneId": ZONE,
                "changeBatch": {"comment": "rollback dns", "changes": self.changes(100, 0)},
            },
            "additionalEventData": {"Note": "Do not use to reconstruct hosted zone"},
        }


def _lower(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {f"{key[:1].lower()}{key[1:]}": _lower(part) for key, part in value.items()}
    return copy.deepcopy(value)
