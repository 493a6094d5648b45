"""The AWS actions of each verb of the table of permissions."""

from __future__ import annotations

from environments.permissions import Verb

ACTIONS: dict[Verb, tuple[str, ...]] = {
    "read": ("secretsmanager:GetSecretValue",),
    "write": ("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret"),
    "pull": ("ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"),
    "pass": ("iam:PassRole",),
    "decrypt": ("kms:Decrypt", "kms:ReEncryptFrom", "kms:CreateGrant"),
}
"""Any of them counts as the verb; a principal that needs the verb must have the first one."""
ENDPOINTS: dict[Verb, tuple[str, ...]] = {"read": ("secretsmanager",), "pull": ("ecr.api", "ecr.dkr")}
"""VPC endpoints that tasks use for it, by AWS's names.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
"""
TASKS = "ecs-tasks.amazonaws.com"
"""The service that assumes the roles of tasks."""
ASSUME = ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML")

GUARDS: dict[str, tuple[str, ...]] = {
    "identities": (
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
        "iam:CreatePolicyVersion",
        "iam:SetDefaultPolicyVersion",
        "iam:UpdateAssumeRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:CreateRole",
        "iam:CreateUser",
        "iam:CreateAccessKey",
        "iam:CreateLoginProfile",
        "iam:AttachUserPolicy",
        "iam:PutUserPolicy",
        "iam:AddUserToGroup",
        "iam:UpdateOpenIDConnectProviderThumbprint",
        "iam:CreateOpenIDConnectProvider",
    ),
    "keys": (
        "kms:PutKeyPolicy",
        "kms:CreateGrant",
        "kms:DisableKey",
        "kms:DisableKeyRotation",
        "kms:ScheduleKeyDeletion",
        "kms:UpdateAlias",
    ),
    "budgets": ("budgets:ModifyBudget", "budgets:DeleteBudgetAction", "budgets:UpdateBudgetAction"),
    "audit": (
        "cloudtrail:StopLogging",
        "cloudtrail:DeleteTrail",
        "cloudtrail:UpdateTrail",
        "cloudtrail:PutEventSelectors",
        "config:StopConfigurationRecorder",
        "config:DeleteConfigurationRecorder",
        "guardduty:DeleteDetector",
        "guardduty:UpdateDetector",
        "securityhub:DisableSecurityHub",
        "access-analyzer:DeleteAnalyzer",
    ),
    "secrets' policies": (
        "secretsmanager:PutResourcePolicy",
        "secretsmanager:DeleteResourcePolicy",
        "secretsmanager:DeleteSecret",
    ),
}
"""Any of these changes the setting; a principal that must be able to change it must have the first one."""
