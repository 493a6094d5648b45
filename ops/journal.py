"""The journal of a product's stage: what commands changed and why. They write an entry before and after each change.

It is stored beside the state, one object for each entry, which is written once. This machine's file has the entries
that were written here: those that couldn't be stored are stored by a later command. docs/adr/0025 has the reasons.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol
from uuid import uuid4

from ops.command import say
from ops.errors import OpsError
from ops.stored import parse

FOLDER = Path("journal")
Position = int | str | None
"""Where a change starts or ends: a weight in percent, or a task definition; None if unknown."""
PAUSE_SECONDS = 30
"""After an error of the bucket, entries that must not wait for it are only written to this machine for so long."""
READERS = 8
"""Objects that are read at the same time."""
GIVE_UP_SECONDS = 20
"""How long objects are read while more of them fail than READERS. A rollback waits for the journal."""
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class JournalError(OpsError):
    """The journal can't be written."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a command is about to do, did, or found."""

    at: str
    """UTC, ISO 8601. By S3's clock if the entry was read from the bucket, else by that of the machine."""
    command: str
    """The command as you type it, such as `rollback dns`."""
    event: str
    """What it is about, such as `step`."""
    outcome: str
    """`intended` before a change; `done`, `failed` or `unknown` after it; other words if nothing is changed."""
    before: Position = None
    after: Position = None
    evidence: Mapping[str, object] = field(default_factory=dict)
    """What the command found, by name."""
    caller: str = ""
    """ARN of the caller."""
    endpoint: str = "aws"
    """`aws`, or the address of the emulator."""
    run: str = ""
    """Id that the entries of one cutover share."""
    account: str = ""
    """Account id of the environment."""
    zone: str = ""
    """Id of the hosted zone whose records change; empty if none do."""
    writer: str = ""
    """Id of the command's run that wrote it."""
    number: int = 0
    """Position among the entries of its writer."""

    @property
    def time(self) -> datetime:
        """When it was; the earliest time if `at` isn't a time with a zone."""
        try:
            found = datetime.fromisoformat(self.at)
        except ValueError:
            found = datetime.min
        return found if found.tzinfo else datetime.min.replace(tzinfo=UTC)


class Line(NamedTuple):
    """An entry as it is written: bytes that a newer version may have written with more fields."""

    entry: Entry
    body: bytes

    @property
    def id(self) -> str:
        """Name of its object: sorts by the machine's time, and differs if any byte of the entry does."""
        digits = re.sub(r"[^0-9]", "", self.entry.at)[:14]
        return f"{digits:0<14}-{self.entry.number:04}-{hashlib.sha256(self.body).hexdigest()[:16]}"


class Stored(NamedTuple):
    """An object of the journal."""

    body: bytes
    at: datetime
    """When it was stored, by S3's clock."""
    delay: int
    """Whole seconds from writing the entry to storing it, by the writer's clock."""


class Bucket(Protocol):
    """Where all machines store their entries. Its errors are OpsErrors."""

    @property
    def place(self) -> str:
        """Its address, for messages."""

    def ids(self) -> Sequence[str]:
        """The ids of all objects."""

    def get(self, id_: str) -> Stored:
        """An object."""

    def put(self, id_: str, body: bytes, delay: int) -> None:
        """Store an object once; storing it again changes nothing."""


def path(prefix: str, folder: Path = FOLDER) -> Path:
    """This machine's file of a product and stage, as in `aep-prod`, below the current folder."""
    return folder / f"{prefix}.jsonl"


def read(prefix: str, folder: Path = FOLDER) -> list[Entry]:
    """This machine's entries, oldest first, without incomplete lines: `damaged` returns those."""
    return [line.entry for line in _local(prefix, folder)]


def damaged(prefix: str, folder: Path = FOLDER) -> list[str]:
    """Incomplete lines of this machine's file, as a power cut leaves them. They stay in the file."""
    return [line.decode(errors="replace") for line in _lines(path(prefix, folder)) if not _line(line)]


def rollbacks(entries: Iterable[Entry]) -> list[Entry]:
    """Each `rollback dns` that returned traffic, newest first."""
    returned = [
        entry
        for entry in entries
        if (entry.command, entry.event, entry.outcome) == ("rollback dns", "back", "done") and entry.before
    ]
    return returned[::-1]


