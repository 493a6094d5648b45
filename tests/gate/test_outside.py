"""Nothing is shared with, or sent to, what the environment's values don't name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import environments
from environments.schema import Registry
from ops.gate import outside
from ops.gate.model import Block, ScannedBlock
from ops.gate.outside import ENDPOINTS, OF_ORGANIZATION, OUTSIDE, Mention, inside, mentions, what_leads_outside
from ops.gate.understood import table
from tests.cases import every_case
from tests.gate.plants import Body, Ground, add
from tests.gate.test_understood import entries
from tests.products import SUBJECTS, Subject, values

PROD = environments.load("prod")
OTHER = "999988887777"
DOCUMENT = "aws_iam_policy_document"


@pytest.fixture(scope="module")
def ground(output: Path) -> Ground:
    """Production."""
    return Ground.of(output, PROD, what_leads_outside)


def test_no_product_leads_outside(subject: Subject, outputs: Callable[[Path], Path]) -> None:
    with values(subject.folder):
        assert Ground.of(outputs(subject.folder), subject.environment, what_leads_outside).failed == frozenset()


@every_case(
    ("text", "found"),
    [
        ("arn:aws:iam::999988887777:root", {("ARN", "arn:aws:iam::999988887777:root")}),
        (
            "arn:aws:kms:eu-west-1:999988887777:key/*",
            {("ARN", "arn:aws:kms:eu-west-1:999988887777:key/*"), ("region", "eu-west-1")},
        ),
        ("arn:aws:iam::*:role/x", {("ARN", "arn:aws:iam::*:role/x")}),
        ("arn:aws:s3:::exports/logs/*", {("bucket", "exports")}),
        ("arn:aws:s3:::${aws_s3_bucket.a.id}/*", set()),
        ("arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ", {("hosted zone", "Z0123456789ABCDEFGHIJ")}),
        ("999988887777", {("account", "999988887777")}),
        (
            "999988887777.dkr.ecr.eu-west-1.amazonaws.com/a@sha256:" + "1" * 64,
            {
                ("account", "999988887777"),
                ("host", "999988887777.dkr.ecr.eu-west-1.amazonaws.com"),
                ("region", "eu-west-1"),
            },
        ),
        ('{"a": ["\\u0039\\u0039\\u0039\\u003988887777"]}', {("account", "999988887777")}),
        ("${aws_x.a.id}999988887777", {("account", "999988887777")}),
        (
            "o-exampleorgid/r-ab12/ou-ab12-cdefgh34/",
            {("part of an organization", each) for each in ("o-exampleorgid", "r-ab12", "ou-ab12-cdefgh34")},
        ),
        ("AROAEXAMPLEEXAMPLE123:*", {("IAM id", "AROAEXAMPLEEXAMPLE123")}),
        ("vpce-svc-0123456789abcdef0", {("resource", "vpce-svc-0123456789abcdef0")}),
        ("sg-01234567", {("resource", "sg-01234567")}),
        ("On-Call@Example.NET", {("e-mail address", "on-call@example.net")}),
        ("http://user:pw@Proxy:3128/x", {("host", "proxy")}),
        ("https://${aws_lb.a.dns_name}/", set()),
        ("*.example.net", {("host", "example.net")}),
        ("smtp.example.net:25", {("host", "smtp.example.net")}),
        ("203.0.113.7/32", {("address", "203.0.113.7/32")}),
        ("us-east-1a", {("region", "us-east-1")}),
        ("$.detail.title", set()),
        ("/aep/prod/backend", set()),
        ("ecs:UpdateService", set()),
        ("10001:10001", set()),
        ("", set()),
    ],
)
def test_mentions(text: str, found: set[tuple[str, str]]) -> None:
    assert {*map(tuple, mentions(text))} == found


def test_what_the_values_name_is_inside() -> None:
    within = inside(PROD)
    assert PROD.edge.zone.role
    named = [PROD.edge.zone.role, *PROD.alerts.email, PROD.edge.host, "arn:aws:iam::777788889999:root", "10.30.16.0/20"]
    assert [each for text in named for each in mentions(text) if not within.has(each)] == []
    readers = inside(replace(PROD, registry=Registry(readers=(OTHER,))))
    mention = Mention("ARN", f"arn:aws:iam::{OTHER}:role/aep-*")
    assert readers.has(mention)
    assert not within.has(mention)


def statement(document: str, change: Callable[[Body], object], number: int = 0) -> Callable[[Body], None]:
    def changed(content: Body) -> None:
        change(content["data"][DOCUMENT][f"{document}_document"]["statement"][number])

    return changed


def allow(document: str, kind: str, who: str, *condition: str, action: str = "sns:Publish") -> Callable[[Body], None]:
    settings: Body = {"sid": "Planted", "actions": [action], "resources": ["*"]}
    settings["principals"] = [{"type": kind, "identifiers": [who]}]
    if condition:
        test, variable, value = condition
        settings["condition"] = [{"test": test, "variable": variable, "values": [value]}]

    def changed(content: Body) -> None:
        content["data"][DOCUMENT][f"{document}_document"]["statement"].append(settings)

    return changed


OWN = PROD.account_id
ACCOUNT = ("StringEquals", "aws:SourceAccount", OWN)


@pytest.mark.slow
@every_case(
    ("phase", "change", "what"),
    [
        ("account", allow("alerts_policy", "AWS", OTHER), f"names {OTHER}"),
        ("account", allow("alerts_policy", "AWS", f"arn:aws:iam::{OTHER}:user/x"), "don't name for a topic policy"),
        ("account", allow("alerts_policy", "AWS", "arn:aws:iam::777788889999:root"), "for a topic policy"),
        ("account", allow("alerts_policy", "AWS", "AIDAEXAMPLEEXAMPLE123"), "names the IAM id"),
        ("account", allow("alerts_policy", "AWS", "*"), "callers of any account"),
        ("account", allow("alerts_policy", "AWS", "*", "StringLike", "aws:PrincipalAccount", "1111*"), "any account"),
        ("account", allow("alerts_policy", "AWS", "*", "StringEquals", "aws:username", "x"), "any account"),
        ("account", allow("alerts_policy", "AWS", "*", "StringNotEquals", "aws:PrincipalAccount", OWN), "any account"),
        ("account", allow("alerts_policy", "CanonicalUser", "ab" * 32), "of the kind CanonicalUser"),
        ("account", allow("alerts_policy", "Federated", "accounts.example.net"), "of the kind Federated"),
        ("account", allow("alerts_policy", "Service", "lambda.amazonaws.com", *ACCOUNT), "has no need of"),
        ("account", allow("alerts_policy", "Service", "budgets.amazonaws.com"), "for any account"),
        (
            "account",
            allow("alerts_policy", "Service", "budgets.amazonaws.com", "StringEqualsIfExists", *ACCOUNT[1:]),
            "for any account",
        ),
        (
            "account",
            allow("alerts_policy", "Service", "budgets.amazonaws.com", *ACCOUNT[:2], OTHER),
            f"has a condition on {OTHER}",
        ),
        ("account", allow("log_key", "Service", "logs.eu-west-1.amazonaws.com", *ACCOUNT), "has no need of"),
        ("account", statement("trail_role_trust", lambda each: each.pop("condition")), "for any account"),
        ("account", statement("trail_bucket", lambda each: each.pop("condition"), 1), "for any account"),
        (
            "account",
            statement("trail_role", lambda each: each.update(resources=[f"arn:aws:logs:*:{OTHER}:log-group:x"])),
            "names the ARN",
        ),
        (
            "network",
            statement("endpoint_s3", lambda each: each.update(resources=["arn:aws:s3:::exports/*"])),
            "names the bucket exports",
        ),
        ("network", statement("endpoint_kms", lambda each: each.pop("condition")), "callers of any account"),
        (
            "account",
            add("aws_sns_topic_subscription", "x", {"endpoint": "x@example.net", "protocol": "email"}),
            "endpoint isn't what",
        ),
        (
            "account",
            add("aws_cloudwatch_event_target", "x", {"arn": f"arn:aws:sqs:us-east-1:{OWN}:queue"}),
            "arn isn't what",
        ),
        (
            "network",
            add("aws_vpc_endpoint", "x", {"service_name": "com.amazonaws.us-east-1.sns"}),
            "service_name isn't",
        ),
        (
            "services",
            add("aws_anything", "x", {"nested": [{"url": "https://example.net/x"}]}),
            "nested.url names the host",
        ),
        ("services", lambda content: content["locals"].update(x=OTHER), "names the account"),
        (
            "services",
            lambda content: content["output"].update(x={"value": f"arn:aws:iam::{OTHER}:role/x"}),
            "value names the ARN",
        ),
    ],
)
def test_what_leads_outside(ground: Ground, phase: str, change: Callable[[Body], object], what: str) -> None:
    found = ground.planted(phase, change)
    assert {check for check, _ in found} == {OUTSIDE}
    assert what in "".join(found.values())


@every_case(
    "change",
    [
        allow("alerts_policy", "AWS", OWN),
        allow("alerts_policy", "AWS", f"arn:aws:iam::{OWN}:role/aep-prod-deployer"),
        allow("alerts_policy", "AWS", "*", "ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{OWN}:role/*"),
        allow("alerts_policy", "Service", "budgets.amazonaws.com", *ACCOUNT),
        allow("alerts_policy", "Service", "events.amazonaws.com"),
    ],
)
def test_what_stays_inside(ground: Ground, change: Callable[[Body], object]) -> None:
    assert ground.planted("account", change) == {}


def test_readers_of_the_registry_are_named_for_repositories_only(outputs: Callable[[Path], Path]) -> None:
    (staging,) = (each for each in SUBJECTS if each.environment.name == "staging")
    (reader,) = staging.environment.registry.readers
    with values(staging.folder):
        ground = Ground.of(outputs(staging.folder), staging.environment, what_leads_outside)
        found = ground.planted("account", allow("alerts_policy", "AWS", f"arn:aws:iam::{reader}:root"))
    assert "for a topic policy" in "".join(found.values())


def test_the_organizations_unit_and_addresses() -> None:
    values_ = environments.load_organization()

    def wrong(kind: str, **settings: Any) -> list[str]:
        block = ScannedBlock(Block("organization", f"{kind}.a", "f", 1), "resource", kind, "a", settings)
        return [each for record in what_leads_outside([block], values_) for each in record.details]

    assert wrong("aws_organizations_organizational_unit", parent_id=values_.parent_id) == []
    assert len(wrong("aws_organizations_organizational_unit", parent_id="ou-ab12-cdefgh34")) == 2
    assert wrong("aws_organizations_account", email=values_.accounts[0].email) == []
    assert len(wrong("aws_organizations_account", email="owner@example.net")) == 2


def test_every_endpoint_is_in_the_tables() -> None:
    known = {
        (path[0], ".".join(path[1:])): str(entry)
        for kind, types in table.types().items()
        for path, entry in entries(types, (kind,))
    }
    assert (ENDPOINTS.keys() | OF_ORGANIZATION.keys()) - known.keys() == set()


# Plain forms of the two patterns, which look at each character of a text again for every character before it.
EMAIL = re.compile(r"[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE)
URL = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^\s/@]*@)?([^\s/:?#\"'&]*)", re.IGNORECASE)
PARTS = (
    "a",
    "b1",
    "A",
    "@",
    "@b.",
    "com",
    ".co",
    "://",
    "http",
    "1",
    "-",
    "+",
    "/",
    " ",
    "x.y",
    "_",
    "é",
    "&",
    ":",
    "?",
)


@pytest.mark.slow
@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
@settings(max_examples=300)
def test_addresses_are_those_of_plain_patterns(text: str) -> None:
    found = [each[0] for each in outside._EMAIL.finditer(text) if each[1]]
    assert found == [each[0] for each in EMAIL.finditer(text)]
    assert EMAIL.sub(" ", text) == outside._EMAIL.sub(outside._left, text)
    named = [(each[0], each[1]) for each in outside._URL.finditer(text) if each[1] is not None]
    assert named == [(each[0], each[1]) for each in URL.finditer(text)]
    assert URL.sub(" ", text) == outside._URL.sub(outside._left, text)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["x", "a@", "a.", "-a"])
def test_a_long_text_is_read_once(part: str) -> None:
    """The gate of a stack with such a text took minutes; with the plain patterns, this takes hours."""
    assert not {each.kind for each in mentions(part * 500_000)} - {"host"}
