"""The project's lock file: the version of the AWS provider, and the hashes of its packages for all platforms.

`make lock` writes it, synth copies it beside each stack, and `init` runs a provider only if its hash is in it: so a
lock file with another hash runs another program. https://developer.hashicorp.com/terraform/language/files/dependency-lock
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from modules.output import LOCK_FILE, PROJECT_LOCK
from ops import files
from ops.errors import OpsError

RESTORE = f"git restore {LOCK_FILE}"
"""What to do with a broken one."""
PROVIDER = "registry.terraform.io/hashicorp/aws"
_FORM = re.compile(
    rf'(?:\s|#[^\n]*\n)*provider "{re.escape(PROVIDER)}" \{{\s*version\s*= "(?P<version>[^"\s]+)"\s*'
    r'(?:constraints\s*= "[^"]*"\s*)?hashes\s*= \[(?P<hashes>(?:\s*"[^"]+",?)+)\s*\]\s*\}\s*'
)


@dataclass(frozen=True)
class Locked:
    """What a lock file allows."""

    version: str
    hashes: frozenset[str]
    """`zh:` is of a package as the registry has it, one for each platform; `h1:` of its content."""


def parsed(text: str) -> Locked | None:
    """What a lock file of the AWS provider alone allows; none if it has another form, or another provider."""
    found = _FORM.fullmatch(text)
    return Locked(found["version"], frozenset(re.findall(r'"([^"]+)"', found["hashes"]))) if found else None


@cache
def locked() -> Locked:
    """What the project's lock file allows.

    Raises:
        OpsError: It isn't a lock file of the AWS provider alone.
        OSError: It can't be read.
    """
    found = parsed(files.read(PROJECT_LOCK, RESTORE))
    if found is None:
        raise OpsError(f"{PROJECT_LOCK} isn't a lock file of {PROVIDER} alone; {RESTORE}")
    return found
