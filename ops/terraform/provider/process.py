"""A provider process that this program starts, and that ends with it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ops.errors import OpsError
from ops.terraform.inherited import LOG

REATTACH = "TF_REATTACH_PROVIDERS"
"""Variable that tells Terraform where a running provider listens.

https://developer.hashicorp.com/terraform/plugin/debugging#starting-a-provider-in-debug-mode
"""
_ANNOUNCED = re.compile(rf"{REATTACH}='(.+)'")
_UNTIL_INPUT_ENDS = '"$0" -debug </dev/null & exec >&-; read -r _; kill -KILL $!; wait $!'
"""Runs a provider until the standard input ends, as it does when this program is killed.

A provider has nothing to save: the state and its lock are Terraform's.
"""


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
    with TemporaryDirectory(prefix="provider-") as own:
        quiet = {name: value for name, value in variables.items() if not name.startswith(LOG)}
        with subprocess.Popen(
            ["sh", "-c", _UNTIL_INPUT_ENDS, str(binary.absolute())],
            cwd=folder,
            env={**quiet, "TMPDIR": own},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            process_group=0,
            umask=0o077,
        ) as process:
            assert process.stdout  # noqa: S101  (a pipe)
            announced = next(filter(None, map(_ANNOUNCED.search, process.stdout)), None)
            if announced is None:
                raise OpsError(f"{binary} ended before it listened")
            yield _address(json.loads(announced[1]))


def _address(announced: Mapping[str, Any]) -> str:
    (provider,) = announced.values()
    network, where = provider["Addr"]["Network"], provider["Addr"]["String"]
    return f"unix:{where}" if network == "unix" else str(where)
