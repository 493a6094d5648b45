"""Programs of Debian's packages: found, kept from being root, and ended by process id."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from ops.errors import OpsError

USER = "postgres"
"""Who programs run as where the caller is root, which PostgreSQL refuses; Debian's package makes it."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
VARIABLES = {"LC_ALL": "C", "PATH": PATH}
STOP_SECONDS = 15
_STARTER = ThreadPoolExecutor(max_workers=1)


def find(program: str, package: str, folders: Sequence[str] = ()) -> str:
    """Path of a program, looked for in these folders first.

    Raises:
        OpsError: It isn't installed; the message names Debian's package.
    """
    found = shutil.which(program, path=os.pathsep.join((*folders, os.environ.get("PATH", ""), PATH)))
    if not found:
        raise OpsError(f"no {program} on this machine; the rehearsal's application needs it: apt-get install {package}")
    return found


def unprivileged(command: Sequence[str]) -> list[str]:
    """The command as it is, or as `USER` where the caller is root."""
    if os.geteuid() != 0:
        return list(command)
    return [find("setpriv", "util-linux"), f"--reuid={USER}", f"--regid={USER}", "--init-groups", *command]


def start(command: Sequence[str], output: IO[bytes], end_with: signal.Signals) -> subprocess.Popen[bytes]:
    """Start a program, unprivileged, in the foreground.

    Args:
        command: Program and arguments.
        output: Where its output goes.
        end_with: The signal that it also gets when this process is killed.
    """
    bound = [find("setpriv", "util-linux"), f"--pdeathsig={end_with.name.removeprefix('SIG')}", *command]

    def run() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            unprivileged(bound),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd="/",
            env=VARIABLES,
            # Ctrl-C reaches the rehearsal alone, which then stops all in order.
            start_new_session=True,
        )

    # The signal comes when the starting thread ends, so that is one that doesn't.
    return _STARTER.submit(run).result()


def hand_over(*paths: Path) -> None:
    """Let the user that programs run as own these files."""
    if os.geteuid() == 0:
        for path in paths:
            shutil.chown(path, USER, USER)


def free_port() -> int:
    """A free port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """Ask a process to end, wait, and kill it if it doesn't."""
    process.send_signal(how)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def last_lines(log: Path) -> str:
    """The end of a log as one line."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        return " / ".join(line.strip() for line in deque(lines, 5))
