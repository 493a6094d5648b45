"""The state bucket: each phase's state, lock, and record of its last apply."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from environments.names import Names
from ops.aws.errors import AwsError, explained
from ops.aws.state_lock import MISSING, StateLock
from ops.errors import OpsError
from ops.stored import parse

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from environments.schema import Environment
    from ops.aws.session import Aws


class DamagedStateError(OpsError):
    """A state object isn't a valid state."""


@dataclass(frozen=True)
class State:
    """A phase's state in the bucket."""

    serial: int
    """Increases with each change."""
    lineage: str
    outputs: Mapping[str, Any]
    addresses: tuple[str, ...]
    """Addresses of its managed resources."""
    tainted: tuple[str, ...] = ()
    """Addresses of tainted resources, whose creation was interrupted: Terraform would replace them."""

    @property
    def applied(self) -> bool:
        """Whether the phase has resources or outputs; `destroy` leaves an empty state."""
        return bool(self.addresses or self.outputs)

    @property
    def outputs_digest(self) -> str:
        """SHA-256 of its outputs, to find out whether a reader's plan is out of date."""
        return hashlib.sha256(json.dumps(self.outputs, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class ApplyRecord:
    """The record of a phase's last apply: who applied which plan of the stack, when, and the commit of the plan."""

    phase: str
    environment: str
    commit: str | None
    dirty: bool
    """Whether the code had uncommitted changes."""
    applied_at: str
    """UTC, ISO 8601."""
    caller: str
    stack_sha256: str
    plan_sha256: str
    """Empty if there was nothing to apply."""
    serial: int | None
    """The state's serial after it."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Number of resources by action."""
    lineage: str = ""
    """The state's lineage; empty in records of earlier versions of the tool."""
    verified: bool = True
    """False after the apply of a stored plan, until the phase's exit criteria pass in a job."""


@dataclass(frozen=True)
class _Instance:
    status: str = ""


@dataclass(frozen=True)
class _Resource:
    mode: str
    type: str
    name: str
    instances: list[_Instance]

    @property
    def address(self) -> str:
        return f"{self.type}.{self.name}"


@dataclass(frozen=True)
class _StateFile:
    """What is read of a state."""

    serial: int
    lineage: str
    outputs: dict[str, Any]
    resources: list[_Resource]


@dataclass(frozen=True)
class Version:
    """A previous or the present version of a state object."""

    id: str
    at: datetime
    latest: bool
    state: State | None
    """None if it isn't a valid state."""


class States:
    """The states of an environment's phases."""

    def __init__(self, aws: Aws, environment: Environment, *, quick: bool = False) -> None:
        """Create it; a `quick` one gives up after seconds if the bucket doesn't respond."""
        self._names = Names(environment)
        self._environment = environment
        self._aws, self._quick = aws, quick
        self._read: dict[str, State | None] = {}

    @cached_property
    def _s3(self) -> S3Client:
        return self._aws.quick_s3() if self._quick else self._aws.client("s3")

    @property
    def bucket(self) -> str:
        """The state bucket."""
        return self._names.state_bucket

    def key(self, phase: str) -> str:
        """Key of a phase's state in the bucket."""
        return self._names.state_key(phase)

    def bootstrapped(self) -> bool:
        """Whether the bucket exists."""
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
            DamagedStateError: The object isn't a valid state.
        """
        if again or phase not in self._read:
            body = self._object(self.key(phase))
            self._read[phase] = None if body is None else self._parsed(phase, body)
        return self._read[phase]

    def applied(self, phase: str) -> bool:
        """Whether a phase is applied, at least in part."""
        state = self.get(phase)
        return state is not None and state.applied

    def lock(self, phase: str) -> StateLock:
        """The lock of a phase's state."""
        return StateLock(self._aws, self._names, phase)

    def record(self, phase: str) -> ApplyRecord | None:
        """The record of a phase's last apply; none if there is none that can be read."""
        body = self._object(self._names.applied_key(phase))
        try:
            return None if body is None else parse(ApplyRecord, body)
        except ValueError:
            return None

    def put_record(self, record: ApplyRecord) -> None:
        """Write the record of an apply next to the phase's state."""
        key = self._names.applied_key(record.phase)
        with explained(f"write {key} to {self.bucket}"):
            self._s3.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=json.dumps(asdict(record), indent=2).encode(),
                ContentType="application/json",
            )

    def arns(self, phase: str, kind: str) -> tuple[str, ...]:
        """ARNs of a phase's resources of a type; empty if it was never applied."""
        body = self._object(self.key(phase))
        resources = [] if body is None else json.loads(body).get("resources", [])
        instances = [each for found in resources if found.get("type") == kind for each in found.get("instances", [])]
        return tuple(arn for each in instances if (arn := each.get("attributes", {}).get("arn")))

    def put_plan(self, phase: str, sha256: str, body: bytes) -> None:
        """Store a plan; the bucket encrypts it with the state key, and its lifecycle removes it."""
        key = self._names.plan_key(phase, sha256)
        with explained(f"write {key} to {self.bucket}"):
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/zip")

    def plan(self, phase: str, sha256: str) -> bytes | None:
        """A stored plan; none if there is none, or no more."""
        return self._object(self._names.plan_key(phase, sha256))

    def versions(self, phase: str) -> Iterator[Version]:
        """All versions of a phase's state, newest first. Each is read when it is its turn."""
        for each in self._versions(phase):
            yield self._version(phase, each)

    def version(self, phase: str, id_: str) -> Version | None:
        """A version of a phase's state, however old; none if there is none."""
        found = (each for each in self._versions(phase) if each["VersionId"] == id_)
        return next((self._version(phase, each) for each in found), None)

    def lineage(self, phase: str) -> str:
        """The lineage of a phase's state as of its last apply, or else that of its newest version; empty if unknown."""
        if (record := self.record(phase)) and record.lineage:
            return record.lineage
        return next((each.state.lineage for each in self.versions(phase) if each.state), "")

    def restore(self, phase: str, version: str) -> None:
        """Make a previous version of a phase's state the present one, which is kept as a version."""
        key = self.key(phase)
        with explained(f"restore version {version} of s3://{self.bucket}/{key}"):
            self._s3.copy_object(
                Bucket=self.bucket, Key=key, CopySource={"Bucket": self.bucket, "Key": key, "VersionId": version}
            )
        self._read.pop(phase, None)

    def _versions(self, phase: str) -> Iterator[Any]:
        """The list of a state's versions, whose pages may have other keys after it.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
        """
        key, more = self.key(phase), dict[str, Any]()
        while True:
            with explained(f"list the versions of s3://{self.bucket}/{key}"):
                page: Any = self._s3.list_object_versions(Bucket=self.bucket, Prefix=key, **more)
            yield from (each for each in page.get("Versions", []) if each["Key"] == key)
            if not page.get("IsTruncated") or page["NextKeyMarker"] != key:
                return
            more = {"KeyMarker": key, "VersionIdMarker": page["NextVersionIdMarker"]}

    def _version(self, phase: str, listed: Any) -> Version:  # noqa: ANN401  (an entry of the list)
        id_ = listed["VersionId"]
        return Version(id_, listed["LastModified"], listed["IsLatest"], self._readable(phase, id_))

    def _readable(self, phase: str, version: str) -> State | None:
        body = self._object(self.key(phase), version=version)
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
            state = parse(_StateFile, body)
        except ValueError as error:
            raise DamagedStateError(
                f"the state of {phase} is damaged: s3://{self.bucket}/{self.key(phase)} isn't a valid "
                f"state ({error}); restore a previous version: make recover ENV={self._environment.name} PHASE={phase}"
            ) from None
        managed = [each for each in state.resources if each.mode == "managed" and each.instances]
        return State(
            serial=state.serial,
            lineage=state.lineage,
            outputs=state.outputs,
            addresses=tuple(each.address for each in managed),
            tainted=tuple(
                each.address for each in managed if any(instance.status == "tainted" for instance in each.instances)
            ),
        )
