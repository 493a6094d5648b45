"""A real registry on 127.0.0.1: Debian's docker-registry."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

# Of "<account>-auth-token", which is the password that emulated ECR gives out.
HASHES = {
    "444455556666": "$2b$04$Q39i3kKGVlD/k3FtsYsz5OpE37Cm5Lck5/3q/9bTXp6cQ.thF9LLW",
    "111122223333": "$2b$04$rFXmmkQmRaIUjdRiiWlLvuZNNbzzFDtFf2S46OkzFya9TxyDbRr/K",
}
CONFIGURATION = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/storage}}}}
auth: {{htpasswd: {{realm: tests, path: {folder}/htpasswd}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""
START_SECONDS = 20


@dataclass(frozen=True)
class Server:
    """A registry that runs, of one account."""

    url: str
    account_id: str
    storage: Path

    @property
    def credentials(self) -> tuple[str, str]:
        """User and password."""
        return ("AWS", f"{self.account_id}-auth-token")

    def empty(self) -> None:
        """Forget everything: it keeps nothing in memory."""
        shutil.rmtree(self.storage, ignore_errors=True)


@contextmanager
def serve(account_id: str, folder: Path) -> Iterator[Server]:
    """Run a registry until the end."""
    program = shutil.which("docker-registry")
    assert program, "no docker-registry on this machine; install Debian's package docker-registry"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.mkdir()
    (folder / "htpasswd").write_text(f"AWS:{HASHES[account_id]}\n", encoding="utf-8")
    (folder / "config.yml").write_text(CONFIGURATION.format(folder=folder, port=port), encoding="utf-8")
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen([program, "serve", folder / "config.yml"], stdout=log, stderr=log)
    try:
        _wait(port, process, folder / "log")
        yield Server(f"http://127.0.0.1:{port}", account_id, folder / "storage")
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError(f"docker-registry doesn't answer: {log.read_text(encoding='utf-8')}")
