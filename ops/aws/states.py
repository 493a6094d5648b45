"""What the state bucket says about each phase: its state, who holds the lock, and who applied it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from environments.names import Names
from ops.aws.errors import AwsError, explained
from ops.aws.state_lock import MISSING, StateLock
from ops.errors import OpsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_s3 import S3Client

    from environments.schema import Environment
    from ops.aws.session import Aws


class DamagedStateError(OpsError):
    """A state object can't be read as a state."""


@dataclass(frozen=True)
class State:
    """A phase's state, as the bucket has it."""

    serial: int
    """Goes up by one or more with each change."""
    lineage: str
    outputs: Mapping[str, Any]
    addresses: tuple[str, ...]
    """Of the resources that it manages."""
    tainted: tuple[str, ...] = ()
    """Of those whose creation was cut off: Terraform would replace them."""

    @property
    def applied(self) -> bool:
        """Whether there is anything of the phase; Terraform leaves an empty state behind when it destroys."""
        return bool(self.addresses or self.outputs)

    @property
    def outputs_digest(self) -> str:
        """SHA-256 of what it publishes: what a reader's plan was made from."""
        return hashlib.sha256(json.dumps(self.outputs, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Version:
    """An earlier or the present version of a state object."""

    id: str
    at: datetime
    latest: bool
    state: State | None
    """None if it can't be read as a state."""


class States:
    """The states of an environment's phases."""

    def __init__(self, aws: Aws, environment: Environment) -> None:
        self._names = Names(environment)
        self._environment = environment
        self._aws = aws
        self._read: dict[str, State | None] = {}

    @cached_property
    def _s3(self) -> S3Client:
        return self._aws.client("s3")

    @property
    def bucket(self) -> str:
        """The state bucket."""
        return self._names.state_bucket

    def bootstrapped(self) -> bool:
        """Whether the bucket is there."""
        try:
            with explained(f"look at the state bucket {self.bucket}"):
                self._s3.head_bucket(Bucket=self.bucket)
        except AwsError as error:
            if error.code in MISSING:
                return False
            raise
        return True

    def get(self, phase: str, *, again: bool = False) -> State | None:
        """A phase's state; none if it was never applied.

        Raises:
            DamagedStateError: The object is there and is no state.
        """
        if again or phase not in self._read:
            body = self._object(self._names.state_key(phase))
            self._read[phase] = None if body is None else self._parsed(phase, body)
        return self._read[phase]

    def applied(self, phase: str) -> bool:
        """Whether a phase was applied, at least in part, and not destroyed since."""
        state = self.get(phase)
        return state is not None and state.applied

    def lock(self, phase: str) -> StateLock:
        """The lock of a phase's state."""
        return StateLock(self._aws, self._names, phase)

    def record(self, phase: str) -> dict[str, Any] | None:
        """What was written down when a phase was applied last; none if nothing was."""
        body = self._object(self._names.applied_key(phase))
        return None if body is None else json.loads(body)

    def put_record(self, phase: str, record: Mapping[str, Any]) -> None:
        """Write down that a phase was applied, beside its state."""
        with explained(f"write {self._names.applied_key(phase)} to {self.bucket}"):
            self._s3.put_object(
                Bucket=self.bucket,
                Key=self._names.applied_key(phase),
                Body=json.dumps(record, indent=2).encode(),
                ContentType="application/json",
            )

    def versions(self, phase: str, *, most: int = 20) -> list[Version]:
        """Versions of a phase's state, newest first."""
        key = self._names.state_key(phase)
        with explained(f"list the versions of s3://{self.bucket}/{key}"):
            answer = self._s3.list_object_versions(Bucket=self.bucket, Prefix=key)
        found = [each for each in answer.get("Versions", []) if each["Key"] == key]
        return [
            Version(each["VersionId"], each["LastModified"], each["IsLatest"], self._readable(phase, each["VersionId"]))
            for each in found[:most]
        ]

    def restore(self, phase: str, version: str) -> None:
        """Make an earlier version of a phase's state the present one; the present one stays as a version."""
        key = self._names.state_key(phase)
        with explained(f"restore version {version} of s3://{self.bucket}/{key}"):
            self._s3.copy_object(
                Bucket=self.bucket, Key=key, CopySource={"Bucket": self.bucket, "Key": key, "VersionId": version}
            )
        self._read.pop(phase, None)

    def _readable(self, phase: str, version: str) -> State | None:
        body = self._object(self._names.state_key(phase), version=version)
        try:
            return None if body is None else self._parsed(phase, body)
        except DamagedStateError:
            return None

    def _object(self, key: str, version: str | None = None) -> bytes | None:
        wanted: Any = {"Bucket": self.bucket, "Key": key, **({"VersionId": version} if version else {})}
        try:
            with explained(f"read s3://{self.bucket}/{key}"):
                body: bytes = self._s3.get_object(**wanted)["Body"].read()
        except AwsError as error:
            if error.code in MISSING:
                return None
            raise
        return body

    def _parsed(self, phase: str, body: bytes) -> State:
        try:
            state = json.loads(body)
            managed = [each for each in state["resources"] if each["mode"] == "managed" and each["instances"]]
            return State(
                serial=state["serial"],
                lineage=state["lineage"],
                outputs=state["outputs"],
                addresses=tuple(_address(each) for each in managed),
                tainted=tuple(_address(each) for each in managed if _is_tainted(each)),
            )
        except (ValueError, KeyError, TypeError):
            raise DamagedStateError(
                f"the state of {phase} is damaged: s3://{self.bucket}/{self._names.state_key(phase)} is no state; "
                f"see its earlier versions and restore one: make recover ENV={self._environment.name} PHASE={phase}"
            ) from None


def _address(resource: Mapping[str, Any]) -> str:
    return f"{resource['type']}.{resource['name']}"


def _is_tainted(resource: Mapping[str, Any]) -> bool:
    return any(instance.get("status") == "tainted" for instance in resource["instances"])
