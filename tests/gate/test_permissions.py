"""Who may do what: the synthesized policies do what the table says, and any single wider thing is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import environments
from environments.permissions import permissions
from environments.schema import Alerts, Environment, ScheduledTask, Service
from modules.synthesis import synthesize
from ops.gate.model import ErrorKind, ScanFailedError
from ops.gate.permissions import EXTRA, MISSING, WIDER, who_may_what
from ops.gate.reachability import reachability
from tests.gate.plants import Body, Ground, add, names

pytestmark = pytest.mark.slow  # `make test` proves the table by itself: the gate is part of it
PROD = environments.load("prod")
SECRETS = [secret.name for secret in PROD.product.secrets]
DOCUMENT = "aws_iam_policy_document"
ROWS = permissions(PROD)
# Roles with a policy of their own in a document: phase, id of the role, purpose.
HOLDERS = [
    ("account", "planner", "planner"),
    ("account", "slack_role", "slack"),
    ("account", "trail_role", "trail"),
    ("data", "database_monitoring_role", "database-monitoring"),
    ("network", "flow_log_role", "flow-log"),
    *(
        ("secrets", f"{service}_{kind}_role", f"{service}-{kind}")
        for service in ("backend", "frontend")
        for kind in ("execution", "task")
    ),
]
ROLES = [
    *(("account", role, role.replace("_", "-")) for role in ("break_glass", "deployer")),
    *HOLDERS,
]
KEYS = {
    "alerts": "account",
    "audit": "account",
    "logs": "account",
    "state": "state",
    "data": "data",
    "secrets": "secrets",
}
quick = settings(max_examples=12, deadline=None, derandomize=True)


@pytest.fixture(scope="session")
def prod(output: Path) -> Ground:
    return Ground.of(output, PROD, who_may_what)


@pytest.mark.requirement("R0.3", "R9.3")
@pytest.mark.parametrize("name", environments.known())
def test_everything_in_the_table_is_allowed_and_nothing_else(output: Path, name: str) -> None:
    ground = Ground.of(output, environments.load(name), who_may_what)
    assert not ground.failed


def everything() -> Environment:
    """What AEP doesn't use: a schedule, blue/green, a worker, another region, no Slack and little audit."""
    backend, frontend = PROD.product.services
    worker = Service(name="worker", repository=backend.repository, cpu=256, memory=512, reaches=("cache",))
    product = replace(
        PROD.product,
        services=(replace(backend, deployment="blue_green"), frontend, worker),
        scheduled_tasks=(ScheduledTask(name="nightly", service="worker", command=("run",), schedule="rate(1 day)"),),
    )
    return replace(
        PROD,
        product=product,
        region="eu-central-1",
        alerts=Alerts(email=PROD.alerts.email),
        audit=replace(PROD.audit, config=False, cloudtrail=False),
        accepts=("no_cloudtrail", "no_config"),
    )


@pytest.mark.requirement("R0.3", "R2.6", "R9.3")
def test_an_environment_that_uses_everything_holds_too(tmp_path: Path) -> None:
    environment = everything()
    synthesize([environment], tmp_path, organization=False)
    assert not Ground.of(tmp_path, environment, reachability).failed
    failed = Ground.of(tmp_path, environment, who_may_what).failed
    assert not failed


def arn(kind: str, name: str) -> str:
    return f"arn:aws:{kind}:us-east-1:111122223333:{name}"


def secret_arn(name: str) -> str:
    return arn("secretsmanager", f"secret:aep/prod/{name}-??????")


def role_arn(purpose: str) -> str:
    return f"arn:aws:iam::111122223333:role/aep-prod-{purpose}"


def allowed(principal: str, verb: str, target: str) -> bool:
    return any(row[:3] in {(principal, verb, target), (principal, verb, "*")} for row in ROWS)


