"""The AWS account: who may assume its roles, what is monitored, what it may cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated

from pydantic import Field

from environments.schema.billing import service_problem
from environments.schema.principals import Principal
from environments.schema.types import (
    CertificateName,
    Checked,
    Email,
    LogRetention,
    NumberedRepository,
    RoleArn,
    TagKey,
    ZoneId,
    matching,
    value,
)

Dollars = Annotated[int, Field(ge=1, le=1_000_000)]
BilledService = Annotated[str, Checked(service_problem, "a service as AWS's bill names it")]
# A budget may have ten notifications: five of each kind.
# https://docs.aws.amazon.com/cost-management/latest/userguide/management-limits.html
Thresholds = Annotated[tuple[Annotated[int, Field(ge=1, le=1000)], ...], Field(min_length=1, max_length=5)]


@value
class SharedZone:
    """A DNS zone of this account in which another account's deployer writes its records (its `edge.zone.role`)."""

    id: ZoneId
    """Hosted zone id."""
    hosts: Annotated[tuple[CertificateName, ...], Field(min_length=1)]
    """Names whose records it may write: its host and its certificate's names."""
    writers: Annotated[tuple[RoleArn, ...], Field(min_length=1)]
    """Roles of the other account that may write: its deployer and its break-glass role. They need no MFA."""
    readers: tuple[RoleArn, ...] = ()
    """Roles of the other account that may only read: its planner. The writers may read as well."""


@value
class IgnoredTags:
    """Tags that others put on resources, such as a cost tool's: they are no drift, and an apply keeps them."""

    keys: tuple[TagKey, ...] = ()
    """Keys, as in `map-migrated`."""
    key_prefixes: tuple[TagKey, ...] = ()
    """What keys begin with, as in `aws-backup:`."""


@value
class Access:
    """Who may assume the account's roles."""

    github_environment: Annotated[str, matching(r"[\w.-]+", "letters, digits and ._-", longest=255)]
    """GitHub environment that the deployer's OIDC token must name (its protection rules are the approval)."""
    github_repository: NumberedRepository | None = None
    """Repository with its immutable ids, for one created or renamed since July 15, 2026; none means by name alone."""
    deployers: tuple[Principal, ...] = ()
    """People who may assume the deployer role, with MFA: `IamUser` or `PermissionSet`. GitHub's jobs may as well."""
    planners: tuple[Principal, ...] = ()
    """People who may assume the planner role: `IamUser` or `PermissionSet`. GitHub's jobs may as well."""
    administrators: Annotated[tuple[Principal, ...], Field(min_length=1)]
    """People who may assume the break-glass role, with MFA less than an hour old: `IamUser` or `PermissionSet`."""
    shared_zone: SharedZone | None = None
    """The zone that another account's deployer may write in."""

    @property
    def github_plan_environment(self) -> str:
        """GitHub environment of plans, without approval: the planner's OIDC token must name it."""
        return f"{self.github_environment}-plan"


@value
class Alerts:
    """Who is notified of alarms."""

    # A budget's notification may have ten addresses.
    # https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Notification.html
    email: Annotated[tuple[Email, ...], Field(min_length=1, max_length=10)]
    """Addresses; each confirms its subscription once."""
    slack_workspace: (
        Annotated[str, matching(r"T[A-Z0-9]{8,12}", "a Slack workspace id: T and 8 to 12 capitals and digits")] | None
    ) = None
    """Slack workspace id; authorized once in AWS Chatbot's console."""
    slack_channel: (
        Annotated[str, matching(r"[CG][A-Z0-9]{8,12}", "a Slack channel id: C or G and 8 to 12 capitals and digits")]
        | None
    ) = None
    """Slack channel id."""


@value
class Budgets:
    """Monthly limits in US dollars."""

    monthly: Dollars
    """For the whole account."""
    services: Mapping[BilledService, Dollars] = field(default_factory=dict)
    """For single AWS services, by the names of Cost Explorer's dimension SERVICE: NAT gateways are in `EC2 - Other`."""
    actual_percent: Thresholds = (50, 80, 100)
    """Alerts when the actual cost exceeds these percentages of the limit."""
    forecast_percent: Thresholds = (100,)
    """Alerts when the forecast exceeds these percentages of the limit."""


@value
class Audit:
    """The account's baseline (CIS AWS Foundations, AWS Foundational Security Best Practices).

    Each part can be turned off, for instance where the organization has it already; that is a risk to accept.
    """

    public_access_block: bool = True
    """No S3 bucket of the account can be public."""
    ebs_encryption: bool = True
    """New EBS volumes are encrypted."""
    imdsv2: bool = True
    """New EC2 instances accept metadata requests with a token only (IMDSv2)."""
    password_policy: bool = True
    """IAM users' passwords are long and expire."""
    cloudtrail: bool = True
    """A trail over all regions, validated and encrypted."""
    guardduty: bool = True
    """GuardDuty detects threats."""
    config: bool = True
    """AWS Config records resources."""
    access_analyzer: bool = True
    """IAM Access Analyzer finds resources that are shared outside the account."""
    security_hub: bool = True
    """Security Hub checks CIS and FSBP controls."""
    retention_days: Annotated[int, Field(ge=90, le=3650)] = 400
    """Days that audit logs are kept in S3."""
    log_retention: LogRetention = 400
    """Days that audit logs are kept in CloudWatch."""


@value
class Quotas:
    """Service quotas of the account in its region: AWS's defaults, or what it granted.

    https://docs.aws.amazon.com/servicequotas/latest/userguide/request-quota-increase.html
    """

    # https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
    certificate_names: Annotated[int, Field(ge=1, le=100)] = 10
    """Names in one ACM certificate."""
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
    listener_rules: Annotated[int, Field(ge=1, le=1000)] = 100
    """Rules of one load balancer, without the default ones."""
    # https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
    security_group_rules: Annotated[int, Field(ge=1, le=1000)] = 60
    """Inbound or outbound rules of one security group."""
    # https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-eips
    elastic_ips: Annotated[int, Field(ge=1, le=1000)] = 5
    """Elastic IP addresses in the region; each NAT gateway has one."""
