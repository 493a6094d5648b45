"""The journal's objects in the state bucket: one for each entry, written once.

The deployer may write them, and the planner may read them, because their keys begin as those of the phase `cutover`
do. The bucket's policy refuses to replace one. docs/adr/0025.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ops.aws.errors import AwsError, explained
from ops.aws.waiting import CLOCK, Time
from ops.journal import Stored

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from environments.names import Names
    from ops.aws.session import Aws

_EXISTS, _CONFLICT = "PreconditionFailed", "ConditionalRequestConflict"
"""S3's codes for an object that exists, and for one that another request is writing: then try again.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html#conditional-error-response
"""
_PAUSES = (0.2, 1.0)
"""Seconds before further attempts after a conflict."""
_DELAY = "delay"
"""Metadata of an object: whole seconds between writing the entry and storing it."""


class JournalBucket:
    """The journal of a product's stage in its state bucket."""

    def __init__(self, aws: Aws, names: Names, *, clock: Time = CLOCK) -> None:
        self._aws, self._bucket, self._prefix, self._clock = aws, names.state_bucket, names.journal_prefix, clock

    @cached_property
    def _s3(self) -> S3Client:
        return self._aws.quick_s3()

    @property
    def place(self) -> str:
        """Its address, for messages."""
        return f"s3://{self._bucket}/{self._prefix}"

    def ids(self) -> Sequence[str]:
        """The ids of all objects. S3 lists an object as soon as it is written.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel

        Raises:
            AwsError: S3 refuses, or doesn't respond.
        """
        with explained(f"list the journal {self.place}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            return [found["Key"].removeprefix(self._prefix) for page in pages for found in page.get("Contents", ())]

    def get(self, id_: str) -> Stored:
        """An object.

        Raises:
            AwsError: S3 refuses, or doesn't respond.
        """
        with explained(f"read {self.place}{id_}"):
            found = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + id_)
            body = found["Body"].read()
        delay = found["Metadata"].get(_DELAY, "")
        return Stored(body, found["LastModified"], int(delay) if delay.isdecimal() and len(delay) < 12 else 0)

    def put(self, id_: str, body: bytes, delay: int) -> None:
        """Store an object once; storing it again changes nothing, since its id has the hash of its bytes.

        Raises:
            AwsError: S3 refuses, or doesn't respond.
        """
        for pause in (*_PAUSES, None):
            try:
                with explained(f"write {self.place}{id_}"):
                    self._s3.put_object(
                        Bucket=self._bucket,
                        Key=self._prefix + id_,
                        Body=body,
                        ContentType="application/json",
                        Metadata={_DELAY: str(delay)},
                        IfNoneMatch="*",
                    )
            except AwsError as error:
                if error.code == _EXISTS:
                    return
                if error.code != _CONFLICT or pause is None:
                    raise
                self._clock.sleep(pause)
            else:
                return
