"""`bin/install-terraform [FOLDER]`: installs the Terraform of .tool-versions, for a pipeline's runner.

It does nothing if that version is on the PATH. Otherwise it downloads HashiCorp's archive, compares its SHA-256 with
bin/terraform.sha256, puts the program into FOLDER (.terraform/bin), and adds FOLDER to the PATH of a GitHub job's later
steps. It runs before any package is installed, so it needs Python only.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = "https://releases.hashicorp.com"
"""https://developer.hashicorp.com/terraform/install"""
CHECKSUMS = ROOT / "bin" / "terraform.sha256"
ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
LARGEST = 200 * 2**20
"""Bytes of an archive; those of 1.11 have 28 MB."""
SECONDS = 60
"""To wait for the site."""
TRIES = 3
PATH_FILE = "GITHUB_PATH"
"""Variable with the file of folders for the PATH.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-system-path
"""


class InstallError(Exception):
    """Terraform can't be installed; the message is one line."""


def version(pinned: Path = ROOT / ".tool-versions") -> str:
    """The version in .tool-versions."""
    lines = [line.split() for line in pinned.read_text(encoding="utf-8").splitlines()]
    found = [words[1] for words in lines if len(words) == 2 and words[0] == "terraform"]
    if not found:
        raise InstallError(f"{pinned.name} has no line `terraform VERSION`")
    return found[0]


def archive(wanted: str, system: str, machine: str) -> str:
    """The name of HashiCorp's archive for a system and a machine, as Python names them."""
    architecture = ARCHITECTURES.get(machine.lower())
    if architecture is None or system not in {"Linux", "Darwin"}:
        raise InstallError(
            f"no Terraform for {system} on {machine} here; install version {wanted} from "
            "https://developer.hashicorp.com/terraform/install"
        )
    return f"terraform_{wanted}_{system.lower()}_{architecture}.zip"


def checksum(name: str, listed: Path = CHECKSUMS) -> str:
    """The SHA-256 that an archive must have."""
    lines = [line.split() for line in listed.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    found = [words[0] for words in lines if len(words) == 2 and words[1] == name]
    if not found:
        raise InstallError(f"bin/{listed.name} has no line for {name}; its first lines say where to find it")
    return found[0]


def has(program: str | None, wanted: str) -> bool:
    """Whether a program is Terraform of that version."""
    if program is None:
        return False
    try:
        done = subprocess.run(  # noqa: S603  (a program on the PATH, or the one that this installed)
            [program, "version"], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and f"Terraform v{wanted}" in done.stdout.splitlines()


def download(address: str) -> bytes:
    """The archive at an address; it tries again if the site doesn't respond."""
    for left in reversed(range(TRIES)):
        try:
            with urllib.request.urlopen(address, timeout=SECONDS) as response:  # noqa: S310  (SITE, or a test's)
                content: bytes = response.read(LARGEST + 1)
        except urllib.error.HTTPError as error:
            if left and error.code >= 500:
                continue
            raise InstallError(f"{address}: {error.code} {error.reason}") from None
        except ValueError:
            raise InstallError(f"{address!r} isn't an address; TERRAFORM_RELEASES must begin with https://") from None
        except (OSError, http.client.HTTPException) as error:
            if left:
                continue
            raise InstallError(f"{address} doesn't respond: {getattr(error, 'reason', error)}") from None
        if len(content) > LARGEST:
            raise InstallError(f"{address} is larger than {LARGEST // 2**20} MB; that is no Terraform")
        return content
    raise AssertionError(address)


def unpack(content: bytes, folder: Path) -> Path:
    """Put the program of an archive into a folder, whole or not at all."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            program = packed.read("terraform")
    except (zipfile.BadZipFile, KeyError) as error:
        raise InstallError(f"the archive has no program: {error}") from None
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as new:
        new.write(program)
    Path(new.name).chmod(0o755)
    return Path(new.name).replace(folder / "terraform")


def install(folder: Path, wanted: str, site: str = SITE) -> Path:
    """Download, verify and install a version.

    Raises:
        InstallError: The archive can't be had, or isn't the one that bin/terraform.sha256 names.
    """
    name = archive(wanted, platform.system(), platform.machine())
    expected = checksum(name)
    address = f"{site}/terraform/{wanted}/{name}"
    content = download(address)
    if (found := hashlib.sha256(content).hexdigest()) != expected:
        raise InstallError(
            f"{address} has SHA-256 {found}, not {expected} of bin/{CHECKSUMS.name}; nothing was installed"
        )
    return unpack(content, folder)


def say(text: str) -> None:
    """Print a message."""
    sys.stderr.write(f"{text}\n")


def main(arguments: Sequence[str], variables: Mapping[str, str] = os.environ) -> int:
    """Install Terraform if it isn't there; return the exit code."""
    folder = Path(arguments[0] if arguments else ROOT / ".terraform" / "bin").resolve()
    try:
        wanted = version()
        if has(shutil.which("terraform"), wanted):
            say(f"Terraform {wanted} is installed")
            return 0
        if not has(str(folder / "terraform"), wanted):
            install(folder, wanted, variables.get("TERRAFORM_RELEASES") or SITE)
    except (InstallError, OSError) as error:
        say(f"error: {error}")
        return 2
    if added := variables.get(PATH_FILE):
        with Path(added).open("a", encoding="utf-8") as stream:
            stream.write(f"{folder}\n")
    say(f"Terraform {wanted} is in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
