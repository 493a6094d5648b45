"""GuardDuty, and Security Hub with its standards."""

from __future__ import annotations

from collections.abc import Sequence

from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.constructs.alerts_topic import AlertsTopic
from modules.constructs.events import EventAlert
from modules.constructs.role import ServiceLinkedRole
from modules.ids import address, depend, reference

_SEVERE = 7
_FEATURES = ("S3_DATA_EVENTS", "RDS_LOGIN_EVENTS")
# All of them, in the order that GuardDuty returns: with another list, every plan replaces the feature.
# https://github.com/hashicorp/terraform-provider-aws/issues/36400
_FARGATE_AGENT = "ECS_FARGATE_AGENT_MANAGEMENT"
_AGENTS = ("EKS_ADDON_MANAGEMENT", _FARGATE_AGENT, "EC2_AGENT_MANAGEMENT")


# https://docs.aws.amazon.com/securityhub/latest/userguide/standards-reference.html
_STANDARDS = {
    "cis": "cis-aws-foundations-benchmark/v/5.0.0",
    "fsbp": "aws-foundational-security-best-practices/v/1.0.0",
}
# Security Hub creates hundreds of controls; the provider's default of 3 minutes is too short.
# https://github.com/hashicorp/terraform-provider-aws/issues/42688
_STANDARD_TIMEOUT = "20m"


class ThreatDetection:
    """GuardDuty for the account, its buckets, database logins and tasks. Severe findings go to the topic.

    Tasks get GuardDuty's agent, which sees their processes, if the profile says so.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names, topic: AlertsTopic) -> None:
        role = ServiceLinkedRole(scope, f"{id_}_role", service="guardduty.amazonaws.com")
        detector = aws.GuarddutyDetector(scope, id_, enable=True, finding_publishing_frequency="FIFTEEN_MINUTES")
        depend(detector, [role.address])
        detector_id = reference("aws_guardduty_detector", id_, "id")
        for feature in _FEATURES:
            aws.GuarddutyDetectorFeature(
                scope, f"{id_}_{feature.lower()}", detector_id=detector_id, name=feature, status="ENABLED"
            )
        agent = {_FARGATE_AGENT} if names.environment.profile.guardduty_agent else set()
        # GuardDuty adds its agent to Fargate tasks that start later. A task that can't pull the agent starts without it
        # and counts as not covered, so roles, endpoints and their policies allow the pull (docs/adr/0019).
        # https://docs.aws.amazon.com/guardduty/latest/ug/how-runtime-monitoring-works-ecs-fargate.html
        aws.GuarddutyDetectorFeature(
            scope,
            f"{id_}_runtime_monitoring",
            detector_id=detector_id,
            name="RUNTIME_MONITORING",
            status="ENABLED",
            additional_configuration=[
                aws.GuarddutyDetectorFeatureAdditionalConfiguration(
                    name=name, status="ENABLED" if name in agent else "DISABLED"
                )
                for name in _AGENTS
            ],
        )
        EventAlert(
            scope,
            f"{id_}_finding",
            name=names.resource("guardduty"),
            title="GuardDuty reported a severe finding",
            pattern={
                "source": ["aws.guardduty"],
                "detail-type": ["GuardDuty Finding"],
                "detail": {"severity": [{"numeric": [">=", _SEVERE]}]},
            },
            facts={
                "What": ("$.detail.title",),
                "Type": ("$.detail.type",),
                "Severity": ("$.detail.severity",),
                "Account": ("$.account",),
                "Region": ("$.region",),
            },
            topic=topic,
        )


class SecurityStandards:
    """Security Hub's daily checks of CIS AWS Foundations and AWS Foundational Security Best Practices.

    `recorder` is the address of the resource that switches AWS Config on; empty if another stack does.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names, recorder: Sequence[str]) -> None:
        role = ServiceLinkedRole(scope, f"{id_}_role", service="securityhub.amazonaws.com")
        hub = aws.SecurityhubAccount(
            scope,
            id_,
            enable_default_standards=False,
            auto_enable_controls=True,
            control_finding_generator="SECURITY_CONTROL",
        )
        depend(hub, [role.address])
        region = names.environment.region
        for name, standard in _STANDARDS.items():
            subscription = aws.SecurityhubStandardsSubscription(
                scope,
                f"{id_}_{name}",
                standards_arn=names.partition.arn("securityhub", f"standards/{standard}", region=region),
                timeouts=aws.SecurityhubStandardsSubscriptionTimeouts(
                    create=_STANDARD_TIMEOUT, delete=_STANDARD_TIMEOUT
                ),
            )
            # Without a recorder, controls have no result.
            # https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-setup-prereqs.html
            depend(subscription, [address("aws_securityhub_account", id_), *recorder])
