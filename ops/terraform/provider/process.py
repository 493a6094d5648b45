"""A provider process that this program starts, and that ends with it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from threading import Timer
from urllib.parse import quote

from ops.errors import OpsError
from ops.terraform.inherited import LOG

REATTACH = "TF_REATTACH_PROVIDERS"
"""Variable that tells Terraform where a running provider listens.

https://developer.hashicorp.com/terraform/plugin/debugging#starting-a-provider-in-debug-mode
"""
_ANNOUNCEMENT = re.compile(rf"{REATTACH}='(.+)'")
_UNTIL_INPUT_ENDS = '"$0" -debug </dev/null & exec >&-; read -r _; kill -KILL $!; wait $!; rm -rf "$TMPDIR"'
"""Runs a provider until the standard input ends, as it does when this program is killed; then removes its folder.

A provider has nothing to save: the state and its lock are Terraform's.
"""
START_SECONDS = 60
"""How long a provider may take to listen, as for Terraform.

https://pkg.go.dev/github.com/hashicorp/go-plugin#ClientConfig
"""
_LONGEST_SOCKET = 103
"""Bytes of a socket's path on macOS; on Linux it may have 107. https://man7.org/linux/man-pages/man7/unix.7.html."""
_LONGEST_NAME = len(f"/plugin{2**32 - 1}")
"""Of a socket in its folder: go-plugin's, a random number, is the longest."""


@contextmanager
def running(binary: Path, variables: Mapping[str, str], folder: Path | None = None) -> Iterator[str]:
    """Start a provider; the value is its address for gRPC. At the end it is stopped.

    Args:
        binary: The provider's program.
        variables: Its environment variables; credentials and endpoints can't change while it runs. It writes no log:
            a log has requests, with the secrets in them.
        folder: The folder in which it runs.

    Raises:
        OpsError: It doesn't start.
    """
    # Its socket is in a folder of its own, which only the owner may enter.
    with folder_of_sockets("provider-") as own:
        quiet = {name: value for name, value in variables.items() if not name.startswith(LOG)}
        with subprocess.Popen(
            ["sh", "-c", _UNTIL_INPUT_ENDS, str(binary.absolute())],
            cwd=folder,
            env={**quiet, "TMPDIR": str(own)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            process_group=0,
            umask=0o077,
        ) as process:
            assert process.stdin and process.stdout  # noqa: S101  (both are pipes)
            patience = Timer(START_SECONDS, process.stdin.close)
            patience.start()
            try:
                announced = next(filter(None, map(_ANNOUNCEMENT.search, process.stdout)), None)
            finally:
                patience.cancel()
            if announced is None:
                raise OpsError(f"{binary} didn't listen: it ended, or took more than {START_SECONDS} seconds")
            yield _announced(announced[1])


@contextmanager
def folder_of_sockets(prefix: str) -> Iterator[Path]:
    """A new folder that only the owner may enter; in /tmp if a socket's path would be too long in the usual place.

    Args:
        prefix: What its name begins with.

    Raises:
        OSError: It can't be created.
    """
    longest = len(os.fsencode(gettempdir())) + len(f"/{prefix}12345678") + _LONGEST_NAME
    with TemporaryDirectory(prefix=prefix, dir="/tmp" if longest > _LONGEST_SOCKET else None) as name:  # noqa: S108
        yield Path(name)


def address(socket: str | Path) -> str:
    """The address of a socket for gRPC: a URI, so `%`, `#` and `?` in a path are written otherwise.

    https://grpc.github.io/grpc/core/md_doc_naming.html
    """
    return f"unix:{quote(str(socket))}"


def _announced(text: str) -> str:
    """The address that a provider announces, for gRPC."""
    (provider,) = json.loads(text).values()
    network, where = provider["Addr"]["Network"], provider["Addr"]["String"]
    return address(where) if network == "unix" else str(where)
