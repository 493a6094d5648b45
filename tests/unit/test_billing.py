"""The services of AWS's bill: what a budget can filter by, and what is said of a name that is on no bill."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import environments
from environments.schema import Environment
from environments.schema.billing import _CALLED, _SOURCES, CHECKED_ON, SERVICES, service_problem
from environments.schema.validation import InvalidEnvironmentError, validate
from tests.cases import every_case

GOLDEN = Path(__file__).parents[1] / "golden"
PROD = environments.load("prod")
# What bills the resources of the stacks, by how the names of their types begin; none where AWS takes nothing for them.
BILLED = {
    "accessanalyzer": None,
    "acm": "AWS Certificate Manager",
    "appautoscaling": None,
    "budgets": "AWS Budgets",
    "chatbot": None,
    "cloudtrail": "AWS CloudTrail",
    "cloudwatch": "AmazonCloudWatch",
    "cloudwatch_event": "CloudWatch Events",
    "codedeploy": None,
    "config": "AWS Config",
    "db": "Amazon Relational Database Service",
    "default": None,
    "ebs": "EC2 - Other",
    "ec2": None,
    "ecr": "Amazon EC2 Container Registry (ECR)",
    "ecs": "Amazon Elastic Container Service",
    "eip": "Amazon Virtual Private Cloud",
    "elasticache": "Amazon ElastiCache",
    "flow_log": "AmazonCloudWatch",
    "guardduty": "Amazon GuardDuty",
    "iam": None,
    "internet_gateway": None,
    "kms": "AWS Key Management Service",
    "lb": "Amazon Elastic Load Balancing",
    "nat_gateway": "EC2 - Other",
    "organizations": None,
    "route": None,
    "route53": "Amazon Route 53",
    "s3": "Amazon Simple Storage Service",
    "secretsmanager": "AWS Secrets Manager",
    "security_group": None,
    "securityhub": "AWS Security Hub",
    "sns": "Amazon Simple Notification Service",
    "subnet": None,
    "vpc": "Amazon Virtual Private Cloud",
    "wafv2": "AWS WAF",
}


def limited(*services: str) -> Environment:
    return replace(PROD, budgets=replace(PROD.budgets, services=dict.fromkeys(services, 10)))


@pytest.mark.requirement("R1.5")
@every_case(
    ("given", "meant"),
    [
        ("Amazon EC2", "Amazon Elastic Compute Cloud - Compute"),
        ("EC2-Other", "EC2 - Other"),
        ("EC2-Instances (Elastic Compute Cloud - Compute)", "Amazon Elastic Compute Cloud - Compute"),
        ("NAT Gateway", "EC2 - Other"),
        ("AWS NAT Gateways", "EC2 - Other"),
        ("Amazon RDS", "Amazon Relational Database Service"),
        ("AmazonRDS", "Amazon Relational Database Service"),
        ("Amazon Elasticache", "Amazon ElastiCache"),
        ("Amazon CloudWatch", "AmazonCloudWatch"),
        ("Elastic Load Balancing", "Amazon Elastic Load Balancing"),
        ("Amazon ECS", "Amazon Elastic Container Service"),
        ("Amazon EC2 Container Service", "Amazon Elastic Container Service"),
        ("AWS Fargate", "Amazon Elastic Container Service"),
        ("Amazon VPC", "Amazon Virtual Private Cloud"),
        ("AWS CodeBuild", "CodeBuild"),
        ("Amazon ElastiCache ", "Amazon ElastiCache"),
    ],
)
def test_a_name_that_is_on_no_bill_is_refused_with_the_one_that_is(given: str, meant: str) -> None:
    with pytest.raises(InvalidEnvironmentError) as refused:
        validate(limited("Amazon ElastiCache", given))
    (problem,) = refused.value.problems
    assert (problem.field, problem.given) == (f"budgets.services.{given}", given)
    assert f"did you mean {meant}" in problem.allowed
    assert "environments/schema/billing.py" in problem.allowed
    assert sum(name in problem.allowed for name in SERVICES) <= 4 and "\n" not in str(problem)


@pytest.mark.requirement("R1.5")
def test_a_name_like_no_other_is_refused_without_a_guess() -> None:
    with pytest.raises(InvalidEnvironmentError, match=re.escape("environments/schema/billing.py")) as refused:
        validate(limited("Kubernetes of our own, on the moon"))
    assert "did you mean" not in str(refused.value)


@pytest.mark.requirement("R1.5")
def test_every_name_of_the_table_is_accepted() -> None:
    validate(limited(*SERVICES))


def test_every_name_has_one_source_and_the_table_a_date() -> None:
    assert sum(map(len, _SOURCES.values())) == len(SERVICES)
    assert all(source.startswith("https://") for source in _SOURCES)
    assert date.fromisoformat(CHECKED_ON)
    assert {*_CALLED.values()} <= SERVICES.keys() and not _CALLED.keys() & SERVICES.keys()


@pytest.mark.requirement("R1.5")
def test_whatever_the_stacks_create_can_have_a_budget() -> None:
    for file in GOLDEN.glob("*.txt"):
        for kind in re.findall(r"^aws_(\w+)\.", file.read_text(encoding="utf-8"), re.MULTILINE):
            prefixes = [prefix for prefix in BILLED if f"{kind}_".startswith(f"{prefix}_")]
            assert prefixes, f"aws_{kind}: what bills it?"
            service = BILLED[max(prefixes, key=len)]
            assert service is None or service_problem(service) is None, kind
