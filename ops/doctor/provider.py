"""Where Terraform gets the AWS provider: Terraform's CLI configuration, its mirrors, or the registry."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from pathlib import Path

from ops.conditions import FailedError
from ops.doctor.machine import Machine
from ops.gate.lock_file import PROVIDER
from ops.gate.understood import schema

VERSION = schema.version()
"""The provider that cdktf's bindings are made for (docs/adr/0001); every stack requires it."""
IMPLIED = ("{home}/.terraform.d/plugins", "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins")
"""Mirrors that Terraform looks into without any configuration.

https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
"""
_MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_COMMENTS = re.compile(r"^\s*(?:#|//).*$|/\*.*?\*/", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Source:
    """Where Terraform gets the provider."""

    evidence: str
    local: bool = False
    """Whether it is on this machine, so that no registry is asked."""
    url: str = ""
    """A network mirror in place of the registry."""


def found(machine: Machine) -> Source:
    """Read Terraform's CLI configuration, and look into its mirrors.

    https://developer.hashicorp.com/terraform/cli/config/config-file#explicit-installation-method-configuration

    Raises:
        FailedError: The file that TF_CLI_CONFIG_FILE names can't be read, a mirror lacks the provider and nothing else
            is allowed, or another provider replaces it.
    """
    text, file = _configuration(machine)
    if re.search(r"\bdev_overrides\s*{[^}]*hashicorp/aws", text):
        raise FailedError(f"dev_overrides in {file} replaces the provider by another one")
    if not re.search(r"\bprovider_installation\s*{", text):
        home = machine.variables.get("HOME") or "/"
        folders = [Path(each.format(home=home)) for each in IMPLIED]
        if mirror := next((folder for folder in folders if _has(folder)), None):
            return Source(f"hashicorp/aws {VERSION} is in {mirror}", local=True)
        return Source(f"hashicorp/aws {VERSION} comes from the registry{_cached(machine)}")
    folders = [Path(each) for each in re.findall(r'\bfilesystem_mirror\s*{[^}]*\bpath\s*=\s*"([^"]+)"', text)]
    if mirror := next((folder for folder in folders if _has(folder)), None):
        return Source(f"hashicorp/aws {VERSION} is in the mirror {mirror} ({file})", local=True)
    url = re.search(r'\bnetwork_mirror\s*{[^}]*\burl\s*=\s*"([^"]+)"', text)
    if url:
        return Source(f"hashicorp/aws {VERSION} comes from the mirror {url[1]} ({file})", url=url[1])
    if re.search(r"\bdirect\s*{", text):
        return Source(f"hashicorp/aws {VERSION} comes from the registry{_cached(machine)} ({file})")
    shown = ", ".join(map(str, folders)) or "none"
    raise FailedError(
        f"no mirror of {file} has hashicorp/aws {VERSION} for {target()}, and it has no `direct`; mirrors: {shown}"
    )


def _configuration(machine: Machine) -> tuple[str, str]:
    """The text of Terraform's CLI configuration, without comments, and its file."""
    named = machine.variables.get("TF_CLI_CONFIG_FILE")
    path = Path(named) if named else Path(machine.variables.get("HOME") or "/") / ".terraformrc"
    try:
        return _COMMENTS.sub("", path.read_text(encoding="utf-8")), str(path)
    except FileNotFoundError:
        if not named:
            return "", str(path)
        raise FailedError(f"TF_CLI_CONFIG_FILE={named}: no such file") from None
    except (OSError, ValueError) as error:
        if not named:
            return "", str(path)
        raise FailedError(f"TF_CLI_CONFIG_FILE={named} can't be read ({error})") from None


def _has(folder: Path) -> bool:
    """Whether a mirror has the provider for this machine, packed or unpacked."""
    packed = folder / PROVIDER / f"terraform-provider-aws_{VERSION}_{target()}.zip"
    return packed.is_file() or (folder / PROVIDER / VERSION / target()).is_dir()


def _cached(machine: Machine) -> str:
    named = machine.variables.get("TF_PLUGIN_CACHE_DIR")
    cache = Path(named) if named else machine.out.absolute().parent / ".terraform" / "plugin-cache"
    return "; the plugin cache has it" if _has(cache) else ""


def target() -> str:
    """This machine, as the registry names it: `linux_amd64`."""
    name = platform.machine()
    return f"{platform.system().lower()}_{_MACHINES.get(name, name)}"
