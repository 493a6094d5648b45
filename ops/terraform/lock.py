"""Renews the project's lock file of the AWS provider: the second half of `make lock`.

Where the registry is reachable, Terraform gets the packages of all platforms from it and verifies HashiCorp's
signature. Elsewhere, as with a mirror of files, only this machine's package can be had: its hash alone is written, or
compared. https://developer.hashicorp.com/terraform/cli/commands/providers/lock
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from re import search
from tempfile import TemporaryDirectory

from modules.output import LOCK_FILE, PROJECT_LOCK
from ops import files
from ops.doctor.provider import target
from ops.errors import OpsError
from ops.gate.lock_file import PROVIDER, Locked, parsed
from ops.printable import printable
from ops.terraform.process import Done, Terraform

PLATFORMS = ("darwin_amd64", "darwin_arm64", "linux_amd64", "linux_arm64", "windows_amd64")
"""Those that the lock file has hashes for, as the registry names them."""
BINDINGS = "cdktf_cdktf_provider_aws"
_HEAD = 2000
"""Characters of a module of the bindings that have its link to the registry, which names the provider's version."""


def pinned_provider() -> str:
    """The version of the AWS provider that the installed bindings are made for, without importing them.

    Raises:
        OpsError: The bindings aren't installed, or name no version.
    """
    spec = find_spec(BINDINGS)
    place = next(iter(spec.submodule_search_locations or ()), None) if spec else None
    module = Path(place or "") / "provider" / "__init__.py"
    head = ""
    if module.is_file():
        with module.open(encoding="utf-8") as stream:
            head = stream.read(_HEAD)
    found = search(r"/providers/hashicorp/aws/(\d+\.\d+\.\d+)/docs", head)
    if not found:
        raise OpsError(f"{module} names no version of the AWS provider; run make setup, or change {__name__}")
    return found[1]


def renew(version: str, file: Path = PROJECT_LOCK, terraform: Terraform | None = None) -> str:
    """Write the lock file of a version of the provider; return what was done, and what is left to do.

    Hashes that the file has of this version are never dropped, and one that isn't among them is never added without
    the registry: the file is unchanged after an error.

    Args:
        version: The provider's version.
        file: The lock file.
        terraform: The Terraform to run.

    Raises:
        OpsError: This version can't be had here, its package has another hash than the file, or the file has another
            form.
    """
    terraform = terraform or Terraform()
    present, before = _present(file)
    with TemporaryDirectory(prefix="lock-") as name:
        folder = Path(name)
        required = {"required_providers": {"aws": {"source": PROVIDER, "version": version}}}
        (folder / "main.tf.json").write_text(json.dumps({"terraform": required}), encoding="utf-8")
        if before and before.version == version:
            (folder / LOCK_FILE).write_text(present, encoding="utf-8")
        asked = terraform.run(folder, "providers", "lock", "-no-color", *(f"-platform={each}" for each in PLATFORMS))
        whole = asked.code == 0
        done = asked if whole else terraform.run(folder, "init", "-backend=false", "-input=false", "-no-color")
        if done.code:
            raise OpsError(f"{file.name} is unchanged: {PROVIDER} {version} for {target()}: {_why(done)}")
        text = (folder / LOCK_FILE).read_text(encoding="utf-8")
    after = parsed(text)
    if after is None or after.version != version:
        raise OpsError(f"{file.name} is unchanged: terraform wrote a lock file of another form:\n{printable(text)}")
    if before != after:
        files.write(file, text)
    return _summary(file.name, before, after, "" if whole else _why(asked))


def _present(file: Path) -> tuple[str, Locked | None]:
    """The lock file's text, and what it allows; none if there is no file.

    Raises:
        OpsError: It has another form: its hashes would be dropped.
    """
    if not file.is_file():
        return "", None
    text = file.read_bytes().decode("utf-8", errors="replace").replace("\r\n", "\n")
    if (found := parsed(text)) is None:
        raise OpsError(
            f"{file.name} is unchanged: it isn't a lock file of {PROVIDER} alone; git restore {file.name}, or delete it"
        )
    return text, found


def _why(done: Done) -> str:
    return printable(" ".join(" ".join(done.errors).split()))


def _summary(name: str, before: Locked | None, after: Locked, unreachable: str) -> str:
    """What was done.

    Args:
        name: The file's name.
        before: What it allowed.
        after: What it allows.
        unreachable: Why the registry can't be asked; empty if it was.
    """
    did = "is unchanged" if before == after else "was written"
    what = f"{name} {did}: hashicorp/aws {after.version}, {len(after.hashes)} hashes"
    if not unreachable:
        return f"{what}, for {', '.join(PLATFORMS)}"
    platform = target()
    if before and before.version == after.version:
        left = f"only the package of this platform, {platform}, was compared with them"
    else:
        left = (
            f"for this platform only, {platform}, and nothing verified its signature. On another platform init refuses "
            "the provider"
        )
    return (
        f"{what}; {left}. For all platforms: run make lock where the registry is reachable, and commit {name}. "
        f"(The registry can't be asked: {unreachable})"
    )


def main() -> None:
    """Renew the project's lock file; an error is one line."""
    try:
        sys.stderr.write(f"{renew(pinned_provider())}\n")
    except OpsError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
