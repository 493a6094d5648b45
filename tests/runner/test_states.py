"""Locks in the state bucket, as Terraform writes them and otherwise."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import cast

import pytest

from environments import load
from ops.aws.session import Aws
from ops.aws.state_lock import Lock
from ops.aws.states import States
from ops.errors import OpsError
from tests.cases import every_case

LOCK = {"ID": "1", "Who": "ci@runner", "Created": "2026-01-01T00:00:00Z", "Operation": "OperationTypeApply"}


class Bucket:
    """Holds one lock."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.deleted: list[str] = []

    def get_object(self, **_: str) -> dict[str, io.BytesIO]:
        return {"Body": io.BytesIO(self.body)}

    def delete_object(self, **wanted: str) -> None:
        self.deleted.append(wanted["Key"])


def states(bucket: Bucket) -> States:
    return States(cast(Aws, SimpleNamespace(client=lambda _: bucket)), load("prod"))


@every_case("body", [b"", b"{", b"[]", b"null"])
def test_a_lock_that_cannot_be_read_is_a_lock_all_the_same_and_can_be_freed(body: bytes) -> None:
    bucket = Bucket(body)
    lock = states(bucket).lock("data")
    holder = lock.holder()
    assert "an unreadable lock is held" in str(holder)
    assert holder
    lock.free(holder)
    assert bucket.deleted == ["prod/data.tfstate.tflock"]


def test_a_lock_that_changed_hands_is_not_freed() -> None:
    bucket = Bucket(json.dumps(LOCK).encode())
    with pytest.raises(
        OpsError, match="another run took the lock meanwhile: ci@runner holds the lock since 2026-01-01"
    ):
        states(bucket).lock("data").free(Lock.parse(json.dumps({**LOCK, "ID": "2"}).encode()))
    assert not bucket.deleted


def test_a_lock_that_cannot_be_read_is_not_taken_for_another_one() -> None:
    bucket = Bucket(b"{")
    with pytest.raises(OpsError, match="another run took the lock meanwhile"):
        states(bucket).lock("data").free(Lock.parse(b"["))
    assert not bucket.deleted
