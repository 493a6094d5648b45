"""The administrator role; every use of it is reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from environments import schema
from environments.beside import GLOBAL_REGION
from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.constructs.alerts_topic import AlertsTopic
from modules.constructs.events import EventAlert, EventForward
from modules.constructs.principals import MFA, named_principals
from modules.constructs.role import SESSION_SECONDS, Role
from modules.ids import slug
from modules.policy import Statement

# A caller from another account has no ARN in this account's events, only a principal id and an account. The session
# name and the MFA device identify the user. https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
_FACTS = {
    "Who": ("$.detail.userIdentity.arn", "$.detail.userIdentity.principalId"),
    "Of account": ("$.detail.userIdentity.accountId",),
    "Session": ("$.detail.requestParameters.roleSessionName",),
    "MFA device": ("$.detail.requestParameters.serialNumber",),
    "From": ("$.detail.sourceIPAddress",),
    "When": ("$.time",),
    "In account": ("$.account",),
}


class BreakGlass:
    """A role with all permissions. It needs recent MFA, its sessions last an hour, and each use publishes an alert.

    `tags` are for its resources in the region of global events, if that is another region.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: schema.Access,
        names: Names,
        topic: AlertsTopic,
        tags: Mapping[str, str],
    ) -> None:
        # A call to another region's endpoint would be an event of that region, where no rule matches it.
        region = names.environment.region
        regions = sorted({region, GLOBAL_REGION})
        role = Role(
            scope,
            id_,
            names=names,
            purpose="break-glass",
            description="Administrator for emergencies and for the administrators' phases",
            trust=list(
                named_principals(
                    spec.administrators,
                    partition=names.partition,
                    mfa=[MFA, ("NumericLessThan", "aws:MultiFactorAuthAge", [str(SESSION_SECONDS)])],
                    conditions=[("StringEquals", "aws:RequestedRegion", regions)],
                )
            ),
            statements=[
                Statement(
                    sid="NoAccessKeys",
                    effect="Deny",
                    actions=["iam:CreateAccessKey"],
                    resources=[names.arn("iam", "user/*", region="")],
                )
            ],
        )
        administrator = names.partition.managed_policy("AdministratorAccess")
        aws.IamRolePolicyAttachment(scope, f"{id_}_administrator", role=role.name, policy_arn=administrator)
        self.arn = role.arn
        patterns = _patterns(id_, names)
        for alert, (title, pattern) in patterns.items():
            EventAlert(
                scope,
                alert,
                name=names.resource(slug(alert)),
                title=title,
                pattern=pattern,
                facts=_FACTS,
                topic=topic,
            )
        if region != GLOBAL_REGION:
            forwarded = {alert: pattern for alert, (_, pattern) in patterns.items()}
            EventForward(scope, "global_events", names=names, patterns=forwarded, tags=tags)


def _patterns(id_: str, names: Names) -> dict[str, tuple[str, dict[str, Any]]]:
    """Title and event pattern of each alert, by its id."""
    role, sign_in = names.role("break-glass"), "AWS Console Sign In via CloudTrail"
    session = names.arn("sts", f"assumed-role/{role}/", region="")
    return {
        f"{id_}_assumed": (
            f"{role} was assumed",
            {
                "source": ["aws.sts"],
                "detail-type": ["AWS API Call via CloudTrail"],
                "detail": {
                    "eventName": ["AssumeRole"],
                    "requestParameters": {"roleArn": [names.role_arn("break-glass")]},
                },
            },
        ),
        f"{id_}_console": (
            f"{role} signed in to the console",
            {"detail-type": [sign_in], "detail": {"userIdentity": {"arn": [{"prefix": session}]}}},
        ),
        "root_console": (
            f"The root user of {names.prefix} signed in to the console",
            {"detail-type": [sign_in], "detail": {"userIdentity": {"type": ["Root"]}}},
        ),
    }
