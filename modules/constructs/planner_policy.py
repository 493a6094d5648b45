"""Permissions of the planner: read the settings that Terraform refreshes, and the state; no secrets, logs or data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from environments.names import Names
from modules.constructs.state_access import read_state
from modules.policy import Statement

READS: Sequence[str] = (
    "access-analyzer:Get*",
    "access-analyzer:List*",
    "acm:Describe*",
    "acm:List*",
    "application-autoscaling:Describe*",
    "application-autoscaling:List*",
    "budgets:Describe*",
    "budgets:List*",
    "budgets:View*",
    "chatbot:Describe*",
    "chatbot:List*",
    "cloudtrail:Describe*",
    "cloudtrail:Get*",
    "cloudtrail:List*",
    # `golive` looks for the call that the journal says was made.
    "cloudtrail:LookupEvents",
    "cloudwatch:Describe*",
    "cloudwatch:Get*",
    "cloudwatch:List*",
    "codedeploy:Get*",
    "codedeploy:List*",
    "config:Describe*",
    "config:List*",
    "ec2:Describe*",
    "ec2:GetEbs*",
    "ec2:GetInstanceMetadataDefaults",
    "ec2:GetManagedPrefixListEntries",
    "ecr:Describe*",
    "ecr:GetLifecyclePolicy",
    "ecr:GetRegistry*",
    "ecr:GetRepositoryPolicy",
    "ecr:List*",
    "ecs:Describe*",
    "ecs:List*",
    "elasticache:Describe*",
    "elasticache:List*",
    "elasticloadbalancing:Describe*",
    # GetWebACLForResource needs it too.
    "elasticloadbalancing:GetLoadBalancerWebACL",
    "events:Describe*",
    "events:List*",
    "guardduty:Get*",
    "guardduty:List*",
    "iam:Get*",
    "iam:List*",
    "kms:Describe*",
    "kms:Get*",
    "kms:List*",
    "logs:Describe*",
    "logs:ListTagsForResource",
    "rds:Describe*",
    "rds:List*",
    "route53:Get*",
    "route53:List*",
    "s3:Get*Configuration",
    "s3:GetAccountPublicAccessBlock",
    "s3:GetBucket*",
    # HeadBucket, with which Terraform refreshes each bucket; its backend lists the state's bucket with it too.
    "s3:ListBucket",
    "scheduler:Get*",
    "scheduler:List*",
    "secretsmanager:DescribeSecret",
    # The data phase generates its ephemeral password with it; it returns no stored secret.
    "secretsmanager:GetRandomPassword",
    "secretsmanager:GetResourcePolicy",
    "secretsmanager:ListSecretVersionIds",
    "securityhub:Describe*",
    "securityhub:Get*",
    "securityhub:List*",
    "sns:Get*",
    "sns:List*",
    "wafv2:Get*",
    "wafv2:List*",
)
"""Reads of the settings of the phases' resources. None of them returns users' data."""


def planner_policy(names: Names, *, state_key_arn: str) -> list[Statement]:
    """The planner's statements. It can't lock the state, so its plans run with `-lock=false`."""
    return [
        Statement(
            sid="ReadSettings",
            actions=READS,
            resources=["*"],
            because="a plan reads the settings of all phases, also of resources that don't exist yet, and nothing else",
        ),
        *read_state(names, key_arn=state_key_arn),
        *_read_zone(names),
    ]


def _read_zone(names: Names) -> Iterator[Statement]:
    """A zone of another account, with the role that may not write it."""
    if reader := names.environment.edge.zone.read_role:
        yield Statement(sid="ReadDnsOfTheOtherAccount", actions=["sts:AssumeRole"], resources=[reader])
