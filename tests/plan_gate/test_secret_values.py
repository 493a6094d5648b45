"""Secrets are found wherever they stand in a plan, and never printed."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.gate.model import Outcome
from ops.plan_gate.model import FindingKind, PlanVerdict
from ops.plan_gate.reports import as_json, as_markdown, as_text
from tests.cases import every_case
from tests.conftest import Stack
from tests.plan_gate.plans import Body, allow, change, first, found, judge, plan, policy

patient = settings(max_examples=200, deadline=None)
KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "hunter2-correct-horse"
CREDENTIALS = st.one_of(
    st.from_regex(r"AKIA[A-Z0-9]{16}", fullmatch=True),
    st.from_regex(r"sk-ant-[A-Za-z0-9]{20,40}", fullmatch=True),
    st.from_regex(r"ghp_[A-Za-z0-9]{30,40}", fullmatch=True),
    st.from_regex(r"xoxb-[A-Za-z0-9]{10,20}", fullmatch=True),
    st.from_regex(r"eyJ[a-z]{10}\.eyJ[a-z]{10}\.[a-z]{5}", fullmatch=True),
    st.from_regex(r"postgresql://[a-z]{1,5}:[a-z0-9!%]{4,12}@[a-z]{1,5}/app", fullmatch=True),
    st.from_regex(r"-----BEGIN (RSA )?PRIVATE KEY-----\n[a-z]{20}\n", fullmatch=True),
)
NAMES = st.sampled_from(["password", "master_password", "secret_string", "auth_token", "DB_PASSWORD", "api_key"])
VALUES = st.from_regex(r"[A-Za-z0-9+/=\"\\<|`]{6,30}", fullmatch=True).map(lambda text: f"Zq{text}")


def whole() -> Body:
    """A plan with something in every part of it."""
    task = {"family": "app", "container_definitions": json.dumps([{"name": "app", "environment": []}])}
    role = {"role": "app", "policy": policy(allow())}
    return plan(
        change("aws_iam_role_policy.app", role, {**role, "policy": policy(allow(), allow("s3:PutObject"))}),
        change("aws_ecs_task_definition.app", task, {**task, "cpu": "256"}),
        change("aws_s3_bucket.old", {"bucket": "old", "tags": {"Project": "aep"}}),
        change("module.a.aws_sns_topic.a", None, {"name": "a"}, unknown={"arn": True}, module_address="module.a"),
        drift=(change("aws_sns_topic.b", {"name": "b"}, {"name": "c"}),),
        variables={"region": {"value": "us-east-1"}},
        output_changes={"arns": {"actions": ["no-op"], "before": ["a"], "after": ["a"]}},
        relevant_attributes=[{"resource": "aws_vpc.main", "attribute": ["id"]}],
        checks=[{"address": {"kind": "output_value"}, "status": "pass", "instances": [{"problems": []}]}],
    )


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all that can hold something more."""
    if isinstance(value, dict | list):
        if at:
            yield at
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*at, key))


