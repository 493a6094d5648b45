"""One running copy of a service: a process with its container's environment variables."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ops.errors import OpsError
from rehearsal.application import programs

ROOT = Path(__file__).parents[2]
"""Where `-m` finds this package."""
APPLICATION = __package__


class Task:
    """A process that serves on `port` of 127.0.0.1."""

    def __init__(self, program: str, variables: Mapping[str, str], log: Path) -> None:
        """Start it, and wait until it serves.

        Args:
            program: Name of its module in this package.
            variables: The whole of its environment.
            log: Where its log goes.

        Raises:
            OpsError: It ended instead.
        """
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"{APPLICATION}.{program}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                cwd=ROOT,
                env=dict(variables),
                start_new_session=True,
            )
        assert self._process.stdin and self._process.stdout  # noqa: S101  (pipes)
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        first = self._stdout.readline()
        if not first:
            self.stop()
            raise OpsError(f"the {program} doesn't come up: {programs.last_lines(log)}")
        self.port = int(first)

    def tell(self, line: str) -> None:
        """Write a line to its standard input, and wait until it has read it."""
        self._stdin.write(f"{line}\n".encode())
        self._stdin.flush()
        self._stdout.readline()

    def stop(self) -> None:
        """Stop it."""
        programs.end(self._process)
        self._stdin.close()
        self._stdout.close()


def run(program: str, variables: Mapping[str, str], log: Path) -> int:
    """Run a module of this package to its end; its exit code."""
    with log.open("ab") as output:
        return subprocess.run(
            [sys.executable, "-m", f"{APPLICATION}.{program}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=ROOT,
            env=dict(variables),
            check=False,
        ).returncode
