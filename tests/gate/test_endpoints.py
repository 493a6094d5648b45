"""Each VPC endpoint allows what the roles of tasks may do through it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import environments
from ops.gate.endpoints import CALL, uneven_endpoints
from tests.cases import every_case
from tests.gate.plants import Body, Ground
from tests.products import Subject, values

DOCUMENT = "aws_iam_policy_document"
Change = Callable[[Body], None]
SECRETS = "arn:aws:secretsmanager:us-east-1:111122223333:secret:aep/prod"
GROUPS = "arn:aws:logs:us-east-1:111122223333:log-group:/aep/prod"


@pytest.fixture(scope="session")
def prod(output: Path) -> Ground:
    return Ground.of(output, environments.load("prod"), uneven_endpoints)


def endpoint(service: str, sid: str, **changes: object) -> tuple[str, Change]:
    """A change of a statement of an endpoint's policy."""
    return "network", lambda content: statement_of(content, f"endpoint_{service}", sid).update(changes)


def role(name: str, **body: object) -> tuple[str, Change]:
    """Another statement of a role of tasks."""

    def change(content: Body) -> None:
        content["data"][DOCUMENT][f"{name}_document"]["statement"].append({"sid": "Planted", **body})

    return "secrets", change


def statement_of(content: Body, document: str, sid: str) -> Body:
    statements: list[dict[str, Any]] = content["data"][DOCUMENT][f"{document}_document"]["statement"]
    return next(each for each in statements if each["sid"] == sid)


def planted(ground: Ground, phase: str, change: Change) -> str:
    return "\n".join(what for (check, _), what in ground.planted(phase, change).items() if check == CALL)


def test_every_products_endpoints_allow_exactly_what_its_tasks_may_do(
    subject: Subject, outputs: Callable[[Path], Path]
) -> None:
    with values(subject.folder):
        ground = Ground.of(outputs(subject.folder), subject.environment, uneven_endpoints)
    assert [record.details for record in ground.failed] == []


def condition(test: str, variable: str, *values: str) -> Body:
    return {"test": test, "variable": variable, "values": list(values)}


OWN = condition("StringEquals", "aws:PrincipalAccount", "111122223333")


@pytest.mark.slow
@pytest.mark.requirement("R2.4")
@every_case(
    ("plant", "says"),
    [
        (
            endpoint("logs", "FindTheSessionLog", resources=[f"{GROUPS}/*"]),
            "backend-task may call logs:DescribeLogGroups, but not through the endpoint logs: no statement",
        ),
        (
            endpoint("logs", "WriteItsLogs", resources=[f"{GROUPS}/backend:*"]),
            f"frontend-execution may call logs:PutLogEvents on {GROUPS}/frontend:*, but not through the endpoint logs",
        ),
        (
            endpoint("logs", "LogSessions", actions=["logs:CreateLogStream", "logs:PutLogEvents"]),
            "backend-task may call logs:DescribeLogStreams",
        ),
        (
            endpoint("logs", "LogSessions", effect="Deny"),
            "the endpoint logs: statement 'LogSessions' denies it",
        ),
        (
            endpoint("ecr_dkr", "LogInToTheRegistry", actions=["ecr:BatchGetImage"]),
            "may call ecr:GetAuthorizationToken, but not through the endpoint ecr.dkr",
        ),
        (
            endpoint(
                "monitoring",
                "PublishItsMetrics",
                condition=[OWN, condition("StringEquals", "cloudwatch:namespace", "x")],
            ),
            "backend-task may call cloudwatch:PutMetricData, but not through the endpoint monitoring",
        ),
        (
            endpoint("ssmmessages", "OpenSessionChannels", condition=[condition("Bool", "aws:ViaAWSService", "true")]),
            "may call ssmmessages:OpenDataChannel, but not through the endpoint ssmmessages",
        ),
        (
            endpoint("secretsmanager", "ReadItsSecrets", principals=[{"type": "AWS", "identifiers": ["444455556666"]}]),
            "backend-execution may call secretsmanager:GetSecretValue on",
        ),
        (
            endpoint("s3", "ImageLayers", resources=["arn:aws:s3:::other/*"]),
            "tasks can't call s3:GetObject on arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*",
        ),
        (
            role(
                "backend_task_role", effect="Allow", actions=["s3:PutObject"], resources=["arn:aws:s3:::aep-exports/*"]
            ),
            "backend-task may call s3:PutObject on arn:aws:s3:::aep-exports/*, but not through the endpoint s3",
        ),
        (
            role("backend_task_role", effect="Allow", actions=["kms:Encrypt"], resources=["*"]),
            "backend-task may call kms:Encrypt, but not through the endpoint kms",
        ),
        (
            role("frontend_task_role", effect="Allow", actions=["secretsmanager:Get*"], resources=[f"{SECRETS}/x"]),
            f"frontend-task may call secretsmanager:GetSecretValue on {SECRETS}/x",
        ),
    ],
)
def test_what_a_role_may_do_and_its_endpoint_stops(prod: Ground, plant: tuple[str, Change], says: str) -> None:
    assert says in planted(prod, *plant)


