"""What a plan shows only in part: `dynamic` blocks, imports, resources that are forgotten, policies inside texts."""

from __future__ import annotations

import json

import pytest

from ops.gate.model import Outcome
from ops.plan_gate.model import FindingKind
from tests.cases import every_case
from tests.plan_gate.plans import Body, allow, change, deny, judge, plan, policy

LOSS, OUTAGE, OFF, WIDER = (
    FindingKind.LOSS_IN_PLACE,
    FindingKind.OUTAGE,
    FindingKind.PROTECTION_OFF,
    FindingKind.WIDENING,
)
TLS: Body = {"parameter": [{"name": "rds.force_ssl", "value": "1"}]}
RULE: Body = {"ingress": [{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.0/8"]}]}
EVERYONE = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}})
ECS = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}})


def unlisted(document: Body, *names: str) -> Body:
    """The plan with attributes missing in its configuration."""
    expressions = document["configuration"]["root_module"]["resources"][-1]["expressions"]
    for name in names:
        expressions.pop(name, None)
    return document


@every_case(
    ("kind", "type_", "before"),
    [
        (OFF, "aws_db_parameter_group", TLS),
        (LOSS, "aws_s3_bucket_lifecycle_configuration", {"rule": [{"id": "a", "filter": [{"prefix": "a/"}]}]}),
        (WIDER, "aws_iam_role", {"inline_policy": [{"name": "a", "policy": policy(deny())}]}),
        (OUTAGE, "aws_ecs_service", {"network_configuration": [{"subnets": ["a"], "security_groups": ["b"]}]}),
        (OFF, "aws_some_parameter_group", TLS),
    ],
)
def test_a_block_that_becomes_unknown_counts_as_configured(kind: FindingKind, type_: str, before: Body) -> None:
    (name,) = before
    changed = change(f"{type_}.a", {"id": "1", **before}, {"id": "1"}, unknown={name: True})
    assert judge(unlisted(plan(changed), name)).of(kind)


def test_rules_of_a_group_that_a_dynamic_block_made_are_an_outage_when_they_go() -> None:
    group: Body = {"id": "sg-1", "name": "a"}
    gone = change("aws_security_group.a", {**group, **RULE}, {**group, "ingress": []})
    assert judge(unlisted(plan(gone), "ingress")).of(OUTAGE)
    reported = change("aws_security_group.a", {**group, **RULE}, {**group, **RULE, "tags": {"a": "b"}})
    assert judge(unlisted(plan(reported), "ingress")).outcome is Outcome.CLEAN


def test_what_aws_computes_may_become_unknown() -> None:
    changed = change("aws_db_instance.a", {"id": "1", "port": 5432}, {"id": "1"}, unknown={"port": True})
    assert judge(unlisted(plan(changed), "port")).outcome is Outcome.CLEAN


@every_case(
    ("kind", "type_"),
    [
        (OFF, "aws_wafv2_web_acl_association"),
        (OFF, "aws_cloudwatch_metric_alarm"),
        (OUTAGE, "aws_iam_role"),
        (OFF, "aws_flow_log"),
    ],
)
def test_what_is_forgotten_is_of_the_class_of_its_deletion(kind: FindingKind, type_: str) -> None:
    (finding,) = judge(plan(change(f"{type_}.a", {"id": "1"}, actions=("forget",)))).findings
    assert finding.kind is kind
    assert "would no longer be managed by Terraform" in finding.what


def imported(address: str, values: Body, before: Body | None = None) -> Body:
    taken = change(address, before or values, values)
    taken["change"]["importing"] = {"id": "1"}
    return taken


def test_an_imported_resource_is_new_access() -> None:
    role = imported("aws_iam_role.a", {"id": "a", "name": "a", "assume_role_policy": EVERYONE})
    assert judge(plan(role)).of(WIDER)
    assert judge(plan(imported("aws_instance.a", {"id": "i-1"}))).of(WIDER)
    alarm: Body = {"id": "a", "alarm_actions": ["topic"]}
    assert judge(plan(imported("aws_cloudwatch_metric_alarm.a", alarm))).outcome is Outcome.CLEAN
    assert judge(plan(imported("aws_cloudwatch_metric_alarm.a", {"id": "a", "alarm_actions": []}, alarm))).of(OFF)


VARIABLE = "arn:aws:s3:::a/${aws:username}/*"


def versioned(version: str | None, *statements: Body) -> str:
    text = policy(*statements)
    return text.replace('"2012-10-17"', f'"{version}"') if version else text.replace('"Version": "2012-10-17", ', "")


@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_a_policy_of_the_old_version_reads_variables_as_text(version: str | None) -> None:
    def document(statement: Body) -> Body:
        new = versioned(version, statement)
        return plan(change("aws_iam_policy.a", {"policy": policy(statement)}, {"policy": new}))

    assert judge(document(deny(resources=VARIABLE))).of(WIDER)
    assert judge(document(deny())).outcome is Outcome.CLEAN, "without a variable, the versions are alike"


def test_a_policy_inside_another_text_is_read() -> None:
    everything = policy(allow("*", "*"))
    template = json.dumps({"Resources": {"Role": {"Policy": json.loads(everything)}}})
    for text in (template, json.dumps({"inner": everything}), json.dumps(everything)):
        verdict = judge(plan(change("aws_xray_group.a", {"body": "a"}, {"body": text})))
        assert any("allows * on *" in each.what for each in verdict.of(WIDER)), text
    rules = json.dumps({"Name": "a", "Statement": {"ByteMatchStatement": {}}})
    assert not judge(plan(change("aws_xray_group.a", {"tags": {}}, {"tags": {"a": rules}}))).error
