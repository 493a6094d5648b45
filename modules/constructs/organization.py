"""The product's accounts, and what no one in them may do, not even their administrators."""

from __future__ import annotations

from environments.arns import partition
from environments.schema import organization
from modules.bindings import aws
from modules.bindings.engine import Construct, TerraformResourceLifecycle
from modules.ids import reference
from modules.policy import Statement, document

ACCESS_ROLE = "OrganizationAccountAccessRole"
"""What the management account assumes for the first apply: docs/account.md."""
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

    def __init__(self, scope: Construct, id_: str, *, spec: organization.Organization, target_id: str) -> None:
        statements = [
            Statement(sid="StayInside", effect="Deny", actions=["organizations:LeaveOrganization"], resources=["*"]),
            Statement(
                sid="NoRoot",
                effect="Deny",
                actions=["*"],
                resources=["*"],
                conditions=[("ArnLike", "aws:PrincipalArn", [partition(spec.allowed_regions[0]).root("*")])],
            ),
            Statement(sid="AuditStaysOn", effect="Deny", actions=_AUDIT_OFF, resources=["*"]),
            Statement(
                sid="OtherRegions",
                effect="Deny",
                not_actions=_GLOBAL,
                resources=["*"],
                conditions=[("StringNotEquals", "aws:RequestedRegion", spec.allowed_regions)],
            ),
        ]
        aws.OrganizationsPolicy(
            scope,
            id_,
            name=f"{spec.unit}-guardrails",
            type="SERVICE_CONTROL_POLICY",
            description="Stay in the organization, no root user, audit stays on, allowed regions only",
            content=document(scope, id_, *statements, blanks=False),
        )
        aws.OrganizationsPolicyAttachment(
            scope, f"{id_}_attachment", policy_id=reference("aws_organizations_policy", id_, "id"), target_id=target_id
        )


class MemberAccount:
    """A member account. No plan can close it; AWS itself closes one only by hand."""

    def __init__(self, scope: Construct, id_: str, *, spec: organization.MemberAccount, parent_id: str) -> None:
        aws.OrganizationsAccount(
            scope,
            id_,
            name=spec.name,
            email=spec.email,
            parent_id=parent_id,
            role_name=ACCESS_ROLE,
            close_on_deletion=False,
            # AWS doesn't return the role's name, so Terraform would replace an imported account.
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True, ignore_changes=["role_name"]),
        )
        self.id = reference("aws_organizations_account", id_, "id")
