"""The product's accounts, and the service control policy that limits even their administrators."""

from __future__ import annotations

from environments.arns import partition
from environments.schema import organization
from modules.bindings import aws
from modules.bindings.engine import Construct, TerraformResourceLifecycle
from modules.ids import reference
from modules.policy import Statement, document

ACCESS_ROLE = "OrganizationAccountAccessRole"
"""The role that the management account assumes for the first apply: docs/account.md."""
# Global services, whose calls count as calls of one region.
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

# Stopping or deleting an audit service. The accounts' administrators may still change its settings.
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
    """A service control policy on an organizational unit.

    To switch an audit service off, first detach the policy in the management account: that takes two accounts, and both
    log it.
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
    """A member account. `prevent_destroy` protects it; an account can be closed only by hand."""

    def __init__(self, scope: Construct, id_: str, *, spec: organization.MemberAccount, parent_id: str) -> None:
        aws.OrganizationsAccount(
            scope,
            id_,
            name=spec.name,
            email=spec.email,
            parent_id=parent_id,
            role_name=ACCESS_ROLE,
            close_on_deletion=False,
            # AWS doesn't return role_name, so Terraform would replace an imported account.
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True, ignore_changes=["role_name"]),
        )
        self.id = reference("aws_organizations_account", id_, "id")
