"""A stack's folder: which of its files Terraform loads, and which ones the runner and Terraform write there.

Terraform loads every `*.tf` and `*.tf.json` of a folder, merges `override` and `*_override` files into them, and reads
`terraform.tfvars` and `*.auto.tfvars`: https://developer.hashicorp.com/terraform/language/files. The gate reads one
file, so every other one is a scan error.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from modules.output import LOCK_FILE
from ops.errors import OpsError
from ops.gate.lock_file import PROVIDER, locked, parsed
from ops.gate.model import ErrorKind, ScanError
from ops.gate.understood import schema

STACK_FILE = "cdk.tf.json"
BESIDE_STACK = "gated.json"
"""The gate's verdict on the stack, which `apply` reads."""
BOOTSTRAP_FILE = "local_override.tf.json"
"""Terraform reads override files in order of their names, and the last one wins."""
BOOTSTRAP: dict[str, Any] = {"terraform": {"backend": {"local": {}}}}
"""`bootstrap` applies the phase `state` with a state in its folder, since the bucket doesn't exist yet."""
_BOOTSTRAPPED = "-state"
_LOADED = re.compile(r".*\.(tf|tofu)(\.json)?|terraform\.tfvars(\.json)?|.*\.auto\.tfvars(\.json)?", re.DOTALL)


def loaded(folder: Path) -> dict[str, str]:
    """SHA-256 by name of the files that Terraform loads from a stack's folder.

    Bootstrap's own file is left out while it has the content that `bootstrap` writes, since it exists only then. So is
    the lock file: a saved plan holds the hashes of its providers, and `terraform apply` compares them.
    """
    files = (path for path in folder.iterdir() if _LOADED.fullmatch(path.name) and path.is_file())
    return {path.name: digest(path) for path in sorted(files) if not _bootstraps(path)}


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def scan_errors(folder: Path) -> Iterator[ScanError]:
    """A scan error for each entry of a stack's folder that isn't known, or isn't what its name says."""
    for path in sorted(folder.iterdir()):
        known = next((known for known in _KNOWN if re.fullmatch(known.names, path.name)), None)
        if known is None and _LOADED.fullmatch(path.name):
            what = "would be loaded by Terraform, but the gate doesn't read it"
        elif known is None:
            what = "isn't a file that synth, the runner or Terraform writes to a stack's folder"
        elif known.holds(path):
            continue
        else:
            what = f"isn't {known.what}"
        fix = f"delete it, and synthesize again; all of a stack is in {STACK_FILE}"
        yield ScanError(ErrorKind.NOT_UNDERSTOOD, path.as_posix(), what, fix)


def _bootstraps(path: Path) -> bool:
    """Whether a file is the one that `bootstrap` writes."""
    with suppress(OSError, ValueError, RecursionError):
        found = path.name == BOOTSTRAP_FILE and path.parent.name.endswith(_BOOTSTRAPPED)
        return found and json.loads(path.read_bytes()) == BOOTSTRAP
    return False


def _of_bootstrap(path: Path) -> bool:
    return path.is_file() and path.parent.name.endswith(_BOOTSTRAPPED)


def _locks_aws(path: Path) -> bool:
    with suppress(OSError, ValueError, OpsError):
        found = parsed(path.read_text(encoding="utf-8"))
        return found is not None and found.version == schema.version() and found.hashes <= locked().hashes
    return False


def _is_plain(path: Path) -> bool:
    """Whether Terraform's own folder has what `init` writes: the default workspace, this backend and AWS's provider.

    `plugin_path` would take providers from elsewhere, `environment` has the workspace, and a backend in
    `terraform.tfstate` with the hash of the stack's replaces it.
    """
    with suppress(OSError, ValueError, RecursionError, AttributeError, LookupError, TypeError):
        selected = path / "environment"
        workspace = selected.read_text(encoding="utf-8").strip() if selected.exists() else "default"
        providers = [*path.glob("providers/*"), *path.glob("providers/*/*"), *path.glob("providers/*/*/*")]
        known = {each.name for each in path.iterdir()} <= _OF_INIT
        ours = all(
            f"{PROVIDER}/".startswith(f"{each.relative_to(path / 'providers').as_posix()}/") for each in providers
        )
        return known and ours and workspace == "default" and _has_its_backend(path)
    return False


def _has_its_backend(path: Path) -> bool:
    """Whether the backend that `init` recorded is the stack's, or bootstrap's."""
    recorded = path / "terraform.tfstate"
    if not recorded.exists():
        return True
    backend = json.loads(recorded.read_bytes())["backend"]
    found = {name: value for name, value in backend["config"].items() if value is not None}
    if backend["type"] == "local":
        return not found and path.parent.name.endswith(_BOOTSTRAPPED)
    wanted = json.loads((path.parent / STACK_FILE).read_bytes())["terraform"]["backend"]
    return bool(wanted == {backend["type"]: found})


_OF_INIT = frozenset({"environment", "initialized", "providers", "terraform.tfstate"})


class _Known(NamedTuple):
    """Entries that a stack's folder may have."""

    names: str
    holds: Callable[[Path], bool]
    what: str


_KNOWN = (
    _Known(re.escape(STACK_FILE), Path.is_file, "a file"),
    _Known(r"gated\.json|saved\.(new|tfplan(\.json|\.txt|\.from\.json)?)", Path.is_file, "a file"),
    _Known(r"(apply|applied)\.jsonl|errored\.tfstate|crash(\..+)?\.log", Path.is_file, "a file"),
    _Known(
        r"\.?terraform\.tfstate(\.backup|\.\d+\.backup|\.lock\.info)?",
        _of_bootstrap,
        "a state of the phase state, the only one that is ever in a folder",
    ),
    _Known(re.escape(BOOTSTRAP_FILE), _bootstraps, "the file that bootstrap writes to the folder of the phase state"),
    _Known(
        re.escape(LOCK_FILE),
        _locks_aws,
        f"a lock file of the one provider {PROVIDER} {schema.version()} with hashes that the project's {LOCK_FILE} has",
    ),
    _Known(
        r"\.terraform",
        _is_plain,
        "what `terraform init` writes for this stack: its backend, the default workspace, AWS's provider, no modules",
    ),
)
