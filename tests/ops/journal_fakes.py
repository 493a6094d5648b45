"""The journal's bucket in memory, with S3's rules, and machines whose clocks differ from S3's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ops.aws.errors import AwsError
from ops.journal import Entry, Journal, Stored

ACCOUNT = "111122223333"


@dataclass
class MemoryBucket:
    """Objects that are written once, and the clock that S3 and all machines share, from which theirs differ."""

    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    objects: dict[str, Stored] = field(default_factory=dict)
    responds: bool = True
    lost: bool = False
    """Whether a response is lost after the object was written."""
    place: str = "s3://bucket/prod/cutover.journal/"

    def ids(self) -> Sequence[str]:
        self._check("list")
        return sorted(self.objects)

    def get(self, id_: str) -> Stored:
        self._check("read")
        return self.objects[id_]

    def put(self, id_: str, body: bytes, delay: int) -> None:
        self._check("write")
        # LastModified has whole seconds: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        self.objects.setdefault(id_, Stored(body, self.time.replace(microsecond=0), delay))
        if self.lost:
            raise AwsError(f"can't write {id_}: ReadTimeoutError")

    def _check(self, what: str) -> None:
        if not self.responds:
            raise AwsError(f"can't {what} {self.place}: EndpointConnectionError")


@dataclass
class Machine:
    """An operator's laptop, or a job of CI."""

    bucket: MemoryBucket
    folder: Path
    skew: timedelta = timedelta()

    def journal(self, command: str = "cutover run") -> Journal:
        return Journal(
            "prod",
            command=command,
            caller=f"arn:{self.folder.name}",
            account=ACCOUNT,
            zone="Z1",
            bucket=self.bucket,
            folder=self.folder,
            now=lambda: self.bucket.time + self.skew,
        )

    def sees(self) -> list[Entry]:
        return [*self.journal("cutover status").history()]
