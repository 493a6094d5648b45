"""The emulator as a process of its own, for as long as a rehearsal or a test needs it."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from ops.errors import OpsError

ROOT = Path(__file__).parents[2]
START_SECONDS = 300
STOP_SECONDS = 10


class EmulatorError(OpsError):
    """The emulator didn't start."""


@dataclass
class Emulator:
    """A running emulator. As a context manager it stops at the end."""

    endpoint: str
    process: subprocess.Popen[str]

    @classmethod
    def start(cls, account_id: str, log: Path, access: Path | None = None) -> Emulator:
        """Start one on a free port and wait until it answers.

        Args:
            account_id: The account of credentials that no account is known for.
            log: Where its requests and errors are written.
            access: File for the records of evaluated requests; without it, no permission is evaluated.

        Raises:
            EmulatorError: It ended, or didn't answer in `START_SECONDS`; the message ends with the log's last lines.
        """
        command = [sys.executable, "-m", "rehearsal.emulator", "--account", account_id]
        command += ["--access", str(access)] if access else []
        with log.open("w", encoding="utf-8") as file:
            # In a session of its own: Ctrl-C must reach Terraform alone, which then still has a state to write.
            process = subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=file, text=True, start_new_session=True
            )
        try:
            return cls(_endpoint(process), process)
        except BaseException as error:
            _stop(process)
            if isinstance(error, ValueError):
                tail = "\n".join(log.read_text(encoding="utf-8").splitlines()[-10:])
                raise EmulatorError(f"the emulator didn't start in {START_SECONDS} s; {log}:\n{tail}") from None
            raise

    @property
    def pid(self) -> int:
        """Id of its process."""
        return self.process.pid

    def stop(self) -> None:
        """End it; once more does nothing."""
        _stop(self.process)

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _endpoint(process: subprocess.Popen[str]) -> str:
    """Its response; ValueError if there is none."""
    output: IO[str] | None = process.stdout
    assert output is not None  # noqa: S101  (a pipe was asked for)
    ready, _, _ = select.select([output], [], [], START_SECONDS)
    return str(json.loads(output.readline() if ready else "")["endpoint"])


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
