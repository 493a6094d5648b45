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

from ops.gate.model import ErrorKind, ScanError
from ops.gate.understood import schema

STACK_FILE = "cdk.tf.json"
BESIDE_STACK = "gated.json"
"""The gate's verdict on the stack, which `apply` reads."""
LOCK_FILE = ".terraform.lock.hcl"
BOOTSTRAP_FILE = "local_override.tf.json"
"""Terraform reads override files in order of their names, and the last one wins."""
BOOTSTRAP: dict[str, Any] = {"terraform": {"backend": {"local": {}}}}
"""`bootstrap` applies the phase `state` with a state in its folder, since the bucket doesn't exist yet."""
_BOOTSTRAPPED = "-state"
_LOADED = re.compile(r".*\.(tf|tofu)(\.json)?|terraform\.tfvars(\.json)?|.*\.auto\.tfvars(\.json)?", re.DOTALL)
_AWS = "registry.terraform.io/hashicorp/aws"
_LOCK = re.compile(
    rf'(?:\s|#[^\n]*\n)*provider "{re.escape(_AWS)}" \{{\s*version\s*= "{re.escape(schema.version())}"\s*'
    r'(?:constraints\s*= "[^"]*"\s*)?hashes\s*= \[(?P<hashes>(?:\s*"[^"]+",?)+)\s*\]\s*\}\s*'
)
"""https://developer.hashicorp.com/terraform/language/files/dependency-lock."""
HASHES = frozenset(
    {
        "h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=",  # linux_amd64
        "h1:Ijt7pOlB7Tr7maGQIqtsLFbl7pSMIj06TVdkoSBcYOw=",  # darwin_arm64
        "h1:H3mU/7URhP0uCRGK8jeQRKxx2XFzEqLiOq/L2Bbiaxs=",  # windows_amd64
        "h1:lcDxx0Nx+ifFqTBpxz8Un27O0s+I7UNJAr/rUpSqlig=",
        "zh:054b8dd49f0549c9a7cc27d159e45327b7b65cf404da5e5a20da154b90b8a644",
        "zh:0b97bf8d5e03d15d83cc40b0530a1f84b459354939ba6f135a0086c20ebbe6b2",
        "zh:1589a2266af699cbd5d80737a0fe02e54ec9cf2ca54e7e00ac51c7359056f274",
        "zh:6330766f1d85f01ae6ea90d1b214b8b74cc8c1badc4696b165b36ddd4cc15f7b",
        "zh:7c8c2e30d8e55291b86fcb64bdf6c25489d538688545eb48fd74ad622e5d3862",
        "zh:99b1003bd9bd32ee323544da897148f46a527f622dc3971af63ea3e251596342",
        "zh:9b12af85486a96aedd8d7984b0ff811a4b42e3d88dad1a3fb4c0b580d04fa425",
        "zh:9f8b909d3ec50ade83c8062290378b1ec553edef6a447c56dadc01a99f4eaa93",
        "zh:aaef921ff9aabaf8b1869a86d692ebd24fbd4e12c21205034bb679b9caf883a2",
        "zh:ac882313207aba00dd5a76dbd572a0ddc818bb9cbf5c9d61b28fe30efaec951e",
        "zh:bb64e8aff37becab373a1a0cc1080990785304141af42ed6aa3dd4913b000421",
        "zh:dfe495f6621df5540d9c92ad40b8067376350b005c637ea6efac5dc15028add4",
        "zh:f0ddf0eaf052766cfe09dea8200a946519f653c384ab4336e2a4a64fdd6310e9",
        "zh:f1b7e684f4c7ae1eed272b6de7d2049bb87a0275cb04dbb7cda6636f600699c9",
        "zh:ff461571e3f233699bf690db319dfe46aec75e58726636a0d97dd9ac6e32fb70",
    }
)
"""Hashes of the provider's packages: `terraform providers lock -platform=…` checks the signature and writes them.

Terraform runs a provider only if its lock file has its hash, so a lock file with another hash runs another program.
"""


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
    with suppress(OSError, ValueError):
        found = _LOCK.fullmatch(path.read_text(encoding="utf-8"))
        return found is not None and {*re.findall(r'"([^"]+)"', found["hashes"])} <= HASHES
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
        ours = all(f"{_AWS}/".startswith(f"{each.relative_to(path / 'providers').as_posix()}/") for each in providers)
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
        f"a lock file of the one provider {_AWS} {schema.version()} with hashes that ops/gate/folder.py has",
    ),
    _Known(
        r"\.terraform",
        _is_plain,
        "what `terraform init` writes for this stack: its backend, the default workspace, AWS's provider, no modules",
    ),
)
