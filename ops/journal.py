"""The journal: what commands changed in a stage and why, in lines that are written before and after each change."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path

from ops.command import say
from ops.errors import OpsError

FOLDER = Path("journal")
Position = int | str | None
"""Where a change starts or ends: a weight in percent, a task definition; none where it isn't known."""


class JournalError(OpsError):
    """The journal can't be written."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line: something that a command is about to do, did, or found."""

    at: str
    """UTC, ISO 8601, by this machine's clock."""
    command: str
    """The command as it is typed, such as `rollback dns`."""
    event: str
    """What it is about, such as `step`."""
    outcome: str
    """`intended` before a change; `done`, `failed` or `unknown` after it; other words where nothing is changed."""
    before: Position = None
    after: Position = None
    evidence: Mapping[str, object] = field(default_factory=dict)
    """What was seen, by name."""
    caller: str = ""
    """ARN of who did it."""
    endpoint: str = "aws"
    """`aws`, or the address of the emulator."""
    run: str = ""
    """Id that the entries of one cutover share."""


_FIELDS = {each.name for each in fields(Entry)}
_NEEDED = ("at", "command", "event", "outcome")


def endpoint() -> str:
    """Which AWS the commands talk to: `aws`, or the address that AWS_ENDPOINT_URL names."""
    return os.environ.get("AWS_ENDPOINT_URL") or "aws"


def path(stage: str, folder: Path = FOLDER) -> Path:
    """The file of a stage, below the current folder."""
    return folder / f"{stage}.jsonl"


def read(stage: str, folder: Path = FOLDER) -> list[Entry]:
    """All entries of a stage, oldest first. Lines that aren't whole are set aside: see `damaged`."""
    return [entry for entry in map(_entry, _lines(path(stage, folder))) if entry]


def damaged(stage: str, folder: Path = FOLDER) -> list[str]:
    """Lines that aren't whole, as a power cut leaves them. They stay in the file."""
    return [line.decode(errors="replace") for line in _lines(path(stage, folder)) if not _entry(line)]


def last_rehearsed_rollback(stage: str, folder: Path = FOLDER) -> Entry | None:
    """The newest `rollback dns` that took traffic back, on AWS or in a rehearsal (its `endpoint` tells); for R12.1."""
    went_back = (
        entry
        for entry in reversed(read(stage, folder))
        if (entry.command, entry.event, entry.outcome) == ("rollback dns", "back", "done") and entry.before
    )
    return next(went_back, None)


class Journal:
    """The journal of one command's run."""

    def __init__(
        self,
        stage: str,
        *,
        command: str,
        caller: str,
        folder: Path = FOLDER,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._stage, self._folder, self._now = stage, folder, now
        self._command, self._caller, self._endpoint = command, caller, endpoint()

    def entries(self) -> Sequence[Entry]:
        """What happened at this command's own endpoint; a rehearsal's story is none of AWS's."""
        return [entry for entry in read(self._stage, self._folder) if entry.endpoint == self._endpoint]

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
    ) -> None:
        """Write a line, and return once it is on the disk.

        Args:
            event: What it is about.
            outcome: What came of it, or that it is `intended`.
            before: Where the change starts.
            after: Where it ends.
            evidence: What was seen.
            run: Id of the cutover that it belongs to.
            must: Whether nothing may happen without it. Going back waits for no disk.

        Raises:
            JournalError: It must be written, and can't.
        """
        entry = Entry(
            at=self._now().isoformat(timespec="seconds"),
            command=self._command,
            event=event,
            outcome=outcome,
            before=before,
            after=after,
            evidence=evidence or {},
            caller=self._caller,
            endpoint=self._endpoint,
            run=run,
        )
        file = path(self._stage, self._folder)
        try:
            _write(file, json.dumps(asdict(entry), ensure_ascii=False))
        except OSError as error:
            problem = f"can't write the journal {file}: {error.strerror}"
            if must:
                raise JournalError(f"{problem}; run where it can be kept") from error
            say(f"warning: {problem}")


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as stream:
        end = stream.seek(0, os.SEEK_END)
        if end:
            stream.seek(end - 1)
            # After a line that was cut short; it stays, on a line of its own.
            text = text if stream.read(1) == b"\n" else f"\n{text}"
        stream.write(f"{text}\n".encode())
        stream.flush()
        os.fsync(stream.fileno())
    if not end:
        _keep_name(file.parent)


def _keep_name(folder: Path) -> None:
    """Bring a new file's name to the disk too: it stands in the folder."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _lines(file: Path) -> list[bytes]:
    return [line for line in file.read_bytes().split(b"\n") if line.strip()] if file.exists() else []


def _entry(line: bytes) -> Entry | None:
    try:
        values = json.loads(line)
    except ValueError:
        return None
    if not isinstance(values, dict) or not all(isinstance(values.get(name), str) for name in _NEEDED):
        return None
    return Entry(**{name: value for name, value in values.items() if name in _FIELDS})
