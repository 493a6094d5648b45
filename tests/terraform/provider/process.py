"""A provider process that is started once and serves many runs of Terraform."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops.errors import OpsError

SOURCE = "registry.terraform.io/hashicorp/aws"
REATTACH = "TF_REATTACH_PROVIDERS"
"""Variable that tells Terraform where a running provider listens.

https://developer.hashicorp.com/terraform/plugin/debugging#starting-a-provider-in-debug-mode
"""
_ANNOUNCED = re.compile(rf"{REATTACH}='(.+)'")
_SECONDS = 10
"""How long a provider may take to end."""


@contextmanager
def running(binary: Path, variables: Mapping[str, str]) -> Iterator[str]:
    """Start a provider; the value is its address for gRPC. At the end it is stopped.

    Args:
        binary: The provider's program.
        variables: Its environment variables; credentials and endpoints can't change while it runs.

    Raises:
        OpsError: It doesn't start.
    """
    with subprocess.Popen(
        [str(binary), "-debug"],
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        process_group=0,
    ) as process:
        try:
            assert process.stdout  # a pipe
            announced = next(filter(None, map(_ANNOUNCED.search, process.stdout)), None)
            if announced is None:
                raise OpsError(f"{binary} ended with {process.wait()} before it listened")
            yield _address(json.loads(announced[1]))
        finally:
            process.terminate()
            try:
                process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(announced: Mapping[str, Any]) -> str:
    (provider,) = announced.values()
    network, where = provider["Addr"]["Network"], provider["Addr"]["String"]
    return f"unix:{where}" if network == "unix" else str(where)