def in_order(lines: Iterable[tuple[Line, Stored | None]]) -> list[Entry]:
    """Entries of all writers in one order, whatever clocks the writers have.

    S3's clock orders them, in whole seconds. An entry that was stored late counts from when it was written: the delay
    is a difference of two times of one clock, so it doesn't matter how wrong that is. The entries of one writer stay in
    their order. Of two writers in the same second, their own clocks decide: every reader sees the same one first.

    Args:
        lines: Entries, each with its object; none if it is only on this machine, whose clock then counts.
    """
    writers: dict[str, list[tuple[int, str, datetime, Entry]]] = defaultdict(list)
    for line, stored in lines:
        writers[line.entry.writer or line.id].append((line.entry.number, line.id, _written(line, stored), line.entry))
    placed = []
    for writer, own in writers.items():
        latest = own_latest = _EARLIEST
        for number, id_, at, entry in sorted(own, key=lambda each: each[:2]):
            latest, own_latest = max(latest, at.replace(microsecond=0)), max(own_latest, _time(entry.at))
            placed.append(((latest, own_latest, writer, number, id_), entry))
    return [
        replace(entry, at=place[0].isoformat()) if place[0] > _EARLIEST else entry
        for place, entry in sorted(placed, key=lambda each: each[0])
    ]


def _written(line: Line, stored: Stored | None) -> datetime:
    """When an entry was written, by S3's clock if it is stored."""
    if stored is None:
        return _time(line.entry.at)
    try:
        return stored.at - timedelta(seconds=stored.delay)
    except OverflowError:  # The delay isn't one that a command measured.
        return stored.at


