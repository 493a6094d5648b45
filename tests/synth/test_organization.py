"""Organization: accounts that no plan closes, and what no principal in them may do."""

from __future__ import annotations

from dataclasses import replace

import pytest

import environments
from environments.documents import ORGANIZATION as ORGANIZATION_POLICY
from environments.schema.organization import MemberAccount, Organization, validate_organization
from environments.schema.validation import InvalidEnvironmentError
from modules.documents import documents
from tests.conftest import Body, Stack
from tests.iam.blocks import allowed

ORGANIZATION = environments.load_organization()

EVERYTHING = {"effect": "Allow", "sid": "FullAWSAccess", "actions": ["*"], "resources": ["*"]}
HERE = {"aws:RequestedRegion": "us-east-1", "aws:PrincipalArn": "arn:aws:iam::111122223333:role/somebody"}


@pytest.fixture
def organization(stacks: dict[str, Stack]) -> Stack:
    return stacks["organization"]


@pytest.fixture
def guardrails(organization: Stack) -> list[Body]:
    return [EVERYTHING, *organization.policy("guardrails")]


@pytest.mark.requirement("R1.1")
def test_the_accounts_are_made_in_the_products_unit_and_never_closed(organization: Stack) -> None:
    (unit,) = organization.resources("aws_organizations_organizational_unit").values()
    assert (unit["name"], unit["parent_id"]) == (ORGANIZATION.unit, ORGANIZATION.parent_id)
    accounts = organization.resources("aws_organizations_account").values()
    assert {(each["name"], each["email"]) for each in accounts} == {
        (each.name, each.email) for each in ORGANIZATION.accounts
    }
    for account in accounts:
        assert account["parent_id"] == "${aws_organizations_organizational_unit.unit.id}"
        assert account["close_on_deletion"] is False
        assert account["lifecycle"]["prevent_destroy"] is True
    assert set(organization.outputs["account_ids"]) == {each.name for each in ORGANIZATION.accounts}


def test_its_state_lies_in_the_management_account(organization: Stack) -> None:
    backend = organization.document["terraform"]["backend"]["s3"]
    assert backend["bucket"] == ORGANIZATION.state_bucket
    assert backend["allowed_account_ids"] == [ORGANIZATION.account_id]
    assert backend["encrypt"] and backend["kms_key_id"] and backend["use_lockfile"]


def test_the_policy_is_attached_to_the_unit_and_fits(organization: Stack) -> None:
    (policy,) = organization.resources("aws_organizations_policy").values()
    assert policy["type"] == "SERVICE_CONTROL_POLICY"
    (attachment,) = organization.resources("aws_organizations_policy_attachment").values()
    assert attachment["target_id"] == "${aws_organizations_organizational_unit.unit.id}"
    # AWS counts blanks here, and the provider sends the text as it is.
    (document,) = documents({"organization": organization.document})
    assert document.kind is ORGANIZATION_POLICY and "\n" not in document.text
    assert len(document.text) < ORGANIZATION_POLICY.longest


@pytest.mark.parametrize(
    "action",
    [
        "organizations:LeaveOrganization",
        "cloudtrail:StopLogging",
        "cloudtrail:DeleteTrail",
        "config:StopConfigurationRecorder",
        "guardduty:DeleteDetector",
        "securityhub:DisableSecurityHub",
        "access-analyzer:DeleteAnalyzer",
    ],
)
def test_no_account_leaves_or_switches_the_audit_off(guardrails: list[Body], action: str) -> None:
    assert not allowed(guardrails, action, context=HERE)


def test_the_root_user_does_nothing(guardrails: list[Body]) -> None:
    assert allowed(guardrails, "ec2:DescribeVpcs", context=HERE)
    assert not allowed(guardrails, "ec2:DescribeVpcs", context=HERE | {"aws:PrincipalArn": "arn:aws:iam::1:root"})


def test_only_allowed_regions_work_and_global_services_everywhere(guardrails: list[Body]) -> None:
    elsewhere = HERE | {"aws:RequestedRegion": "ap-south-1"}
    assert allowed(guardrails, "ecs:CreateService", context=HERE)
    assert not allowed(guardrails, "ecs:CreateService", context=elsewhere)
    for action in ("iam:CreateRole", "route53:ChangeResourceRecordSets", "sts:AssumeRole", "budgets:ModifyBudget"):
        assert allowed(guardrails, action, context=elsewhere), action


def test_its_values_are_checked_like_an_environments() -> None:
    assert validate_organization(ORGANIZATION) is ORGANIZATION
    same = (
        MemberAccount(name="aep-prod", email="a@example.com"),
        MemberAccount(name="aep-prod", email="a@example.com"),
    )
    wrong: list[tuple[Organization, str]] = [
        (replace(ORGANIZATION, account_id="12"), "account_id"),
        (replace(ORGANIZATION, parent_id="root"), "parent_id"),
        (replace(ORGANIZATION, allowed_regions=("mars",)), "allowed_regions.0"),
        (replace(ORGANIZATION, accounts=same), "accounts.email"),
    ]
    for organization, field in wrong:
        with pytest.raises(InvalidEnvironmentError, match=r"tests/products/aep/organization\.py") as caught:
            validate_organization(organization)
        assert field in {problem.field for problem in caught.value.problems}
