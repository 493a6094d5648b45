"""GuardDuty: threats against the account, its buckets, its database logins and its tasks."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.guardduty_detector import GuarddutyDetector
from cdktf_cdktf_provider_aws.guardduty_detector_feature import (
    GuarddutyDetectorFeature,
    GuarddutyDetectorFeatureAdditionalConfiguration,
)
from constructs import Construct

from modules.constructs.alerts_topic import AlertsTopic
from modules.constructs.event_alert import EventAlert
from modules.constructs.service_linked_role import ServiceLinkedRole

_SEVERE = 7
_FEATURES = ("S3_DATA_EVENTS", "RDS_LOGIN_EVENTS")
# All of them, in the order in which GuardDuty returns them: another list replaces the feature on every plan.
# https://github.com/hashicorp/terraform-provider-aws/issues/36400
_FARGATE_AGENT = "ECS_FARGATE_AGENT_MANAGEMENT"
_AGENTS = ("EKS_ADDON_MANAGEMENT", _FARGATE_AGENT, "EC2_AGENT_MANAGEMENT")


class ThreatDetection:
    """A detector; somebody is told of what is severe."""

    def __init__(self, scope: Construct, id_: str, *, agent: bool, alert_name: str, topic: AlertsTopic) -> None:
        """Make detector, features and alert.

        Args:
            scope: The stack.
            id_: Id of the detector; features and alert are named after it.
            agent: Whether tasks get GuardDuty's agent, which sees what runs in them.
            alert_name: Name of the alert's rule.
            topic: Who is told.
        """
        role = ServiceLinkedRole(scope, f"{id_}_role", service="guardduty.amazonaws.com")
        made = GuarddutyDetector(scope, id_, enable=True, finding_publishing_frequency="FIFTEEN_MINUTES")
        made.add_override("depends_on", [role.address])
        detector = f"${{aws_guardduty_detector.{id_}.id}}"
        for feature in _FEATURES:
            GuarddutyDetectorFeature(
                scope, f"{id_}_{feature.lower()}", detector_id=detector, name=feature, status="ENABLED"
            )
        # GuardDuty adds its agent to Fargate tasks that start from then on. One that can't pull it starts without, and
        # counts as not covered: roles, endpoints and their policies let it (docs/adr/0019).
        # https://docs.aws.amazon.com/guardduty/latest/ug/how-runtime-monitoring-works-ecs-fargate.html
        GuarddutyDetectorFeature(
            scope,
            f"{id_}_runtime_monitoring",
            detector_id=detector,
            name="RUNTIME_MONITORING",
            status="ENABLED",
            additional_configuration=[
                GuarddutyDetectorFeatureAdditionalConfiguration(
                    name=each, status="ENABLED" if agent and each == _FARGATE_AGENT else "DISABLED"
                )
                for each in _AGENTS
            ],
        )
        EventAlert(
            scope,
            f"{id_}_finding",
            name=alert_name,
            description="GuardDuty found something severe",
            pattern={
                "source": ["aws.guardduty"],
                "detail-type": ["GuardDuty Finding"],
                "detail": {"severity": [{"numeric": [">=", _SEVERE]}]},
            },
            title="GuardDuty found something severe",
            facts={
                "What": ("$.detail.title",),
                "Type": ("$.detail.type",),
                "Severity": ("$.detail.severity",),
                "Account": ("$.account",),
                "Region": ("$.region",),
            },
            topic=topic,
        )