class Journal:
    """The journal of one command's run."""

    def __init__(
        self,
        prefix: str,
        *,
        command: str,
        caller: str,
        account: str = "",
        zone: str = "",
        called: str = "aws",
        bucket: Bucket | None = None,
        folder: Path = FOLDER,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Create it.

        Args:
            prefix: Product and stage.
            command: The command as you type it.
            caller: ARN of the caller.
            account: Account id of the environment.
            zone: Id of the hosted zone whose records the command changes.
            called: The endpoint of Route 53's calls, as `Aws.endpoint` names it.
            bucket: Where all machines' entries are stored; none if only this machine has the journal.
            folder: Folder of this machine's file.
            now: This machine's clock.
        """
        self._prefix, self._folder, self._now, self._bucket = prefix, folder, now, bucket
        self._command, self._caller, self._account, self._zone = command, caller, account, zone
        self._endpoint = called
        self._writer, self._number = uuid4().hex[:16], 0
        self._objects: dict[str, Stored] = {}
        self._waiting: list[Line] = []
        self._paused_until = 0.0
        self._broken: list[str] = []

    @property
    def place(self) -> str:
        """Where it is stored, for messages."""
        return self._bucket.place if self._bucket else str(path(self._prefix, self._folder))

    def entries(self) -> Sequence[Entry]:
        """Entries of this command's own endpoint: a rehearsal's entries aren't part of the history on AWS."""
        return [entry for entry in self.history() if entry.endpoint == self._endpoint]

    def history(self) -> Sequence[Entry]:
        """All entries in one order, of all machines and endpoints. An error of the bucket is a warning.

        Stores the entries that are only on this machine.
        """
        here, stored = _local(self._prefix, self._folder), self._stored()
        if stored is not None:
            known = {line.id for line, _ in stored}
            self._waiting = [line for line in here if line.id not in known and self._is_own(line.entry)]
            if self._waiting and self._bucket:
                if problem := self._store_waiting(self._bucket):
                    say(f"warning: {len(self._waiting)} entries of the journal are only on this machine: {problem}")
                stored = self._stored() or stored
        found = {line.id: (line, object_) for line, object_ in stored or ()}
        return in_order([*found.values(), *((line, None) for line in here if line.id not in found)])

    def damaged(self) -> list[str]:
        """What isn't an entry: incomplete lines of this machine's file, and objects that can't be read as one."""
        return [*damaged(self._prefix, self._folder), *self._broken]

    def waiting(self) -> int:
        """How many entries are only on this machine, after `history`."""
        return len(self._waiting)

    def append(
        self,
        event: str,
        outcome: str,
        *,
        before: Position = None,
        after: Position = None,
        evidence: Mapping[str, object] | None = None,
        run: str = "",
        must: bool = True,
        here: bool = False,
    ) -> None:
        """Write an entry, and return once it is on the disk and in the bucket.

        Args:
            event: What it is about.
            outcome: How it ended, or `intended`.
            before: Where the change starts.
            after: Where it ends.
            evidence: What the command found.
            run: Id of the cutover that it belongs to.
            must: Whether it is an error if other machines can't see the entry. A rollback goes on: without the bucket,
                and without the line.
            here: Whether this machine's file is enough while the bucket doesn't respond, as for a change that moves no
                traffic.

        Raises:
            JournalError: The entry can't be written, and `must` is true.
        """
        self._number += 1
        entry = Entry(
            at=self._now().isoformat(timespec="milliseconds"),
            command=self._command,
            event=event,
            outcome=outcome,
            before=before,
            after=after,
            evidence=evidence or {},
            caller=self._caller,
            endpoint=self._endpoint,
            run=run,
            account=self._account,
            zone=self._zone,
            writer=self._writer,
            number=self._number,
        )
        line = Line(entry, json.dumps(asdict(entry)).encode())
        file, kept = path(self._prefix, self._folder), True
        try:
            _write(file, line.body)
        except OSError as error:
            kept, problem = False, f"can't write the journal {file}: {error.strerror}"
            if must and self._bucket is None:
                raise JournalError(f"{problem}; run the command in a folder that you can write to") from error
            say(f"warning: {problem}")
        if self._bucket is None:
            return
        self._waiting.append(line)
        must = must and not (here and kept)
        if not must and time.monotonic() < self._paused_until:
            return
        if problem := self._store_waiting(self._bucket):
            if must:
                raise JournalError(f"can't write the journal: {problem}")
            later = "; the entry is on this machine, and a later command stores it" if kept else ""
            say(f"warning: {problem}{later}")

    def _is_own(self, entry: Entry) -> bool:
        """Whether an entry of this machine belongs into the bucket: not a rehearsal's, nor another account's."""
        return entry.endpoint == self._endpoint and entry.account in ("", self._account)

    def _stored(self) -> list[tuple[Line, Stored]] | None:
        """The bucket's entries; none if it doesn't respond, which is a warning."""
        if self._bucket is None:
            return []
        if time.monotonic() < self._paused_until:
            return None
        try:
            missing = [id_ for id_ in self._bucket.ids() if id_ not in self._objects]
        except OpsError as error:
            self._pause()
            say(f"warning: {error}; only the entries that were written on this machine are known")
            return None
        with ThreadPoolExecutor(READERS) as readers:
            read = _Objects(self._bucket).read
            responses = dict(zip(missing, readers.map(read, missing), strict=True))
        self._objects |= {id_: found for id_, found in responses.items() if isinstance(found, Stored)}
        lines = {id_: _line(stored.body) for id_, stored in self._objects.items()}
        self._broken = [
            *dict.fromkeys(str(found) for found in responses.values() if isinstance(found, OpsError)),
            *(f"{self._bucket.place}{id_}" for id_, line in lines.items() if line is None or line.id != id_),
        ]
        return [(line, self._objects[id_]) for id_, line in lines.items() if line and line.id == id_]

    def _store_waiting(self, bucket: Bucket) -> str:
        """Store what waits, oldest first; return what is wrong, or nothing."""
        try:
            while self._waiting:
                line, now = self._waiting[0], self._now()
                written = _time(line.entry.at)
                delay = 0 if written == _EARLIEST else max(0, int((now - written).total_seconds()))
                bucket.put(line.id, line.body, delay)
                self._waiting.pop(0)
        except OpsError as error:
            self._pause()
            return str(error)
        return ""

    def _pause(self) -> None:
        self._paused_until = time.monotonic() + PAUSE_SECONDS


class _Objects:
    """Reads objects, several at the same time. If many don't arrive, and slowly, it gives up."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket, self._failed = bucket, 0
        self._until = time.monotonic() + GIVE_UP_SECONDS

    def read(self, id_: str) -> Stored | OpsError:
        """An object, or why this one can't be read."""
        if self._failed > READERS and time.monotonic() > self._until:
            return OpsError(f"other objects of {self._bucket.place} weren't read, since the ones before failed slowly")
        try:
            return self._bucket.get(id_)
        except OpsError as error:
            self._failed += 1
            return error


def _time(at: str) -> datetime:
    """The time of an entry; the earliest one if it isn't a time."""
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return _EARLIEST
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _write(file: Path, line: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as stream:
        end = stream.seek(0, os.SEEK_END)
        if end:
            stream.seek(end - 1)
            # An incomplete line stays, on a line of its own.
            line = line if stream.read(1) == b"\n" else b"\n" + line
        stream.write(line + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    if not end:
        _keep_name(file.parent)


def _keep_name(folder: Path) -> None:
    """Write a new file's name to the disk too: the folder holds it."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _lines(file: Path) -> list[bytes]:
    try:
        return [line for line in file.read_bytes().split(b"\n") if line.strip()]
    except FileNotFoundError:
        return []
    except OSError as error:  # A rollback must not stop because of it.
        say(f"warning: can't read the journal {file}: {error.strerror}")
        return []


def _local(prefix: str, folder: Path) -> list[Line]:
    return [line for line in map(_line, _lines(path(prefix, folder))) if line]


def _line(body: bytes) -> Line | None:
    try:
        return Line(parse(Entry, body), body)
    except ValueError:
        return None
