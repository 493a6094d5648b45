"""Runs a command that writes a file: one at a time in this folder, and only if the file isn't newer than its sources.

`python bin/alone.py .venv/.ready requirements.txt -- command …`. Two `make` at once would clear each other's .venv.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def alone(target: Path, sources: Sequence[Path], command: Sequence[str]) -> None:
    """Wait for the folder's lock; become the command, unless another one wrote the target meanwhile."""
    folder = os.open(".", os.O_RDONLY)
    with suppress(OSError):  # Some network file systems have no locks.
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another make, which sets up .venv", file=sys.stderr)  # noqa: T201
            fcntl.flock(folder, fcntl.LOCK_EX)
    if target.exists() and all(target.stat().st_mtime_ns >= source.stat().st_mtime_ns for source in sources):
        return
    os.set_inheritable(folder, True)  # Keeps the lock until all that the command starts has ended.
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    end = sys.argv.index("--")
    written, *read = map(Path, sys.argv[1:end])
    alone(written, read, sys.argv[end + 1 :])
