"""The role that applies a phase can do what the phase needs: no resource's own policy stops it half-way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import environments
from modules.phases import PHASES
from modules.synthesis import synthesize
from ops.gate.applying import STOPPED, who_applies_can
from ops.gate.applying.needs import BACKEND, ITSELF, NEEDS
from tests.gate.plants import Body, Ground, add
from tests.gate.test_permissions import DOCUMENT, denying, everything, role_arn

pytestmark = pytest.mark.slow  # `make test` proves the stacks by itself: the gate is part of it
PROD = environments.load("prod")
BREAK_GLASS, DEPLOYER = role_arn("break-glass"), role_arn("deployer")
BUCKET = "arn:aws:s3:::aep-prod-tfstate-111122223333"


@pytest.fixture(scope="module")
def prod(output: Path) -> Ground:
    return Ground.of(output, PROD, who_applies_can)


@pytest.mark.requirement("R0.3", "R4.3")
@pytest.mark.parametrize("name", environments.known())
def test_every_phase_can_be_applied_by_its_role(output: Path, name: str) -> None:
    ground = Ground.of(output, environments.load(name), who_applies_can)
    assert not ground.failed


def deny(**settings: object) -> Body:
    """A statement that denies everything to everybody, but for what is said here."""
    everyone = {"principals": [{"type": "AWS", "identifiers": ["*"]}], "resources": ["*"], "actions": ["*"]}
    return {"sid": "Planted", "effect": "Deny", **everyone, **settings}


def into(document: str, statement: Body) -> Callable[[Body], None]:
    return lambda content: content["data"][DOCUMENT][f"{document}_document"]["statement"].append(statement)


def where(test: str, variable: str, *values: str) -> list[Body]:
    return [{"test": test, "variable": variable, "values": list(values)}]


def said(prod: Ground, phase: str, change: Callable[[Body], object]) -> str:
    return "\n".join(what for (check, _), what in prod.planted(phase, change).items() if check == STOPPED)


@pytest.mark.requirement("R4.3")
def test_who_writes_the_databases_url_must_be_among_its_writers(prod: Ground) -> None:
    def without(content: Body) -> None:
        values = denying(content, "DATABASE_URL", "WriteByItsRolesOnly")["condition"][0]["values"]
        values[:] = [value for value in values if "break_glass" not in value]
        values.append(DEPLOYER)

    found = said(prod, "secrets", without)
    assert (
        "data is applied by break-glass, and aws_secretsmanager_secret_version.database_url needs "
        "secretsmanager:PutSecretValue on prod-secrets aws_secretsmanager_secret.database_url: "
        "prod-secrets data.aws_iam_policy_document.database_url_document WriteByItsRolesOnly denies it"
    ) in found
    # The secrets phase sets description and key of the container.
    assert "secrets is applied by break-glass, and aws_secretsmanager_secret.database_url needs" in found


MFA = "aws:MultiFactorAuthPresent"
STOPS = [
    # A role's session shows no MFA, comes from outside the VPC, and is no IAM user.
    ("state", deny(condition=where("BoolIfExists", MFA, "false")), "its state needs s3:GetObject"),
    ("state", deny(condition=where("Bool", MFA, "false")), "its state needs s3:GetObject"),
    ("state", deny(condition=where("Null", "aws:MultiFactorAuthAge", "true")), "its state needs s3:PutObject"),
    ("state", deny(condition=where("StringNotEquals", "aws:SourceVpce", "vpce-1")), "its state needs s3:PutObject"),
    ("state", deny(condition=where("StringNotLike", "aws:username", "a*")), "its state needs s3:ListBucket"),
    ("state", deny(actions=["s3:DeleteObject"]), "its state needs s3:DeleteObject"),
    ("state", deny(actions=["s3:Put*"], resources=[f"{BUCKET}/*"]), "its state needs s3:PutObject"),
    ("state", deny(actions=["s3:PutBucketLogging"]), "aws_s3_bucket_logging.state_logging needs s3:PutBucketLogging"),
    # Only break-glass is let through: the deployer's phases have their state in the bucket as well.
    (
        "state",
        deny(condition=where("ArnNotEquals", "aws:PrincipalArn", BREAK_GLASS)),
        "edge is applied by deployer, and its state needs s3:GetObject",
    ),
    ("state", deny(principals=[{"type": "AWS", "identifiers": [DEPLOYER]}]), "services is applied by deployer"),
    ("state", deny(condition=where("IpAddress", "aws:SourceIp", "192.0.2.0/24")), "may deny it"),
    ("state_key", deny(actions=["kms:PutKeyPolicy"]), "aws_kms_key.state_key needs kms:PutKeyPolicy"),
]
PASSES = [
    ("state", deny(condition=where("Bool", "aws:SecureTransport", "false"))),
    ("state", deny(condition=where("ArnNotEquals", "aws:PrincipalArn", BREAK_GLASS, DEPLOYER))),
    ("state", deny(condition=where("StringNotEquals", "aws:PrincipalAccount", "111122223333"))),
    ("state", deny(condition=where("Bool", MFA, "true"))),
    ("state", deny(actions=["s3:PutObjectAcl"])),
    ("state", deny(principals=[{"type": "AWS", "identifiers": ["arn:aws:iam::444455556666:root"]}])),
]


@pytest.mark.requirement("R0.3")
@pytest.mark.parametrize(("document", "statement", "says"), STOPS)
def test_a_denial_that_stops_a_phase_is_found(prod: Ground, document: str, statement: Body, says: str) -> None:
    assert says in said(prod, "state", into(document, statement))


@pytest.mark.parametrize(("document", "statement"), PASSES)
def test_a_denial_that_stops_no_phase_is_none(prod: Ground, document: str, statement: Body) -> None:
    assert not said(prod, "state", into(document, statement))


@pytest.mark.parametrize(
    ("phase", "document", "statement", "says"),
    [
        ("data", "data_key", deny(actions=["kms:CreateGrant"]), "aws_db_instance.database needs kms:CreateGrant"),
        (
            "secrets",
            "secrets_key",
            deny(condition=where("BoolIfExists", MFA, "false"), actions=["kms:GenerateDataKey*"]),
            "aws_secretsmanager_secret.database_url needs kms:GenerateDataKey",
        ),
        ("account", "alerts_policy", deny(actions=["sns:Subscribe"]), "aws_sns_topic_subscription"),
        (
            "account",
            "alerts_policy",
            deny(actions=["sns:SetTopicAttributes"]),
            "aws_sns_topic_policy.alerts_policy needs",
        ),
    ],
)
def test_keys_and_topics_are_held_too(prod: Ground, phase: str, document: str, statement: Body, says: str) -> None:
    assert says in said(prod, phase, into(document, statement))


def test_a_repositorys_policy_is_held_in_any_form(prod: Ground) -> None:
    policy = json.dumps({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "ecr:PutLifecyclePolicy"}})
    repository = "${aws_ecr_repository.navralabs_aep_backend.name}"
    plant = add("aws_ecr_repository_policy", "planted", {"repository": repository, "policy": policy})
    assert "aws_ecr_lifecycle_policy.navralabs_aep_backend_lifecycle needs ecr:PutLifecyclePolicy" in said(
        prod, "registry", plant
    )


@pytest.mark.parametrize(
    ("spared", "stops"), [([BREAK_GLASS], True), ([BREAK_GLASS, DEPLOYER, "arn:aws:iam::111122223333:root"], False)]
)
def test_not_principal_spares_whom_it_names_with_the_account(prod: Ground, spared: list[str], stops: bool) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html."""
    statement = deny(not_principals=[{"type": "AWS", "identifiers": spared}])
    del statement["principals"]
    assert bool(said(prod, "state", into("state", statement))) is stops


