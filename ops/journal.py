"""The journal of a product's stage: what commands changed and why. They write a line before and after each change."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ops.command import say
from ops.errors import OpsError
from ops.stored import parse

FOLDER = Path("journal")
Position = int | str | None
"""Where a change starts or ends: a weight in percent, or a task definition; None if unknown."""


class JournalError(OpsError):
    """The journal can't be written."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line: what a command is about to do, did, or found."""

    at: str
    """UTC, ISO 8601, by this machine's clock."""
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


def endpoint() -> str:
    """The AWS that the commands call: `aws`, or the address in AWS_ENDPOINT_URL."""
    return os.environ.get("AWS_ENDPOINT_URL") or "aws"


def path(prefix: str, folder: Path = FOLDER) -> Path:
    """The journal file of a product and stage, as in `aep-prod`, below the current folder."""
    return folder / f"{prefix}.jsonl"


def read(prefix: str, folder: Path = FOLDER) -> list[Entry]:
    """All entries of a product and stage, oldest first, without incomplete lines: `damaged` returns those."""
    return [entry for entry in map(_entry, _lines(path(prefix, folder))) if entry]


def damaged(prefix: str, folder: Path = FOLDER) -> list[str]:
    """Incomplete lines, as a power cut leaves them. They stay in the file."""
    return [line.decode(errors="replace") for line in _lines(path(prefix, folder)) if not _entry(line)]


def last_rehearsed_rollback(prefix: str, folder: Path = FOLDER) -> Entry | None:
    """The newest `rollback dns` that returned traffic, on AWS or in a rehearsal (see its `endpoint`); for R12.1."""
    returned = (
        entry
        for entry in reversed(read(prefix, folder))
        if (entry.command, entry.event, entry.outcome) == ("rollback dns", "back", "done") and entry.before
    )
    return next(returned, None)


class Journal:
    """The journal of one command's run."""

    def __init__(
        self,
        prefix: str,
        *,
        command: str,
        caller: str,
        folder: Path = FOLDER,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._prefix, self._folder, self._now = prefix, folder, now
        self._command, self._caller, self._endpoint = command, caller, endpoint()

    def entries(self) -> Sequence[Entry]:
        """Entries of this command's own endpoint: a rehearsal's entries aren't part of the history on AWS."""
        return [entry for entry in read(self._prefix, self._folder) if entry.endpoint == self._endpoint]

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
            outcome: How it ended, or `intended`.
            before: Where the change starts.
            after: Where it ends.
            evidence: What the command found.
            run: Id of the cutover that it belongs to.
            must: Whether it is an error if the line can't be written. A rollback goes on without the line.

        Raises:
            JournalError: The line can't be written, and `must` is true.
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
        file = path(self._prefix, self._folder)
        try:
            _write(file, json.dumps(asdict(entry)))
        except OSError as error:
            problem = f"can't write the journal {file}: {error.strerror}"
            if must:
                raise JournalError(f"{problem}; run the command in a folder that you can write to") from error
            say(f"warning: {problem}")


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as stream:
        end = stream.seek(0, os.SEEK_END)
        if end:
            stream.seek(end - 1)
            # An incomplete line stays, on a line of its own.
            text = text if stream.read(1) == b"\n" else f"\n{text}"
        stream.write(f"{text}\n".encode())
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


def _entry(line: bytes) -> Entry | None:
    try:
        return parse(Entry, line)
    except ValueError:
        return None
