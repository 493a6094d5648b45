"""What an organization's guardrails must deny in its accounts, and what they must not."""

from __future__ import annotations

from collections.abc import Iterator

from environments.arns import partition
from environments.attributes import Place
from environments.beside import GLOBAL_REGION
from environments.schema.organization import Organization
from ops.gate.index import Index
from ops.gate.model import ScannedBlock
from ops.gate.permissions.statements import Arns, Documents, PlacedStatement
from ops.gate.requests.policies import Request
from ops.gate.requests.roles import CHANGES, READS
from ops.iam.conditions import RequestContext
from ops.iam.matching import Question, counts

_ACCOUNT = "000000000000"
"""Instead of a member account's id, which AWS chooses."""
_ELSEWHERE = (
    *("ec2:RunInstances", "ec2:CreateVpc", "rds:CreateDBInstance", "s3:CreateBucket", "kms:CreateKey"),
    *("lambda:CreateFunction", "ecs:RunTask", "secretsmanager:CreateSecret", "sagemaker:CreateNotebookInstance"),
)
_BY_ROOT = (
    "iam:CreateAccessKey",
    "s3:DeleteBucket",
    "ec2:RunInstances",
    "kms:ScheduleKeyDeletion",
    "sts:GetFederationToken",
)
_AUDIT = (
    *("access-analyzer:DeleteAnalyzer", "cloudtrail:DeleteTrail", "cloudtrail:StopLogging"),
    *("config:DeleteConfigurationRecorder", "config:DeleteDeliveryChannel", "config:StopConfigurationRecorder"),
    *("ec2:DisableEbsEncryptionByDefault", "guardduty:DeleteDetector", "guardduty:StopMonitoringMembers"),
    *("guardduty:DisassociateFromAdministratorAccount", "securityhub:DisableSecurityHub"),
    "securityhub:BatchDisableStandards",
)
_GLOBAL = ("iam:CreateRole", "route53:ChangeResourceRecordSets", "sts:AssumeRole", "budgets:ModifyBudget")


def guardrail_problems(index: Index, organization: Organization) -> Iterator[tuple[ScannedBlock, str]]:
    """Each member account, with why its guardrails decide a sample request wrongly; empty if they don't.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html

    Args:
        index: The merged view of the organization's stack.
        organization: Its values.

    Raises:
        ScanFailedError: Only Terraform can evaluate a policy.
    """
    place = Place(partition(organization.region), organization.region, organization.account_id)
    documents = Documents(index, Arns(index, place))
    for account in index.all("aws_organizations_account"):
        statements = list(_guardrails(account, index, documents))
        for request in _samples(organization, place):
            known = {"aws:PrincipalAccount": _ACCOUNT, "aws:PrincipalArn": request.caller, **request.keys}
            given = {key: value for key, value in known.items() if value is not None}
            question = Question(request.action, request.resource, RequestContext.of(given, whole=False))
            counting = (each for each in statements if counts(each, question, possibly=request.denied))
            denial = next((each for each in counting if not each.allows), None)
            if (denial is not None) is not request.denied:
                by = f"{denial.label} denies it" if denial else "no statement of its guardrails surely denies it"
                verb, region = "can" if request.denied else "can't", request.keys["aws:RequestedRegion"]
                yield account, f"{request.caller} {verb} call {request.action} in {region}: {by}"
            else:
                yield account, ""


def _guardrails(account: ScannedBlock, index: Index, documents: Documents) -> Iterator[PlacedStatement]:
    """The statements of the policies that are attached to an account or its unit."""
    where = {account.name, index.key(account.settings.get("parent_id"), account)}
    for attachment in index.all("aws_organizations_policy_attachment"):
        policy = index.follow(attachment.settings.get("policy_id"))
        if policy is not None and index.key(attachment.settings.get("target_id"), attachment) in where:
            yield from documents.read(policy.settings.get("content"), policy)


def _samples(organization: Organization, place: Place) -> Iterator[Request]:
    role, root = place.partition.arn("iam", "role/any", account_id=_ACCOUNT), place.partition.root(_ACCOUNT)
    allowed = organization.allowed_regions
    elsewhere = sorted(set(place.partition.regions) - {*allowed, GLOBAL_REGION})[:1]
    denied = (
        *((role, action, region) for region in elsewhere for action in _ELSEWHERE),
        *((root, action, region) for region in allowed for action in _BY_ROOT),
        *((role, action, region) for region in allowed for action in ("organizations:LeaveOrganization", *_AUDIT)),
    )
    let = (
        *((role, action, region) for region in allowed for action in (*CHANGES, *READS)),
        *((role, action, GLOBAL_REGION) for action in _GLOBAL),
    )
    for stops, requests in ((True, denied), (False, let)):
        for caller, action, region in requests:
            keys = {"aws:RequestedRegion": region}
            yield Request(caller=caller, action=action, resource="*", keys=keys, denied=stops)
