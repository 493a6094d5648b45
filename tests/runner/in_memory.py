"""A runner whose Terraform and S3 are in memory: what a command over phases does, without a process."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError

from environments.names import Names
from environments.schema import Environment
from modules.phases import phase
from ops.aws.session import Aws, Caller
from ops.aws.states import States
from ops.terraform.process import Done, Terraform
from ops.terraform.progress import PhaseProgress
from ops.terraform.session import Session
from ops.terraform.stack import Stack

ADMINISTRATOR, DEPLOYER, PLANNER = (
    Caller("111122223333", f"arn:aws:sts::111122223333:assumed-role/aep-prod-{role}/lead")
    for role in ("break-glass", "deployer", "planner")
)


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "planted"}}, "Call")


class Bucket:
    """A bucket with versions, as boto3's client of S3 shows it."""

    def __init__(self) -> None:
        self.objects: dict[str, list[bytes]] = {}
        self.exists = True
        self.failing: dict[str, str] = {}
        """Codes of errors by call."""
        self.page = 1000
        """Versions that a call lists."""

    def _called(self, name: str) -> None:
        if name in self.failing:
            raise refused(self.failing[name])
        if not self.exists:
            raise refused("404")

    def head_bucket(self, **_: Any) -> None:
        self._called("head_bucket")

    def get_object(self, *, Key: str, VersionId: str = "", **_: Any) -> Any:  # noqa: N803  (AWS's names)
        self._called("get_object")
        if not self.objects.get(Key):
            raise refused("NoSuchKey")
        body = self.objects[Key][int(VersionId) if VersionId else -1]
        return {"Body": SimpleNamespace(read=lambda: body)}

    def put_object(self, *, Key: str, Body: bytes, IfNoneMatch: str = "", **_: Any) -> None:  # noqa: N803
        self._called("put_object")
        if IfNoneMatch and self.objects.get(Key):
            raise refused("PreconditionFailed")
        self.objects.setdefault(Key, []).append(Body)

    def delete_object(self, *, Key: str, **_: Any) -> None:  # noqa: N803
        self._called("delete_object")
        del self.objects[Key]

    def copy_object(self, *, Key: str, CopySource: dict[str, str], **_: Any) -> None:  # noqa: N803
        self._called("copy_object")
        self.objects[Key].append(self.objects[CopySource["Key"]][int(CopySource["VersionId"])])

    def list_object_versions(self, *, Prefix: str, KeyMarker: str = "", VersionIdMarker: str = "", **_: Any) -> Any:  # noqa: N803
        self._called("list_object_versions")
        listed = [
            {
                "Key": key,
                "VersionId": str(number),
                "LastModified": datetime(2026, 11, 25, 10, number, tzinfo=UTC),
                "IsLatest": number == len(bodies) - 1,
            }
            for key, bodies in sorted(self.objects.items())
            if key.startswith(Prefix)
            for number in reversed(range(len(bodies)))
        ]
        places = [(each["Key"], each["VersionId"]) for each in listed]
        begin = places.index((KeyMarker, VersionIdMarker)) + 1 if KeyMarker else 0
        end = begin + self.page
        if end >= len(listed):
            return {"Versions": listed[begin:], "IsTruncated": False}
        markers = {"NextKeyMarker": places[end - 1][0], "NextVersionIdMarker": places[end - 1][1]}
        return {"Versions": listed[begin:end], "IsTruncated": True, **markers}


@dataclass
class MemoryTerraform:
    """Ends each command as the test says, and notes it."""

    ends: dict[str, Callable[[Path, tuple[str, ...]], Done]] = field(default_factory=dict)
    ran: list[tuple[str, ...]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    """What an apply or destroy reports."""
    interrupted: Event = field(default_factory=Event)
    heard: list[Any] = field(default_factory=list)
    """Whether each command's events are listened to."""

    def run(self, folder: Path, *arguments: str, log: Path | None = None, listener: Any = None) -> Done:
        self.ran.append(arguments)
        if arguments[0] == "init":
            (folder / ".terraform").mkdir(exist_ok=True)
        if log:
            with log.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(event) + "\n" for event in self.events)
        for event in self.events if listener else ():
            listener(event)
        ending = self.ends.get(arguments[0])
        return ending(folder, arguments) if ending else Done(0)

    def taking_no_signals(self) -> Any:
        return nullcontext()

    def commands(self) -> list[str]:
        """The commands without their flags."""
        return [each[0] for each in self.ran]


class Runner:
    """A session in a folder, with one phase's stack."""

    def __init__(self, environment: Environment, out: Path, name: str = "network", **resources: Any) -> None:
        self.environment, self.out, self.names = environment, out, Names(environment)
        self.bucket, self.terraform = Bucket(), MemoryTerraform()
        self.begun: list[tuple[str, ...]] = []
        self.ended: list[str] = []
        self.lasting: list[float] = []
        self.stack = self.add(name, **resources)
        credentials = SimpleNamespace(last=lambda seconds, *_: self.lasting.append(seconds))
        self.aws = SimpleNamespace(client=lambda _: self.bucket, caller=ADMINISTRATOR, credentials=credentials)
        progress = SimpleNamespace(
            begin=lambda *words: self.begun.append(words),
            update=lambda phase, event: self.begun.append((phase, event["type"])),
            end=lambda result: self.ended.append(str(result.result)),
            paused=nullcontext,
        )
        self.session = Session(
            environment,
            out,
            cast("Aws", self.aws),
            States(cast("Aws", self.aws), environment),
            cast("Terraform", self.terraform),
            cast("PhaseProgress", progress),
        )

    def add(self, name: str, **resources: Any) -> Stack:
        """Write a phase's stack as synth does."""
        stack = Stack(self.environment, phase(name), self.out)
        stack.folder.mkdir(parents=True)
        stack.file.write_text(json.dumps({"provider": {}, "resource": resources}), encoding="utf-8")
        return stack

    def applied(
        self, name: str, *addresses: str, tainted: tuple[str, ...] = (), serial: int = 1, **outputs: Any
    ) -> None:
        """Write a phase's state."""
        resources = [
            {
                **{"mode": "managed", "type": kind, "name": id_},
                "instances": [{"status": "tainted"} if f"{kind}.{id_}" in tainted else {}],
            }
            for kind, _, id_ in (address.partition(".") for address in (*addresses, *tainted))
        ]
        state = {"serial": serial, "lineage": "l", "outputs": outputs, "resources": resources}
        self.bucket.objects.setdefault(self.names.state_key(name), []).append(json.dumps(state).encode())
