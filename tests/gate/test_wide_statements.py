"""A statement that is wider than it looks is found wherever a policy can be written, as a document and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest

from environments.documents import HOLDERS
from ops.gate.model import Block, ScannedBlock, ScanResult
from ops.gate.scanner import Scanner
from tests.gate.project import POLICIES

ONE_ARN = "arn:aws:s3:::aep-prod-logs-111122223333/*"
ROLE = "arn:aws:iam::111122223333:role/aep-prod-backend-task"
DOCUMENT = "aws_iam_policy_document"
NARROW = {"Sid": "S", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ONE_ARN, "Principal": {"AWS": ROLE}}
SHAPES = {"CKV_ROLLOUT_5", "CKV_ROLLOUT_35", "CKV_ROLLOUT_36", "CKV_ROLLOUT_37"}


class Wide(NamedTuple):
    """What is changed in a narrow statement; None removes an element."""

    name: str
    changes: dict[str, Any]
    of_trust: bool = False
    """Whether a trust policy, which has no resources, can have it."""
    of_identity: bool = True
    """Whether a policy of an identity, which has no principals, can have it."""


WIDE = (
    Wide("not-resources", {"Action": ["s3:*", "dynamodb:*", "ec2:*"], "NotResource": [ONE_ARN], "Resource": None}),
    Wide("not-actions", {"NotAction": ["iam:CreateUser"], "Action": None}, of_trust=True),
    Wide("not-principals", {"NotPrincipal": {"AWS": ROLE}, "Principal": None}, of_trust=True, of_identity=False),
    Wide("everybody", {"Principal": "*"}, of_trust=True, of_identity=False),
    Wide("everybody-as-pattern", {"Principal": {"AWS": "?*"}}, of_trust=True, of_identity=False),
    Wide("every-arn-as-principal", {"Principal": {"AWS": "arn:*"}}, of_trust=True, of_identity=False),
    Wide(
        "not-principals-over-tls",
        {"NotPrincipal": {"AWS": [ROLE]}, "Principal": None, "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        of_trust=True,
        of_identity=False,
    ),
    *(
        Wide(f"action {action}", {"Action": action}, of_trust=True)
        for action in ("*", "*:*", "?*", "**", "s?:*", "*:Get*", "?3:PutObject")
    ),
    *(
        Wide(f"resource {resource}", {"Resource": resource})
        for resource in ("*", "?*", "**", "arn:*", "arn:aws:*", "arn:*:*:*:*:*", "arn:aws:*:*:*:*", "arn:aws:s3:::*")
    ),
    Wide("one-of-several", {"Action": ["s3:GetObject", "*:*"], "Resource": [ONE_ARN, "arn:*"]}),
)
TRUST = ("aws_iam_role", "assume_role_policy")
BY_FORM = [
    ("aws_backup_vault_policy", "policy"),
    ("aws_efs_file_system_policy", "policy"),
    ("aws_opensearch_domain", "access_policies"),
    ("aws_s3_access_point", "policy"),
]
PLACES = [
    *HOLDERS,
    *BY_FORM,
    ("aws_iam_role", "inline_policy"),
    (DOCUMENT, "statement"),
    (DOCUMENT, "source_policy_documents"),
    (DOCUMENT, "override_policy_documents"),
]


def places(wide: Wide) -> Iterator[tuple[str, str]]:
    for kind, attribute in PLACES:
        identity = kind.startswith(("aws_iam", "aws_org")) and attribute != "assume_role_policy"
        trust = (kind, attribute) == TRUST
        if (wide.of_identity or not identity) and (wide.of_trust or not trust):
            yield kind, attribute


def as_settings(kind: str, attribute: str, statement: dict[str, Any]) -> dict[str, Any]:
    """A block whose policy has one statement."""
    if attribute == "statement":
        return {"statement": [as_block(statement)]}
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    if kind == DOCUMENT:
        return {attribute: [text]}
    return {attribute: [{"name": "a", "policy": text}]} if attribute == "inline_policy" else {attribute: text}


def as_block(statement: dict[str, Any]) -> dict[str, Any]:
    """The statement as a Terraform block."""
    block: dict[str, Any] = {"sid": statement["Sid"], "effect": statement["Effect"]}
    for json_name, name in {"Action": "actions", "Resource": "resources"}.items():
        for prefix, own in (("", name), ("Not", f"not_{name}")):
            if (value := statement.get(prefix + json_name)) is not None:
                block[own] = value if isinstance(value, list) else [value]
    for json_name, name in {"Principal": "principals", "NotPrincipal": "not_principals"}.items():
        if (value := statement.get(json_name)) is not None:
            kinds = value if isinstance(value, dict) else {"*": value}
            block[name] = [
                {"type": kind, "identifiers": ids if isinstance(ids, list) else [ids]} for kind, ids in kinds.items()
            ]
    block["condition"] = [
        {"test": test, "variable": key, "values": [values]}
        for test, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return block


def changed(changes: dict[str, Any], place: tuple[str, str]) -> dict[str, Any]:
    statement = {key: value for key, value in {**NARROW, **changes}.items() if value is not None}
    if place == TRUST:
        statement.pop("Resource", None)
    return statement


@cache
def failing() -> tuple[ScanResult, dict[str, set[str]]]:
    """One scan of everything: the shape checks that fail by address."""
    blocks: list[ScannedBlock] = []
    for wide in (Wide("narrow", {}, of_trust=True, of_identity=True), *WIDE):
        for place in places(wide):
            kind, attribute = place
            address = f"{wide.name} in {kind}.{attribute}"
            block = Block("demo-account", address, "demo.tf.json", 1)
            section = "data" if kind == DOCUMENT else "resource"
            settings = as_settings(kind, attribute, changed(wide.changes, place))
            blocks.append(ScannedBlock(block, section, kind, f"b{len(blocks)}", settings))
    with Scanner(POLICIES / "checks") as scanner:
        scan = scanner.scan(blocks)
    found: dict[str, set[str]] = {}
    for record in scan.records:
        checks = found.setdefault(record.block.address, set())
        if not record.passed and record.check in SHAPES:
            checks.add(record.check)
    return scan, found


@pytest.mark.slow
@pytest.mark.parametrize("wide", WIDE, ids=lambda wide: wide.name)
def test_a_wide_statement_is_found_in_every_place(wide: Wide) -> None:
    addresses = [f"{wide.name} in {'.'.join(place)}" for place in places(wide)]
    assert [address for address in addresses if not failing()[1].get(address)] == []


@pytest.mark.slow
def test_a_narrow_statement_passes() -> None:
    assert {place for place in PLACES if failing()[1][f"narrow in {'.'.join(place)}"]} == set()


@pytest.mark.slow
def test_no_own_check_raises() -> None:
    assert [error for error in failing()[0].errors if "ROLLOUT" in error.what] == []
