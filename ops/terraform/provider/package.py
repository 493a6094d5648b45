"""The provider's package that `init` installed for a stack, compared with the lock file, and its schema from a cache.

Terraform compares the package with the lock file at each command, except for a provider that it doesn't start itself.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

from modules.output import ROOT
from ops.errors import OpsError
from ops.gate.lock_file import PROVIDER, locked
from ops.terraform.provider.process import running
from ops.terraform.provider.server import whole_schema

SCHEMAS = ROOT / ".terraform" / "schemas"
"""Folder of schemas, by the SHA-256 of the provider's program."""
_DIGEST = hashlib.sha256().digest_size
_ONE_AT_A_TIME = Lock()
"""Phases that run side by side hash and ask once."""


@dataclass(frozen=True)
class Package:
    """A package whose hash is in the lock file."""

    program: Path
    sha256: str
    """Of the program."""

    def schema(self, variables: Mapping[str, str]) -> bytes:
        """The provider's schema: from the cache, or else from the provider itself.

        Args:
            variables: Environment variables of the provider.

        Raises:
            OpsError: The provider doesn't start.
            OSError: The cache can't be written.
        """
        file = SCHEMAS / self.sha256
        with _ONE_AT_A_TIME:
            if (found := _cached(file)) is None:
                with running(self.program, variables) as address:
                    found = whole_schema(address)
                SCHEMAS.mkdir(parents=True, exist_ok=True)
                new = file.with_suffix(f".{os.getpid()}")
                try:
                    new.write_bytes(hashlib.sha256(found).digest() + found)
                    new.replace(file)
                finally:
                    new.unlink(missing_ok=True)
            return found


def installed(folder: Path) -> Package:
    """The package that `init` installed in a stack's folder.

    Raises:
        OpsError: There is none, or its hash isn't in the lock file; Terraform then doesn't run it either.
        OSError: It can't be read.
    """
    versions = folder / ".terraform" / "providers" / PROVIDER / locked().version
    found = [path.resolve() for path in versions.glob("*")]
    if len(found) != 1:
        raise OpsError(f"{versions} has {len(found)} packages; init installs one")
    files = {path.relative_to(found[0]).as_posix(): path for path in found[0].rglob("*") if path.is_file()}
    with _ONE_AT_A_TIME:
        digests = {name: _digest(path, *_identity(path)) for name, path in sorted(files.items())}
    if package_hash(digests) not in locked().hashes:
        raise OpsError(f"the hash of {found[0]} isn't in the lock file")
    programs = [name for name in files if name.startswith("terraform-provider-aws")]
    if len(programs) != 1:
        raise OpsError(f"{found[0]} has {len(programs)} programs of the provider")
    return Package(files[programs[0]], digests[programs[0]])


def package_hash(digests: Mapping[str, str]) -> str:
    """The hash of a package in a lock file, from the SHA-256 of its files by name.

    https://developer.hashicorp.com/terraform/language/files/dependency-lock#h1,
    https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1
    """
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return f"h1:{b64encode(hashlib.sha256(lines.encode()).digest()).decode()}"


def _identity(path: Path) -> tuple[int, ...]:
    """What changes when a file is replaced or written."""
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@cache
def _digest(path: Path, *_: int) -> str:
    """The SHA-256 of a file. The program has 0.7 GB, so each version of it is read once in a process."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _cached(file: Path) -> bytes | None:
    """A schema that isn't damaged."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    digest, found = content[:_DIGEST], content[_DIGEST:]
    return found if hashlib.sha256(found).digest() == digest else None