def state(content: Body, document: str, **statement: object) -> None:
    """Add a statement to a document."""
    content["data"][DOCUMENT][f"{document}_document"]["statement"].append({"effect": "Allow", **statement})


# Any single policy, wider ------------------------------------------------------------------------------------


@pytest.mark.requirement("R9.3", "R0.3")
@quick
@given(
    holder=st.sampled_from(HOLDERS),
    secret=st.sampled_from(SECRETS),
    action=st.sampled_from(["GetSecretValue", "Get*", "*", "PutSecretValue", "get?ecretvalue"]),
    resource=st.sampled_from(["{}", "*", "arn:aws:secretsmanager:*:*:secret:aep/prod/*", '${join("", var.any)}']),
)
def test_an_extra_secret_is_found(
    prod: Ground, holder: tuple[str, str, str], secret: str, action: str, resource: str
) -> None:
    phase, role, purpose = holder
    assume(resource != "{}" or not allowed(purpose, "read", secret) or action in {"*", "PutSecretValue"})
    resources = [resource.replace("{}", secret_arn(secret)) if resource == "{}" else resource]
    actions = [f"secretsmanager:{action}"]
    found = prod.planted(phase, lambda c: state(c, role, sid="Planted", actions=actions, resources=resources))
    reads_all = purpose == "backend-execution" and action not in {"*", "PutSecretValue"}
    assert reads_all or names(found, f"data.{DOCUMENT}.{role}_document")


@pytest.mark.requirement("R0.3", "R9.3")
@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: holder[2])
@pytest.mark.parametrize("form", [{"actions": ["*"]}, {"not_actions": ["s3:*"]}])
def test_every_action_is_found(prod: Ground, holder: tuple[str, str, str], form: Body) -> None:
    phase, role, _ = holder
    found = prod.planted(phase, lambda c: state(c, role, sid="Planted", resources=["*"], **form))
    assert names(found, f"data.{DOCUMENT}.{role}_document")
    assert EXTRA in {check for check, _ in found}


@pytest.mark.requirement("R0.3")
@quick
@given(
    holder=st.sampled_from([*HOLDERS, ("account", "deployer_services", "deployer")]),
    passed=st.sampled_from([purpose for _, _, purpose in ROLES]),
)
def test_passing_another_role_is_found(prod: Ground, holder: tuple[str, str, str], passed: str) -> None:
    phase, role, purpose = holder
    assume(not allowed(purpose, "pass", passed))
    condition = [{"test": "StringEquals", "variable": "iam:PassedToService", "values": ["ecs-tasks.amazonaws.com"]}]
    found = prod.planted(
        phase,
        lambda c: state(c, role, actions=["iam:PassRole"], resources=[role_arn(passed)], condition=condition),
    )
    assert names(found, f"data.{DOCUMENT}.{role}_document")
    assert f"{purpose} may pass {passed} (iam:PassRole)" in "\n".join(found.values())


@pytest.mark.requirement("R0.3")
@quick
@given(holder=st.sampled_from(HOLDERS), key=st.sampled_from(sorted(KEYS)))
def test_decrypting_with_another_key_is_found(prod: Ground, holder: tuple[str, str, str], key: str) -> None:
    phase, role, purpose = holder
    assume(not allowed(purpose, "decrypt", key))
    alias = {"test": "ForAnyValue:StringEquals", "variable": "kms:ResourceAliases", "values": [f"alias/aep-prod-{key}"]}
    found = prod.planted(
        phase, lambda c: state(c, role, actions=["kms:Decrypt"], resources=[arn("kms", "key/*")], condition=[alias])
    )
    (what,) = [what for (_, where), what in found.items() if where == f"data.{DOCUMENT}.{role}_document"]
    assert {line.split(" (")[0] for line in what.splitlines()} == {f"{purpose} may decrypt {key}"}


