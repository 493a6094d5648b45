"""What the AWS provider calls deprecated is a finding. That no product uses any is a test of the whole gate."""

from __future__ import annotations

from typing import Any

import pytest

from ops.gate.deprecated import DEPRECATED, deprecated
from ops.gate.model import Block, ScannedBlock
from ops.gate.understood import schema
from tests.cases import every_case

BUCKET = "aws_s3_bucket"


def found(kind: str, settings: dict[str, Any], section: str = "resource") -> tuple[str, ...]:
    """What is wrong with a block."""
    where = Block("demo-network", f"{kind}.it", "file", 1)
    (record,) = deprecated([ScannedBlock(where, section, kind, "it", settings)])
    assert record.check == DEPRECATED
    assert record.passed == (not record.details)
    return record.details


@every_case(
    ("kind", "settings", "path"),
    [
        (BUCKET, {"bucket": "b", "acl": "private"}, "acl"),
        (BUCKET, {"versioning": [{"enabled": True}]}, "versioning"),
        (BUCKET, {"versioning": {"enabled": True}}, "versioning"),
        ("aws_iam_role", {"managed_policy_arns": ["arn"]}, "managed_policy_arns"),
        ("aws_s3_bucket_lifecycle_configuration", {"rule": [{"id": "a"}, {"prefix": "b"}]}, "rule.prefix"),
    ],
)
def test_what_is_set(kind: str, settings: dict[str, Any], path: str) -> None:
    (what,) = found(kind, settings)
    assert what.startswith(f"{path} is deprecated in the AWS provider {schema.version()}")


def test_what_is_referred_to() -> None:
    (what,) = found("aws_cloudwatch_dashboard", {"dashboard_body": "x ${aws_s3_bucket.state.website_domain}"})
    assert what.startswith("refers to aws_s3_bucket.website_domain")


@every_case(
    "settings",
    [
        {"bucket": "acl"},
        {"acl": None, "logging": []},
        {"bucket": "${aws_s3_bucket.acl.id}"},
        {"bucket": "$${aws_s3_bucket.state.acl}"},
    ],
)
def test_what_is_not(settings: dict[str, Any]) -> None:
    assert found(BUCKET, settings) == ()


def test_a_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "deprecated", lambda: {"data.aws_old": [""]})
    assert found("aws_old", {}, "data") == (
        f"the type data.aws_old is deprecated in the AWS provider {schema.version()}",
    )
