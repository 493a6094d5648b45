"""A data store's program, which a rehearsal can stop and start again on the same port with the same data."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ops.errors import OpsError
from rehearsal.application import programs

START_SECONDS = 20


class Store:
    """PostgreSQL or Redis, on 127.0.0.1."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        url: str,
        answers: Callable[[], bool],
        log: Path,
        given: str = "",
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Describe it; `start` runs it.

        Args:
            name: What messages call it.
            command: Program and arguments, for the foreground; no secret is among them.
            url: Where applications find it, with user and password.
            answers: Whether it accepts requests.
            log: Where its output goes.
            given: Its standard input.
            stop_signal: What ends it without waiting for its clients.
        """
        self.url = url
        self._name, self._command, self._answers = name, command, answers
        self._log, self._given, self._stop_signal = log, given, stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it, and wait until it responds.

        Raises:
            OpsError: It doesn't come up; the message has its log's last lines.
        """
        if self._process:
            return
        with self._log.open("ab") as log:
            self._process = programs.start(self._command, log, self._stop_signal)
        assert self._process.stdin  # noqa: S101  (a pipe)
        with suppress(BrokenPipeError), self._process.stdin as stream:
            stream.write(self._given.encode())
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise OpsError(f"{self._name} doesn't come up: {programs.last_lines(self._log)}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it; its data stays."""
        if self._process:
            programs.end(self._process, self._stop_signal)
            self._process = None
