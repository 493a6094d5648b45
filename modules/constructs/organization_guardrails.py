"""What nobody in the product's accounts may do, their administrators included."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.organizations_policy import OrganizationsPolicy
from cdktf_cdktf_provider_aws.organizations_policy_attachment import OrganizationsPolicyAttachment
from constructs import Construct

from environments.arns import partition
from modules.policy import Statement, document

# Services that answer from one region, whatever region uses them.
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
_GLOBAL = (
    "account:*",
    "aws-portal:*",
    "billing:*",
    "budgets:*",
    "ce:*",
    "chatbot:*",
    "cloudfront:*",
    "cur:*",
    "ec2:DescribeRegions",
    "globalaccelerator:*",
    "health:*",
    "iam:*",
    "organizations:*",
    "payments:*",
    "pricing:*",
    "route53:*",
    "route53domains:*",
    "s3:GetAccountPublicAccessBlock",
    "s3:ListAllMyBuckets",
    "s3:PutAccountPublicAccessBlock",
    "shield:*",
    "sts:*",
    "support:*",
    "tax:*",
    "trustedadvisor:*",
    "waf:*",
)

# Switching off for good or for a while; changing settings stays with the accounts' own administrators.
_AUDIT_OFF = (
    "access-analyzer:DeleteAnalyzer",
    "cloudtrail:DeleteTrail",
    "cloudtrail:StopLogging",
    "config:DeleteConfigurationRecorder",
    "config:DeleteDeliveryChannel",
    "config:StopConfigurationRecorder",
    "ec2:DisableEbsEncryptionByDefault",
    "guardduty:DeleteDetector",
    "guardduty:DisassociateFromAdministratorAccount",
    "guardduty:StopMonitoringMembers",
    "securityhub:BatchDisableStandards",
    "securityhub:DisableSecurityHub",
)


class OrganizationGuardrails:
    """One service control policy on an organizational unit.

    To switch a part of the audit off, detach it first, in the management account: two hands, both seen.
    """

    def __init__(
        self, scope: Construct, id_: str, *, name: str, target_id: str, allowed_regions: Sequence[str]
    ) -> None:
        """Make the policy and attach it.

        Args:
            scope: The stack.
            id_: Id of the policy; its document and attachment are named after it.
            name: Its name.
            target_id: The organizational unit.
            allowed_regions: Regions that may be used.
        """
        statements = [
            Statement(sid="StayInside", effect="Deny", actions=["organizations:LeaveOrganization"], resources=["*"]),
            Statement(
                sid="NoRoot",
                effect="Deny",
                actions=["*"],
                resources=["*"],
                conditions=[("ArnLike", "aws:PrincipalArn", [partition(allowed_regions[0]).root("*")])],
            ),
            Statement(sid="AuditStaysOn", effect="Deny", actions=_AUDIT_OFF, resources=["*"]),
            Statement(
                sid="OtherRegions",
                effect="Deny",
                not_actions=_GLOBAL,
                resources=["*"],
                conditions=[("StringNotEquals", "aws:RequestedRegion", allowed_regions)],
            ),
        ]
        OrganizationsPolicy(
            scope,
            id_,
            name=name,
            type="SERVICE_CONTROL_POLICY",
            description="Stay in the organization, no root user, audit stays on, allowed regions only",
            content=document(scope, id_, *statements, blanks=False),
        )
        OrganizationsPolicyAttachment(
            scope, f"{id_}_attachment", policy_id=f"${{aws_organizations_policy.{id_}.id}}", target_id=target_id
        )