@pytest.mark.requirement("R0.3")
@pytest.mark.parametrize(
    ("action", "guard"),
    [
        ("iam:Put*", "identities"),
        ("iam:DeleteRolePermissionsBoundary", "identities"),
        ("kms:*", "keys"),
        ("budgets:ModifyBudget", "budgets"),
        ("cloudtrail:StopLogging", "audit"),
        ("secretsmanager:PutResourcePolicy", "secrets' policies"),
    ],
)
@pytest.mark.parametrize("holder", [("account", "deployer_edge", "deployer"), HOLDERS[0], HOLDERS[-1]])
def test_changing_a_guard_is_found(prod: Ground, holder: tuple[str, str, str], action: str, guard: str) -> None:
    phase, role, purpose = holder
    found = prod.planted(phase, lambda c: state(c, role, actions=[action], resources=["arn:aws:*:*:*:x"]))
    check = WIDER if purpose in {"deployer", "planner"} else EXTRA  # the boundary stops those two
    assert f"{purpose} may change {guard}" in found[check, f"data.{DOCUMENT}.{role}_document"]


@pytest.mark.requirement("R0.3")
@pytest.mark.parametrize("role", ["frontend_task_role", "backend_execution_role"])
def test_a_policy_in_any_form_is_found(prod: Ground, role: str) -> None:
    statement = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role_arn("deployer")}
    policy = json.dumps({"Statement": statement})
    reference = f"${{aws_iam_role.{role}.name}}"
    forms: list[tuple[str, Callable[[Body], None]]] = [
        ("aws_iam_role_policy", add("aws_iam_role_policy", "planted", {"role": reference, "policy": policy})),
        (
            "aws_iam_role_policy_attachment",
            add(
                "aws_iam_role_policy_attachment",
                "planted",
                {"role": reference, "policy_arn": "arn:aws:iam::aws:policy/IAMFullAccess"},
            ),
        ),
        (
            "aws_iam_policy_attachment",
            add(
                "aws_iam_policy_attachment",
                "planted",
                {"roles": [f"aep-prod-{role.removesuffix('_role').replace('_', '-')}"], "policy_arn": "arn:other"},
            ),
        ),
    ]
    for kind, plant in forms:
        assert names(prod.planted("secrets", plant), f"{kind}.planted"), kind

    def of_the_role(content: Body) -> None:
        content["resource"]["aws_iam_role"][role]["inline_policy"] = [{"name": "planted", "policy": policy}]

    assert names(prod.planted("secrets", of_the_role), f"aws_iam_role.{role}")


