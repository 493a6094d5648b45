"""Policies let production's requests through, and stop those that must fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import environments
from modules.phases import ORGANIZATION
from ops.gate.documents import read
from ops.gate.folder import STACK_FILE
from ops.gate.requests import REQUEST, wrong_guardrails, wrong_requests
from ops.gate.stacks import EnvironmentStacks
from ops.gate.view import merged_view
from tests.gate.plants import Body, Ground
from tests.products import SUBJECTS, Subject, values

pytestmark = pytest.mark.slow

DOCUMENT = "aws_iam_policy_document"
OTHER = "arn:aws:s3:::another"


@pytest.fixture(scope="module")
def prod(output: Path) -> Ground:
    return Ground.of(output, environments.load("prod"), wrong_requests)


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_every_products_requests_are_decided_rightly(subject: Subject, outputs: Callable[[Path], Path]) -> None:
    with values(subject.folder):
        assert Ground.of(outputs(subject.folder), subject.environment, wrong_requests).failed == frozenset()


def statement(document: str, sid: str, **settings: object) -> Callable[[Body], None]:
    """A change of one statement: other settings, or none of it if there are none."""

    def change(content: Body) -> None:
        body = content["data"][DOCUMENT][f"{document}_document"]
        found = next(each for each in body["statement"] if each["sid"] == sid)
        if settings:
            found.update(settings)
        else:
            body["statement"].remove(found)

    return change


def added(document: str, **body: object) -> Callable[[Body], None]:
    """Another statement in a document."""
    planted = {"sid": "Planted", "effect": "Allow", **body}
    return lambda content: content["data"][DOCUMENT][f"{document}_document"]["statement"].append(planted)


def removed(kind: str, name: str) -> Callable[[Body], None]:
    return lambda content: content["resource"][kind].pop(name)


def setting(kind: str, name: str, attribute: str, value: object) -> Callable[[Body], None]:
    return lambda content: content["resource"][kind][name].update({attribute: value})


def asks(test: str, variable: str, value: str) -> Body:
    return {"test": test, "variable": variable, "values": [value]}


TLS = [asks("Bool", "aws:SecureTransport", "true")]
KEY = "alias/aep-prod-state"
CUSTOMER_ALGORITHM = "s3:x-amz-server-side-encryption-customer-algorithm"
REDUNDANT = {
    "endpoint_ecr_dkr_document LogInToTheRegistry": "only the other one of ECR's endpoints is for its API",
    "boundary_document NeverGuards": "the boundary allows none of it: the denial is for the day when it allows more",
}
ENVIRONMENT_TAG = "aws:RequestTag/Environment"


@pytest.mark.requirement("R13.2")
@pytest.mark.parametrize(
    ("phase", "change", "address", "said"),
    [
        # Alerts.
        ("account", statement("alerts_policy", "TlsOnly", condition=TLS), "aws_sns_topic.alerts", "denies it"),
        (
            "account",
            statement("alerts_policy", "PublishAlarms", condition=[asks("ArnLike", "aws:SourceArn", "arn:aws:x")]),
            "aws_sns_topic.alerts",
            "cloudwatch.amazonaws.com can't call sns:Publish",
        ),
        (
            "account",
            statement("alerts_key", "EncryptBudgets", actions=["kms:Decrypt"]),
            "aws_kms_key.alerts_key",
            "budgets.amazonaws.com can't call kms:GenerateDataKey",
        ),
        ("account", removed("aws_sns_topic_policy", "alerts_policy"), "aws_sns_topic.alerts", "events.amazonaws.com"),
        # Records of the account.
        (
            "account",
            statement("trail_bucket", "Write", condition=[asks("StringEquals", "aws:SourceArn", "trail/other")]),
            "aws_s3_bucket.trail_bucket",
            "cloudtrail.amazonaws.com can't call s3:PutObject",
        ),
        ("account", statement("audit_key", "TrailEncrypts"), "aws_kms_key.audit_key", "cloudtrail.amazonaws.com"),
        ("account", statement("config_bucket", "Write", resources=[OTHER]), "aws_s3_bucket.config_bucket", "config."),
        ("account", statement("access_logs", "Buckets"), "aws_s3_bucket.access_logs", "logging.s3.amazonaws.com"),
        ("account", statement("access_logs", "LoadBalancers"), "aws_s3_bucket.access_logs", "logdelivery."),
        ("account", removed("aws_s3_bucket_policy", "access_logs_policy"), "aws_s3_bucket.access_logs", "logging.s3."),
        (
            "account",
            setting("aws_s3_bucket_logging", "trail_bucket_logging", "target_prefix", "trail/"),
            "aws_s3_bucket.access_logs",
            "aws:s3:::aep-prod-access-logs-111122223333/trail/",
        ),
        # Roles of AWS's services.
        ("account", statement("trail_role", "Write", resources=[OTHER]), "aws_iam_role.trail_role", "PutLogEvents"),
        (
            "account",
            statement("trail_role_trust", "Assume", condition=[asks("StringEquals", "aws:SourceAccount", "1")]),
            "aws_iam_role.trail_role",
            "cloudtrail.amazonaws.com can't call sts:AssumeRole",
        ),
        ("network", removed("aws_iam_role_policy", "flow_log_role_policy"), "aws_iam_role.flow_log_role", "Stream"),
        (
            "data",
            statement("database_monitoring_role", "WriteMetrics"),
            "aws_iam_role.database_monitoring_role",
            "RDSOSMetrics",
        ),
        ("account", statement("slack_guardrail", "ShowMetrics"), "aws_iam_role.slack_role", "slack-guardrail"),
        (
            "account",
            setting(
                "aws_chatbot_slack_channel_configuration",
                "slack",
                "guardrail_policy_arns",
                ["${aws_iam_policy.boundary.arn}"],
            ),
            "aws_iam_role.slack_role",
            "can call cloudwatch:DeleteAlarms",
        ),
        # Log groups.
        (
            "hardening",
            statement("web_acl_log", "Deliver", resources=[OTHER]),
            "aws_wafv2_web_acl_logging_configuration.web_acl_log_configuration",
            "delivery.logs.amazonaws.com",
        ),
        (
            "hardening",
            removed("aws_cloudwatch_log_resource_policy", "web_acl_log_policy"),
            "aws_wafv2_web_acl_logging_configuration.web_acl_log_configuration",
            "delivery.logs.amazonaws.com",
        ),
        (
            "account",
            statement("log_key", "LogGroups", condition=[asks("ArnLike", "kms:EncryptionContext:aws:logs:arn", "x")]),
            "aws_kms_key.log_key",
            "logs.us-east-1.amazonaws.com",
        ),
        # Tasks.
        ("secrets", statement("backend_execution_role", "WriteItsLogs"), "aws_iam_role.backend_execution_role", "logs"),
        (
            "secrets",
            statement(
                "backend_execution_role", "DecryptItsSecrets", condition=[asks("StringEquals", "kms:ViaService", "rds")]
            ),
            "aws_iam_role.backend_execution_role",
            "kms:Decrypt",
        ),
        ("secrets", statement("backend_task_role", "PublishItsMetrics"), "aws_iam_role.backend_task_role", "Metric"),
        ("secrets", statement("backend_task_role", "OpenSessionChannels"), "aws_iam_role.backend_task_role", "Open"),
        (
            "network",
            statement("endpoint_logs", "WriteItsLogs", effect="Deny"),
            "aws_iam_role.backend_execution_role",
            "endpoint_logs_document denies it",
        ),
        (
            "network",
            statement("endpoint_s3", "ImageLayers", resources=[OTHER]),
            "aws_iam_role.backend_execution_role",
            "endpoint_s3_document",
        ),
        (
            # A gateway endpoint that names an account lets its root user in only.
            "network",
            statement("endpoint_s3", "ImageLayers", principals=[{"type": "AWS", "identifiers": ["111122223333"]}]),
            "aws_iam_role.backend_execution_role",
            "endpoint_s3_document",
        ),
        (
            "network",
            statement("endpoint_secretsmanager", "ReadItsSecrets", actions=["secretsmanager:DescribeSecret"]),
            "aws_iam_role.backend_execution_role",
            "secretsmanager:GetSecretValue",
        ),
        # People.
        (
            "account",
            removed("aws_iam_role_policy_attachment", "deployer_delivery_attachment"),
            "aws_iam_role.deployer",
            "scheduler:CreateSchedule",
        ),
        (
            "account",
            setting(
                "aws_iam_role_policy_attachment",
                "deployer_edge_attachment",
                "policy_arn",
                "${aws_iam_policy.deployer_state.arn}",
            ),
            "aws_iam_role.deployer",
            "elasticloadbalancing:CreateLoadBalancer",
        ),
        ("account", statement("deployer_services", "Cluster"), "aws_iam_role.deployer", "ecs:UpdateService"),
        ("account", statement("boundary", "Deploy", effect="Deny"), "aws_iam_role.deployer", "permissions boundary"),
        (
            "account",
            statement("deployer_edge", "TagNewCertificate", condition=[asks("StringEquals", ENVIRONMENT_TAG, "prod")]),
            "aws_iam_role.deployer",
            "can call acm:AddTagsToCertificate",
        ),
        ("account", statement("planner", "ReadSettings"), "aws_iam_role.planner", "iam:GetRole"),
        ("account", statement("break_glass", "NoAccessKeys"), "aws_iam_role.break_glass", "iam:CreateAccessKey"),
        (
            "account",
            statement("break_glass", "NoAccessKeys", actions=["iam:*"], resources=["*"]),
            "aws_iam_role.break_glass",
            "iam:CreateRole",
        ),
        ("account", statement("alerts_key", "AccountDecidesByIam"), "aws_iam_role.break_glass", "kms:PutKeyPolicy"),
        # State.
        ("state", statement("state", "TlsOnly"), "aws_iam_role.break_glass", "s3:GetObject"),
        ("state", statement("state", "OtherKey"), "aws_iam_role.break_glass", "can call s3:PutObject"),
        ("state", statement("state", "CustomerKey"), "aws_iam_role.break_glass", "can call s3:PutObject"),
        (
            "state",
            statement("state", "CustomerKey", condition=[asks("Null", CUSTOMER_ALGORITHM, "other")]),
            "aws_iam_role.break_glass",
            "can call s3:PutObject",
        ),
        ("state", statement("state", "JournalOnce"), "aws_iam_role.break_glass", "can call s3:PutObject"),
        ("state", removed("aws_s3_bucket_policy", "state_policy"), "aws_iam_role.break_glass", "can call s3:PutObject"),
        (
            "state",
            statement("state", "OtherEncryption", condition=[asks("Bool", "aws:SecureTransport", "true")]),
            "aws_iam_role.deployer",
            "s3:PutObject",
        ),
    ],
)
def test_a_policy_that_lost_what_production_needs(
    prod: Ground, phase: str, change: Callable[[Body], None], address: str, said: str
) -> None:
    assert said in prod.planted(phase, change)[REQUEST, address]


TRAIL = "arn:aws:s3:::aep-prod-trail-111122223333"
VIA, OF_SECRET = "kms:ViaService", "kms:EncryptionContext:SecretARN"
VIA_SECRETS = asks("StringEquals", VIA, "secretsmanager.us-east-1.amazonaws.com")
BACKEND = "aws_iam_role.backend_execution_role"
ISSUER = "token.actions.githubusercontent.com"
JOB = asks("StringEquals", f"{ISSUER}:sub", "repo:navralabs/aep-infrastructure:environment:production")
AWS = {"type": "AWS", "identifiers": ["arn:aws:iam::111122223333:role/aep-prod-backend-task"]}
ANYBODY = {"type": "AWS", "identifiers": ["*"]}
GITHUB = {"type": "Federated", "identifiers": ["${aws_iam_openid_connect_provider.github.arn}"]}
USER = {"type": "AWS", "identifiers": ["arn:aws:iam::777788889999:user/platform-engineer"]}


def decrypts(*conditions: Body) -> Callable[[Body], None]:
    return statement("backend_execution_role", "DecryptItsSecrets", condition=list(conditions))


@pytest.mark.requirement("R13.2")
@pytest.mark.parametrize(
    ("phase", "change", "address", "said"),
    [
        # Records of the account: no role changes them, and administrators read them.
        *(
            (phase, added(document, actions=[action], resources=[f"{TRAIL}/*"]), f"aws_iam_role.{role}", action)
            for phase, document, role in (
                ("account", "planner", "planner"),
                ("account", "trail_role", "trail_role"),
                ("secrets", "backend_task_role", "backend_task_role"),
                ("network", "flow_log_role", "flow_log_role"),
            )
            for action in ("s3:DeleteObject", "s3:PutObject")
        ),
        (
            "account",
            added("planner", actions=["s3:Delete*"], resources=[TRAIL]),
            "aws_iam_role.planner",
            "can call s3:DeleteBucket",
        ),
        (
            "account",
            added("trail_bucket", actions=["s3:DeleteObject"], resources=[f"{TRAIL}/*"], principals=[AWS]),
            "aws_iam_role.backend_task_role",
            "can call s3:DeleteObject",
        ),
        (
            "account",
            added("config_bucket", actions=["s3:PutLifecycleConfiguration"], resources=["*"], principals=[ANYBODY]),
            "aws_iam_role.trail_role",
            "can call s3:PutLifecycleConfiguration",
        ),
        (
            "account",
            added(
                "trail_bucket", effect="Deny", actions=["s3:GetObject"], resources=[f"{TRAIL}/*"], principals=[ANYBODY]
            ),
            "aws_iam_role.break_glass",
            "can't call s3:GetObject",
        ),
        (
            "account",
            added("break_glass", effect="Deny", actions=["logs:FilterLogEvents"], resources=["*"]),
            "aws_iam_role.break_glass",
            "can't call logs:FilterLogEvents",
        ),
        # Execution roles decrypt their own secrets only, through Secrets Manager only.
        ("secrets", decrypts(), BACKEND, "can call kms:Decrypt"),
        ("secrets", decrypts(VIA_SECRETS), BACKEND, "can call kms:Decrypt"),
        ("secrets", decrypts(VIA_SECRETS, asks("StringLike", OF_SECRET, "*")), BACKEND, "can call kms:Decrypt"),
        *(
            ("secrets", decrypts(VIA_SECRETS, asks(test, OF_SECRET, "${aws_secretsmanager_secret.redis_url.arn}")), *to)
            for test in ("StringEqualsIfExists", "ForAllValues:StringEquals")
            for to in [(BACKEND, "can call kms:Decrypt")]
        ),
        (
            "secrets",
            added("frontend_task_role", actions=["kms:Decrypt"], resources=["${aws_kms_key.secrets_key.arn}"]),
            "aws_iam_role.frontend_task_role",
            "can call kms:Decrypt",
        ),
        # Logs of others.
        (
            "secrets",
            added(
                "backend_task_role",
                actions=["logs:PutLogEvents"],
                resources=["arn:aws:logs:us-east-1:111122223333:log-group:*:*"],
            ),
            "aws_iam_role.backend_task_role",
            "log-group:/aep/prod/trail",
        ),
        # Trust in the pipeline and in people.
        (
            "account",
            statement("deployer_trust", "GithubJobs", condition=[JOB]),
            "aws_iam_role.deployer",
            "can call sts",
        ),
        (
            "account",
            statement(
                "deployer_trust", "GithubJobs", condition=[JOB, asks("StringEqualsIfExists", f"{ISSUER}:aud", "x")]
            ),
            "aws_iam_role.deployer",
            "can call sts:AssumeRoleWithWebIdentity",
        ),
        *(
            (
                "account",
                added("deployer_trust", actions=["sts:TagSession"], principals=[principal]),
                "aws_iam_role.deployer",
                "can call sts:TagSession",
            )
            for principal in (GITHUB, USER)
        ),
    ],
)
def test_a_policy_that_allows_what_must_fail(
    prod: Ground, phase: str, change: Callable[[Body], None], address: str, said: str
) -> None:
    assert said in prod.planted(phase, change)[REQUEST, address]


@pytest.mark.parametrize(
    ("phase", "change"),
    [
        ("account", statement("alerts_policy", "PublishEvents", resources=["*"])),
        ("account", statement("trail_bucket", "Write", resources=["arn:aws:s3:::aep-prod-trail-111122223333/*"])),
        ("network", statement("endpoint_kms", "AnyKey", condition=[])),
    ],
)
def test_a_policy_that_allows_more_is_for_other_checks(
    prod: Ground, phase: str, change: Callable[[Body], None]
) -> None:
    assert prod.planted(phase, change) == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (statement("dns", "DnsRecords"), "can't call route53:ChangeResourceRecordSets"),
        (statement("dns", "DnsReads", actions=["route53:GetHostedZone"]), "can't call route53:GetChange"),
        (statement("dns", "LookUpChanges"), "can't call cloudtrail:LookupEvents"),
        (
            statement(
                "dns_trust", "OtherAccounts", condition=[asks("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::x")]
            ),
            "aep-prod-deployer can't call sts:AssumeRole",
        ),
    ],
)
def test_roles_of_another_account_that_lost_access(output: Path, change: Callable[[Body], None], said: str) -> None:
    staging = Ground.of(output, environments.load("staging"), wrong_requests)
    assert said in staging.planted("account", change)[REQUEST, "aws_iam_role.dns"]


GUARDRAILS = "aws_organizations_account.account_aep_prod"


def guardrails(output: Path, change: Callable[[Body], None]) -> dict[str, str]:
    """What is said of the organization's accounts after a change."""
    document = read(output / "stacks" / ORGANIZATION / STACK_FILE, ORGANIZATION)
    content: Body = json.loads(document.text)
    change(content)
    view = merged_view(EnvironmentStacks(ORGANIZATION, {ORGANIZATION: replace(document, content=content)}))
    records = wrong_guardrails(view, environments.load_organization())
    return {record.block.address: "\n".join(record.details) for record in records if not record.passed}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (statement("guardrails", "NoRoot"), "root can call iam:CreateAccessKey"),
        (statement("guardrails", "NoRoot", condition=[]), "role/any can't call iam:CreateRole"),
        (statement("guardrails", "StayInside", effect="Allow"), "can call organizations:LeaveOrganization"),
        (
            statement("guardrails", "AuditStaysOn", actions=["cloudtrail:StopLogging"]),
            "can call cloudtrail:DeleteTrail",
        ),
        (statement("guardrails", "OtherRegions"), "can call ec2:RunInstances"),
        (statement("guardrails", "OtherRegions", not_actions=["*"]), "can call ec2:RunInstances"),
        (statement("guardrails", "OtherRegions", not_actions=["iam:*", "ec2:*"]), "can call ec2:RunInstances"),
        (
            statement("guardrails", "OtherRegions", condition=[asks("StringNotLike", "aws:RequestedRegion", "*")]),
            "can call ec2:RunInstances",
        ),
        (
            statement("guardrails", "OtherRegions", condition=[asks("StringNotEquals", "aws:RequestedRegion", "x")]),
            "can't call ec2:CreateVpc",
        ),
        (removed("aws_organizations_policy_attachment", "guardrails_attachment"), "organizations:LeaveOrganization"),
        (setting("aws_organizations_account", "account_aep_prod", "parent_id", "r-ex4m"), "organizations:Leave"),
    ],
)
def test_a_guardrail_that_lost_its_effect(output: Path, change: Callable[[Body], None], said: str) -> None:
    assert said in guardrails(output, change)[GUARDRAILS]


def test_the_guardrails_are_right(output: Path) -> None:
    assert guardrails(output, lambda _: None) == {}


@pytest.mark.slow
def test_each_statement_is_needed(prod: Ground) -> None:
    """Without any of them, a request is decided wrongly; the policies of secrets are compared with permissions."""
    unnoticed = []
    for phase, document in prod.documents.items():
        for name, body in json.loads(document.text).get("data", {}).get(DOCUMENT, {}).items():
            for each in body["statement"]:
                if not each["sid"].endswith("ByItsRolesOnly") and f"{name} {each['sid']}" not in REDUNDANT:
                    change = statement(name.removesuffix("_document"), each["sid"])
                    if not prod.planted(phase, change):
                        unnoticed.append(f"{name} {each['sid']}")
    assert unnoticed == []
