"""`terraform init`, only if its inputs changed since the last one, and with the project's lock file."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path

from modules.output import LOCK_FILE, PROJECT_LOCK
from ops import files
from ops.errors import OpsError
from ops.gate.lock_file import RESTORE
from ops.terraform.process import Terraform
from ops.terraform.stack import Stack

READ_ONLY = "-lockfile=readonly"
"""Flag of init: a provider whose hash isn't in the lock file is an error, and no hash is added.

https://developer.hashicorp.com/terraform/cli/commands/init#plugin-installation
"""
_CHECKSUMS = "checksums previously recorded"
"""Of Terraform's message about a package with another hash."""
_ONE_AT_A_TIME = threading.Lock()
"""Terraform's plugin cache doesn't support several writers:

https://developer.hashicorp.com/terraform/cli/config/config-file#provider-plugin-cache
"""


def initialize(terraform: Terraform, stack: Stack, *flags: str) -> None:
    """Initialize a stack's folder if it isn't initialized.

    The lock file beside the stack is always the project's: every later command of Terraform compares the installed
    provider with it too. The plugin cache keeps one copy of the provider.

    Args:
        terraform: The Terraform to run.
        stack: The stack.
        flags: Flags of init that move a state; by default the state stays where it is.

    Raises:
        OpsError: Init failed, as where the provider's hash isn't in the lock file; or that file isn't text.
    """
    mark, wanted = stack.folder / ".terraform" / "initialized", _digest(stack)
    _lock(stack.folder)
    if not flags and mark.is_file() and mark.read_bytes() == wanted.encode():
        return
    with _ONE_AT_A_TIME:
        mark.unlink(missing_ok=True)
        done = terraform.run(
            stack.folder, "init", "-input=false", "-no-color", READ_ONLY, *(flags or ("-reconfigure",))
        )
    if done.code:
        why = " ".join(done.errors)
        raise OpsError(f"terraform init failed in {stack.folder}: {why}{_advice(why)}")
    mark.write_text(wanted, encoding="utf-8")


def _digest(stack: Stack) -> str:
    """SHA-256 of init's inputs: versions, backend and providers, in the stack and its override files, and the lock."""
    parts = {name: stack.content.get(name) for name in ("terraform", "provider")}
    overriding = sorted(stack.folder.glob("*_override.tf.json"))
    overrides = [path.read_text(encoding="utf-8", errors="surrogateescape") for path in overriding]
    locked = files.read(PROJECT_LOCK, RESTORE)
    return hashlib.sha256(json.dumps([parts, overrides, locked], sort_keys=True).encode()).hexdigest()


def _lock(folder: Path) -> None:
    beside, text = folder / LOCK_FILE, files.read(PROJECT_LOCK, RESTORE)
    if not beside.is_file() or beside.read_bytes() != text.encode():
        files.write(beside, text)


def _advice(why: str) -> str:
    """What to do about a package with another hash; Terraform breaks its lines anywhere."""
    if _CHECKSUMS not in " ".join(why.split()):
        return ""
    return (
        f"\nThe project's {LOCK_FILE} has no hash of this package, so it isn't run. If it lacks this platform: make "
        "lock, where the registry is reachable. Otherwise the package was changed; make doctor shows its source"
    )
