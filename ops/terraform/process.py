"""Runs Terraform, reads its events to their end, and passes Ctrl-C, SIGTERM and SIGHUP on to it once."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, Any

from modules.interrupts import GONE, heard, interrupt
from ops.errors import OpsError
from ops.terraform.inherited import inherited

if TYPE_CHECKING:
    from ops.credentials.shared import Credentials

LOCK_TIMEOUT = "-lock-timeout=5s"
"""Long enough for another command's last write. A lock that is held longer is an error that names its holder."""
Event = Mapping[str, Any]
"""A line of Terraform's machine-readable output: https://developer.hashicorp.com/terraform/internals/machine-readable-ui."""
Listener = Callable[[Event], None]


@dataclass(frozen=True)
class Done:
    """The end of a run of Terraform."""

    code: int
    """Its exit code; negative: the signal that ended it."""
    output: str = ""
    """What it printed on stdout; empty if its output was read as events."""
    errors: tuple[str, ...] = ()
    """Its error messages, each of one or more lines."""

    @property
    def killed(self) -> bool:
        """Whether it was killed, and so could not free its lock or save its state."""
        return self.code in {-signal.SIGKILL, 128 + signal.SIGKILL}


@dataclass
class Terraform:
    """Terraform with its environment variables. Several may run side by side."""

    variables: Mapping[str, str] = field(default_factory=lambda: inherited().kept)
    credentials: Credentials | None = None
    """Replace any credentials in `variables`."""
    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    """Reentrant: a signal handler takes it, perhaps in the thread that holds it."""
    interrupted: threading.Event = field(default_factory=threading.Event)

    @property
    def binary(self) -> str:
        """Path of the program.

        Raises:
            OpsError: Terraform isn't installed.
        """
        found = shutil.which("terraform", path=self.variables.get("PATH"))
        if not found:
            raise OpsError(
                "no terraform here; install the version in .tool-versions (developer.hashicorp.com/terraform/install)"
            )
        return found

    def run(self, folder: Path, *arguments: str, log: Path | None = None, listener: Listener | None = None) -> Done:
        """Run one command in a stack's folder.

        Args:
            folder: The stack's folder.
            arguments: The command and its flags; with `-json` among them, each line of its output is an event.
            log: A file to append events to. If the disk is full, logging stops and Terraform goes on.
            listener: Called with each event.

        Returns:
            How it ended. After an interruption no run begins.

        Raises:
            AwsError: There are no credentials.
        """
        child = self._start([self.binary, *arguments], folder, self.environment())
        if child is None:
            return Done(-signal.SIGINT, errors=("interrupted before it began",))
        structured = listener is not None or log is not None
        with child, self._registered(child):
            assert child.stdout and child.stderr  # noqa: S101  (both are pipes)
            complaints = _Collected(child.stderr)
            if structured:
                errors = self._listen(child.stdout, log, listener or (lambda _: None))
                output = ""
            else:
                errors, output = [], child.stdout.read()
            code = child.wait()
            plain = complaints.text()
        if code and not errors:
            errors = [plain.strip() or output.strip()[-2000:] or f"terraform {arguments[0]} ended with {code}"]
        return Done(code, output, tuple(errors))

    def environment(self) -> dict[str, str]:
        """All environment variables of a run that begins now.

        Raises:
            AwsError: There are no credentials.
        """
        found = self.credentials.environment(self.variables) if self.credentials else self.variables
        return {**found, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}

    def interrupt(self) -> None:
        """Send SIGINT to every run, once: Terraform finishes its current operations, and a second one aborts them.

        A terminal that closes sends several signals.
        """
        with self._lock:
            if self.interrupted.is_set():
                return
            self.interrupted.set()
            for child in tuple(self._running):
                child.send_signal(signal.SIGINT)

    @contextmanager
    def passing_signals_on(self) -> Iterator[None]:
        """Inside this context, signals interrupt Terraform, and this program then reports the results."""

        def handle(number: int, frame: FrameType | None) -> None:
            self.interrupt()

        with _handling(handle):
            yield

    @contextmanager
    def taking_no_signals(self) -> Iterator[None]:
        """Inside this context, signals interrupt this program, which asks a question."""
        with _handling(interrupt):
            yield

    def _listen(self, pipe: IO[str], log: Path | None, listener: Listener) -> list[str]:
        """Read all events; return the error messages.

        If the listener fails, as when the terminal is gone, Terraform is interrupted and the rest is read without it:
        Terraform dies as soon as nothing reads its output, without saving the state or freeing the lock.
        https://github.com/hashicorp/terraform/issues/31911
        """
        errors: list[str] = []
        failure: BaseException | None = None
        with _Kept(log) as kept:
            for line in pipe:
                kept.add(line)
                event = _event(line)
                if event.get("type") == "diagnostic" and event.get("@level") == "error":
                    errors.append(_complaint(event.get("diagnostic", {})))
                try:
                    if failure is None:
                        listener(event)
                except BaseException as error:
                    failure = error
                    self.interrupt()
        if isinstance(failure, OSError) and failure.errno in GONE:
            return errors
        if failure is not None:
            raise failure
        return errors

    def _start(
        self, command: Sequence[str], folder: Path, variables: Mapping[str, str]
    ) -> subprocess.Popen[str] | None:
        """Start a process that `interrupt` knows; return None after an interruption."""
        with self._lock:
            if self.interrupted.is_set():
                return None
            # Its own process group: otherwise the terminal's Ctrl-C is a second SIGINT, which aborts the apply.
            child = subprocess.Popen(
                command,
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                process_group=0,
                umask=0o077,  # Only the owner may read plans and states.
            )
            self._running.add(child)
            return child

    @contextmanager
    def _registered(self, child: subprocess.Popen[str]) -> Iterator[None]:
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(child)


class _Collected:
    """Reads a pipe to its end in a thread, so that neither side waits for the other."""

    def __init__(self, pipe: IO[str]) -> None:
        self._parts: list[str] = []
        self._thread = threading.Thread(target=lambda: self._parts.append(pipe.read()), daemon=True)
        self._thread.start()

    def text(self) -> str:
        self._thread.join()
        return "".join(self._parts)


class _Kept:
    """A file of events. Lines that can't be written are left out: an apply must not fail because of its log."""

    def __init__(self, path: Path | None) -> None:
        self._file: IO[str] | None = None
        with suppress(OSError):
            if path:
                path.touch(mode=0o600)
                self._file = path.open("a", encoding="utf-8", buffering=1)

    def add(self, line: str) -> None:
        if self._file is None:
            return
        try:
            self._file.write(line)
        except OSError:
            self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def __enter__(self) -> _Kept:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Inside this context, signals that this process doesn't ignore call the handler."""
    before = {number: signal.signal(number, handler) for number in heard()}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _event(line: str) -> Event:
    try:
        event = json.loads(line)
    except ValueError:
        return {"@message": line.rstrip("\n"), "type": "text"}
    return event if isinstance(event, dict) else {"@message": line, "type": "text"}


def _complaint(diagnostic: Mapping[str, Any]) -> str:
    address = diagnostic.get("address")
    where = f" ({address})" if address else ""
    summary, detail = diagnostic.get("summary", ""), diagnostic.get("detail", "").strip()
    return f"{summary}{where}" + (f": {detail}" if detail else "")
