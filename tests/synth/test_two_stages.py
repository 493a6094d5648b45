"""Two stages or products in one account: one creates what an account has once, and nothing else has the same name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import environments
from environments.names import Names
from environments.permissions import permissions
from environments.schema import Environment, risks
from ops.gate.stacks import ONCE_PER_ACCOUNT
from tests.conftest import Stack
from tests.synth.alarms import Phases, phases_of

CHECKS = Path(__file__).parents[2] / "policies/checks/account.py"
# Of each, AWS has one in an account, or in one of its regions; a second one is refused, or replaces the first.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
# https://docs.aws.amazon.com/config/latest/developerguide/configlimits.html
# https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_limits.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-quotas.html
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryScanningConfiguration.html
ONCE = {
    "aws_accessanalyzer_analyzer",
    "aws_config_configuration_recorder",
    "aws_config_configuration_recorder_status",
    "aws_config_delivery_channel",
    "aws_ebs_encryption_by_default",
    "aws_ec2_instance_metadata_defaults",
    "aws_ecr_registry_scanning_configuration",
    "aws_guardduty_detector",
    "aws_guardduty_detector_feature",
    "aws_iam_account_password_policy",
    "aws_iam_openid_connect_provider",
    "aws_iam_service_linked_role",
    "aws_s3_account_public_access_block",
    "aws_securityhub_account",
    "aws_securityhub_standards_subscription",
}
# What tells two resources of a kind apart, where it isn't another resource.
IDENTITY = (
    "alias",
    "analyzer_name",
    "aws_service_name",
    "bucket",
    "configuration_name",
    "dashboard_name",
    "identifier",
    "name",
    "policy_name",
    "replication_group_id",
    "url",
    "user_group_id",
    "user_id",
)
# Its name is only within its target.
WITHIN = {"aws_appautoscaling_policy"}


def kinds(phases: Phases) -> set[str]:
    return {kind for stack in phases.values() for kind, _, _ in stack.all_resources()}


def identities(phases: Phases) -> set[tuple[str, str, str]]:
    """Kind, attribute and value of whatever names a resource to AWS."""
    return {
        (kind, attribute, body[attribute])
        for stack in phases.values()
        for kind, _, body in stack.all_resources()
        for attribute in IDENTITY
        if kind not in WITHIN and isinstance(body.get(attribute), str) and "${" not in body[attribute]
    }


@pytest.fixture(scope="module", params=["stage", "product"])
def second(request: pytest.FixtureRequest) -> Environment:
    """Production's values as another stage, or another product's prod, which pulls from the same repositories."""
    prod = environments.load("prod")
    return replace(
        prod,
        stage="second" if request.param == "stage" else prod.stage,
        product=replace(prod.product, name="aep" if request.param == "stage" else "second"),
        account_resources_from="aep-prod",
        registry=replace(prod.registry, source_account=prod.account_id),
        edge=replace(prod.edge, host="second.navralabs.com", certificate_names=("second.navralabs.com",)),
    )


@pytest.fixture
def first_phases(stacks: dict[str, Stack]) -> Phases:
    return phases_of(stacks, "prod")


@pytest.fixture(scope="module")
def second_phases(second: Environment, synthesized: Callable[[Environment], Phases]) -> Phases:
    return synthesized(second)


def test_the_second_stage_creates_nothing_that_exists_once(first_phases: Phases, second_phases: Phases) -> None:
    assert kinds(first_phases) >= ONCE
    assert kinds(second_phases) & ONCE == set()


def test_no_name_is_used_twice(first_phases: Phases, second_phases: Phases) -> None:
    assert len(identities(first_phases)) > 100
    assert identities(first_phases) & identities(second_phases) == set()


def test_jobs_still_come_in_by_the_provider_of_the_account(second: Environment, second_phases: Phases) -> None:
    provider = Names(second).arn("iam", "oidc-provider/token.actions.githubusercontent.com", region="")
    trusted = [
        identifier
        for statement in second_phases["account"].policy("deployer_trust")
        for principal in statement["principals"]
        if principal["type"] == "Federated"
        for identifier in principal["identifiers"]
    ]
    assert trusted == [provider]


def test_its_own_trail_stays_and_what_it_does_not_create_is_no_risk_of_its_own(second: Environment) -> None:
    off = replace(second, audit=replace(second.audit, guardduty=False, config=False, cloudtrail=False))
    assert risks.taken(off) == {"no_cloudtrail"}
    assert "config.amazonaws.com" not in {row.principal for row in permissions(second)}


def test_the_gate_asks_the_first_stage_for_exactly_what_the_second_does_not_create() -> None:
    # Read, not imported: checkov registers a check once.
    parts = re.findall(r'_Part\(\s*"(CKV_ROLLOUT_\d+)",\s*"(\w+)"', CHECKS.read_text(encoding="utf-8"))
    assert {check for check, kind in parts if kind in ONCE} == ONCE_PER_ACCOUNT