@pytest.mark.requirement("R9.3")
@pytest.mark.parametrize("kind", ["aws_secretsmanager_secret_policy", "aws_ecr_repository_policy"])
@pytest.mark.parametrize(
    "who", [{"Principal": {"AWS": "444455556666"}}, {"NotPrincipal": {"AWS": "111122223333"}}, {"Principal": "*"}]
)
def test_a_targets_policy_that_names_it_literally_is_found(prod: Ground, kind: str, who: Body) -> None:
    statement = {"Sid": "S", "Effect": "Allow", **who}
    if kind == "aws_ecr_repository_policy":
        repository, *_ = json.loads(prod.documents["registry"].text)["resource"]["aws_ecr_repository"].values()
        phase, target = "registry", {"repository": repository["name"]}
        statement |= {"Action": "ecr:BatchGetImage"}
    else:
        phase, target = "secrets", {"secret_arn": arn("secretsmanager", "secret:aep/prod/OPENAI_API_KEY-x1Y2z3")}
        statement |= {"Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    policy = json.dumps({"Statement": statement})
    found = prod.planted(phase, add(kind, "planted", {**target, "policy": policy}))
    assert (EXTRA, f"{kind}.planted") in found


@pytest.mark.requirement("R0.3")
def test_a_role_or_user_that_the_table_does_not_know_is_found(prod: Ground) -> None:
    def change(content: Body) -> None:
        policy = json.dumps({"Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}]})
        add("aws_iam_user", "planted", {"name": "planted"})(content)
        add("aws_iam_user_policy", "planted", {"user": "${aws_iam_user.planted.name}", "policy": policy})(content)

    assert (
        "aws_iam_user.planted may decrypt data" in prod.planted("secrets", change)[EXTRA, "aws_iam_user_policy.planted"]
    )


# Trust, and the own policies of secrets and keys ---------------------------------------------------------------


@pytest.mark.requirement("R0.3")
@quick
@given(
    role=st.sampled_from([role for role in ROLES if role[1] != "trail_role"]),
    caller=st.sampled_from(
        [
            ("AWS", "*"),
            ("AWS", "arn:aws:iam::999999999999:root"),
            ("AWS", role_arn("trail")),
            ("Service", "ec2.amazonaws.com"),
        ]
    ),
)
def test_another_who_may_assume_a_role_is_found(
    prod: Ground, role: tuple[str, str, str], caller: tuple[str, str]
) -> None:
    phase, id_, purpose = role
    principals = [{"type": caller[0], "identifiers": [caller[1]]}]
    found = prod.planted(phase, lambda c: state(c, f"{id_}_trust", actions=["sts:AssumeRole"], principals=principals))
    assert f"may assume {purpose} by" in found[EXTRA, f"data.{DOCUMENT}.{id_}_trust_document"]


@pytest.mark.requirement("R0.3")
@pytest.mark.parametrize(
    "subject", ["repo:navralabs/aep-infrastructure:*", "repo:other/other:environment:production", None]
)
def test_other_jobs_that_may_assume_the_deployer_are_found(prod: Ground, subject: str | None) -> None:
    def change(content: Body) -> None:
        (jobs, _) = content["data"][DOCUMENT]["deployer_trust_document"]["statement"]
        about = [each for each in jobs["condition"] if each["variable"].endswith(":sub")]
        if subject is None:
            jobs["condition"].remove(about[0])
        else:
            about[0] |= {"test": "StringLike", "values": [subject]}

    found = prod.planted("account", change)
    assert (EXTRA, f"data.{DOCUMENT}.deployer_trust_document") in found
    assert (MISSING, "aws_iam_role.deployer") in found


def denying(content: Body, secret: str, sid: str) -> Body:
    statements = content["data"][DOCUMENT][f"{secret.lower()}_document"]["statement"]
    (found,) = [each for each in statements if each["sid"] == sid]
    body: Body = found
    return body


@pytest.mark.requirement("R9.3")
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_that_keeps_fewer_out_is_found(prod: Ground, secret: str) -> None:
    def another(content: Body) -> None:
        denying(content, secret, "ReadByItsRolesOnly")["condition"][0]["values"].append(role_arn("frontend-execution"))

    address = f"aws_secretsmanager_secret.{secret.lower()}"
    assert "doesn't stop frontend-execution from" in prod.planted("secrets", another)[WIDER, address]

    def no_principal(content: Body) -> None:
        del content["resource"]["aws_secretsmanager_secret_policy"][f"{secret.lower()}_policy"]

    assert "doesn't stop planner from" in prod.planted("secrets", no_principal)[WIDER, address]

    def allows(content: Body) -> None:
        principals = [{"type": "AWS", "identifiers": ["arn:aws:iam::999999999999:role/any"]}]
        state(content, secret.lower(), actions=["secretsmanager:*"], resources=["*"], principals=principals)

    assert (EXTRA, f"data.{DOCUMENT}.{secret.lower()}_document") in prod.planted("secrets", allows)


@pytest.mark.requirement("R0.3")
@quick
@given(
    key=st.sampled_from(sorted(KEYS)),
    principal=st.sampled_from(
        [
            ("AWS", "*"),
            ("AWS", "arn:aws:iam::999999999999:root"),
            ("AWS", role_arn("frontend-execution")),
            ("Service", "rds.amazonaws.com"),
        ]
    ),
)
def test_a_key_that_lets_another_in_is_found(prod: Ground, key: str, principal: tuple[str, str]) -> None:
    document = f"{key.removesuffix('s') if key == 'logs' else key}_key"
    principals = [{"type": principal[0], "identifiers": [principal[1]]}]
    found = prod.planted(
        KEYS[key], lambda c: state(c, document, actions=["kms:*"], resources=["*"], principals=principals)
    )
    assert f"decrypt {key}" in found[EXTRA, f"data.{DOCUMENT}.{document}_document"]


# Boundaries and Deny --------------------------------------------------------------------------------------------


@pytest.mark.requirement("R0.3")
@pytest.mark.parametrize("role", ["deployer", "planner"])
def test_a_role_without_its_boundary_is_missed(prod: Ground, role: str) -> None:
    found = prod.planted("account", lambda c: c["resource"]["aws_iam_role"][role].pop("permissions_boundary"))
    assert f"{role} should have a permissions boundary" in found[MISSING, f"aws_iam_role.{role}"]


@pytest.mark.requirement("R0.3")
def test_a_boundary_that_denies_less_is_found(prod: Ground) -> None:
    def change(content: Body) -> None:
        document = content["data"][DOCUMENT]["boundary_document"]
        document["statement"] = [each for each in document["statement"] if each["sid"] != "NeverSecretsOrShells"]

    said = prod.planted("account", change)[WIDER, f"data.{DOCUMENT}.boundary_document"]
    assert "doesn't stop deployer from secretsmanager:GetSecretValue" in said
    assert "doesn't stop planner from secretsmanager:PutResourcePolicy" in said


def test_a_deny_counts_only_where_it_surely_holds(prod: Ground) -> None:
    def change(content: Body, **condition: object) -> None:
        role = "frontend_task_role"
        state(content, role, actions=["iam:PassRole"], resources=["*"])
        narrow = {"condition": [condition]} if condition else {}
        state(content, role, **{"effect": "Deny", "actions": ["iam:*"], "resources": ["*"], **narrow})

    address = f"data.{DOCUMENT}.frontend_task_role_document"
    assert (EXTRA, address) not in prod.planted("secrets", change)
    unknown = {"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}
    assert (EXTRA, address) in prod.planted("secrets", lambda c: change(c, **unknown))
    own = {"test": "ArnLike", "variable": "aws:PrincipalArn", "values": [role_arn("frontend-*")]}
    assert (EXTRA, address) not in prod.planted("secrets", lambda c: change(c, **own))
    other = {"test": "ArnNotEquals", "variable": "aws:PrincipalArn", "values": [role_arn("frontend-task")]}
    assert (EXTRA, address) in prod.planted("secrets", lambda c: change(c, **other))


# What isn't there -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R9.3")
@pytest.mark.parametrize(
    ("phase", "document", "sid", "says"),
    [
        (
            "secrets",
            "backend_execution_role",
            "ReadItsSecrets",
            "backend-execution should be able to read OPENAI_API_KEY",
        ),
        (
            "secrets",
            "backend_execution_role",
            "DecryptItsSecrets",
            "backend-execution should be able to decrypt secrets",
        ),
        (
            "secrets",
            "backend_execution_role",
            "PullGuardDutysAgent",
            "backend-execution should be able to pull aws-guardduty-agent-fargate",
        ),
        ("account", "deployer_services", "PassToEcsTasks", "deployer should be able to pass backend-task"),
        ("account", "planner", "ReadStateKey", "planner should be able to decrypt state"),
        ("account", "log_key", "LogGroups", "logs.us-east-1.amazonaws.com should be able to decrypt logs"),
        ("account", "deployer_trust", "NamedPrincipals", "user/platform-engineer should be able to assume deployer"),
        ("account", "planner_trust", "IdentityCenter", "platform-engineer_* should be able to assume planner"),
        ("account", "break_glass_trust", "NamedPrincipals", "user/platform-lead should be able to assume break-glass"),
        (
            "secrets",
            "secrets_key",
            "AccountDecidesByIam",
            "the key's own policy (it doesn't delegate to IAM policies) stops it",
        ),
    ],
)
def test_a_statement_that_is_gone_is_missed(prod: Ground, phase: str, document: str, sid: str, says: str) -> None:
    def change(content: Body) -> None:
        body = content["data"][DOCUMENT][f"{document}_document"]
        body["statement"] = [each for each in body["statement"] if each["sid"] != sid]

    said = "\n".join(what for (check, _), what in prod.planted(phase, change).items() if check == MISSING)
    assert says in said


@pytest.mark.requirement("R2.4", "R9.3")
@pytest.mark.parametrize(
    ("endpoint", "left_out", "says"),
    [
        ("ecr_api", "guardduty", "pull aws-guardduty-agent-fargate: the policy of the endpoint ecr.api stops it"),
        ("ecr_dkr", "guardduty", "pull aws-guardduty-agent-fargate: the policy of the endpoint ecr.dkr stops it"),
        ("secretsmanager", ":secret:", "read REDIS_URL: the policy of the endpoint secretsmanager stops it"),
    ],
)
def test_an_endpoint_that_stops_a_role_of_tasks_is_missed(
    prod: Ground, endpoint: str, left_out: str, says: str
) -> None:
    def change(content: Body) -> None:
        for statement in content["data"][DOCUMENT][f"endpoint_{endpoint}_document"]["statement"]:
            kept = [each for each in statement["resources"] if left_out not in each]
            statement["resources"] = kept or ["arn:aws:ecr:us-east-1:999999999999:repository/none"]

    said = prod.planted("network", change)[MISSING, "aws_iam_role.backend_execution_role"]
    assert f"backend-execution should be able to {says}" in said


@pytest.mark.requirement("R1.2")
def test_a_principal_that_cannot_meet_its_condition_is_missed(prod: Ground) -> None:
    """Identity Center's sessions carry no MFA."""

    def change(content: Body) -> None:
        (statement,) = (
            each
            for each in content["data"][DOCUMENT]["planner_trust_document"]["statement"]
            if each["sid"] == "IdentityCenter"
        )
        asked = {"test": "Bool", "variable": "aws:MultiFactorAuthPresent", "values": ["true"]}
        statement["condition"].append(asked)

    said = prod.planted("account", change)[MISSING, "aws_iam_role.planner"]
    assert "should be able to assume planner: its trust policy requires MFA, and arn:" in said
    assert "a session from AssumeRole carries no MFA" in said


@pytest.mark.requirement("R9.3")
def test_a_secret_that_keeps_its_own_reader_out_is_missed(prod: Ground) -> None:
    def change(content: Body) -> None:
        denying(content, "REDIS_URL", "ReadByItsRolesOnly")["condition"][0]["values"].pop(0)

    said = prod.planted("secrets", change)[MISSING, "aws_iam_role.backend_execution_role"]
    assert "backend-execution should be able to read REDIS_URL: the target's own policy stops it" in said


def test_a_grant_of_a_key_is_an_error(prod: Ground) -> None:
    with pytest.raises(ScanFailedError, match="grants the use of a key"):
        prod.planted("secrets", add("aws_kms_grant", "planted", {"key_id": "${aws_kms_key.secrets_key.key_id}"}))


def test_a_policy_that_only_terraform_can_evaluate_is_an_error(prod: Ground) -> None:
    policy = "${jsonencode({Statement = var.any})}"
    plant = add("aws_iam_role_policy", "planted", {"role": "${aws_iam_role.frontend_task_role.id}", "policy": policy})
    with pytest.raises(ScanFailedError) as caught:
        prod.planted("secrets", plant)
    assert caught.value.errors[0].kind == ErrorKind.NOT_UNDERSTOOD
    assert "aws_iam_role_policy.planted" in caught.value.errors[0].where
