"""One cutover at a time: it holds Terraform's own lock on the state of the phase `cutover`.

So nobody applies other weights meanwhile either. The file is as Terraform's S3 backend writes it, so that Terraform
names the holder, and `terraform force-unlock` knows it.
https://developer.hashicorp.com/terraform/language/backend/s3#state-locking
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from environments.names import Names
from ops.aws import code, explained
from ops.errors import RefusedError

OPERATION = "cutover"


class StateLock:
    """The lock of one environment."""

    def __init__(self, s3: Any, names: Names, who: str) -> None:  # noqa: ANN401  (boto3 makes clients at run time)
        self._s3, self._bucket, self._who = s3, names.state_bucket, who
        self._state = names.state_key("cutover")
        self._key = f"{self._state}.tflock"

    def take(self, run: str) -> None:
        """Take it, or find that this very run holds it already.

        Raises:
            RefusedError: Somebody else holds it.
            AwsError: S3 doesn't answer.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415  (loads slowly)

        with explained(f"lock {self._key}"):
            try:
                self._s3.put_object(Bucket=self._bucket, Key=self._key, Body=self._note(run), IfNoneMatch="*")
            except ClientError as error:
                if code(error) not in ("PreconditionFailed", "ConditionalRequestConflict"):
                    raise
                holder = self.holder()
                if holder.get("ID") == run:
                    return
                raise RefusedError(
                    f"{describe(holder)}; nothing was changed. If it is a cutover that died: cutover resume, where its "
                    "journal is, or rollback dns. If it is Terraform that died: terraform force-unlock"
                ) from None

    def holder(self) -> dict[str, str]:
        """Who holds it, as Terraform writes it down; empty if nobody does.

        Raises:
            AwsError: S3 doesn't answer.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415  (loads slowly)

        with explained(f"read the lock {self._key}"):
            try:
                note = self._s3.get_object(Bucket=self._bucket, Key=self._key)["Body"].read()
            except ClientError as error:
                if code(error) == "NoSuchKey":
                    return {}
                raise
        return dict(json.loads(note))

    def free(self, run: str | None = None) -> bool:
        """Give it up: this run's, or without one whichever cutover's; never Terraform's.

        Raises:
            AwsError: S3 doesn't answer.
        """
        holder = self.holder()
        if holder.get("Operation") != OPERATION or (run is not None and holder["ID"] != run):
            return False
        with explained(f"unlock {self._key}"):
            self._s3.delete_object(Bucket=self._bucket, Key=self._key)
        return True

    def _note(self, run: str) -> bytes:
        note = {
            "ID": run,
            "Operation": OPERATION,
            "Info": "python -m ops cutover",
            "Who": self._who,
            "Version": "",
            "Created": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "Path": f"{self._bucket}/{self._state}",
        }
        return json.dumps(note).encode()


def describe(holder: dict[str, str]) -> str:
    """A holder in words."""
    return (
        f"{holder.get('Who', 'somebody')} holds the lock since {holder.get('Created', 'an unknown time')} "
        f"({holder.get('Operation', 'unknown')}, {holder.get('ID', 'without id')})"
    )
