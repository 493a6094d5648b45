"""The administrator for what nobody else may do; nobody uses it unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

from environments.beside import GLOBAL_REGION
from environments.names import Names
from environments.schema.principals import Principal
from modules.constructs.alerts_topic import AlertsTopic
from modules.constructs.event_alert import EventAlert
from modules.constructs.event_forward import EventForward
from modules.constructs.named_principals import MFA, named_principals
from modules.constructs.role import Role
from modules.policy import Statement

_SESSION_SECONDS = 3600
# Who comes in from another account has no ARN in this account's events, but a principal and an account; the name of the
# session and the MFA device say who it is. https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
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
    """A role with all rights that takes recent MFA, lasts an hour, and tells everybody."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        principals: Sequence[Principal],
        topic: AlertsTopic,
        tags: Mapping[str, str],
    ) -> None:
        """Make role and alerts.

        Args:
            scope: The stack.
            id_: Id of the role; its alerts are named after it.
            names: The environment's names.
            principals: Who may assume it.
            topic: Who is told.
            tags: What is tagged with in the region of global events, where that is another one.
        """
        environment = names.environment
        # A call to another region's endpoint would be an event of that region, where no rule waits.
        regions = sorted({environment.region, GLOBAL_REGION})
        role = Role(
            scope,
            id_,
            name=names.role("break-glass"),
            description="Administrator for emergencies and for the administrators' phases",
            trust=list(
                named_principals(
                    principals,
                    partition=names.partition,
                    mfa=[MFA, ("NumericLessThan", "aws:MultiFactorAuthAge", [str(_SESSION_SECONDS)])],
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
            max_session_seconds=_SESSION_SECONDS,
        )
        IamRolePolicyAttachment(
            scope,
            f"{id_}_administrator",
            role=role.name,
            policy_arn=names.partition.managed_policy("AdministratorAccess"),
        )
        self.arn = role.arn
        patterns = self._patterns(id_, names)
        for alert, (title, pattern) in patterns.items():
            EventAlert(
                scope,
                alert,
                name=names.resource(alert.replace("_", "-")),
                description=title,
                pattern=pattern,
                title=title,
                facts=_FACTS,
                topic=topic,
            )
        if environment.region != GLOBAL_REGION:
            EventForward(
                scope,
                "global_events",
                names=names,
                source_region=GLOBAL_REGION,
                patterns={alert: pattern for alert, (_, pattern) in patterns.items()},
                tags=tags,
            )

    def _patterns(self, id_: str, names: Names) -> dict[str, tuple[str, dict[str, Any]]]:
        """Title and event pattern by alert."""
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