def test_a_use_that_the_table_does_not_know_is_found(prod: Ground) -> None:
    def change(content: Body) -> None:
        read = '${data.terraform_remote_state.secrets.outputs.secret_arns["REDIS_URL"]}'
        add("aws_dms_endpoint", "planted", {"secrets_manager_arn": read})(content)

    found = said(prod, "services", change)
    assert "services is applied by deployer, and aws_dms_endpoint.planted needs" in found
    assert "the actions that it calls are unknown" in found


def test_every_kind_that_refers_to_a_guarded_resource_is_in_the_table(output: Path) -> None:
    """Whatever else is found would be found as unknown only when something is denied."""
    kinds = {target for _, target in NEEDS} - {ITSELF}
    assert {kind for kind, _ in NEEDS} >= kinds
    for name in environments.known():
        for phase in PHASES:
            document = json.loads((output / "stacks" / f"{name}-{phase.name}" / "cdk.tf.json").read_text())
            for kind in document.get("resource", {}):
                if kind.startswith(("aws_secretsmanager_", "aws_s3_bucket", "aws_sns_", "aws_ecr_rep", "aws_ecr_life")):
                    assert any(caller == kind for caller, _ in NEEDS), kind
    assert BACKEND == "terraform_backend"


def test_an_environment_that_uses_everything_holds_too(tmp_path: Path) -> None:
    environment = everything()
    synthesize([environment], tmp_path, organization=False)
    assert not Ground.of(tmp_path, environment, who_applies_can).failed
