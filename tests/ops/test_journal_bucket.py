"""The journal's objects in S3: written once, whatever S3 responds."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from environments import load
from environments.names import Names
from ops.aws.errors import AwsError
from ops.aws.journal_bucket import JournalBucket
from ops.aws.session import Aws
from ops.aws.waiting import Time
from ops.cutover.work import journal
from tests.cases import every_case

PROD = load("prod")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class S3:
    """Responds to each upload with the next of some codes; none is a success."""

    def __init__(self, codes: Sequence[str] = (), pages: Sequence[Sequence[str]] = ((),), delay: str = "0") -> None:
        self.codes, self.pages, self.delay = [*codes], pages, delay
        self.calls: list[dict[str, Any]] = []

    def put_object(self, **given: Any) -> None:
        self.calls.append(given)
        if self.codes and (code := self.codes.pop(0)):
            raise ClientError({"Error": {"Code": code, "Message": "planted"}}, "PutObject")

    def get_object(self, **_: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(b"{}"), "LastModified": NOW, "Metadata": {"delay": self.delay}}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_objects_v2"
        pages = [{"Contents": [{"Key": key} for key in page]} if page else {} for page in self.pages]
        return SimpleNamespace(paginate=lambda **_: iter(pages))


def bucket(s3: S3, pauses: list[float] | None = None) -> JournalBucket:
    waits: list[float] = [] if pauses is None else pauses
    return JournalBucket(cast("Aws", SimpleNamespace(quick_s3=lambda: s3)), Names(PROD), clock=Time(sleep=waits.append))


def test_an_entry_is_written_if_there_is_none_and_with_the_buckets_key() -> None:
    s3 = S3()
    bucket(s3).put("1", b"{}", 7)
    assert s3.calls == [
        {
            "Bucket": "aep-prod-tfstate-111122223333",
            "Key": "prod/cutover.journal/1",
            "Body": b"{}",
            "ContentType": "application/json",
            "Metadata": {"delay": "7"},
            "IfNoneMatch": "*",
        }
    ], "without an encryption header, it is encrypted with the bucket's key"


def test_an_object_that_exists_is_the_same_one() -> None:
    s3 = S3(["PreconditionFailed"])
    bucket(s3).put("1", b"{}", 0)
    assert len(s3.calls) == 1


@every_case("conflicts", [1, 2])
@every_case("then", ["", "PreconditionFailed"])
def test_a_conflict_is_tried_again(conflicts: int, then: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html#conditional-error-response"""
    pauses: list[float] = []
    s3 = S3([*["ConditionalRequestConflict"] * conflicts, then])
    bucket(s3, pauses).put("1", b"{}", 0)
    assert (len(s3.calls), len(pauses)) == (conflicts + 1, conflicts)


@pytest.mark.parametrize("codes", [["AccessDenied"], ["ConditionalRequestConflict"] * 3])
def test_another_error_is_named(codes: list[str]) -> None:
    with pytest.raises(AwsError, match=rf"can't write s3://aep-prod-tfstate-\d+/prod/cutover.journal/1: {codes[0]}"):
        bucket(S3(codes)).put("1", b"{}", 0)


def test_all_pages_are_listed() -> None:
    prefix = "prod/cutover.journal/"
    assert bucket(S3(pages=[[f"{prefix}1", f"{prefix}2"], [], [f"{prefix}3"]])).ids() == ["1", "2", "3"]


@every_case(("delay", "seconds"), [("0", 0), ("600", 600), ("", 0), ("-5", 0), ("x", 0), ("9" * 40, 0)])
def test_a_delay_that_no_command_measured_is_none(delay: str, seconds: int) -> None:
    assert bucket(S3(delay=delay)).get("1") == (b"{}", NOW, seconds)


def test_a_client_that_cannot_be_created_stops_nothing(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def fails() -> S3:
        raise EndpointConnectionError(endpoint_url="https://s3")

    aws = SimpleNamespace(quick_s3=fails, caller=SimpleNamespace(arn="me"), endpoint=lambda: "aws")
    written = journal(PROD, cast("Aws", aws), "rollback dns")
    written.append("back", "done", before=10, after=0, must=False)
    assert [entry.after for entry in written.entries()] == [0]
    assert "warning: can't list the journal s3://" in capsys.readouterr().err