@pytest.mark.slow
@pytest.mark.requirement("R2.4", "R13.2")
@every_case(
    ("plant", "says"),
    [
        (
            endpoint("logs", "LogSessions", resources=[f"{GROUPS}/*"]),
            f"'LogSessions' of the endpoint logs lets tasks call logs:CreateLogStream, which none needs on {GROUPS}/*",
        ),
        (
            endpoint("logs", "LogSessions", actions=["logs:*"]),
            "logs:* (logs:",
        ),
        (
            endpoint("secretsmanager", "ReadItsSecrets", resources=[f"{SECRETS}/*"]),
            f"secretsmanager:GetSecretValue, which none needs on {SECRETS}/*: no role may call it there",
        ),
        (
            endpoint("secretsmanager", "ReadItsSecrets", actions=["secretsmanager:DescribeSecret"]),
            "secretsmanager:DescribeSecret, which none needs: no role may call it",
        ),
        (endpoint("ecr_dkr", "PullItsImage", actions=["ecr:PutImage"]), "ecr:PutImage, which none needs"),
        (endpoint("ecr_api", "PullItsImage", actions=["s3:GetObject"]), "s3:GetObject, which none needs"),
        (endpoint("ecr_api", "PullItsImage", actions=["ecr:Nothing"]), "it is no action of ecr"),
        (endpoint("s3", "ImageLayers", actions=["s3:PutObject"]), "s3:PutObject, which none needs"),
        (endpoint("kms", "AnyKey", actions=["kms:GenerateDataKey*"]), "kms:GenerateDataKey* (kms:GenerateDataKey, "),
        (endpoint("kms", "AnyKey", actions=[], not_actions=["kms:Delete*"]), "lets tasks call all but some"),
        (
            endpoint("monitoring", "PublishItsMetrics", condition=[OWN]),
            "without a condition on cloudwatch:namespace, which every role has",
        ),
        (
            endpoint(
                "monitoring",
                "PublishItsMetrics",
                condition=[OWN, condition("StringEquals", "cloudwatch:namespace", "AEP/Backend", "Other")],
            ),
            "Other: no role may call it so",
        ),
    ],
)
def test_what_an_endpoint_allows_and_no_role_may_do(prod: Ground, plant: tuple[str, Change], says: str) -> None:
    assert says in planted(prod, *plant)


def test_an_endpoint_without_a_policy(prod: Ground) -> None:
    found = planted(
        prod, "network", lambda content: content["resource"]["aws_vpc_endpoint"]["endpoint_kms"].pop("policy")
    )
    assert found == "has no policy, so tasks can call everything of kms through it"


@every_case(
    "plant",
    [
        # A service calls KMS for the role, from outside the VPC.
        role(
            "backend_task_role",
            effect="Allow",
            actions=["kms:GenerateDataKey"],
            resources=["*"],
            condition=[condition("StringEquals", "kms:ViaService", "s3.us-east-1.amazonaws.com")],
        ),
        # SQS has no endpoint.
        role("backend_task_role", effect="Allow", actions=["sqs:SendMessage"], resources=["*"]),
        role("backend_task_role", effect="Deny", actions=["logs:*"], resources=["*"]),
        # No task runs with it.
        ("account", lambda content: statement_of(content, "deployer_release", "Observe").update(actions=["logs:*"])),
    ],
)
def test_what_does_not_go_through_an_endpoint(prod: Ground, plant: tuple[str, Change]) -> None:
    assert planted(prod, *plant) == ""
