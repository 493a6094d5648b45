"""Statements and security group rules are read alike from every form that they can be written in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.iam.conditions import PolicyCondition
from ops.iam.policy import IamStatement, read, read_document
from policies.security_group_rules import ALL, SELF, SecurityGroupRule, read_rules
from tests.cases import every_case

WORDS = st.lists(st.sampled_from(["s3:*", "arn:a", "arn:b/*", "x"]), max_size=3, unique=True)
PRINCIPALS = st.lists(st.tuples(st.sampled_from(["AWS", "Service"]), st.sampled_from(["*", "a", "b"])), unique=True)
STATEMENTS = st.fixed_dictionaries(
    {
        "sid": st.sampled_from(["", "A"]),
        "effect": st.sampled_from(["Allow", "Deny"]),
        **dict.fromkeys(("actions", "not_actions", "resources", "not_resources"), WORDS),
        **dict.fromkeys(("principals", "not_principals"), PRINCIPALS),
    }
).filter(lambda statement: statement["actions"] or statement["not_actions"])


def as_json(statement: dict[str, Any]) -> dict[str, Any]:
    names = {"actions": "Action", "not_actions": "NotAction", "resources": "Resource", "not_resources": "NotResource"}
    principals = {"principals": "Principal", "not_principals": "NotPrincipal"}
    found = {"Sid": statement["sid"], "Effect": statement["effect"]}
    found |= {element: statement[name] for name, element in names.items() if statement[name]}
    for name, element in principals.items():
        if statement[name]:
            kinds = dict.fromkeys(kind for kind, _ in statement[name])
            found[element] = {kind: [who for each, who in statement[name] if each == kind] for kind in kinds}
    return found


def as_block(statement: dict[str, Any]) -> dict[str, Any]:
    principals = ("principals", "not_principals")
    block = {name: value for name, value in statement.items() if value and name not in principals}
    return block | {
        name: [{"type": kind, "identifiers": [who]} for kind, who in statement[name]]
        for name in principals
        if statement[name]
    }


@pytest.mark.slow
@given(STATEMENTS)
def test_a_block_and_json_are_the_same_statement(statement: dict[str, Any]) -> None:
    (of_block,) = read_document({"statement": [as_block(statement)]})
    (of_json,) = read(json.dumps({"Statement": as_json(statement)}))
    assert of_block == of_json


def test_conditions_of_one_test_and_variable_are_one_as_in_the_provider() -> None:
    condition = [{"test": "StringEquals", "variable": "aws:PrincipalAccount", "values": [value]} for value in "12"]
    (statement,) = read_document({"statement": [{"actions": ["*"], "condition": condition}]})
    assert statement.conditions == (PolicyCondition("StringEquals", "aws:PrincipalAccount", ("1", "2")),)


@every_case(
    "statement",
    [
        {"Effect": "Allow", "NotAction": []},
        {"Effect": "Deny", "NotPrincipal": {}},
        {"Effect": "allow"},
        {"Action": "*"},
        {"Effect": "Allow", "Condition": ["a"]},
        "Allow",
    ],
)
def test_what_aws_does_not_take_is_an_error(statement: object) -> None:
    with pytest.raises(ValueError):
        IamStatement.of_json(statement)


RULE = {"from_port": 443, "to_port": 443}
FORMS = [
    ("aws_security_group", {"ingress": [{**RULE, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8"]}]}, ""),
    ("aws_default_security_group", {"ingress": {**RULE, "protocol": "6", "cidr_blocks": ["10.0.0.0/8"]}}, ""),
    ("aws_security_group_rule", {"type": "ingress", "protocol": "TCP", "cidr_blocks": "10.0.0.0/8", **RULE}, "sg-1"),
    ("aws_vpc_security_group_ingress_rule", {"ip_protocol": 6, "cidr_ipv4": "10.0.0.0/8", **RULE}, "sg-1"),
]


@every_case(("kind", "settings", "group"), FORMS)
def test_three_forms_are_the_same_rule(kind: str, settings: dict[str, Any], group: str) -> None:
    if group:
        settings = {**settings, "security_group_id": group}
    expected = SecurityGroupRule(group, "ingress", "tcp", (443, 443), "10.0.0.0/8", is_range=True)
    assert list(read_rules(kind, settings)) == [expected]


def test_a_rule_without_ports_or_with_minus_one_is_about_all() -> None:
    kind = "aws_vpc_security_group_egress_rule"
    for ports in ({}, {"from_port": -1, "to_port": "-1"}):
        (rule,) = read_rules(kind, {"ip_protocol": "udp", **ports})
        assert (rule.span, rule.everything, rule.peer) == ((0, 65535), True, "")
    (rule,) = read_rules("aws_security_group_rule", {"type": "egress", "protocol": "-1", "self": True, **RULE})
    assert (rule.protocol, rule.everything, rule.peer, str(rule)) == (ALL, True, SELF, "everything to self")
    with pytest.raises(ValueError):
        list(read_rules(kind, {"ip_protocol": "tcp", "from_port": "${var.port}"}))
