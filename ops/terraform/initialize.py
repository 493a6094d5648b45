"""`terraform init`, only if its inputs changed since the last one."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from pathlib import Path

from ops.errors import OpsError
from ops.gate.folder import LOCK_FILE
from ops.terraform.process import Terraform
from ops.terraform.stack import Stack

_ONE_AT_A_TIME = threading.Lock()
"""Terraform's plugin cache doesn't support several writers:

https://developer.hashicorp.com/terraform/cli/config/config-file#provider-plugin-cache
"""


def initialize(terraform: Terraform, stack: Stack, *flags: str) -> None:
    """Initialize a stack's folder if it isn't initialized.

    Every stack has the same provider: all share the lock file of the first, and the plugin cache keeps one copy.

    Args:
        terraform: The Terraform to run.
        stack: The stack.
        flags: Flags of init that move a state; by default the state stays where it is.

    Raises:
        OpsError: Init failed.
    """
    mark, wanted = stack.folder / ".terraform" / "initialized", _digest(stack)
    if not flags and mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return
    with _ONE_AT_A_TIME:
        mark.unlink(missing_ok=True)
        _share_lock_file(stack.folder)
        done = terraform.run(stack.folder, "init", "-input=false", "-no-color", *(flags or ("-reconfigure",)))
    if done.code:
        raise OpsError(f"terraform init failed in {stack.folder}: {' '.join(done.errors)}")
    mark.write_text(wanted, encoding="utf-8")


def _digest(stack: Stack) -> str:
    """SHA-256 of init's inputs: versions, backend and providers, in the stack and in its override files."""
    parts = {name: stack.content.get(name) for name in ("terraform", "provider")}
    overrides = [path.read_text(encoding="utf-8") for path in sorted(stack.folder.glob("*_override.tf.json"))]
    return hashlib.sha256(json.dumps([parts, overrides], sort_keys=True).encode()).hexdigest()


def _share_lock_file(folder: Path) -> None:
    if (folder / LOCK_FILE).exists():
        return
    for other in folder.parent.glob(f"*/{LOCK_FILE}"):
        shutil.copyfile(other, folder / LOCK_FILE)
        return
