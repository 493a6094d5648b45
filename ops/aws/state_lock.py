"""Terraform's lock on a phase's state, in the format of Terraform's S3 backend.

Terraform shows its holder, and `terraform force-unlock` works on it.
https://developer.hashicorp.com/terraform/language/backend/s3#state-locking
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from ops.aws.errors import AwsError, explained
from ops.errors import OpsError, RefusedError
from ops.stored import parse

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from environments.names import Names
    from ops.aws.session import Aws

MISSING = frozenset({"NoSuchKey", "404", "NoSuchBucket", "NotFound"})
"""S3's codes for an object that doesn't exist."""
_HELD = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
"""S3's codes for an object that already exists, or is being written.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""


@dataclass(frozen=True)
class _LockFile:
    ID: str
    Who: str = "unknown"
    Created: str = "unknown"
    Operation: str = "unknown"


@dataclass(frozen=True)
class Lock:
    """A state's lock and its holder: https://developer.hashicorp.com/terraform/language/state/locking."""

    body: bytes
    """The object's bytes, to compare locks that can't be read."""
    id: str = ""
    who: str = ""
    since: str = ""
    operation: str = ""
    readable: bool = False
    """Whether the object has the form of a lock; an interrupted write doesn't."""

    @classmethod
    def parse(cls, body: bytes) -> Lock:
        """Read a lock's object. An object that can't be read still holds the lock."""
        try:
            found = parse(_LockFile, body)
        except ValueError:
            return cls(body)
        return cls(body, found.ID, found.Who, found.Created, found.Operation, readable=True)

    def __str__(self) -> str:
        if not self.readable:
            return "an unreadable lock is held"
        return f"{self.who} holds the lock since {self.since} ({self.operation}, lock id {self.id})"


class StateLock:
    """The lock of one phase's state."""

    def __init__(self, aws: Aws, names: Names, phase: str) -> None:
        self._aws, self._bucket = aws, names.state_bucket
        self._state = names.state_key(phase)
        self._key = f"{self._state}.tflock"

    @cached_property
    def _s3(self) -> S3Client:
        return self._aws.client("s3")

    def holder(self) -> Lock | None:
        """The lock's holder; none if it is free, or there is no bucket.

        Raises:
            AwsError: S3 doesn't respond.
        """
        try:
            with explained(f"read the lock s3://{self._bucket}/{self._key}"):
                return Lock.parse(self._s3.get_object(Bucket=self._bucket, Key=self._key)["Body"].read())
        except AwsError as error:
            if error.code in MISSING:
                return None
            raise

    def take(self, id_: str, operation: str) -> None:
        """Take the lock; does nothing if the same id holds it.

        Raises:
            RefusedError: Another run holds it.
            AwsError: S3 doesn't respond.
        """
        note = {
            "ID": id_,
            "Operation": operation,
            "Info": f"bin/ops {operation}",
            "Who": self._aws.caller.arn,
            "Version": "",
            "Created": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "Path": f"{self._bucket}/{self._state}",
        }
        try:
            with explained(f"lock s3://{self._bucket}/{self._key}"):
                self._s3.put_object(Bucket=self._bucket, Key=self._key, Body=json.dumps(note).encode(), IfNoneMatch="*")
        except AwsError as error:
            if error.code not in _HELD:
                raise
            holder = self.holder()
            if holder is None:
                raise RefusedError("the lock was held a moment ago; nothing was changed; try again") from None
            if holder.id != id_:
                raise RefusedError(f"{holder}; nothing was changed") from None

    def free(self, lock: Lock) -> None:
        """Free the lock, unless another run holds it now.

        Terraform's force-unlock deletes the same object, but can't initialize a stack with a damaged state.

        Raises:
            OpsError: Another run holds it, or it can't be freed.
        """
        now = self.holder()
        if now is None:
            return
        if now != lock:
            raise OpsError(f"another run took the lock meanwhile: {now}")
        with explained(f"delete s3://{self._bucket}/{self._key}"):
            self._s3.delete_object(Bucket=self._bucket, Key=self._key)