def texts(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all texts."""
    if isinstance(value, str):
        yield at
    elif isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(each, (*at, key))


PLACES = list(places(whole()))
TEXTS = list(texts(whole()))


def put(document: Body, at: tuple[Any, ...], value: Any, key: str = "planted") -> Body:
    """The document with the value added there."""
    document = copy.deepcopy(document)
    target: Any = document
    for step in at:
        target = target[step]
    if isinstance(target, dict):
        target[key] = value
    else:
        target.append({key: value})
    return document


def silent(verdict: PlanVerdict, secret: str) -> bool:
    reports = as_text(verdict) + as_json(verdict) + as_markdown(verdict)
    return secret.lower() not in reports.lower() and json.dumps(secret)[1:-1].lower() not in reports.lower()


def test_the_plan_is_clean_of_secrets() -> None:
    assert found(whole(), FindingKind.SECRET) == []


@pytest.mark.slow
@pytest.mark.requirement("R0.2")
@patient
@given(at=st.sampled_from(PLACES), secret=CREDENTIALS, form=st.sampled_from(["value", "key", "json", "list", "text"]))
def test_a_credential_anywhere_is_found_and_never_printed(at: tuple[Any, ...], secret: str, form: str) -> None:
    forms: dict[str, Any] = {
        "value": secret,
        "key": {secret: True},
        "json": json.dumps([{"command": ["--key", secret]}]),
        "list": [[secret]],
        "text": f"the key is {secret} and more",
    }
    verdict = judge(put(whole(), at, forms[form]), approve=True)
    assert verdict.outcome is not Outcome.CLEAN
    assert verdict.error or verdict.of(FindingKind.SECRET)
    assert silent(verdict, secret)


@pytest.mark.slow
@pytest.mark.requirement("R0.2")
@patient
@given(at=st.sampled_from(TEXTS), secret=CREDENTIALS)
def test_a_credential_instead_of_any_text_is_never_printed(at: tuple[Any, ...], secret: str) -> None:
    document = copy.deepcopy(whole())
    target: Any = document
    for step in at[:-1]:
        target = target[step]
    target[at[-1]] = secret
    verdict = judge(document)
    assert verdict.outcome is not Outcome.CLEAN
    assert silent(verdict, secret)


INSIDE = [
    at for at in PLACES if at[-1] in {"before", "after", "values", "tags", "environment"} and at[0] != "output_changes"
]


@pytest.mark.slow
@pytest.mark.requirement("R0.2")
@patient
@given(at=st.sampled_from(INSIDE), name=NAMES, secret=VALUES, form=st.sampled_from(["value", "json", "list"]))
def test_a_value_under_a_secrets_name_is_found_and_never_printed(
    at: tuple[Any, ...], name: str, secret: str, form: str
) -> None:
    forms: dict[str, Any] = {
        "value": (name, secret),
        "json": ("a", json.dumps({name: secret})),
        "list": (name, [secret]),
    }
    key, value = forms[form]
    verdict = judge(put(whole(), at, value, key), approve=True)
    assert verdict.error or any(name in each.where or form == "json" for each in verdict.of(FindingKind.SECRET))
    assert silent(verdict, secret)


@pytest.mark.slow
@pytest.mark.requirement("R0.2")
@patient
@given(secret=VALUES, when=st.sampled_from(["before", "after"]))
def test_what_terraform_marks_as_sensitive_is_found_and_never_printed(secret: str, when: str) -> None:
    marked = change("aws_thing.a", {"pin": "x", "list": []}, {"pin": "y", "list": []})
    marked["change"][when] = {"pin": "z", "list": [{"deep": secret}]}
    marked["change"][f"{when}_sensitive"] = {"list": [{"deep": True}]}
    (finding,) = judge(plan(marked)).of(FindingKind.SECRET)
    assert finding.where == f"resource_changes[aws_thing.a].change.{when}.list[0].deep"
    assert silent(judge(plan(marked)), secret)


CONTAINER = [{"name": "app", "environment": [{"name": "DB_PASSWORD", "value": SECRET}]}]


@pytest.mark.requirement("R0.2")
@every_case(
    ("document", "where"),
    [
        (plan(variables={"db_password": {"value": SECRET}}), "variables.db_password.value"),
        (
            plan(
                variables={"x": {"value": SECRET}},
                configuration={"root_module": {"variables": {"x": {"sensitive": True}}}},
            ),
            "variables.x.value",
        ),
        (
            plan(configuration={"root_module": {"variables": {"x": {"sensitive": True, "default": SECRET}}}}),
            "configuration.root_module.variables.x.default",
        ),
        (
            plan(
                configuration={
                    "provider_config": {
                        "aws": {
                            "full_name": "registry.terraform.io/hashicorp/aws",
                            "expressions": {"secret_key": {"constant_value": SECRET}},
                        }
                    },
                    "root_module": {},
                }
            ),
            "configuration.provider_config.aws.expressions.secret_key.constant_value",
        ),
        (
            plan(output_changes={"a": {"actions": ["create"], "after": SECRET, "after_sensitive": True}}),
            "output_changes.a.after",
        ),
        (
            plan(output_changes={"a_token": {"actions": ["create"], "after": SECRET, "after_sensitive": False}}),
            "output_changes.a_token.after",
        ),
        (
            put(plan(), ("prior_state", "values"), {"a": {"sensitive": True, "value": SECRET}}, "outputs"),
            "prior_state.values.outputs.a.value",
        ),
        (
            plan(change("aws_ecs_task_definition.a", None, {"container_definitions": json.dumps(CONTAINER)})),
            "resource_changes[aws_ecs_task_definition.a].change.after.container_definitions[0].environment[0].value",
        ),
    ],
)
def test_where_it_is_found(document: Body, where: str) -> None:
    verdict = judge(document)
    assert not verdict.error, verdict.error
    assert where in [each.where for each in verdict.of(FindingKind.SECRET)]
    assert silent(verdict, SECRET)


@every_case(
    "changed",
    [
        change("aws_iam_policy.a", None, {"policy": policy(allow(KEY))}),
        change("aws_iam_policy.a", None, {"policy": policy(allow(resources=KEY))}),
        change("aws_iam_policy.a", None, {"policy": policy(allow(Principal={"AWS": KEY}))}),
        change("aws_iam_policy.a", None, {"policy": policy({**allow(), "Sid": KEY})}),
        change("aws_iam_policy.a", None, {"name": KEY, "policy": policy(allow())}),
        change("aws_iam_role_policy_attachment.a", None, {"role": KEY, "policy_arn": KEY}),
        change(f'aws_s3_bucket.a["{KEY}"]', {"bucket": "a"}),
        change("aws_s3_bucket.a", {"bucket": "a"}, {}, actions=("delete", "create"), replace_paths=[[KEY]]),
        change("aws_security_group_rule.a", None, {"type": "ingress", "protocol": KEY, "cidr_blocks": [KEY]}),
        change("aws_db_instance.a", {"identifier": "a", "deletion_protection": True}, {"deletion_protection": KEY}),
    ],
)
def test_other_findings_do_not_quote_it(changed: Body) -> None:
    verdict = judge(plan(changed))
    assert {each.kind for each in verdict.findings} > {FindingKind.SECRET}
    assert silent(verdict, KEY)


def test_approval_is_not_for_secrets() -> None:
    assert judge(plan(variables={"a": {"value": KEY}}), approve=True).outcome is Outcome.FINDINGS


@every_case(
    "values",
    [
        {"secret_id": "aep-prod/app", "secret_arn": "arn:aws:secretsmanager:a", "password_wo": None, "auth_token": ""},
        {"http_tokens": "required", "manage_master_user_password": "true", "max_password_age": 90},
        {"endpoints": {"secretsmanager": "vpce-1"}, "tokens": []},
        {
            "auth_token_update_strategy": "ROTATE",
            "secret_string_wo": "postgresql://a:${ephemeral.b.c}@${d.e}:5432/f?g=h",
        },
        {"secrets": [{"name": "DB_PASSWORD", "valueFrom": "arn:aws:secretsmanager:a"}]},
        {"parameter": [{"name": "password_encryption", "value": "scram-sha-256"}]},
        {"policy": policy(allow(Condition={"StringLike": {"token.actions.githubusercontent.com:sub": "repo:a/b"}}))},
    ],
)
def test_what_is_no_secret(values: Body) -> None:
    assert found(plan(change("aws_thing.a", values, values)), FindingKind.SECRET) == []


@every_case("url", ["a://b:hunter2-${c.d}@e", "a://b:${c.d}hunter2@e", "hunter2-${c.d}"])
def test_a_literal_beside_an_expression_is_found(url: str) -> None:
    verdict = judge(plan(change("aws_thing.a", None, {"secret_string_wo": url})))
    assert verdict.of(FindingKind.SECRET)
    assert silent(verdict, "hunter2")


def test_the_type_of_an_output_is_no_secret() -> None:
    shape = {"sensitive": False, "value": {"DATABASE_URL": "arn:a"}, "type": ["object", {"DATABASE_URL": "string"}]}
    document = plan()
    document["planned_values"]["outputs"] = {"secret_arns": shape}
    assert found(document, FindingKind.SECRET) == []


@pytest.mark.slow
def test_the_stacks_themselves_hold_none(stacks: dict[str, Stack]) -> None:
    """Nothing that is configured looks like a secret to this gate."""
    for stack in stacks.values():
        configured = [change(f"{kind}.{id_}", None, body) for kind, id_, body in stack.all_resources()]
        assert found(first(*configured), FindingKind.SECRET) == [], stack.name


PASSWORD = "Tr0ub4dor&3-prod"


@every_case("name", ["PGPASS", "DB_PWD", "APP_PASS", "NOTE"])
def test_a_password_under_any_name_is_found(name: str) -> None:
    environment = [{"name": name, "value": PASSWORD}]
    task = {"family": "a", "container_definitions": json.dumps([{"name": "a", "environment": environment}])}
    verdict = judge(plan(change("aws_ecs_task_definition.a", None, task)), approve=True)
    assert verdict.of(FindingKind.SECRET)
    assert silent(verdict, PASSWORD)


@every_case("value", ["password1", "letmein", "postgres"])
def test_a_weak_password_is_found_by_its_name(value: str) -> None:
    environment = [{"name": "PGPASS", "value": value}]
    task = {"family": "a", "container_definitions": json.dumps([{"name": "a", "environment": environment}])}
    assert found(plan(change("aws_ecs_task_definition.a", None, task)), FindingKind.SECRET)


def test_an_output_that_is_a_password_is_found() -> None:
    output = {"actions": ["create"], "before": None, "after": PASSWORD, "after_unknown": False}
    verdict = judge(plan(output_changes={"note": output}), approve=True)
    assert verdict.of(FindingKind.SECRET)
    assert silent(verdict, PASSWORD)


@every_case(
    "value",
    [
        *(
            "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
            "cron(0 3 * * ? *)",
            "/api/V1/*",
            "https://A1b.example/?a=1&b=2",
        ),
        *(
            "{ $.Level = 1 && $.Name != ABC }",
            "Mon:03:00-mon:04:00",
            "AWSManagedRulesCommonRuleSet1",
            "on ~App1:* +@read",
        ),
    ],
)
def test_a_harmless_text_with_signs_is_no_password(value: str) -> None:
    assert found(plan(change("aws_sns_topic.a", None, {"name": value})), FindingKind.SECRET) == []


def fake(length: int) -> str:
    return ("aB3dE5fG7h" * 8)[:length]


FORMS: list[Body] = [
    {"description": f"wJalrXUtnFEMI/K7MDENG/{fake(18)}"},
    {"note": f"key {'wJalrXUtnFEMI/K7MDENG/' + fake(18)} of the user"},
    {"public": "-----BEGIN PGP PRIVATE KEY BLOCK-----"},
    {"note": "sk_live_" + fake(24)},
    {"note": "rk_live_" + fake(24)},
    {"note": "npm_" + fake(36)},
    {"note": "glpat-" + fake(20)},
    {"note": "AIza" + fake(35)},
    {"note": f"SG.{fake(22)}.{fake(43)}"},
    {"connection": "Server=db;User Id=app;Password=hunter2x;"},
    {"command": ["sh", "-c", "psql --password=hunter2x"]},
    {"command": ["migrate", "--password", "hunter2x"]},
    {"command": ["migrate", "--api-key", "hunter2x"]},
    {"headers": [{"value": "Bearer " + fake(20)}]},
    {"headers": [{"value": "Basic dXNlcjpodW50ZXIy"}]},
    {"user_data_base64": base64.b64encode(b"#!/bin/sh\nexport PASSWORD=hunter2x\n").decode()},
    {"user_data": base64.b64encode(b"#!/bin/sh\naws configure set x sk_live_" + fake(24).encode()).decode()},
]
ORDINARY: list[Body] = [
    {"description": "The password: an operator writes it"},
    {"command": ["migrate", "--no-password=true", "--timeout", "30"]},
    {"command": ["sh", "-c", "psql --password=${PASSWORD}"]},
    {"arn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:app/DATABASE_URL-a1B2c3"},
    {"suffix": "targetgroup/BackendTargets/0123456789abcdef"},
    {"digest": "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"},
    {"image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/app@sha256:" + "0123456789abcdef" * 4},
    {"source_code_hash": base64.b64encode(bytes(range(32))).decode()},
    {"note": "Basic authentication is off"},
    {"user_data": base64.b64encode(b"#!/bin/sh\nsystemctl start app\n").decode()},
]


@pytest.mark.requirement("R0.2")
@every_case("values", FORMS, ids=range(len(FORMS)))
def test_a_credential_of_any_kind_is_found_and_no_flag_allows_it(values: Body) -> None:
    verdict = judge(plan(change("aws_vpc.a", {"id": "1"}, {"id": "1", **values})), approve=True)
    assert verdict.of(FindingKind.SECRET)
    assert verdict.outcome is Outcome.FINDINGS
    assert "hunter2x" not in repr(verdict)


@every_case("values", ORDINARY, ids=range(len(ORDINARY)))
def test_an_ordinary_text_is_no_credential(values: Body) -> None:
    assert not judge(plan(change("aws_vpc.a", {"id": "1"}, {"id": "1", **values}))).of(FindingKind.SECRET)
